package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A process that is being torn down is known by it.
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
		if is := fs.Exiting(pid); is != want {
			t.Errorf("%s: exiting is %v, want %v", when, is, want)
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

// One that puts another program in its place has for a moment no arguments and
// little memory, but is not at its end.
func TestExecIsNotExit(t *testing.T) {
	fs, err := NewFS("/proc", "/sys")
	if err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "again")
	if err := os.WriteFile(again, []byte("#!/bin/sh\nexec \"$0\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	process := exec.Command(again)
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Process.Kill(); process.Wait() })
	bare := 0
	for range 200_000 {
		if fs.Exiting(process.Process.Pid) {
			t.Fatal("a process that runs another program is said to be exiting")
		}
		if text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(process.Process.Pid), "cmdline")); err == nil && len(text) == 0 {
			if bare++; bare == 20 {
				return
			}
		}
	}
	t.Fatalf("it was seen without arguments only %d times: this has not tried what it is to try", bare)
}
