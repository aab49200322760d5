package lab_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"porthole/demos"
	"porthole/server/builtin"
	"porthole/server/lab"
	"porthole/server/sampler"
	"porthole/server/wire"
)

// Lessons that only the built-in engine can run, on that engine and the real kernel.

func onBuiltinAlone(l demos.Lesson) bool { return slices.Contains(l.Needs, demos.NeedBuiltin) }

// scratchVariants lose on the way to the engine what the lesson asks for.
var scratchVariants = []variant{
	{
		lesson: "container-from-scratch", name: "in the host's IPC namespace",
		lost:  loss{create: func(c *demos.Container) { c.IPCNamespace = "host" }},
		fails: []string{"five-namespaces"},
	},
	{
		lesson: "container-from-scratch", name: "another name, more rights, less memory and no no-new-privileges",
		lost: loss{create: func(c *demos.Container) {
			c.Hostname, c.CapAdd, c.Limits.Memory, c.NoNewPrivileges = "another", []string{"SYS_PTRACE"}, 32<<20, false
		}},
		fails: []string{"named-late", "rights-taken", "limits-first", "filtered-first"},
	},
}

// builtinPlug is the built-in engine in the lab's words.
type builtinPlug struct {
	*builtin.Engine
	lost loss
}

func (b builtinPlug) Create(ctx context.Context, run string, lesson demos.Lesson, c demos.Container, ttl time.Duration) (string, error) {
	if b.lost.create != nil {
		b.lost.create(&c)
	}
	return b.Engine.Create(ctx, run, lesson, c, ttl)
}

func (b builtinPlug) Exec(ctx context.Context, id string, argv []string) (lab.Executed, error) {
	result, err := b.Engine.Exec(ctx, id, argv)
	return lab.Executed{Output: result.Stdout, ExitCode: result.ExitCode}, err
}

func (b builtinPlug) Inspect(ctx context.Context, id string) (lab.Inspection, error) {
	c, err := b.Engine.Inspect(ctx, id)
	if errors.Is(err, builtin.ErrNoSuchContainer) {
		err = lab.ErrNoContainer
	}
	return lab.Inspection{Name: c.Name, State: c.State, StartedAt: c.StartedOn, FinishedAt: c.FinishedAt, ExitCode: c.ExitCode}, err
}

func (b builtinPlug) Subjects() []sampler.Subject {
	var all []sampler.Subject
	for _, c := range b.Containers() {
		one := sampler.Subject{Container: c.Container}
		if c.Ended() {
			one.ExitCode, one.OOMKilled = &c.ExitCode, c.OOMKilled
		}
		all = append(all, one)
	}
	return all
}

// newScratchHouse is newHouse on the built-in engine.
func newScratchHouse(t *testing.T, lost loss) (*house, *builtin.Engine) {
	t.Helper()
	h := &house{seen: map[string][]wire.Run{}, lessons: slices.DeleteFunc(builtins(t), func(l demos.Lesson) bool { return !onBuiltinAlone(l) })}
	h.changed = sync.NewCond(&h.mu)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	engine := builtin.New(builtin.Options{Folder: filepath.Join(t.TempDir(), "engine"), Executable: program, Log: log})
	if err := engine.Connect(t.Context()); err != nil {
		t.Fatalf("these tests are for root with all rights: %v", err)
	}
	var watched *sampler.Sampler
	h.lab = lab.New(lab.Options{
		Engine:  builtinPlug{engine, lost},
		Watcher: watcherPlug{func() *sampler.Sampler { return watched }, func(*wire.Host) {}},
		Lessons: func() []demos.Lesson { return h.lessons }, Publish: h.publish,
		Host: func() wire.Host { return watched.Host() }, Log: log,
	})
	var err error
	watched, err = sampler.New(sampler.Options{Engine: builtinPlug{Engine: engine}, Publisher: h, Inside: h.lab.Inside, Interval: 50 * time.Millisecond, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	labContext, stopLab := context.WithCancel(ctx)
	var labRuns, others sync.WaitGroup
	labRuns.Go(func() { _ = h.lab.Run(labContext) })
	others.Go(func() { _ = engine.Run(ctx) })
	others.Go(func() { _ = watched.Run(ctx) })
	t.Cleanup(func() {
		stopLab()
		labRuns.Wait()
		cancel()
		others.Wait()
	})
	return h, engine
}

func TestLessonsOnTheBuiltinEngineAlone(t *testing.T) {
	h, _ := newScratchHouse(t, loss{})
	if len(h.lessons) == 0 {
		t.Error("there is none")
	}
	for _, lesson := range h.lessons {
		h.quietRun(t, lesson.Slug, lesson.Quiet, func(c wire.Claim) bool { return c.Verdict == c.Expected && c.Measured != "" })
	}
}

// What a lesson asks for is lost on the way: the claims about it fail, with a figure.
func TestBuiltinLessonsWithoutTheirLimits(t *testing.T) {
	for _, v := range scratchVariants {
		t.Run(v.title(), func(t *testing.T) {
			h, _ := newScratchHouse(t, v.lost)
			h.lessons = []demos.Lesson{v.of(t, h.lessons)}
			h.quietRun(t, h.lessons[0].Slug, false, func(c wire.Claim) bool { return c.Verdict == wire.Fails && c.Measured != "" })
		})
	}
}

// The lesson waits after each step, shows the container as far as it is, and
// leaves nothing when it is stopped there.
func TestStoppedHalfMade(t *testing.T) {
	h, engine := newScratchHouse(t, loss{})
	slug := h.lessons[0].Slug
	id := h.start(t, slug)
	offered := func(r wire.Run) bool { return slices.Contains(r.Actions, "next") }
	for range 3 {
		h.latest(t, id, "the next step is offered", offered)
		if err := h.lab.Act(t.Context(), id, "next", nil); err != nil {
			t.Fatal(err)
		}
	}
	r := h.latest(t, id, "the first claim is judged", func(r wire.Run) bool { return r.Claims[0].Verdict != wire.Pending })
	if r.State != wire.RunRunning || r.Claims[0].Verdict != wire.Holds || !pending(r) || r.Containers[0].State != "created" {
		t.Errorf("half made, the run is %+v", r)
	}
	var half builtin.Container
	for _, c := range engine.Containers() {
		half = c
	}
	if !half.Made("cgroup") || half.Made("network") || half.PID == 0 {
		t.Errorf("after three steps: %+v", half.Container)
	}
	if err := h.lab.Stop(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if left := engine.Containers(); len(left) > 0 {
		t.Errorf("left: %+v", left)
	}
	if r, _ := h.lab.Get(id); r.State != wire.RunStopped || r.Problem != "" {
		t.Errorf("stopped half made, it is %s: %s", r.State, r.Problem)
	}
	if err := h.lab.Act(t.Context(), id, "next", nil); !errors.Is(err, lab.ErrNotNow) {
		t.Errorf("a step after the end: %v", err)
	}
}
