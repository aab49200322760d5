package builtin_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"porthole/demos"
	"porthole/server/builtin"
	"porthole/server/wire"
)

// stepwise is a container that uses as many of the steps as one can.
var stepwise = demos.Container{
	Key: "a", Workload: []string{"idle"}, StepByStep: true, Hostname: "made-by-hand", NoNewPrivileges: true, Tmpfs: []string{"/scratch"},
	Limits: demos.Limits{CPUs: 0.5, Memory: 64 << 20, Pids: 50},
}

// making starts a container that waits before each step; its Start ends on made.
func making(t *testing.T, e *builtin.Engine, ctx context.Context, run string) (id string, over <-chan error) {
	t.Helper()
	id = made(t, e, run, stepwise)
	ended := make(chan error, 1)
	go func() { ended <- e.Start(ctx, id) }()
	return id, ended
}

func change(t *testing.T, step wire.MakingStep, what string) wire.Change {
	t.Helper()
	at := slices.IndexFunc(step.Changes, func(c wire.Change) bool { return c.What == what })
	if at < 0 {
		t.Fatalf("the step %s changed no %s: %+v", step.Name, what, step.Changes)
	}
	return step.Changes[at]
}

func TestStepByStep(t *testing.T) {
	e := engineIn(t, builtin.Options{})
	id, over := making(t, e, t.Context(), "run")
	if c := inspected(t, e, id); len(c.Steps) != len(builtin.Steps()) || c.Made("clone") || c.PID != 0 {
		t.Fatalf("before the first step: process %d, %d steps", c.PID, len(c.Steps))
	}
	steps := map[string]wire.MakingStep{}
	for i, step := range builtin.Steps() {
		if err := e.Step(t.Context(), id, false); err != nil {
			t.Fatalf("the step %s: %v", step.Name, err)
		}
		c := inspected(t, e, id)
		if !c.Steps[i].Done || i+1 < len(c.Steps) && c.Steps[i+1].Done || c.PID == 0 {
			t.Fatalf("after the step %s, %d: %+v", step.Name, i, c.Steps[i])
		}
		if last := i == len(c.Steps)-1; last != (c.State == "running") {
			t.Errorf("after the step %s it is %s", step.Name, c.State)
		}
		if took, ok := c.Steps[i].TookUsec.Get(); !ok || took == 0 {
			t.Errorf("the step %s took no time", step.Name)
		}
		steps[step.Name] = c.Steps[i]
		for _, one := range c.Steps[i].Calls {
			t.Logf("%-17s %-90.90s %s:%d", step.Name, one.Text, one.Source.File, one.Source.Line)
		}
		for _, one := range c.Steps[i].Changes {
			t.Logf("%-17s     %s: %q, was %q (%s)", step.Name, one.What, one.After, one.Before, one.File)
		}
	}
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	if err := e.Step(t.Context(), id, false); !errors.Is(err, builtin.ErrRefused) {
		t.Errorf("a step after the last one: %v", err)
	}
	if shown := steps["cgroup-files"].Detail; strings.HasPrefix(shown, "0") {
		t.Errorf("in /sys/fs/cgroup it sees %s", shown)
	}
	own := 0
	for _, kind := range []string{"pid", "net", "mnt", "uts", "ipc", "user", "cgroup", "time"} {
		if c := change(t, steps["clone"], "namespace."+kind); c.Before == "" || c.After == "" {
			t.Errorf("the %s namespace is unknown: %+v", kind, c)
		} else if c.Before != c.After {
			own++
		}
	}
	if own != 5 {
		t.Errorf("clone made %d namespaces, want 5", own)
	}
	if c := change(t, steps["cgroup"], "memoryMax"); c.After != "67108864" || c.Before != "" {
		t.Errorf("the limit of memory: %+v", c)
	}
	if c := change(t, steps["pivot-root"], "root"); !strings.HasPrefix(c.After, "overlay") || c.Before != change(t, steps["clone"], "root").Before {
		t.Errorf("the root: %+v", c)
	}
	if c := change(t, steps["network"], "interfaces"); c.Before != "lo" && !strings.HasPrefix(c.Before, "lo ") || !strings.Contains(c.After, "eth0") {
		t.Errorf("the network cards: %+v", c)
	}
	if c := change(t, steps["hostname"], "hostname"); c.After != "made-by-hand" {
		t.Errorf("the hostname: %+v", c)
	}
	if c := change(t, steps["capabilities"], "capEff"); c.After != "00000000a80425fb" {
		t.Errorf("the capabilities: %+v", c)
	}
	if c := change(t, steps["execve"], "program"); c.After != "/porthole workload idle" {
		t.Errorf("the program: %+v", c)
	}
}

