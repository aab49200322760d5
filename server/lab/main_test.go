package lab_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"porthole/demos"
	"porthole/server/builtin"
	"porthole/server/engine"
	kernellog "porthole/server/kernel/log"
	"porthole/server/lab"
	"porthole/server/sampler"
	"porthole/server/wire"
	"porthole/server/workload"
)

// scope keeps this run of the tests apart from others on the same engine.
var scope = "labtest-" + strings.ToLower(rand.Text()[:8])

// program is the real program, which runs as the workload inside the
// containers. (The test binary itself is larger and, with the race detector,
// hungrier than what the lessons make claims about.)
var program string

// otherProgram does the same, and is another file: an image of it is another
// image.
var otherProgram string

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == builtin.ChildCommand { // the built-in engine starts itself
		os.Exit(builtin.Child(os.Stderr))
	}
	folder, err := os.MkdirTemp("", "porthole-labtest-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(folder, "porthole")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "porthole/server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the program does not build: %v\n%s", err, out)
		os.Exit(1)
	}
	otherProgram = program + "-other"
	content, err := os.ReadFile(program)
	if err == nil {
		err = os.WriteFile(otherProgram, append(content, 0), 0o700)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(folder)
	if err := cleanScope(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// cleanScope removes the image, and complains of anything else: the runs must
// have removed it themselves.
func cleanScope() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := engine.NewDocker(engine.Options{Scope: scope})
	if err != nil || d.Connect(ctx) != nil {
		return nil // no engine, so the tests have failed already
	}
	defer d.Close()
	report, err := d.Clean(ctx)
	if err == nil && len(report.Containers)+len(report.Volumes)+len(report.Networks) > 0 {
		err = fmt.Errorf("runs left something on the engine: %+v", report)
	}
	return err
}

// house is a lab on the real engine and the real kernel.
type house struct {
	lab    *lab.Lab
	docker *engine.Docker
	// lessons are what the lab offers; tests change them before a start.
	lessons []demos.Lesson

	mu      sync.Mutex
	changed *sync.Cond
	seen    map[string][]wire.Run
}

func (h *house) publish(r wire.Run) {
	h.mu.Lock()
	h.seen[r.ID] = append(h.seen[r.ID], r)
	h.mu.Unlock()
	h.changed.Broadcast()
}

// The publisher's other half: nobody watches beside the lab.
func (h *house) Topology(wire.Topology) {}
func (h *house) Sample(wire.Sample)     {}
func (h *house) Gone(wire.Gone)         {}
func (h *house) Watched() (bool, <-chan struct{}) {
	return false, nil
}

// newHouse starts everything, and stops it when the test ends. Without an
// engine the test fails.
func newHouse(t *testing.T) *house { return newHouseOf(t, building{}) }

// building is how a house differs from the usual one.
type building struct {
	// address is the engine's; empty is the usual one.
	address string
	// runs is how many runs may be under way at once; 0 is the usual number.
	runs int
	// losses are what does not reach the engine, by lesson.
	losses map[string]loss
	// told changes what is said of the host, so that it is not true.
	told func(*wire.Host)
}

func newHouseOf(t *testing.T, b building) *house {
	t.Helper()
	h := &house{seen: map[string][]wire.Run{}}
	h.changed = sync.NewCond(&h.mu)
	h.lessons = builtins(t)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	docker, err := engine.NewDocker(engine.Options{
		Address: b.address, Scope: scope, Executable: program, Log: log,
		PingEvery: 100 * time.Millisecond, BackoffFirst: 50 * time.Millisecond, BackoffLongest: 200 * time.Millisecond,
		Environment: map[string]string{workload.EnvRounds: fmt.Sprint(workload.Calibrate())},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.docker = docker
	var watched *sampler.Sampler
	told := b.told
	if told == nil {
		told = func(*wire.Host) {}
	}
	h.lab = lab.New(lab.Options{
		Engine:  &labPlug{Docker: docker, losses: b.losses, lessons: map[string]string{}},
		Watcher: watcherPlug{func() *sampler.Sampler { return watched }, told},
		Lessons: func() []demos.Lesson { return h.lessons }, Publish: h.publish, MaxRuns: b.runs,
		Host: func() wire.Host { host := watched.Host(); told(&host); return host }, Log: log,
	})
	kernelLog := kernellog.New("/dev/kmsg")
	watched, err = sampler.New(sampler.Options{
		Engine: enginePlug{docker}, Publisher: h, Inside: h.lab.Inside, Interval: 100 * time.Millisecond, Log: log,
		Images: docker.Images, KernelLog: kernelLog,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	// The lab goes first, while the engine is still there to clean up with.
	labContext, stopLab := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return docker.Run(ctx) })
	group.Go(func() error { return watched.Run(ctx) })
	group.Go(func() error { return kernelLog.Run(ctx) })
	var labRuns sync.WaitGroup
	labRuns.Go(func() { _ = h.lab.Run(labContext) })
	t.Cleanup(func() {
		stopLab()
		labRuns.Wait()
		cancel()
		if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	changes, stop := docker.Changes()
	defer stop()
	deadline := time.After(20 * time.Second)
	for docker.State().State != wire.EngineUp {
		select {
		case <-changes:
		case <-deadline:
			t.Fatalf("these tests need a Docker engine: %s", docker.State().Problem)
		}
	}
	return h
}

// builtins are the lessons of the chapter.
func builtins(t *testing.T) []demos.Lesson {
	t.Helper()
	lessons, problems := demos.Loader{CheckWorkload: workload.Check}.Load(demos.Builtin)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return lessons
}

// start starts a lesson.
func (h *house) start(t *testing.T, slug string) string {
	t.Helper()
	// The lab may not have been given its turn yet.
	for deadline := time.Now().Add(5 * time.Second); ; {
		started, err := h.lab.Start(t.Context(), slug)
		if errors.Is(err, lab.ErrClosed) && time.Now().Before(deadline) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return started.ID
	}
}

// until waits for a published state of a run.
func (h *house) until(t *testing.T, id, what string, holds func(wire.Run) bool) wire.Run {
	t.Helper()
	return h.await(t, id, what, false, holds)
}

// latest is until for the newest state alone.
func (h *house) latest(t *testing.T, id, what string, holds func(wire.Run) bool) wire.Run {
	t.Helper()
	return h.await(t, id, what, true, holds)
}

// patience is longer than any claim waits for a figure: what was missing is in
// the run's own words then.
const patience = 150 * time.Second

func (h *house) await(t *testing.T, id, what string, newest bool, holds func(wire.Run) bool) wire.Run {
	t.Helper()
	expired := false
	timer := time.AfterFunc(patience, func() {
		h.mu.Lock()
		expired = true
		h.mu.Unlock()
		h.changed.Broadcast()
	})
	defer timer.Stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		states := h.seen[id]
		if newest && len(states) > 0 {
			states = states[len(states)-1:]
		}
		for _, r := range states {
			if holds(r) {
				return r
			}
		}
		if n := len(h.seen[id]); expired || n > 0 && h.seen[id][n-1].EndedAt > 0 {
			t.Fatalf("waited in vain until %s; the run is now %+v", what, h.seen[id][n-1])
		}
		h.changed.Wait()
	}
}

// judgedRun runs a lesson until every claim has its verdict, and stops it.
func (h *house) judgedRun(t *testing.T, slug string) map[string]wire.Claim {
	t.Helper()
	id := h.start(t, slug)
	var actions []wire.Action
	for _, lesson := range h.lab.Catalogue() {
		if lesson.Slug == slug {
			actions = lesson.Actions
		}
	}
	var r wire.Run
	for taken := map[string]bool{}; ; {
		// Of all that was published, the last counts: what was offered once
		// may have been taken since.
		r = h.latest(t, id, "every claim is judged", func(r wire.Run) bool {
			return r.State.Ended() || !pending(r) || lab.NextAction(r, actions, taken) != ""
		})
		next := lab.NextAction(r, actions, taken)
		if next == "" {
			break
		}
		taken[next] = true
		if err := h.lab.Act(t.Context(), id, next, nil); err != nil {
			t.Errorf("the action %s: %v", next, err)
		}
	}
	if err := h.lab.Stop(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if r.Problem != "" {
		t.Fatalf("the run had a problem: %s", r.Problem)
	}
	claims := map[string]wire.Claim{}
	for _, c := range r.Claims {
		t.Logf("%-8s %s: %s %s", c.Verdict, c.ID, c.Measured, c.Reason)
		claims[c.ID] = c
	}
	return claims
}

func pending(r wire.Run) bool {
	for _, c := range r.Claims {
		if c.Verdict == wire.Pending {
			return true
		}
	}
	return false
}
