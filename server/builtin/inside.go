package builtin

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// What follows are the steps that a container's first process takes itself. It
// has one thread that counts: all of these change only the calling one, and
// execve ends the others.

func join(p *plan) (string, error) {
	for _, path := range p.Joins {
		if err := p.enter(path); err != nil {
			return "", err
		}
	}
	if len(p.Joins) == 0 {
		return "none", nil
	}
	return strings.Join(p.Joins, " "), nil
}

func (p *plan) enter(path string) error {
	namespace, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if p.called(err, "openat(AT_FDCWD, %q, O_RDONLY|O_CLOEXEC)", path) != nil {
		return failed("open "+path, err)
	}
	p.returned(namespace)
	defer unix.Close(namespace)
	return p.called(unix.Setns(namespace, 0), "setns(%d, 0)", namespace)
}

func joinAll(p *plan) (string, error) {
	// A mount namespace can be entered only by who shares no folder with others.
	if err := p.called(unix.Unshare(unix.CLONE_FS), "unshare(CLONE_FS)"); err != nil {
		return "", err
	}
	if _, err := join(p); err != nil {
		return "", err
	}
	return strings.Join(p.Joins, " "), p.called(unix.Chdir("/"), `chdir("/")`)
}

func cgroupNamespace(p *plan) (string, error) {
	if !p.CgroupNamespace {
		return "the host's, as Docker has it on cgroup v1", nil
	}
	return "its own", p.called(unix.Unshare(unix.CLONE_NEWCGROUP), "unshare(CLONE_NEWCGROUP)")
}

func privateMounts(p *plan) (string, error) {
	return "all below /", p.mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
}

func overlay(p *plan) (string, error) {
	lower := slices.Clone(p.Lower)
	slices.Reverse(lower) // the kernel wants the uppermost first
	options := "lowerdir=" + strings.Join(lower, ":") + ",upperdir=" + p.Upper + ",workdir=" + p.Work
	if p.Rootless {
		options += ",userxattr" // marks for files are the user's own, not root's
	}
	return options, p.mount("overlay", p.Root, "overlay", unix.MS_NODEV, options)
}

