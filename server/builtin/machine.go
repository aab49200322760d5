package builtin

import (
	"cmp"
	"os"
	"runtime"
	"slices"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// Machine is the one that we are on.
type Machine struct {
	Hostname, Kernel string
	CPUs             int
	MemoryBytes      int64
	CgroupVersion    string // "1" or "2"
	Socket           bool   // always: it is this very machine
	Limits           []string
	// Own is always true: its containers are processes that we have made.
	Own bool
}

// Machine describes this machine; false while we may not make containers.
func (e *Engine) Machine() (Machine, bool) {
	if e.State().State != wire.EngineUp {
		return Machine{}, false
	}
	m := Machine{CPUs: runtime.NumCPU(), CgroupVersion: "1", Socket: true, Own: true}
	for _, name := range []string{"cpu", "memory", "pids"} {
		if slices.Contains(e.delegation.limits, name) {
			m.Limits = append(m.Limits, name)
		}
	}
	if cgroups.IsCgroup2UnifiedMode() {
		m.CgroupVersion = "2"
	}
	m.Hostname, _ = os.Hostname()
	var name unix.Utsname
	var info unix.Sysinfo_t
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	if unix.Sysinfo(&info) == nil {
		m.MemoryBytes = int64(info.Totalram) * int64(info.Unit)
	}
	return m, true
}

// Able reports whether this process may make containers here, with its files
// in folder ("" for the engine's own choice).
func Able(folder string) bool {
	problem, _ := missingRight(cmp.Or(folder, ownFolder()))
	return problem == ""
}
