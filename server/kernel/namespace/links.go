package namespace

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"porthole/server/kernel/internal/hidden"
	"porthole/server/wire"
)

// Errors that say why a link is unknown; compare with errors.Is.
var (
	// ErrExited: the process has gone, or is a zombie, which has no
	// namespaces any more.
	ErrExited = errors.New("the process has exited")
	// ErrOtherProcess: the PID is in use again by another process than the
	// one expected.
	ErrOtherProcess = errors.New("the process has exited, and its number belongs to another one now")
	// ErrPermission: reading a foreign process' links needs CAP_SYS_PTRACE.
	ErrPermission = errors.New("permission denied: reading another process' namespaces needs root with CAP_SYS_PTRACE, and no AppArmor profile that forbids it")
	// ErrHidden: the process runs, but the proc filesystem does not show it to us.
	ErrHidden = hidden.Err
	// ErrHostHidden: no process that is in the host's namespaces can be read,
	// and our own is not in the host's.
	ErrHostHidden = errors.New("no process of the host can be read; run as root on the host, or in a container with pid: host and CAP_SYS_PTRACE")
	// ErrNoSuchType: this kernel has no namespaces of that type.
	ErrNoSuchType = errors.New("this kernel has no namespaces of this type")
)

// typeCount is the number of types in wire.NamespaceTypes.
const typeCount = 8

// initialInodes are the kernel's fixed numbers of the namespaces that exist
// from boot, include/uapi/linux/nsfs.h. Those of net and mnt are fixed on
// newer kernels only; see isInitial.
var initialInodes = map[string]uint64{
	"pid": 4026531836, "net": 4026531833, "mnt": 4026531832, "uts": 4026531838,
	"ipc": 4026531839, "user": 4026531837, "cgroup": 4026531835, "time": 4026531834,
}

// Link is one link of /proc/PID/ns.
type Link struct {
	// Type is one of wire.NamespaceTypes.
	Type string
	// Inode is the namespace's number; 0 where unknown.
	Inode uint64
	// Initial is true where Inode is the number that the kernel always gives
	// to the namespace that exists from boot. False says nothing for net
	// and mnt, which older kernels number as they come.
	Initial bool
	// Err says why Inode is unknown; nil where it is known.
	Err error
}

// Known reports whether the link could be read.
func (l Link) Known() bool { return l.Err == nil && l.Inode != 0 }

// Reason is Err in plain words, or "".
func (l Link) Reason() string {
	switch {
	case l.Err == nil:
		return ""
	case errors.Is(l.Err, ErrNoSuchType):
		return fmt.Sprintf("this kernel has no %s namespaces", l.Type)
	}
	return l.Err.Error()
}

// Links are the eight of one process, in the order of wire.NamespaceTypes.
type Links struct {
	// PID is the process that they were read from.
	PID int
	// From says which process that is: "kthreadd", "init", "outside", "self" (see
	// [FS.Initial]), or "process".
	From string
	// Each has one entry per type, in the order of wire.NamespaceTypes.
	Each [typeCount]Link
}

// Of returns the link of a type; an unknown one for a type that is not of the
// eight.
func (l *Links) Of(namespaceType string) Link {
	for _, link := range l.Each {
		if link.Type == namespaceType {
			return link
		}
	}
	return Link{Type: namespaceType, Err: ErrNoSuchType}
}

// Exited reports whether the links are unknown because their process is gone.
func (l *Links) Exited() bool {
	for _, link := range l.Each {
		if errors.Is(link.Err, ErrExited) || errors.Is(link.Err, ErrOtherProcess) {
			return true
		}
	}
	return false
}

// FS reads namespace links below a mount of the proc filesystem.
type FS struct{ proc string }

// NewFS returns a reader of the proc filesystem mounted at proc, usually
// "/proc". It fails where that is no folder.
func NewFS(proc string) (FS, error) {
	info, err := os.Stat(proc)
	if err != nil {
		return FS{}, fmt.Errorf("namespaces cannot be read, because the proc filesystem is not there; mount it at %s: %w", proc, err)
	}
	if !info.IsDir() {
		return FS{}, fmt.Errorf("namespaces cannot be read, because %s is not a folder; name the mount point of the proc filesystem", proc)
	}
	return FS{proc: proc}, nil
}

// Process reads the eight links of a process. startTime is the process' start
// as field 22 of /proc/PID/stat has it (clock ticks since boot, proc(5)); with
// another one all links are unknown with ErrOtherProcess. 0 expects nothing.
func (fs FS) Process(pid int, startTime uint64) Links {
	links := Links{PID: pid, From: "process"}
	directory, err := unix.Open(filepath.Join(fs.proc, strconv.Itoa(pid)), unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) && hidden.Process(fs.proc, pid) {
		return links.all(ErrHidden)
	}
	if err != nil {
		return links.all(plain(err))
	}
	defer unix.Close(directory)
	if startTime != 0 {
		started, err := startTimeAt(directory)
		if err != nil {
			return links.all(err)
		}
		if started != startTime {
			return links.all(ErrOtherProcess)
		}
	}
	for i, namespaceType := range wire.NamespaceTypes {
		links.Each[i] = fs.read(directory, namespaceType)
	}
	return links
}

// all makes every link unknown for one reason.
func (l Links) all(err error) Links {
	for i, namespaceType := range wire.NamespaceTypes {
		l.Each[i] = Link{Type: namespaceType, Err: err}
	}
	return l
}

// read reads one link below an open /proc/PID.
func (fs FS) read(directory int, namespaceType string) Link {
	link := Link{Type: namespaceType}
	var buffer [64]byte
	n, err := unix.Readlinkat(directory, "ns/"+namespaceType, buffer[:])
	if err != nil {
		// ENOENT is both a zombie's answer and that of an older kernel. Our
		// own process is alive, so its folder tells which.
		if errors.Is(err, unix.ENOENT) && !fs.has(namespaceType) {
			link.Err = ErrNoSuchType
			return link
		}
		link.Err = plain(err)
		return link
	}
	inode, err := parseLink(buffer[:n], namespaceType)
	if err != nil {
		link.Err = err
		return link
	}
	link.Inode, link.Initial = inode, isInitial(namespaceType, inode)
	return link
}

// has reports whether the kernel has namespaces of the type.
func (fs FS) has(namespaceType string) bool {
	_, err := os.Lstat(filepath.Join(fs.proc, "self", "ns", namespaceType))
	return err == nil || !errors.Is(err, os.ErrNotExist)
}

// isInitial reports whether an inode is the fixed one of the namespace from
// boot. The first mount namespace had no fixed number before Linux 6.18, but is
// made so early that it always got one of the first dynamic ones.
func isInitial(namespaceType string, inode uint64) bool {
	if namespaceType == "mnt" && (inode == 4026531840 || inode == 4026531841) {
		return true
	}
	return inode != 0 && inode == initialInodes[namespaceType]
}

// plain turns a system error into one of ours, in words.
func plain(err error) error {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ESRCH):
		return ErrExited
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return ErrPermission
	}
	return fmt.Errorf("the link could not be read: %w", err)
}