func volumes(p *plan) (string, error) {
	for _, v := range p.Volumes {
		target, err := folder(p, v.Target)
		if err != nil {
			return "", err
		}
		if err := p.bind(v.Source, target, v.ReadOnly); err != nil {
			return "", err
		}
	}
	for _, t := range p.Tmpfs {
		target, err := folder(p, t.Target)
		if err != nil {
			return "", err
		}
		flags, options := tmpfsOptions(t.Options)
		if err := p.mount("tmpfs", target, "tmpfs", flags, options); err != nil {
			return "", err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(p.Files)) {
		if err := p.bind(p.Files[path], filepath.Join(p.Root, path), false); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d volumes, %d tmpfs", len(p.Volumes), len(p.Tmpfs)), nil
}

// tmpfsOptions are docker's --tmpfs options: words that are flags of mount(2),
// and those that tmpfs itself reads.
func tmpfsOptions(words string) (flags uintptr, options string) {
	flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	var rest []string
	for _, word := range strings.Split(words, ",") {
		switch word {
		case "ro":
			flags |= unix.MS_RDONLY
		case "exec":
			flags &^= unix.MS_NOEXEC
		case "", "rw", "nosuid", "nodev", "noexec":
		default:
			rest = append(rest, word)
		}
	}
	return flags, strings.Join(rest, ",")
}

// foreign reports whether the process is in a namespace that is not of our user
// namespace.
func (p *plan) foreign(kind string) bool {
	link, err := os.Readlink("/proc/self/ns/" + kind)
	return p.Rootless && err == nil && link == p.Foreign[kind]
}

func proc(p *plan) (string, error) {
	if p.foreign("pid") {
		return "the host's", p.bind("/proc", p.Root+"/proc", false)
	}
	return "/proc", p.mount("proc", p.Root+"/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}

func sys(p *plan) (string, error) {
	if p.foreign("net") {
		return "the host's", p.bind("/sys", p.Root+"/sys", true)
	}
	return "/sys", p.mount("sysfs", p.Root+"/sys", "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC|unix.MS_RDONLY, "")
}

func cgroupFiles(p *plan) (string, error) {
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	top := p.Root + "/sys/fs/cgroup"
	if len(p.CgroupPaths) == 0 {
		return "none", p.mount("tmpfs", top, "tmpfs", flags|unix.MS_RDONLY, "mode=755")
	}
	// Where the host's /sys is bound, the same filesystem is there already, and is
	// not mounted twice in one place (EBUSY).
	if path, unified := p.CgroupPaths[""]; unified && (p.foreign("cgroup") || p.foreign("net")) {
		return "its own group, read-only", p.bind(path, top, true)
	} else if unified {
		return "cgroup2, read-only", p.mount("cgroup", top, "cgroup2", flags|unix.MS_RDONLY, "")
	}
	if err := p.mount("tmpfs", top, "tmpfs", flags, "mode=755"); err != nil {
		return "", err
	}
	for _, controller := range slices.Sorted(maps.Keys(p.CgroupPaths)) {
		target := filepath.Join(top, strings.TrimPrefix(controller, "name="))
		if err := p.mkdir(target); err != nil {
			return "", err
		}
		if err := p.bind(p.CgroupPaths[controller], target, true); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d controllers, read-only", len(p.CgroupPaths)), p.mount("", top, "", flags|unix.MS_REMOUNT|unix.MS_RDONLY, "mode=755")
}

// devices are those that every container has, with their numbers.
var devices = []struct {
	name         string
	major, minor uint32
}{
	{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
}

func dev(p *plan) (string, error) {
	top := p.Root + "/dev"
	if err := p.mount("tmpfs", top, "tmpfs", unix.MS_NOSUID|unix.MS_STRICTATIME, "mode=755,size=65536k"); err != nil {
		return "", err
	}
	old := unix.Umask(0)
	defer unix.Umask(old)
	for _, d := range devices {
		path := filepath.Join(top, d.name)
		if p.Rootless { // nobody but root may make one
			if err := p.lend("/dev/"+d.name, path); err != nil {
				return "", err
			}
			continue
		}
		if err := p.called(unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(d.major, d.minor))), "mknodat(AT_FDCWD, %q, S_IFCHR|0666, makedev(%#x, %#x))", path, d.major, d.minor); err != nil {
			return "", err
		}
	}
	for _, link := range [][2]string{{"/proc/self/fd", "fd"}, {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"}, {"/proc/self/fd/2", "stderr"}, {"pts/ptmx", "ptmx"}} {
		path := filepath.Join(top, link[1])
		if err := p.called(os.Symlink(link[0], path), "symlinkat(%q, AT_FDCWD, %q)", link[0], path); err != nil {
			return "", err
		}
	}
	for _, name := range []string{"pts", "mqueue", "shm"} {
		if err := p.mkdir(filepath.Join(top, name)); err != nil {
			return "", err
		}
	}
	terminals := "newinstance,ptmxmode=0666,mode=0620,gid=5"
	if p.NoTTYGroup {
		terminals = strings.TrimSuffix(terminals, ",gid=5")
	}
	if err := p.mount("devpts", top+"/pts", "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, terminals); err != nil {
		return "", err
	}
	if p.foreign("ipc") {
		if _, err := os.Stat("/dev/mqueue"); err == nil {
			if err := p.bind("/dev/mqueue", top+"/mqueue", false); err != nil {
				return "", err
			}
		}
	} else if err := p.mount("mqueue", top+"/mqueue", "mqueue", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return "", err
	}
	if p.HostIPC {
		return "with the host's /dev/shm", p.bind("/dev/shm", top+"/shm", false)
	}
	return fmt.Sprintf("%d devices", len(devices)), p.mount("shm", top+"/shm", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, fmt.Sprintf("mode=1777,size=%d", p.ShmBytes))
}

// lend shows a device of the host at a path of ours.
func (p *plan) lend(device, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o666)
	if p.called(err, "openat(AT_FDCWD, %q, O_RDONLY|O_CREAT|O_CLOEXEC, 0666)", path) != nil {
		return failed("openat "+path, err)
	}
	p.returned(int(file.Fd()))
	file.Close()
	return p.mount(device, path, "", unix.MS_BIND, "")
}

func pivotRoot(p *plan) (string, error) {
	if err := p.called(unix.Chdir(p.Root), "chdir(%q)", p.Root); err != nil {
		return "", err
	}
	// Old and new root in one place: no folder for the old one is needed, see
	// pivot_root(2).
	if err := p.called(unix.PivotRoot(".", "."), `pivot_root(".", ".")`); err != nil {
		return "", err
	}
	if err := p.called(unix.Unmount(".", unix.MNT_DETACH), `umount2(".", MNT_DETACH)`); err != nil {
		return "", err
	}
	if err := p.called(unix.Chdir("/"), `chdir("/")`); err != nil {
		return "", err
	}
	if p.ReadOnly {
		return "read-only", p.mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|unix.MS_NODEV, "")
	}
	return "writable", nil
}

// masked and readOnly are Docker's lists.
var (
	masked   = []string{"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware"}
	readOnly = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
)

func mask(p *plan) (string, error) {
	for _, path := range masked {
		info, err := os.Stat(path)
		switch {
		case err != nil: // this kernel does not have it
			continue
		case info.IsDir():
			err = p.mount("tmpfs", path, "tmpfs", unix.MS_RDONLY, "size=0k")
		default:
			err = p.mount("/dev/null", path, "", unix.MS_BIND, "")
		}
		if err != nil {
			return "", err
		}
	}
	for _, path := range readOnly {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if err := p.bind(path, path, true); err != nil {
			return "", err
		}
	}
	return "Docker's lists", nil
}

func hostname(p *plan) (string, error) {
	if p.Hostname == "" {
		return "the host's", nil
	}
	return p.Hostname, p.called(unix.Sethostname([]byte(p.Hostname)), "sethostname(%q, %d)", p.Hostname, len(p.Hostname))
}

// folder makes a mount point in the container's root. No link in the image can
// lead it out: the image is our own and has none.
func folder(p *plan, path string) (string, error) {
	target := filepath.Join(p.Root, filepath.Clean("/"+path))
	return target, p.mkdir(target)
}
