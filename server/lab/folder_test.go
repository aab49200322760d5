package lab

import (
	"io/fs"
	"testing/fstest"
)

// folder is a file system in memory.
type folder map[string]string

func (f folder) fs() fs.FS {
	all := fstest.MapFS{}
	for name, text := range f {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}
