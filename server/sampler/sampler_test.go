package sampler_test

import (
	"context"
	"errors"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"porthole/server/sampler"
	"porthole/server/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// engine is a stand-in whose list the test writes: the processes in it are
// real ones, started by the test.
type engine struct {
	mu       sync.Mutex
	state    wire.EngineState
	subjects []sampler.Subject
	changes  chan struct{}
}

func newEngine() *engine {
	return &engine{state: wire.EngineUp, changes: make(chan struct{}, 1)}
}

func (e *engine) State() wire.Engine {
	e.mu.Lock()
	defer e.mu.Unlock()
	return wire.Engine{Name: "test", State: e.state}
}

func (e *engine) Subjects() []sampler.Subject {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.subjects
}

func (e *engine) Changes() (<-chan struct{}, func()) { return e.changes, func() {} }

func (e *engine) set(state wire.EngineState, subjects ...sampler.Subject) {
	e.mu.Lock()
	e.state, e.subjects = state, subjects
	e.mu.Unlock()
	select {
	case e.changes <- struct{}{}:
	default:
	}
}

// audience keeps what was published.
type audience struct {
	mu       sync.Mutex
	topology wire.Topology
	samples  []wire.Sample
	gone     []wire.Gone
	watched  bool
	news     chan struct{} // closed and replaced at each message
	turn     chan struct{} // the nudge of Watched
}

func newAudience() *audience {
	return &audience{news: make(chan struct{}), turn: make(chan struct{}, 1)}
}

func (a *audience) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
	close(a.news)
	a.news = make(chan struct{})
}

func (a *audience) Topology(t wire.Topology) { a.change(func() { a.topology = t }) }
func (a *audience) Sample(s wire.Sample)     { a.change(func() { a.samples = append(a.samples, s) }) }
func (a *audience) Gone(g wire.Gone)         { a.change(func() { a.gone = append(a.gone, g) }) }

func (a *audience) Watched() (bool, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.watched, a.turn
}

func (a *audience) watch(yes bool) {
	a.change(func() { a.watched = yes })
	select {
	case a.turn <- struct{}{}:
	default:
	}
}

// await waits for a condition; the deadline is there only for a test that
// would otherwise never end.
func (a *audience) await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		a.mu.Lock()
		ok, news := done(), a.news
		a.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-news:
		case <-deadline:
			t.Fatalf("never saw %s", what)
		}
	}
}

