package recording

import (
	"bytes"
	_ "embed"
)

// architecture is the lesson of that name, recorded by make recording.
//
//go:embed bundled/architecture.porthole
var architecture []byte

// Bundled is the recording that Porthole brings along, for a machine on which
// nothing can be started.
func Bundled() (*Recording, error) { return Load(bytes.NewReader(architecture)) }
