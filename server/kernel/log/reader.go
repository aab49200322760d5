package log

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// The most that a Reader remembers.
const (
	maximumContainers = 256
	maximumPending    = 64 // kills whose second line has not come yet
	recordLimit       = 8 << 10
)

// Reader follows the kernel's log from the moment Run begins.
type Reader struct {
	path    string
	changed chan struct{}

	mu     sync.Mutex
	reason string
	lines  map[string][]wire.KernelLine // by container
	order  []string                     // of lines, oldest first
	// pending are processes of which the kernel said that it will kill them,
	// oldest first: the next line names no container.
	pending []pending
}

type pending struct {
	pid       int
	container string
}

// New returns a Reader of the log at path, usually /dev/kmsg. It opens nothing
// yet.
func New(path string) *Reader {
	return &Reader{path: path, changed: make(chan struct{}, 1), reason: "the kernel's log is not being read yet", lines: map[string][]wire.KernelLine{}}
}

// Reason says why the log cannot be read; "" while it is.
func (r *Reader) Reason() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reason
}

// Lines are those about a container, by its ID of 64 hexadecimal digits, oldest
// first, at most wire.MaxKernelLines.
func (r *Reader) Lines(container string) []wire.KernelLine {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines[container])
}

// Changes nudges after Reason changed or a line came. It has room for one
// value, so it is for one listener.
func (r *Reader) Changes() <-chan struct{} { return r.changed }

func (r *Reader) nudge() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// Run follows the log until ctx ends, and returns ctx's error. Where the log
// may not be read it waits for ctx all the same: Reason says why.
func (r *Reader) Run(ctx context.Context) error {
	// With O_NONBLOCK a read waits in Go's poller, and ends when it is closed.
	file, err := os.OpenFile(r.path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		r.say(reasonOf(err))
		<-ctx.Done()
		return ctx.Err()
	}
	closed := context.AfterFunc(ctx, func() { file.Close() })
	defer func() {
		if closed() {
			file.Close()
		}
	}()
	// What was before us is about others' containers. A pipe has no end to go to.
	_, _ = file.Seek(0, io.SeekEnd)
	err = r.follow(file)
	if ctx.Err() == nil {
		r.say(reasonOf(err))
		<-ctx.Done()
	}
	return ctx.Err()
}

// follow reads record by record until it cannot.
func (r *Reader) follow(log io.Reader) error {
	buffer := make([]byte, recordLimit)
	for first := true; ; first = false {
		if first {
			r.say("")
		}
		n, err := log.Read(buffer)
		switch {
		case errors.Is(err, unix.EPIPE), errors.Is(err, unix.EINVAL):
			continue // records were overwritten before we came, or one is larger than ours
		case err != nil:
			return err
		}
		if one, ok := parseRecord(buffer[:n]); ok {
			r.take(one)
		}
	}
}

func (r *Reader) say(reason string) {
	r.mu.Lock()
	r.reason = reason
	r.mu.Unlock()
	r.nudge()
}

// take keeps a record that is about a kill in a container.
func (r *Reader) take(one record) {
	about, ok := parseKill(one.text)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var container string
	switch about.kind {
	case "oomKill":
		if container = containerOf(about.cgroups); container == "" {
			return
		}
		if len(r.pending) == maximumPending {
			r.pending = r.pending[1:]
		}
		r.pending = append(r.pending, pending{about.pid, container})
	case "killed":
		at := slices.IndexFunc(r.pending, func(p pending) bool { return p.pid == about.pid })
		if at < 0 {
			return
		}
		container = r.pending[at].container
		r.pending = slices.Delete(r.pending, at, at+1)
	}
	if _, known := r.lines[container]; !known {
		if len(r.order) == maximumContainers {
			delete(r.lines, r.order[0])
			r.order = r.order[1:]
		}
		r.order = append(r.order, container)
	}
	// Never in place: who asked before keeps what they got.
	list := r.lines[container]
	if len(list) == wire.MaxKernelLines {
		list = list[1:]
	}
	r.lines[container] = append(slices.Clone(list), line(one, about, wallClock(one.microseconds)))
	r.nudge()
}

// wallClock turns the kernel's time since boot into Unix milliseconds. Its
// clock stands still while the machine sleeps, as CLOCK_MONOTONIC does.
func wallClock(microseconds int64) int64 {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return time.Now().UnixMilli()
	}
	ago := time.Duration(now.Nano()) - time.Duration(microseconds)*time.Microsecond
	return time.Now().Add(-ago).UnixMilli()
}

// reasonOf is an error in words.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, os.ErrPermission):
		return "the kernel's log may not be read by this user: it needs root with CAP_SYSLOG (or kernel.dmesg_restrict=0)"
	case errors.Is(err, os.ErrNotExist):
		return "the kernel's log is not there: /dev/kmsg is missing (a container needs it passed in)"
	}
	return fmt.Sprintf("the kernel's log cannot be read: %v", err)
}
