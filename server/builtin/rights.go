package builtin

import (
	"cmp"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/moby/sys/capability"
	"golang.org/x/sys/unix"
)

// What follows are the last steps inside: what the program may do, and the
// program itself.

// rlimitNames are those that a plan may have.
var rlimitNames = map[int]string{unix.RLIMIT_CORE: "RLIMIT_CORE", unix.RLIMIT_FSIZE: "RLIMIT_FSIZE", unix.RLIMIT_DATA: "RLIMIT_DATA", unix.RLIMIT_CPU: "RLIMIT_CPU"}

func ceilings(p *plan) (string, error) {
	for _, which := range slices.Sorted(maps.Keys(p.Rlimits)) {
		limit := unix.Rlimit{Cur: p.Rlimits[which], Max: p.Rlimits[which]}
		if err := p.called(unix.Prlimit(0, which, &limit, nil), "prlimit64(0, %s, {rlim_cur=%d, rlim_max=%d}, NULL)", rlimitNames[which], limit.Cur, limit.Max); err != nil {
			return "", err
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
	if err := p.called(capability.ResetAmbient(), "prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)"); err != nil {
		return "", err
	}
	for _, c := range supported {
		if slices.Contains(keep, c) {
			continue
		}
		if err := p.called(capability.DropBound(c), "prctl(PR_CAPBSET_DROP, CAP_%s)", strings.ToUpper(c.String())); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d of %d are left", len(keep), len(supported)), nil
}

func noNewPrivileges(p *plan) (string, error) {
	if !p.NoNewPrivileges {
		return "not asked for", nil
	}
	return "set", p.called(unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)")
}

func user(p *plan) (string, error) {
	// Raw, for this thread alone: those of the standard library ask all threads.
	if !p.NoGroups {
		if err := p.called(raw(unix.SYS_SETGROUPS, 0, 0, 0), "setgroups(0, NULL)"); err != nil {
			return "", err
		}
	}
	if err := p.called(raw(unix.SYS_SETRESGID, p.GID, p.GID, p.GID), "setresgid(%d, %d, %d)", p.GID, p.GID, p.GID); err != nil {
		return "", err
	}
	if err := p.called(raw(unix.SYS_SETRESUID, p.UID, p.UID, p.UID), "setresuid(%d, %d, %d)", p.UID, p.UID, p.UID); err != nil {
		return "", err
	}
	if p.NoGroups {
		return fmt.Sprintf("%d:%d, with the groups of who started the server", p.UID, p.GID), nil
	}
	return fmt.Sprintf("%d:%d", p.UID, p.GID), nil
}

func raw(trap uintptr, a, b, c int) error {
	if _, _, errno := syscall.RawSyscall(trap, uintptr(a), uintptr(b), uintptr(c)); errno != 0 {
		return errno
	}
	return nil
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
	bits := cmp.Or(strings.Join(p.Keep, "|"), "0")
	return strings.Join(p.Keep, " "), p.called(set.Apply(capability.CAPS), "capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=%s, permitted=the same, inheritable=0})", bits)
}

// execute returns only where it cannot.
func execute(p *plan) (string, error) {
	// Changing the user has taken it back.
	if err := p.called(dieWithServer(), "prctl(PR_SET_PDEATHSIG, SIGKILL)"); err != nil {
		return "", err
	}
	// A server that was gone before that sends no signal, but has left its end
	// of the pipe.
	ends := []unix.PollFd{{Fd: fdOrders}}
	if _, err := unix.Poll(ends, 0); err == nil && ends[0].Revents&unix.POLLHUP != 0 {
		return "", failed("waiting for the server", unix.EPIPE)
	}
	err := p.exec(p.Argv[0], p.Argv, p.Env)
	runtime.KeepAlive(p)
	return "", failed("execve "+p.Argv[0], err)
}

func dieWithServer() error {
	return failed("prctl(PR_SET_PDEATHSIG)", unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0))
}
