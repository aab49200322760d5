package sampler

import (
	"os"
	"runtime"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// hostFacts reads what does not change while the machine runs. What cannot be
// read stays empty.
func hostFacts(proc string) wire.Host {
	host := wire.Host{CPUs: runtime.NumCPU()}
	host.Hostname, _ = os.Hostname()
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		host.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	if fs, err := procfs.NewFS(proc); err == nil {
		if memory, err := fs.Meminfo(); err == nil && memory.MemTotal != nil {
			host.MemoryBytes = *memory.MemTotal * 1024 // the file counts in KiB
		}
	}
	return host
}
