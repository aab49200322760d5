package builtin

import (
	"embed"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"

	"porthole/server/wire"
)

//go:embed calls.go filter.go inside.go network.go outside.go rights.go steps.go
var sources embed.FS

// Sources are those files of this package, by their names, that make a
// container: to be shown to readers, line by line.
var Sources = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	entries, _ := sources.ReadDir(".")
	for _, entry := range entries {
		if text, err := sources.ReadFile(entry.Name()); err == nil {
			all[entry.Name()] = string(text)
		}
	}
	return all
})

// sourceLine is a line of our source with its text, where that is shown.
func sourceLine(file string, line int) wire.SourceLine {
	one := wire.SourceLine{File: filepath.Base(file), Line: line}
	if lines := strings.Split(Sources()[one.File], "\n"); line > 0 && line <= len(lines) {
		one.Text = strings.TrimSpace(lines[line-1])
	}
	return one
}

// source is the line on which the function that takes the step begins.
func (s Step) source() wire.SourceLine {
	var function any = s.inside
	if s.outside != nil {
		function = s.outside
	}
	entry := reflect.ValueOf(function).Pointer()
	return sourceLine(runtime.FuncForPC(entry).FileLine(entry))
}
