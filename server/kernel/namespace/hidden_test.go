package namespace

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A real proc filesystem with hidepid=2: whom it hides has not exited.
func TestHiddenProcesses(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this test mounts a proc filesystem: run it as root")
	}
	proc, err := os.MkdirTemp("", "porthole-proc-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(proc) })
	// The group of that number is shown all; root's group is, unless it is said.
	if err := unix.Mount("proc", proc, "proc", 0, "hidepid=2,gid=65533"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(proc, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	fs, err := NewFS(proc)
	if err != nil {
		t.Fatal(err)
	}
	pid, _, kill := child(t)
	if links := fs.Process(pid, 0); !links.Each[0].Known() {
		t.Errorf("root is not shown process %d: %v", pid, links.Each[0].Err)
	}
	asNobody(t, func() {
		links := fs.Process(pid, 0)
		if !errors.Is(links.Each[0].Err, ErrHidden) || links.Exited() {
			t.Errorf("a hidden process: %v, want %v", links.Each[0].Err, ErrHidden)
		}
	})
	kill()
	asNobody(t, func() {
		if links := fs.Process(pid, 0); !links.Exited() {
			t.Errorf("a process that has exited: %v, want %v", links.Each[0].Err, ErrExited)
		}
	})
}
