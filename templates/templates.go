// Package templates holds the pages that the server draws. They are whole
// without a script: what a lesson asks and claims is in them as text, and the
// browser's elements come on top.
package templates

import (
	"embed"
	"io/fs"
)

//go:embed *.html
var files embed.FS

// FS holds base.html, which every page fills, and one file for each page.
var FS fs.FS = files
