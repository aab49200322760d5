package builtin

import (
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
