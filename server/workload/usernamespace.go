package workload

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// innerKind is the workload of unshare-user's child.
const innerKind = "inside-user"

func unshareUser(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	as := whole{value: 0, min: 0, max: 65535}
	hold := duration{value: 10 * time.Second, max: MaxTTL}
	flags.Var(&as, "as", "be this `user` number in the new namespace")
	flags.Var(&hold, "hold", "let the child stay for this `time`, to be looked at")
	return nil, func(p *process) (outcome, error) { return unshare(p, as.value, hold.value) }
}

// unshare starts a child that makes a user namespace of its own with
// unshare(2), and maps one user of ours into it.
func unshare(p *process, as int, hold time.Duration) (outcome, error) {
	m := startMeter()
	reader, writer, err := os.Pipe()
	if err != nil {
		return outcome{}, fmt.Errorf("the child cannot be asked: %w", err)
	}
	defer reader.Close()
	_, err = p.children.startWith("/proc/self/exe", []string{"inner", "workload", innerKind}, &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2, writer.Fd()},
		Sys: &syscall.SysProcAttr{
			Pdeathsig:    syscall.SIGKILL,
			Unshareflags: syscall.CLONE_NEWUSER,
			UidMappings:  []syscall.SysProcIDMap{{ContainerID: as, HostID: os.Geteuid(), Size: 1}},
			GidMappings:  []syscall.SysProcIDMap{{ContainerID: as, HostID: os.Getegid(), Size: 1}},
		},
	})
	writer.Close()
	if err != nil {
		// The kernel's no is an answer, not a failure of the work.
		result := m.result()
		result.Refused = errnoName(err)
		return outcome{says: fmt.Sprintf("the kernel lets me make no user namespace: %v", err), result: result, hold: holding(hold, nil)}, nil
	}
	_ = reader.SetReadDeadline(time.Now().Add(10 * time.Second))
	var seen wire.Inner
	if err := json.NewDecoder(reader).Decode(&seen); err != nil {
		return outcome{result: m.result()}, fmt.Errorf("the child in the new user namespace did not say what it sees: %w", err)
	}
	result := m.result()
	result.Inner, result.ProcessesStarted = &seen, wire.Counted(1)
	p.report.inside() // now with the child
	says := "a child has a user namespace of its own"
	if seen.UID != nil {
		says += fmt.Sprintf(": there it is user %d, here it is %d; its map is %s", *seen.UID, os.Geteuid(), seen.UIDMap)
	}
	return outcome{says: says, result: result, hold: holding(hold, nil)}, nil
}

// inner is the child: it says what it sees on file 3, and stays.
func inner(*flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	return nil, func(p *process) (outcome, error) {
		uid := os.Geteuid()
		seen := wire.Inner{UID: &uid}
		if security := Security(); security != nil {
			seen.UIDMap, seen.CapEff = security.UIDMap, security.CapEff
		}
		var info unix.Stat_t
		if unix.Stat("/proc/self/ns/user", &info) == nil {
			seen.UserNamespace = wire.Counted(info.Ino)
		}
		out := os.NewFile(3, "pipe")
		err := json.NewEncoder(out).Encode(seen)
		out.Close()
		if err != nil {
			return outcome{}, fmt.Errorf("nobody listens: %w", err)
		}
		<-p.ctx.Done()
		return outcome{}, nil
	}
}

// errnoName is the kernel's name for an error, for example EPERM.
func errnoName(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return unix.ErrnoName(errno)
	}
	return err.Error()
}