// child starts a real process, in a UTS namespace of its own.
func child(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("a child in its own UTS namespace cannot be started; the tests need root: %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd
}

func subject(name string, pid int) sampler.Subject {
	return sampler.Subject{Container: wire.Container{
		Name: name, ID: "id-of-" + name, State: "running", PID: pid, StartedAt: 1, Order: 1,
		Limits: wire.Limits{Memory: &wire.Limit{Source: "memoryMax", Asked: "--memory 64m"}},
	}}
}

func start(t *testing.T, e *engine, a *audience, idle time.Duration) *sampler.Sampler {
	t.Helper()
	return startWith(t, sampler.Options{
		Engine: e, Publisher: a, Interval: 20 * time.Millisecond, Idle: idle,
		Inside: func(string) *wire.View { return &wire.View{Hostname: "inside"} },
	})
}

func startWith(t *testing.T, o sampler.Options) *sampler.Sampler {
	t.Helper()
	s, err := sampler.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
	return s
}

func TestAContainerComesAndGoes(t *testing.T) {
	e, a := newEngine(), newAudience()
	s := start(t, e, a, 20*time.Millisecond)
	a.await(t, "the empty topology", func() bool { return a.topology.Seq == 1 })
	if a.topology.Containers == nil {
		t.Error("an empty list of containers must be [], not null")
	}
	if len(a.topology.Host.Namespaces) != 8 {
		t.Errorf("the host has %d namespaces, want 8", len(a.topology.Host.Namespaces))
	}

	process := child(t)
	e.set(wire.EngineUp, subject("app", process.Process.Pid))
	a.await(t, "the container", func() bool { return len(a.topology.Containers) == 1 })
	c := a.topology.Containers[0]
	relation := map[string]wire.Relation{}
	for _, n := range c.Namespaces {
		relation[n.Type] = n.Relation
	}
	if relation["uts"] != wire.RelationOwn || relation["net"] != wire.RelationHost {
		t.Errorf("relations are %v, want uts own and net host", relation)
	}
	if c.Inside == nil || c.Inside.Hostname != "inside" {
		t.Errorf("the inside view is %+v", c.Inside)
	}
	if c.Limits.Memory == nil || c.Limits.Memory.Asked != "--memory 64m" || c.Limits.Memory.Raw == "" {
		t.Errorf("the memory limit is %+v, want what was asked beside the kernel's text", c.Limits.Memory)
	}
	if c.Security == nil || c.Security.CapEff == "" {
		t.Errorf("security is %+v, want the rights of the process", c.Security)
	}
	a.await(t, "a sample of it", func() bool {
		if len(a.samples) == 0 {
			return false
		}
		counters := a.samples[len(a.samples)-1].Containers["app"]
		_, ok := counters.MemoryCurrentBytes.Get()
		return ok
	})

	source, err := s.Source("app", "memoryCurrentBytes")
	if err != nil || source.Raw == "" || source.Container != "app" || source.Path == "" {
		t.Errorf("Source = %+v, %v", source, err)
	}
	source, err = s.Source("app", "capEff")
	if err != nil || source.Raw == "" || source.Field != "capEff" {
		t.Errorf("Source of a right = %+v, %v", source, err)
	}
	source, err = s.Source("host", "namespace.net")
	if err != nil || source.Field != "namespace.net" {
		t.Errorf("Source of the host = %+v, %v", source, err)
	}
	for _, bad := range [][2]string{{"nobody", "pidsCurrent"}, {"app", "nonsense"}, {"app", "namespace.nonsense"}, {"host", "pidsCurrent"}} {
		if _, err := s.Source(bad[0], bad[1]); !errors.Is(err, sampler.ErrUnknownSource) {
			t.Errorf("Source(%s, %s) = %v, want ErrUnknownSource", bad[0], bad[1], err)
		}
	}

	code, oom := 7, false
	ended := subject("app", 0)
	ended.Container.State, ended.ExitCode, ended.OOMKilled = "exited", &code, &oom
	e.set(wire.EngineUp, ended)
	a.await(t, "the last word", func() bool { return len(a.gone) == 1 })
	if g := a.gone[0]; g.ExitCode == nil || *g.ExitCode != 7 || g.Name != "app" {
		t.Errorf("gone is %+v", g)
	}
	if _, ok := a.gone[0].Last.MemoryCurrentBytes.Get(); !ok {
		t.Error("the last counters are missing from the last word")
	}
	e.set(wire.EngineUp)
	a.await(t, "the empty drawing", func() bool { return len(a.topology.Containers) == 0 })
	if len(a.gone) != 1 {
		t.Errorf("the last word was said %d times", len(a.gone))
	}
}

func TestAnEngineThatGoesAwayTakesNoContainerWithIt(t *testing.T) {
	e, a := newEngine(), newAudience()
	start(t, e, a, 20*time.Millisecond)
	process := child(t)
	e.set(wire.EngineUp, subject("app", process.Process.Pid))
	a.await(t, "the container", func() bool { return len(a.topology.Containers) == 1 })

	e.set(wire.EngineDown)
	a.await(t, "the engine's state", func() bool { return a.topology.Host.Engine.State == wire.EngineDown })
	if len(a.topology.Containers) != 1 || len(a.gone) != 0 {
		t.Error("a container that lives was said to be gone because the engine was")
	}
	before := len(a.samples)
	a.await(t, "more samples without an engine", func() bool { return len(a.samples) > before })
	if _, ok := a.samples[len(a.samples)-1].Containers["app"]; !ok {
		t.Error("the kernel's counters stopped with the engine")
	}
}

func TestTheRateFollowsTheAudience(t *testing.T) {
	e, a := newEngine(), newAudience()
	s := start(t, e, a, time.Hour) // idle: never
	a.await(t, "the topology", func() bool { return a.topology.Seq == 1 })
	a.watch(true)
	a.await(t, "samples for a viewer", func() bool { return len(a.samples) > 3 })
	a.watch(false)

	w := s.Watch()
	seen, _ := w.Take()
	if len(seen) == 0 || seen[0].Topology == nil {
		t.Error("a watch does not begin with the topology")
	}
	samples := 0
	deadline := time.After(10 * time.Second)
	for samples < 3 {
		select {
		case <-w.Ready():
			seen, missed := w.Take()
			if missed != 0 {
				t.Errorf("missed %d", missed)
			}
			for _, o := range seen {
				if o.Sample != nil {
					samples++
				}
			}
		case <-deadline:
			t.Fatal("a watch gets no samples at full rate")
		}
	}
	// A watch that rests asks for no rate, and hears of what there is.
	w.Rest()
	w.Take()
	before := s.Cost().Ticks
	e.set(wire.EngineDown)
	for down := false; !down; {
		select {
		case <-w.Ready():
			seen, _ := w.Take()
			for _, o := range seen {
				down = down || o.Topology != nil && o.Topology.Host.Engine.State == wire.EngineDown
			}
		case <-deadline:
			t.Fatal("a resting watch hears nothing")
		}
	}
	// Its last samples at full rate may have been on their way.
	if after := s.Cost().Ticks; after > before+2 {
		t.Errorf("%d samples were taken for a watch that rests", after-before)
	}
	w.Close()
}

func TestARecycledPIDIsNotTheContainer(t *testing.T) {
	e, a := newEngine(), newAudience()
	a.watched = true
	start(t, e, a, 20*time.Millisecond)
	first := child(t)
	e.set(wire.EngineUp, subject("app", first.Process.Pid))
	a.await(t, "its own UTS namespace", func() bool {
		return len(a.topology.Containers) == 1 && a.topology.Containers[0].Security != nil
	})
	// The process dies, and the engine has not noticed yet.
	first.Process.Kill()
	first.Wait()
	a.await(t, "unknown namespaces", func() bool {
		c := a.topology.Containers[0]
		return c.Security == nil && len(c.Namespaces) == 8 && c.Namespaces[0].Relation == wire.RelationUnknown && c.Namespaces[0].Reason != ""
	})
}

// What seldom changes is read of a few containers at a time. Those that have
// exited, however many, take nobody's turn.
func TestTheExitedKeepNobodyWaiting(t *testing.T) {
	e, a := newEngine(), newAudience()
	a.watched = true
	start(t, e, a, 20*time.Millisecond)
	// Its rights change when it is told so, and its number stays.
	process := exec.Command("sh", "-c", "read line; exec setpriv --no-new-privs sleep 60")
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	tell, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Process.Kill()
		process.Wait()
	})
	subjects := []sampler.Subject{subject("alive", process.Process.Pid)}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		exited := subject(name, 0)
		exited.Container.State = "exited"
		subjects = append(subjects, exited)
	}
	e.set(wire.EngineUp, subjects...)
	rights := func(value int) func() bool {
		return func() bool {
			for _, c := range a.topology.Containers {
				if c.Name == "alive" && c.Security != nil && c.Security.NoNewPrivs != nil {
					return *c.Security.NoNewPrivs == value
				}
			}
			return false
		}
	}
	a.await(t, "its rights", rights(0))
	if _, err := tell.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	a.await(t, "its rights after they have changed", rights(1))
}

