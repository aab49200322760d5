package cgroup

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// onOwnThread runs a function on a thread of its own, as a user without rights.
// The thread ends with the goroutine, because it stays locked to it.
func onOwnThread(t *testing.T, run func()) {
	runtime.LockOSThread()
	const nobody = 65534
	// The raw call changes this thread alone; the library's would change all.
	if _, _, err := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); err != 0 {
		t.Errorf("rights could not be given up: %v", err)
		return
	}
	run()
}
