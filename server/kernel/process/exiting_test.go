package process

import (
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A process that has given up its memory is known by it, with its arguments and
// without.
func TestExiting(t *testing.T) {
	fs, err := NewFS("/proc", "/sys")
	if err != nil {
		t.Fatal(err)
	}
	process := exec.Command("sleep", "60")
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Process.Kill(); process.Wait() })
	pid := process.Process.Pid
	check := func(when string, want bool) {
		t.Helper()
		if all, names := fs.Exiting(pid), fs.NamesOnly().Exiting(pid); all != want || names != want {
			t.Errorf("%s: exiting is %v, and %v by names only; want %v", when, all, names, want)
		}
	}
	check("alive", false)
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	check("a zombie", true)
	if err := process.Wait(); err == nil {
		t.Error("it ended well, though it was killed")
	}
	check("gone", true)
}
