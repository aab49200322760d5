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
		if err := enter(path); err != nil {
			return "", err
		}
	}
	if len(p.Joins) == 0 {
		return "none", nil
	}
	return strings.Join(p.Joins, " "), nil
}

func enter(path string) error {
	namespace, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return failed("open "+path, err)
	}
	defer unix.Close(namespace)
	return failed("setns "+path, unix.Setns(namespace, 0))
}

func joinAll(p *plan) (string, error) {
	// A mount namespace can be entered only by who shares no folder with others.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return "", failed("unshare(CLONE_FS)", err)
	}
	if _, err := join(p); err != nil {
		return "", err
	}
	return strings.Join(p.Joins, " "), failed("chdir /", unix.Chdir("/"))
}

func cgroupNamespace(p *plan) (string, error) {
	if !p.CgroupNamespace {
		return "the host's, as Docker has it on cgroup v1", nil
	}
	return "its own", failed("unshare(CLONE_NEWCGROUP)", unix.Unshare(unix.CLONE_NEWCGROUP))
}

func privateMounts(*plan) (string, error) {
	return "all below /", mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
}

func overlay(p *plan) (string, error) {
	lower := slices.Clone(p.Lower)
	slices.Reverse(lower) // the kernel wants the uppermost first
	options := "lowerdir=" + strings.Join(lower, ":") + ",upperdir=" + p.Upper + ",workdir=" + p.Work
	return options, mount("overlay", p.Root, "overlay", unix.MS_NODEV, options)
}

func volumes(p *plan) (string, error) {
	for _, v := range p.Volumes {
		target, err := folder(p, v.Target)
		if err != nil {
			return "", err
		}
		if err := bind(v.Source, target, v.ReadOnly); err != nil {
			return "", err
		}
	}
	for _, t := range p.Tmpfs {
		target, err := folder(p, t.Target)
		if err != nil {
			return "", err
		}
		flags, options := tmpfsOptions(t.Options)
		if err := mount("tmpfs", target, "tmpfs", flags, options); err != nil {
			return "", err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(p.Files)) {
		if err := bind(p.Files[path], filepath.Join(p.Root, path), false); err != nil {
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

func proc(p *plan) (string, error) {
	return "/proc", mount("proc", p.Root+"/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}

func sys(p *plan) (string, error) {
	return "/sys", mount("sysfs", p.Root+"/sys", "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC|unix.MS_RDONLY, "")
}

func cgroupFiles(p *plan) (string, error) {
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	top := p.Root + "/sys/fs/cgroup"
	if _, unified := p.CgroupPaths[""]; unified {
		return "cgroup2, read-only", mount("cgroup", top, "cgroup2", flags|unix.MS_RDONLY, "")
	}
	if err := mount("tmpfs", top, "tmpfs", flags, "mode=755"); err != nil {
		return "", err
	}
	for _, controller := range slices.Sorted(maps.Keys(p.CgroupPaths)) {
		target := filepath.Join(top, strings.TrimPrefix(controller, "name="))
		if err := os.MkdirAll(target, 0o755); err != nil {
			return "", failed("mkdir "+target, err)
		}
		if err := bind(p.CgroupPaths[controller], target, true); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d controllers, read-only", len(p.CgroupPaths)), mount("", top, "", flags|unix.MS_REMOUNT|unix.MS_RDONLY, "mode=755")
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
	if err := mount("tmpfs", top, "tmpfs", unix.MS_NOSUID|unix.MS_STRICTATIME, "mode=755,size=65536k"); err != nil {
		return "", err
	}
	old := unix.Umask(0)
	defer unix.Umask(old)
	for _, d := range devices {
		if err := unix.Mknod(filepath.Join(top, d.name), unix.S_IFCHR|0o666, int(unix.Mkdev(d.major, d.minor))); err != nil {
			return "", failed("mknod /dev/"+d.name, err)
		}
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"} {
		if err := os.Symlink(target, filepath.Join(top, name)); err != nil {
			return "", failed("symlink /dev/"+name, err)
		}
	}
	for _, name := range []string{"pts", "mqueue", "shm"} {
		if err := os.Mkdir(filepath.Join(top, name), 0o755); err != nil {
			return "", failed("mkdir /dev/"+name, err)
		}
	}
	if err := mount("devpts", top+"/pts", "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"); err != nil {
		return "", err
	}
	if err := mount("mqueue", top+"/mqueue", "mqueue", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return "", err
	}
	if p.HostIPC {
		return "with the host's /dev/shm", bind("/dev/shm", top+"/shm", false)
	}
	return fmt.Sprintf("%d devices", len(devices)), mount("shm", top+"/shm", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, fmt.Sprintf("mode=1777,size=%d", p.ShmBytes))
}

func pivotRoot(p *plan) (string, error) {
	if err := unix.Chdir(p.Root); err != nil {
		return "", failed("chdir "+p.Root, err)
	}
	// Old and new root in one place: no folder for the old one is needed, see
	// pivot_root(2).
	if err := unix.PivotRoot(".", "."); err != nil {
		return "", failed("pivot_root", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return "", failed("umount2 of the old root", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return "", failed("chdir /", err)
	}
	if p.ReadOnly {
		return "read-only", mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|unix.MS_NODEV, "")
	}
	return "writable", nil
}

// masked and readOnly are Docker's lists.
var (
	masked   = []string{"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware"}
	readOnly = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
)

func mask(*plan) (string, error) {
	for _, path := range masked {
		info, err := os.Stat(path)
		switch {
		case err != nil: // this kernel does not have it
			continue
		case info.IsDir():
			err = mount("tmpfs", path, "tmpfs", unix.MS_RDONLY, "size=0k")
		default:
			err = mount("/dev/null", path, "", unix.MS_BIND, "")
		}
		if err != nil {
			return "", err
		}
	}
	for _, path := range readOnly {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if err := bind(path, path, true); err != nil {
			return "", err
		}
	}
	return "Docker's lists", nil
}

func hostname(p *plan) (string, error) {
	if p.Hostname == "" {
		return "the host's", nil
	}
	return p.Hostname, failed("sethostname", unix.Sethostname([]byte(p.Hostname)))
}

func mount(source, target, kind string, flags uintptr, options string) error {
	return failed(strings.TrimSpace("mount "+kind)+" on "+target, unix.Mount(source, target, kind, flags, options))
}

// bind shows source at target too. Read-only takes a second call, see mount(2).
func bind(source, target string, readOnly bool) error {
	if err := mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil || !readOnly {
		return err
	}
	return mount("", target, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}

// folder makes a mount point in the container's root. No link in the image can
// lead it out: the image is our own and has none.
func folder(p *plan, path string) (string, error) {
	target := filepath.Join(p.Root, filepath.Clean("/"+path))
	return target, failed("mkdir "+target, os.MkdirAll(target, 0o755))
}

// failed names the call that went wrong; nil where none has.
func failed(call string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", call, err)
}
