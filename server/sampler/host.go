package sampler

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// hostFacts reads what does not change while the machine runs. What cannot be
// read stays empty.
func hostFacts() wire.Host {
	host := wire.Host{CPUs: runtime.NumCPU()}
	host.Hostname, _ = os.Hostname()
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		host.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		host.MemoryBytes = uint64(info.Totalram) * uint64(info.Unit)
	}
	return host
}
