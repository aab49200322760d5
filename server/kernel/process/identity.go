package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"porthole/server/kernel/internal/hidden"
	"porthole/server/kernel/internal/small"
)

// Errors that say why a process cannot be told about; compare with errors.Is.
var (
	// ErrExited: there is no process of that number (any more).
	ErrExited = errors.New("the process has exited")
	// ErrOtherProcess: the number belongs to another process now.
	ErrOtherProcess = errors.New("the process has exited, and its number belongs to another one now")
	// ErrPermission: the file of a foreign process needs more rights.
	ErrPermission = errors.New("permission denied: this file of another process needs root with CAP_SYS_PTRACE")
	// ErrHidden: the process runs, but the proc filesystem does not show it to us.
	ErrHidden = hidden.Err
)

// FS reads processes below a mount of the proc filesystem, and interfaces below
// one of sysfs.
type FS struct {
	proc, sys string
	procfs    procfs.FS
	hostEnds  *knownEnds
	kthreadd  *atomic.Bool   // process 2 was seen to be the kernel's own
	round     map[string]any // what a Round has read of the host; nil outside one
	namesOnly bool
}

// Round returns an FS for one look at several processes: what is the host's and
// not theirs is read for the first of them only. It is for one goroutine.
func (fs FS) Round() FS {
	fs.round = map[string]any{}
	return fs
}

// NamesOnly returns an FS that tells of a process' command its name alone
// (/proc/PID/comm, at most 15 bytes) and does not read its arguments, in which
// there may be secrets.
func (fs FS) NamesOnly() FS {
	fs.namesOnly = true
	return fs
}

// once returns what read returns, which within a Round is called once.
func once[T any](fs FS, what string, read func() T) T {
	if known, there := fs.round[what]; there {
		return known.(T)
	}
	value := read()
	if fs.round != nil {
		fs.round[what] = value
	}
	return value
}

// NewFS returns a reader of the filesystems mounted at proc and sys, usually
// "/proc" and "/sys". It fails where proc is no folder; without sys only the
// interfaces stay absent.
func NewFS(proc, sys string) (FS, error) {
	below, err := procfs.NewFS(proc)
	if err != nil {
		return FS{}, fmt.Errorf("processes cannot be read, because the proc filesystem is not there; mount it at %s: %w", proc, err)
	}
	return FS{proc: proc, sys: sys, procfs: below, hostEnds: &knownEnds{}, kthreadd: &atomic.Bool{}}, nil
}

// Identity tells a process from any other that has, had or will have the same
// number since the machine booted. Compare with ==.
type Identity struct {
	PID int
	// StartTime is when it started, in clock ticks since boot (field 22 of
	// /proc/PID/stat).
	StartTime uint64
}

// Identity returns the identity of the process that has the number now. The
// error is ErrExited where none has, and ErrHidden where we are not shown it.
func (fs FS) Identity(pid int) (Identity, error) {
	text, err := small.Read(fs.path(pid, "stat"))
	if errors.Is(err, os.ErrNotExist) && hidden.Process(fs.proc, pid) {
		return Identity{}, ErrHidden
	}
	if err != nil {
		return Identity{}, plain(err)
	}
	started, ok := parseStartTime(text)
	if !ok {
		return Identity{}, fmt.Errorf("the process could not be told from others: its stat file has no start time (field 22, proc_pid_stat(5))")
	}
	return Identity{PID: pid, StartTime: started}, nil
}

// Check returns nil where the process still runs, ErrExited where its number
// is free, and ErrOtherProcess where the number belongs to another one.
func (fs FS) Check(identity Identity) error {
	now, err := fs.Identity(identity.PID)
	if err != nil {
		return err
	}
	if now != identity {
		return ErrOtherProcess
	}
	return nil
}

// path returns the path of a process' file.
func (fs FS) path(pid int, name string) string {
	return filepath.Join(fs.proc, strconv.Itoa(pid), name)
}

// plain turns a system error into one of ours, in words.
func plain(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ESRCH):
		return ErrExited
	case errors.Is(err, os.ErrPermission):
		return ErrPermission
	}
	return fmt.Errorf("the process could not be read: %w", err)
}
