package process

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// end is one end of an interface: its own index, and that of what it is linked
// to. A veth is a pair in which each names the other; an ordinary interface
// names itself.
type end struct {
	name        string
	index, link int
}

// hostInterfaces names the host's ends of a container's interfaces, sorted. It
// is empty where there are none (--network host or none), and where they cannot
// be seen: our own process must be in the host's net namespace, or see the
// host's own sysfs by way of the kernel's thread 2; and the container must have
// its sysfs mounted at /sys, read through /proc/PID/root (which needs
// CAP_SYS_PTRACE).
//
// Indices are counted per net namespace, so the host's end alone would not
// tell: two containers often both have an interface number 2. The container's
// end names the host's index, which is unique, and both must name each other.
func (fs FS) hostInterfaces(pid int) []string {
	process := strconv.Itoa(pid)
	host, folder := fs.hostNetwork()
	if host == "" || fs.sameNamespace(process, host, "net") {
		return nil
	}
	inside := ends(fs.path(pid, "root/sys/class/net"))
	outside := ends(folder)
	var names []string
	for _, in := range inside {
		if in.link == in.index {
			continue
		}
		for _, out := range outside {
			if out.index == in.link && out.link == in.index {
				names = append(names, out.name)
			}
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

// ends reads the interfaces of a folder like /sys/class/net.
func ends(folder string) []end {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var list []end
	for _, entry := range entries {
		index, known := number(filepath.Join(folder, entry.Name(), "ifindex"))
		link, linked := number(filepath.Join(folder, entry.Name(), "iflink"))
		if known && linked {
			list = append(list, end{name: entry.Name(), index: index, link: link})
		}
	}
	return list
}
