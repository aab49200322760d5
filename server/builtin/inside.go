package builtin

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/moby/sys/capability"
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

func ceilings(p *plan) (string, error) {
	for _, which := range slices.Sorted(maps.Keys(p.Rlimits)) {
		limit := unix.Rlimit{Cur: p.Rlimits[which], Max: p.Rlimits[which]}
		if err := unix.Prlimit(0, which, &limit, nil); err != nil {
			return "", failed("prlimit", err)
		}
	}
	return fmt.Sprintf("%d", len(p.Rlimits)), nil
}

func kept(p *plan) ([]capability.Cap, error) {
	var keep []capability.Cap
	for _, name := range p.Keep {
		at := slices.IndexFunc(capability.ListKnown(), func(c capability.Cap) bool { return "CAP_"+strings.ToUpper(c.String()) == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no capability %s; see capabilities(7)", name)
		}
		keep = append(keep, capability.ListKnown()[at])
	}
	return keep, nil
}

func boundingSet(p *plan) (string, error) {
	keep, err := kept(p)
	if err != nil {
		return "", err
	}
	supported, err := capability.ListSupported()
	if err != nil {
		return "", failed("reading the kernel's last capability", err)
	}
	if err := capability.ResetAmbient(); err != nil {
		return "", failed("prctl(PR_CAP_AMBIENT_CLEAR_ALL)", err)
	}
	for _, c := range supported {
		if slices.Contains(keep, c) {
			continue
		}
		if err := capability.DropBound(c); err != nil {
			return "", failed("prctl(PR_CAPBSET_DROP)", err)
		}
	}
	return fmt.Sprintf("%d of %d are left", len(keep), len(supported)), nil
}

func noNewPrivileges(p *plan) (string, error) {
	if !p.NoNewPrivileges {
		return "not asked for", nil
	}
	return "set", failed("prctl(PR_SET_NO_NEW_PRIVS)", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
}

func user(p *plan) (string, error) {
	// Raw, for this thread alone: those of the standard library ask all threads.
	for _, call := range []struct {
		name  string
		trap  uintptr
		value int
	}{{"setresgid", unix.SYS_SETRESGID, p.GID}, {"setresuid", unix.SYS_SETRESUID, p.UID}} {
		if call.trap == unix.SYS_SETRESGID {
			if _, _, errno := syscall.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0); errno != 0 {
				return "", failed("setgroups", errno)
			}
		}
		value := uintptr(call.value)
		if _, _, errno := syscall.RawSyscall(call.trap, value, value, value); errno != 0 {
			return "", failed(call.name, errno)
		}
	}
	return fmt.Sprintf("%d:%d", p.UID, p.GID), nil
}

func capabilities(p *plan) (string, error) {
	if p.UID != 0 {
		return "none, since it is not root", nil // setresuid has taken them
	}
	keep, err := kept(p)
	if err != nil {
		return "", err
	}
	set, err := capability.NewPid2(0)
	if err != nil {
		return "", err
	}
	set.Clear(capability.CAPS)
	set.Set(capability.EFFECTIVE|capability.PERMITTED, keep...)
	return strings.Join(p.Keep, " "), failed("capset", set.Apply(capability.CAPS))
}

// execute returns only where it cannot.
func execute(p *plan) (string, error) {
	// Changing the user has taken it back.
	if err := dieWithServer(); err != nil {
		return "", err
	}
	// A server that was gone before that sends no signal, but has left its end
	// of the pipe.
	ends := []unix.PollFd{{Fd: fdOrders}}
	if _, err := unix.Poll(ends, 0); err == nil && ends[0].Revents&unix.POLLHUP != 0 {
		return "", failed("waiting for the server", unix.EPIPE)
	}
	err := syscall.Exec(p.Argv[0], p.Argv, p.Env)
	runtime.KeepAlive(p)
	return "", failed("execve "+p.Argv[0], err)
}

func dieWithServer() error {
	return failed("prctl(PR_SET_PDEATHSIG)", unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0))
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
