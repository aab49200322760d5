package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"porthole/server/kernel/internal/small"
	"porthole/server/kernel/internal/stat"
	"porthole/server/wire"
)

// processLimit bounds how many processes of one container are listed.
const processLimit = 200

// Outside reads what the host sees of a container: pid is its first process,
// pids are all of them (from cgroup.procs). A process that exits meanwhile is
// left out. What cannot be seen is absent: see [FS.hostInterfaces] for the
// interfaces. The hostname is that of the host, where our own process is in the
// host's UTS namespace, else absent. The error is ErrExited where the first
// process has gone.
func (fs FS) Outside(pid int, pids []int) (wire.View, error) {
	known, err := fs.look(pid)
	if err != nil {
		return wire.View{}, err
	}
	return fs.outside(pid, pids, known), nil
}

// Describe is Outside and Security in one, with the files that both need read
// once.
func (fs FS) Describe(pid int, pids []int) (wire.View, wire.Security, error) {
	known, err := fs.look(pid)
	if err != nil {
		return wire.View{}, wire.Security{}, err
	}
	security, err := fs.security(pid, known)
	if err != nil {
		return wire.View{}, wire.Security{}, err
	}
	return fs.outside(pid, pids, known), security, nil
}

// Exiting reports whether a process is being torn down (PF_EXITING in field 9
// of /proc/PID/stat, proc_pid_stat(5)) or is gone: the first process of a PID
// namespace takes all others with it. Asked after they were read, it tells
// whether what was read may be half of the truth. Its arguments and its memory
// do not tell: in the midst of execve(2) a process has none either.
func (fs FS) Exiting(pid int) bool {
	text, err := small.Read(fs.path(pid, "stat"))
	return err != nil || stat.Exiting(text)
}

// sight is what is read of a process for more than one purpose.
type sight struct {
	status status
	mounts []mount
}

// look reads it. The error is ErrExited where there is no such process.
func (fs FS) look(pid int) (sight, error) {
	text, err := small.Read(fs.path(pid, "status"))
	if err != nil {
		return sight{}, plain(err)
	}
	return sight{status: parseStatus(text), mounts: fs.mountTable(itoa(pid))}, nil
}

func (fs FS) outside(pid int, pids []int, known sight) wire.View {
	view := wire.View{PID: pid, UID: fs.hostUser(known.status.uid)}
	view.Hostname = fs.hostname()
	for _, name := range fs.hostInterfaces(pid) {
		view.Interfaces = append(view.Interfaces, wire.Interface{Name: name})
	}
	view.Processes = fs.processes(pids, pid, known.status)
	view.Kernel = fs.kernel()
	view.Mounts = mounts(known.mounts)
	view.Segments, view.SegmentsKnown = fs.hostSegments()
	return view
}

// hostSegments are the host's shared memory; false where they cannot be seen:
// the table is that of the reader's own IPC namespace.
func (fs FS) hostSegments() ([]wire.Segment, bool) {
	table := once(fs, "shm", func() *string {
		if !fs.inHost("ipc") {
			return nil
		}
		return fs.text("sysvipc/shm")
	})
	if table == nil {
		return nil, false
	}
	return segments(*table), true
}

// text reads a small file of the host below proc; nil where it cannot be read.
func (fs FS) text(name string) *string {
	data, err := small.Read(filepath.Join(fs.proc, name))
	if err != nil {
		return nil
	}
	text := string(data)
	return &text
}

// kernel is the kernel's release; "" where unknown.
func (fs FS) kernel() string {
	return once(fs, "kernel", func() string { return trimmed(fs.text("sys/kernel/osrelease")) })
}

func trimmed(text *string) string {
	if text == nil {
		return ""
	}
	return strings.TrimSpace(*text)
}

func itoa(pid int) string { return strconv.Itoa(pid) }

