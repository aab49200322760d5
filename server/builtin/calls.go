package builtin

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// call is a system call that was made: as strace(1) writes it, shortened where
// that writes pages, and the line of our source that makes it.
type call struct {
	Text string
	File string
	Line int
}

// trace notes the calls of a step, where it is on.
type trace struct {
	on    bool
	calls []call
}

// called notes one call, and names it in its error.
func (t *trace) called(err error, format string, arguments ...any) error {
	if !t.on && err == nil {
		return nil
	}
	text := fmt.Sprintf(format, arguments...)
	t.note(text, err)
	return failed(text, err)
}

// calledAll notes the calls that one line of our source makes through a library.
func (t *trace) calledAll(err error, texts ...string) error {
	for _, text := range texts {
		t.note(text, err)
	}
	if err != nil && len(texts) > 0 {
		return failed(texts[0], err)
	}
	return err
}

func (t *trace) note(text string, err error) {
	if !t.on {
		return
	}
	one := call{Text: text + " = 0"}
	if errno, ok := err.(syscall.Errno); ok {
		one.Text = fmt.Sprintf("%s = -1 %s (%s)", text, unix.ErrnoName(errno), errno.Error())
	}
	// The line is the nearest one outside of this file.
	var stack [8]uintptr
	frames := runtime.CallersFrames(stack[:runtime.Callers(2, stack[:])])
	for {
		frame, more := frames.Next()
		if one.File, one.Line = filepath.Base(frame.File), frame.Line; one.File != "calls.go" || !more {
			break
		}
	}
	t.calls = append(t.calls, one)
}

// returned puts what the last call has returned in the place of its 0.
func (t *trace) returned(value int) {
	if n := len(t.calls); n > 0 {
		t.calls[n-1].Text = fmt.Sprintf("%s = %d", strings.TrimSuffix(t.calls[n-1].Text, " = 0"), value)
	}
}

// take returns the calls so far, and forgets them.
func (t *trace) take() []call {
	calls := t.calls
	t.calls = nil
	return calls
}

func (t *trace) mount(source, target, kind string, flags uintptr, options string) error {
	data := "NULL" // as the library has it
	if options != "" {
		data = fmt.Sprintf("%q", options)
	}
	return t.called(unix.Mount(source, target, kind, flags, options), "mount(%q, %q, %q, %s, %s)", source, target, kind, mountFlags(flags), data)
}

// bind shows source at target too. Read-only takes a second call, see mount(2).
func (t *trace) bind(source, target string, readOnly bool) error {
	if err := t.mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil || !readOnly {
		return err
	}
	return t.mount("", target, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}

// mkdir makes a folder where there is none.
func (t *trace) mkdir(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	return t.called(os.MkdirAll(path, 0o755), "mkdirat(AT_FDCWD, %q, 0755)", path)
}

// exec makes the program take the process over, and returns only where it
// cannot. Since nothing can be said after it, it is announced.
func (p *plan) exec(path string, argv, env []string) error {
	p.note(fmt.Sprintf(`execve(%q, ["%s"], /* %d vars */)`, path, strings.Join(argv, `", "`), len(env)), nil)
	if p.announce != nil {
		if err := p.announce(); err != nil {
			return err
		}
	}
	return syscall.Exec(path, argv, env)
}

// mountFlags are flags of mount(2) by their names, in strace's order.
func mountFlags(flags uintptr) string {
	var names []string
	for _, one := range []struct {
		flag uintptr
		name string
	}{
		{unix.MS_RDONLY, "MS_RDONLY"}, {unix.MS_NOSUID, "MS_NOSUID"}, {unix.MS_NODEV, "MS_NODEV"}, {unix.MS_NOEXEC, "MS_NOEXEC"},
		{unix.MS_REMOUNT, "MS_REMOUNT"}, {unix.MS_BIND, "MS_BIND"}, {unix.MS_REC, "MS_REC"}, {unix.MS_PRIVATE, "MS_PRIVATE"},
		{unix.MS_STRICTATIME, "MS_STRICTATIME"},
	} {
		if flags&one.flag != 0 {
			names = append(names, one.name)
		}
	}
	if len(names) == 0 {
		return "0"
	}
	return strings.Join(names, "|")
}

// cloneFlags are flags of clone(2) by their names.
func cloneFlags(flags uintptr) string {
	var names []string
	for _, one := range []struct {
		flag uintptr
		name string
	}{
		{unix.CLONE_NEWNS, "CLONE_NEWNS"}, {unix.CLONE_NEWUTS, "CLONE_NEWUTS"}, {unix.CLONE_NEWIPC, "CLONE_NEWIPC"},
		{unix.CLONE_NEWPID, "CLONE_NEWPID"}, {unix.CLONE_NEWNET, "CLONE_NEWNET"},
	} {
		if flags&one.flag != 0 {
			names = append(names, one.name)
		}
	}
	return strings.Join(append(names, "SIGCHLD"), "|")
}

// failed names the call that went wrong; nil where none has.
func failed(call string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", call, err)
}