// makers are the words of our source that make a system call.
var makers = map[string][]string{
	"clone": {"command.Start, "}, "openat": {"enter(", "unix.Open"}, "setns": {"unix.Setns"}, "write": {"WriteFile", "groups.Apply", "groups.Set"},
	"sendto": {"LinkAdd", "LinkSetUp", "AddrAdd", "RouteAdd"}, "mount": {"p.mount(", "p.bind("}, "mkdirat": {"p.mkdir("},
	"mknodat": {"unix.Mknod"}, "symlinkat": {"os.Symlink"}, "chdir": {"unix.Chdir"}, "pivot_root": {"unix.PivotRoot"}, "umount2": {"unix.Unmount"},
	"sethostname": {"unix.Sethostname"}, "prlimit64": {"unix.Prlimit"}, "prctl": {"ResetAmbient", "DropBound", "unix.Prctl", "dieWithServer"},
	"seccomp": {"seccomp.LoadFilter"}, "setgroups": {"SYS_SETGROUPS"}, "setresgid": {"SYS_SETRESGID"}, "setresuid": {"SYS_SETRESUID"},
	"capset": {"set.Apply"}, "execve": {"p.exec("}, "unshare": {"unix.Unshare"},
}

// Each line that is linked is the one that makes the call, and each step's the
// function that takes it, in the very files that are shown.
func TestLinkedLinesMakeTheCalls(t *testing.T) {
	e := engineIn(t, builtin.Options{})
	id, over := making(t, e, t.Context(), "run")
	if err := e.Step(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	shown := builtin.Sources()
	lineOf := func(s wire.SourceLine) string {
		lines := strings.Split(shown[s.File], "\n")
		if s.Line < 1 || s.Line > len(lines) {
			t.Fatalf("%s has no line %d", s.File, s.Line)
		}
		if line := strings.TrimSpace(lines[s.Line-1]); line != s.Text {
			t.Errorf("%s:%d is %q, and is said to be %q", s.File, s.Line, line, s.Text)
		}
		return lines[s.Line-1]
	}
	calls := 0
	for _, step := range inspected(t, e, id).Steps {
		if line := lineOf(step.Source); !strings.HasPrefix(line, "func ") {
			t.Errorf("the step %s is linked with %q", step.Name, line)
		}
		for _, one := range step.Calls {
			calls++
			name, _, _ := strings.Cut(one.Text, "(")
			line := lineOf(one.Source)
			if !slices.ContainsFunc(makers[name], func(word string) bool { return strings.Contains(line, word) }) {
				t.Errorf("%s is linked with %s:%d, %q", one.Text, one.Source.File, one.Source.Line, line)
			}
			if strings.Contains(one.Text, " = -1") || !strings.Contains(one.Text, ") = ") {
				t.Errorf("a call went wrong: %s", one.Text)
			}
		}
	}
	if calls < 60 {
		t.Errorf("only %d calls are noted", calls)
	}
}

// A making that is given up in mid-step, be it by its lesson, by the removal of
// its container or by the engine's end, leaves nothing.
func TestGivenUpInMidStep(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "engine")
	e := engineIn(t, builtin.Options{Folder: folder})
	started(t, e, "warm", demos.Container{Key: "warm", Workload: []string{"idle"}}) // bridge and image are there from here on
	before := traces(t, folder)
	for taken := range len(builtin.Steps()) {
		ctx, cancel := context.WithCancel(t.Context())
		id, over := making(t, e, ctx, "run")
		for range taken {
			if err := e.Step(ctx, id, false); err != nil {
				t.Fatal(err)
			}
		}
		if taken%2 == 0 {
			cancel()
		} else if err := e.RemoveRun(t.Context(), "run"); err != nil {
			t.Errorf("removed after %d steps: %v", taken, err)
		}
		if err := <-over; err == nil {
			t.Errorf("after %d steps it was made", taken)
		}
		cancel()
		if err := e.RemoveRun(t.Context(), "run"); err != nil {
			t.Errorf("removed after %d steps: %v", taken, err)
		}
		same(t, before, folder)
	}
	_, over := making(t, e, t.Context(), "run")
	e.Close()
	if err := <-over; err == nil {
		t.Error("it was made by a closed engine")
	}
}