// A container that is made step by step is shown as soon as it has a process,
// without the counters of a control group that is not its own; and when it is
// made, nobody is told that it has gone.
func TestHalfMade(t *testing.T) {
	e, a := newEngine(), newAudience()
	process := child(t)
	steps := func(cgroup bool) []wire.MakingStep {
		return []wire.MakingStep{{Name: "clone", Done: true}, {Name: "cgroup", Done: cgroup}, {Name: "execve"}}
	}
	box := subject("box", 0)
	box.Container.State, box.Container.StartedAt, box.Container.Steps = "created", 0, []wire.MakingStep{{Name: "clone"}, {Name: "cgroup"}, {Name: "execve"}}
	e.set(wire.EngineUp, box)
	start(t, e, a, 20*time.Millisecond)
	shown := func() wire.Container {
		if len(a.topology.Containers) != 1 {
			return wire.Container{}
		}
		return a.topology.Containers[0]
	}
	a.await(t, "it before it has a process", func() bool { return shown().Name == "box" && len(shown().Namespaces) == 0 })

	box.Container.PID, box.Container.Steps = process.Process.Pid, steps(false)
	e.set(wire.EngineUp, box)
	a.await(t, "its namespaces and rights", func() bool { return len(shown().Namespaces) == 8 && shown().Security != nil })
	if raw := shown().Limits.Memory.Raw; raw != "" {
		t.Errorf("a limit that is not its own is shown: %s", raw)
	}
	box.Container.Steps = steps(true)
	e.set(wire.EngineUp, box)
	a.await(t, "the limits of its group", func() bool { return shown().Limits.Memory.Raw != "" })

	box.Container.State, box.Container.StartedAt = "running", 7
	e.set(wire.EngineUp, box)
	a.await(t, "it running", func() bool { return shown().State == "running" && shown().Security != nil })
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.gone) > 0 {
		t.Errorf("it is said to have gone: %+v", a.gone)
	}
}

