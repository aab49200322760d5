package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// serverMark says which process we are, such that another server can tell
// later whether that process still lives: the machine's boot, the PID
// namespace that we count in, our number in it, and when we started (clock
// ticks since boot), since numbers are used again. It is "" where /proc does
// not tell; then only the time to live decides.
var serverMark = sync.OnceValue(func() string {
	place, err := place()
	if err != nil {
		return ""
	}
	started, err := startTime(os.Getpid())
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s/%d/%s", place, os.Getpid(), started)
})

// place is the boot and the PID namespace: where process numbers mean the same.
func place() (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(boot)) + "/" + strings.Trim(strings.TrimPrefix(namespace, "pid:"), "[]"), nil
}

// startTime is field 22 of /proc/PID/stat, see proc_pid_stat(5). The command's
// name before it may hold spaces and brackets.
func startTime(pid int) (string, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", err
	}
	_, rest, _ := bytes.Cut(data[bytes.LastIndexByte(data, ')')+1:], []byte(" "))
	fields := bytes.Fields(rest)
	if len(fields) < 20 {
		return "", errors.New("the stat file is too short")
	}
	return string(fields[19]), nil
}

// life is what is known of the process behind a mark.
type life int

const (
	unknowable life = iota // it counts its processes elsewhere
	alive
	dead
)

// lifeOf judges a mark of serverMark's, as written on a label.
func lifeOf(mark string) life {
	here, err := place()
	rest, ok := strings.CutPrefix(mark, here+"/")
	if err != nil || !ok {
		return unknowable
	}
	number, started, _ := strings.Cut(rest, "/")
	pid, err := strconv.Atoi(number)
	if err != nil || pid <= 0 {
		return unknowable
	}
	// kill(2) with signal 0 tells also where /proc hides others' processes.
	if errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
		return dead
	}
	if now, err := startTime(pid); err == nil && now != started {
		return dead // the number has gone to somebody else
	}
	return alive
}

// abandoned reports whether a thing of Porthole's has nobody who looks after
// it: its server is known to be dead, or cannot be known and its time to live
// is over.
func (d *Docker) abandoned(labels map[string]string) bool {
	if !ours(labels, d.options.Scope) || labels[LabelInstance] == d.options.Instance {
		return false
	}
	switch lifeOf(labels[LabelServer]) {
	case dead:
		return true
	case alive:
		return false
	}
	expires := expiry(labels)
	return !expires.IsZero() && d.options.Now().After(expires)
}

// mayRemove reports whether a thing that stands in the way of a run may be
// removed: it is abandoned, or our own from another run.
func (d *Docker) mayRemove(labels map[string]string, run string) bool {
	mine := ours(labels, d.options.Scope) && labels[LabelInstance] == d.options.Instance && labels[LabelRun] != run
	return mine || d.abandoned(labels)
}

// sweep removes what dead servers left behind.
func (d *Docker) sweep(ctx context.Context, l *link) error {
	if l.mayChange() != nil {
		return nil // another server, or the next one, may
	}
	report, err := d.removeAll(ctx, l, sweeping{what: d.abandoned})
	if !report.Empty() {
		d.log.Info("left-overs of an earlier Porthole are removed", "containers", report.Containers, "volumes", report.Volumes, "networks", report.Networks)
	}
	return err
}
