// Package static holds the files that pages load: style sheets, icons, and the
// browser bundle that esbuild makes of web/.
//
// The bundle is not kept in the repository. Where it has not been built yet,
// the package compiles all the same, and pages say that it is missing.
package static

import (
	"embed"
	"io/fs"
)

// Script is the bundle's entry, as a path within FS.
const Script = "bundle/porthole.js"

// Licences are those of the bundle's packages and fonts, beside it.
const Licences = "bundle/LICENCES.txt"

// The bundle folder always holds .gitkeep, so that the pattern matches.
//
//go:embed css icons js all:bundle
var files embed.FS

// FS is everything that is served under /static/.
var FS fs.FS = files