// processes describes each process that is still there. The status of the first
// one has been read already.
func (fs FS) processes(pids []int, first int, ofFirst status) []wire.Process {
	var list []wire.Process
	for _, pid := range pids {
		if len(list) == processLimit {
			break
		}
		status := ofFirst
		if pid == first && !fs.alive(pid) {
			continue
		}
		if pid != first {
			text, err := small.Read(fs.path(pid, "status"))
			if err != nil {
				continue
			}
			status = parseStatus(text)
		}
		process := wire.Process{PID: pid, NSpid: status.nsPid, UID: fs.hostUser(status.uid)}
		if text, err := small.Read(fs.path(pid, "stat")); err == nil {
			process.LastCPU = parseLastCPU(text)
		}
		process.Command = fs.command(pid)
		list = append(list, process)
	}
	return list
}

// command is a process' argument vector, or its name where only that is wanted
// or left; "" where it cannot be read.
func (fs FS) command(pid int) string {
	if !fs.namesOnly {
		if text, err := small.Read(fs.path(pid, "cmdline")); err == nil && len(text) > 0 {
			return parseCommand(text)
		}
	}
	text, err := small.Read(fs.path(pid, "comm"))
	if err != nil {
		return ""
	}
	// A name may hold any byte: what is no text is made so, as in arguments.
	name := parseCommand(bytes.TrimSpace(text))
	if fs.namesOnly {
		return name
	}
	return "[" + name + "]" // a zombie has no arguments any more
}

// hostname is the host's name. /proc/sys/kernel/hostname answers with the name
// of the reader's own UTS namespace, so it is asked only where that is the
// host's.
func (fs FS) hostname() string {
	return once(fs, "hostname", func() string {
		if !fs.inHost("uts") {
			return ""
		}
		return trimmed(fs.text("sys/kernel/hostname"))
	})
}

// initial are the kernel's fixed names of namespaces from boot. That of net has
// had its number since Linux 6.18 only; that of mnt is told apart elsewhere.
var initial = map[string]string{
	"uts": "uts:[4026531838]", "ipc": "ipc:[4026531839]", "net": "net:[4026531833]",
}

// kernelThread is PF_KTHREAD of the kernel's include/linux/sched.h.
const kernelThread = 0x00200000

// inHost reports whether our own process is known to be in the host's namespace
// of a type: that of kthreadd, process 2, where that is to be seen. In a
// container's own PID namespace number 2 is some program, and says nothing.
func (fs FS) inHost(namespaceType string) bool {
	return once(fs, "in the host's "+namespaceType, func() bool { return fs.findInHost(namespaceType) })
}

func (fs FS) findInHost(namespaceType string) bool {
	own, err := os.Readlink(fs.proc + "/self/ns/" + namespaceType)
	if err != nil {
		return false
	}
	if own == initial[namespaceType] {
		return true
	}
	return fs.isKthreadd() && fs.sameNamespace("self", "2", namespaceType)
}

// isKthreadd reports whether process 2 is the kernel's own. That one does not
// end while the machine runs: once seen, it is not looked for again.
func (fs FS) isKthreadd() bool {
	if fs.kthreadd.Load() {
		return true
	}
	second, err := fs.procfs.Proc(2)
	if err != nil {
		return false
	}
	stat, err := second.Stat()
	is := err == nil && stat.Comm == "kthreadd" && stat.PPID == 0 && stat.Flags&kernelThread != 0
	if is {
		fs.kthreadd.Store(true)
	}
	return is
}

// sameNamespace reports whether two processes are known to be in one namespace.
func (fs FS) sameNamespace(one, other, namespaceType string) bool {
	left, err := os.Readlink(fs.proc + "/" + one + "/ns/" + namespaceType)
	if err != nil {
		return false
	}
	right, err := os.Readlink(fs.proc + "/" + other + "/ns/" + namespaceType)
	return err == nil && left == right
}

// number reads a file that holds one whole number.
func number(folder int, path string) (int, bool) {
	text, err := small.ReadAt(folder, path)
	if err != nil {
		return 0, false
	}
	value, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return value, err == nil
}
