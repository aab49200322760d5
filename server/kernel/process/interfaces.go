package process

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
)

// end is one end of an interface: its own index, and that of what it is linked
// to. A veth is a pair in which each names the other; an ordinary interface
// names itself.
type end struct {
	name        string
	index, link int
}

// hostInterfaces names the host's ends of a container's interfaces, sorted. It
// is empty where there are none (--network host or none, or a server in a user
// namespace, whose engine has no rights over the host's network), and where they
// cannot be seen: our own process must be in the host's net namespace, or see the
// host's own sysfs by way of the kernel's thread 2; and the container must have
// its sysfs mounted at /sys, read through /proc/PID/root (which needs
// CAP_SYS_PTRACE).
//
// Indices are counted per net namespace, so the host's end alone would not
// tell: two containers often both have an interface number 2. The container's
// end names the host's index, which is unique, and both must name each other.
func (fs FS) hostInterfaces(pid int) []string {
	// Who has no rights over the host's network has put no card there.
	if own := fs.ownMap(); own != "" && own != everyUser {
		return nil
	}
	process := strconv.Itoa(pid)
	host, folder := fs.hostNetwork()
	if host == "" || fs.sameNamespace(process, host, "net") {
		return nil
	}
	var names []string
	for _, in := range ends(fs.path(pid, "root/sys/class/net")) {
		if in.link == in.index {
			continue
		}
		if out, found := fs.hostEnds.find(folder, in.link); found && out.link == in.index {
			names = append(names, out.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// hostNetwork names a process in the host's net namespace, and the folder of
// that namespace's interfaces; "" where there is none to be seen. A mount of
// sysfs keeps to the net namespace of whoever mounted it: the host's own is
// under the root of the kernel's threads, which is the host's.
func (fs FS) hostNetwork() (process, folder string) {
	if fs.inHost("net") {
		return "self", filepath.Join(fs.sys, "class/net")
	}
	if fs.isKthreadd() {
		return "2", fs.path(2, "root/sys/class/net")
	}
	return "", ""
}

// knownEnds remembers which of the host's interfaces has which index: a host has
// one for each container, and to read them all for each container would cost the
// square of their number. It holds those of one reading of one folder.
type knownEnds struct {
	mutex  sync.Mutex
	folder string
	names  map[int]string // by index
}

// find returns the interface of an index, as it is now. What is remembered is
// read again before it is believed; where that fails, all are read anew.
func (known *knownEnds) find(folder string, index int) (end, bool) {
	known.mutex.Lock()
	defer known.mutex.Unlock()
	if name, found := known.names[index]; found && known.folder == folder {
		if now, there := endOf(folder, name); there && now.index == index {
			return now, true
		}
	}
	known.folder, known.names = folder, map[int]string{}
	var wanted end
	for _, each := range ends(folder) {
		known.names[each.index] = each.name
		if each.index == index {
			wanted = each
		}
	}
	return wanted, wanted.name != ""
}

// ends reads the interfaces of a folder like /sys/class/net.
func ends(folder string) []end {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var list []end
	for _, entry := range entries {
		if one, there := endOf(folder, entry.Name()); there {
			list = append(list, one)
		}
	}
	return list
}

// endOf reads one interface; false where it is not there.
func endOf(folder, name string) (end, bool) {
	index, known := number(filepath.Join(folder, name, "ifindex"))
	link, linked := number(filepath.Join(folder, name, "iflink"))
	return end{name: name, index: index, link: link}, known && linked
}
