package process

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
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
	for _, in := range linked(fs.path(pid, "root/sys/class/net")) {
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
		if now, there := endOf(unix.AT_FDCWD, filepath.Join(folder, name)); there && now.index == index {
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
func ends(folder string) (list []end) {
	each(folder, func(open int, name string) {
		if one, there := endOf(open, name); there {
			list = append(list, one)
		}
	})
	return list
}

// linked reads those interfaces that are linked to another one. Some kernels put
// ten that are linked to none into every net namespace: of these one file tells.
func linked(folder string) (list []end) {
	each(folder, func(open int, name string) {
		if link, there := number(open, name+"/iflink"); there && link != 0 {
			if index, there := number(open, name+"/ifindex"); there && index != link {
				list = append(list, end{name: name, index: index, link: link})
			}
		}
	})
	return list
}

// each calls with the open folder and every name in it.
func each(folder string, look func(open int, name string)) {
	open, err := os.Open(folder)
	if err != nil {
		return
	}
	defer open.Close()
	names, _ := open.Readdirnames(-1)
	for _, name := range names {
		look(int(open.Fd()), name)
	}
}

// endOf reads one interface; false where it is not there.
func endOf(folder int, path string) (end, bool) {
	index, known := number(folder, filepath.Join(path, "ifindex"))
	link, linked := number(folder, filepath.Join(path, "iflink"))
	return end{name: filepath.Base(path), index: index, link: link}, known && linked
}