// The machine's clock is set forward by an hour, and back by two, while it
// samples: it goes on at its pace, says the time as it is, loses nothing, and
// notices an end as before.
func TestAClockThatIsSetDisturbsNoSampling(t *testing.T) {
	e, a := newEngine(), newAudience()
	var set atomic.Int64 // how far the machine's clock is off, in nanoseconds
	now := func() time.Time { return time.Now().Round(0).Add(time.Duration(set.Load())) }
	s := startWith(t, sampler.Options{Engine: e, Publisher: a, Now: now, Interval: 20 * time.Millisecond, Idle: 20 * time.Millisecond})
	process := child(t)
	e.set(wire.EngineUp, subject("app", process.Process.Pid))
	a.await(t, "a sample of it", func() bool {
		if len(a.samples) == 0 {
			return false
		}
		_, counted := a.samples[len(a.samples)-1].Containers["app"]
		return counted
	})
	count := func() int {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.samples)
	}
	for _, off := range []time.Duration{0, time.Hour, -time.Hour} {
		set.Store(int64(off))
		first, began, ticks := count()+1, time.Now(), s.Cost().Ticks // one may be under way
		a.await(t, "more samples", func() bool { return len(a.samples) >= first+20 })
		if passed, most := time.Since(began), s.Cost().Ticks-ticks; most > 2+uint64(passed/(20*time.Millisecond)) {
			t.Errorf("with the clock %v off, %d samples were taken in %v: the pace is lost", off, most, passed)
		}
		a.mu.Lock()
		for i, sample := range a.samples[first : first+20] {
			if distance := time.UnixMilli(sample.At).Sub(began.Add(off)); distance < -time.Second || distance > time.Minute {
				t.Errorf("with the clock %v off, sample %d is stamped %v after it was taken", off, i, distance)
			}
			if i > 0 && sample.At < a.samples[first+i-1].At {
				t.Errorf("with the clock %v off, sample %d is stamped before the one before", off, i)
			}
			if _, counted := sample.Containers["app"]; !counted {
				t.Errorf("with the clock %v off, sample %d has lost the container", off, i)
			}
		}
		a.mu.Unlock()
	}
	e.set(wire.EngineUp)
	a.await(t, "its last word", func() bool { return len(a.gone) == 1 })
}

// others is a subject that Porthole did not start.
func others(name string, pid int) sampler.Subject {
	one := subject(name, pid)
	one.Container.Foreign = true
	return one
}

// A container of others is read as ours are, but for what its processes were
// told, what it has written, and what would be inside. It stands after ours, and
// goes when it ends, though its owner keeps it.
func TestAContainerOfOthersIsReadWithoutItsSecrets(t *testing.T) {
	e, a := newEngine(), newAudience()
	s := start(t, e, a, 20*time.Millisecond)
	process, own := child(t), child(t)
	late := subject("a lesson's", own.Process.Pid)
	late.Container.Run, late.Container.Order = "run", 9
	e.set(wire.EngineUp, others("theirs", process.Process.Pid), late)
	a.await(t, "both", func() bool { return len(a.topology.Containers) == 2 && a.topology.Containers[1].Outside != nil })
	ours, c := a.topology.Containers[0], a.topology.Containers[1]
	if ours.Name != "a lesson's" || c.Name != "theirs" || !c.Foreign {
		t.Errorf("they stand as %s and %s, want ours first", ours.Name, c.Name)
	}
	if c.Inside != nil || c.Layers != nil || ours.Inside == nil || ours.Layers == nil {
		t.Errorf("inside and layers are %v, %v of theirs, and %v, %v of ours", c.Inside, c.Layers, ours.Inside, ours.Layers)
	}
	command := func(c wire.Container, pid int) string {
		for _, p := range c.Outside.Processes {
			if p.PID == pid {
				return p.Command
			}
		}
		return "not among its processes"
	}
	if got, want := command(c, process.Process.Pid), "sleep"; got != want {
		t.Errorf("their process is %q, want %q", got, want)
	}
	if got, want := command(ours, own.Process.Pid), "sleep 60"; got != want {
		t.Errorf("our process is %q, want %q", got, want)
	}
	a.await(t, "its counters", func() bool {
		if len(a.samples) == 0 {
			return false
		}
		_, there := a.samples[len(a.samples)-1].Containers["theirs"]
		return there
	})
	for _, field := range []string{"memoryCurrentBytes", "namespace.net", "capEff"} {
		if source, err := s.Source("theirs", field); err != nil || source.Raw == "" {
			t.Errorf("the source of %s is %+v, %v", field, source, err)
		}
	}

	ended := others("theirs", 0)
	code := 3
	ended.Container.State, ended.ExitCode = "exited", &code
	e.set(wire.EngineUp, ended, late)
	a.await(t, "its end", func() bool { return len(a.gone) == 1 && len(a.topology.Containers) == 1 })
	if g := a.gone[0]; g.Name != "theirs" || g.ExitCode == nil || *g.ExitCode != 3 {
		t.Errorf("the last word is %+v, want its exit code", g)
	}
	again := others("theirs", child(t).Process.Pid)
	again.Container.StartedAt = 2
	e.set(wire.EngineUp, again, late)
	a.await(t, "its next start", func() bool { return len(a.topology.Containers) == 2 })
}
