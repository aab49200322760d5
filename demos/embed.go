package demos

import (
	"embed"
	"io/fs"
)

//go:embed */demo.yaml */lesson.md
var builtin embed.FS

// Builtin holds the lessons of the chapter.
var Builtin fs.FS = builtin
