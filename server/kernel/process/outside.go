package process

import (
	"os"
	"strconv"
	"strings"

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
	view := wire.View{PID: pid}
	text, err := os.ReadFile(fs.path(pid, "status"))
	if err != nil {
		return wire.View{}, plain(err)
	}
	view.UID = parseStatus(text).uid
	view.Hostname = fs.hostname()
	for _, name := range fs.hostInterfaces(pid) {
		view.Interfaces = append(view.Interfaces, wire.Interface{Name: name})
	}
	view.Processes = fs.processes(pids)
	return view, nil
}

// processes describes each process that is still there.
func (fs FS) processes(pids []int) []wire.Process {
	var list []wire.Process
	for _, pid := range pids {
		if len(list) == processLimit {
			break
		}
		text, err := os.ReadFile(fs.path(pid, "status"))
		if err != nil {
			continue
		}
		process := wire.Process{PID: pid, NSpid: parseStatus(text).nsPid}
		if text, err := os.ReadFile(fs.path(pid, "cmdline")); err == nil {
			process.Command = parseCommand(text)
		}
		if process.Command == "" {
			// A zombie has no arguments any more, but a name.
			if text, err := os.ReadFile(fs.path(pid, "comm")); err == nil {
				process.Command = "[" + strings.TrimSpace(string(text)) + "]"
			}
		}
		list = append(list, process)
	}
	return list
}

// hostname is the host's name. /proc/sys/kernel/hostname answers with the name
// of the reader's own UTS namespace, so it is asked only where that is the
// host's.
func (fs FS) hostname() string {
	if !fs.sameNamespace("self", fs.hostProcess(), "uts") {
		return ""
	}
	text, err := os.ReadFile(fs.proc + "/sys/kernel/hostname")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// hostProcess names a process that is in the host's namespaces: kthreadd where
// it is to be seen, else the first one.
func (fs FS) hostProcess() string {
	text, err := os.ReadFile(fs.proc + "/2/comm")
	if err == nil && strings.TrimSpace(string(text)) == "kthreadd" {
		return "2"
	}
	return "1"
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
func number(path string) (int, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	value, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return value, err == nil
}
