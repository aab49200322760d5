package reader

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"porthole/server/doctor"
	"porthole/server/sampler"
	"porthole/server/wire"
)

// engine is a stand-in whose word the test writes; its containers are real
// processes.
type engine struct {
	mu       sync.Mutex
	state    wire.Engine
	machine  Machine
	subjects []sampler.Subject
	changes  map[chan struct{}]bool
}

func (e *engine) State() wire.Engine {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

func (e *engine) Subjects() []sampler.Subject {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.subjects
}

func (e *engine) Changes() (<-chan struct{}, func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	channel := make(chan struct{}, 1)
	e.changes[channel] = true
	return channel, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.changes, channel)
	}
}

func (e *engine) Machine() (Machine, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.machine, e.state.State == wire.EngineUp
}

func (e *engine) change(alter func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	alter()
	for channel := range e.changes {
		nudge(channel)
	}
}

// audience keeps what was published.
type audience struct {
	mu       sync.Mutex
	topology wire.Topology
	sample   wire.Sample
	samples  int
	gone     []wire.Gone
	news     chan struct{}
}

func (a *audience) change(alter func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	alter()
	close(a.news)
	a.news = make(chan struct{})
}

func (a *audience) Topology(t wire.Topology)         { a.change(func() { a.topology = t }) }
func (a *audience) Sample(s wire.Sample)             { a.change(func() { a.sample = s; a.samples++ }) }
func (a *audience) Gone(g wire.Gone)                 { a.change(func() { a.gone = append(a.gone, g) }) }
func (a *audience) Watched() (bool, <-chan struct{}) { return true, nil }

// await waits for a condition; the deadline is for a test that would never end.
func (a *audience) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		a.mu.Lock()
		ok, news := holds(), a.news
		a.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-news:
		case <-deadline:
			a.mu.Lock()
			defer a.mu.Unlock()
			t.Fatalf("never saw %s; the topology is %+v, the sample %+v", what, a.topology, a.sample)
		}
	}
}

// scene is a Reader with a stand-in engine. Its helpers run in this process.
type scene struct {
	*Reader
	engine   *engine
	audience *audience

	mu       sync.Mutex
	refuse   error
	started  int
	closed   int
	link     *pipeLink
	message  string // of statistics
	finished chan error
}

// pipeLink is a helper at the other end of two pipes.
type pipeLink struct {
	io.Reader
	io.Writer
	close func()
	once  sync.Once
}

func (p *pipeLink) Close(context.Context) { p.once.Do(p.close) }

var errRefused = errors.New("refused")

func newScene(t *testing.T, mode Mode, alter func(*engine)) *scene {
	t.Helper()
	here := func() Machine {
		s, err := sampler.New(sampler.Options{Engine: &engine{}})
		if err != nil {
			t.Fatal(err)
		}
		host := s.Host()
		return Machine{Hostname: host.Hostname, Kernel: host.Kernel, MemoryBytes: int64(host.MemoryBytes), CPUs: host.CPUs, CgroupVersion: "2", Socket: true}
	}()
	s := &scene{
		engine:   &engine{state: wire.Engine{Name: "test", State: wire.EngineUp, Version: "1"}, machine: here, changes: map[chan struct{}]bool{}},
		audience: &audience{news: make(chan struct{})},
		message:  `{"read":"2026-11-24T18:00:00Z","memory_stats":{"usage":4096},"pids_stats":{}}`,
	}
	if alter != nil {
		alter(s.engine)
	}
	var err error
	s.Reader, err = New(Options{
		Mode:    mode,
		Sampler: sampler.Options{Engine: s.engine, Publisher: s.audience, Interval: 20 * time.Millisecond, Idle: 20 * time.Millisecond},
		Machine: s.engine.Machine,
		Start:   s.start,
		Final:   func(err error) bool { return errors.Is(err, errRefused) },
		Stats: func(ctx context.Context, _ string, each func([]byte)) error {
			each([]byte(s.message))
			<-ctx.Done()
			return ctx.Err()
		},
		Facts: func(*sampler.Sampler) doctor.Facts {
			return doctor.Facts{Controllers: []string{"memory"}, Checks: []wire.Check{{ID: "namespaces", Title: "Namespaces", Found: "none", Status: wire.CheckLimited, Means: "Seen from here."}}}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scene) start(ctx context.Context, arguments ...string) (Started, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		return Started{}, s.refuse
	}
	s.started++
	toHelper, fromServer := io.Pipe()
	toServer, fromHelper := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := Serve(context.WithoutCancel(ctx), toHelper, fromHelper, Helper{
			Interval: 20 * time.Millisecond,
			Facts:    func(*sampler.Sampler) doctor.Facts { return doctor.Facts{Controllers: []string{"cpu", "memory"}} },
		})
		ended <- err
	}()
	link := &pipeLink{Reader: toServer, Writer: fromServer}
	link.close = func() {
		fromServer.Close()
		toServer.Close()
		<-ended
		s.mu.Lock()
		s.closed++
		s.mu.Unlock()
	}
	s.link = link
	return Started{Link: link, Name: "helper", Command: "docker run " + strings.Join(arguments, " "), Complaint: func() string { return "" }}, nil
}

func (s *scene) run(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s.finished = make(chan error, 1)
	go func() { s.finished <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-s.finished; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.started != s.closed {
			t.Errorf("%d helpers were started, and %d closed", s.started, s.closed)
		}
	})
}

// child starts a real process in a UTS namespace of its own.
func child(t *testing.T) sampler.Subject {
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
	return sampler.Subject{Container: wire.Container{Name: "app", ID: "id-of-app", State: "running", PID: cmd.Process.Pid, StartedAt: 1, Order: 1}}
}

func elsewhere(e *engine) { e.machine.Kernel = "1.2.3-linuxkit" }

func TestWhichWayIsChosen(t *testing.T) {
	down := func(e *engine) { e.state.State = wire.EngineDown }
	locked := func(e *engine) { e.state.ObserveOnly = "It forbids all." }
	both := func(a, b func(*engine)) func(*engine) { return func(e *engine) { a(e); b(e) } }
	tests := map[string]struct {
		mode    Mode
		alter   func(*engine)
		weak    bool // this process may not look at others
		refused bool
		want    wire.ReaderMode
		says    string // in Says or Problem
	}{
		"all rights here":                     {Auto, nil, false, false, wire.ReaderDirect, "itself"},
		"no rights":                           {Auto, nil, true, false, wire.ReaderContainer, "this user may not look"},
		"no rights, no engine":                {Auto, down, true, false, wire.ReaderDirect, "the engine does not answer"},
		"no rights, no helper":                {Auto, nil, true, true, wire.ReaderDirect, "no reader container can be had (refused)"},
		"no rights, nothing may be started":   {Auto, locked, true, false, wire.ReaderDirect, "lets us start no reader"},
		"another machine":                     {Auto, elsewhere, false, false, wire.ReaderContainer, "another machine"},
		"a machine like ours of another name": {Auto, func(e *engine) { e.machine.Socket, e.machine.Hostname = false, "other" }, false, false, wire.ReaderContainer, "another machine"},
		"our own over the network":            {Auto, func(e *engine) { e.machine.Socket = false }, false, false, wire.ReaderDirect, "itself"},
		"another memory":                      {Auto, func(e *engine) { e.machine.MemoryBytes /= 2 }, false, false, wire.ReaderContainer, "another machine"},
		"another machine, no helper":          {Auto, elsewhere, false, true, wire.ReaderEngine, "no reader container can be had (refused)"},
		"another machine, observe only":       {Auto, both(elsewhere, locked), false, false, wire.ReaderEngine, "lets us start no reader"},
		"all rights, observe only":            {Auto, locked, false, false, wire.ReaderDirect, "itself"},
		"a helper was asked for":              {Container, nil, false, false, wire.ReaderContainer, "--reader asks"},
		"a helper was asked for, none":        {Container, nil, false, true, wire.ReaderDirect, "itself"},
		"direct was asked for, no rights":     {Direct, nil, true, false, wire.ReaderDirect, "let --reader be auto"},
		"nothing was asked for":               {None, nil, false, false, wire.ReaderEngine, "--reader none"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.mode, test.alter)
			s.rights = !test.weak
			s.choose() // the connection is known
			if test.refused {
				s.refused = errRefused
			}
			way := s.choose()
			said := s.describe(way)
			if way.mode != test.want || !strings.Contains(said.Says+said.Problem, test.says) {
				t.Errorf("chose %s: %s %s; want %s with %q", way.mode, said.Says, said.Problem, test.want, test.says)
			}
			for _, sentence := range []string{said.Says, said.Problem} {
				if strings.Count(sentence, ".") > 0 && !strings.HasSuffix(sentence, ".") {
					t.Errorf("%q is no sentence", sentence)
				}
			}
		})
	}
}

// The same processes read directly and through a helper give the same topology.
func TestThroughAHelperItIsTheSame(t *testing.T) {
	subject := child(t)
	var seen [2]wire.Topology
	for i, mode := range []Mode{Direct, Container} {
		s := newScene(t, mode, func(e *engine) { e.subjects = []sampler.Subject{subject} })
		s.run(t)
		s.audience.await(t, "the container, and three samples of it", func() bool {
			return len(s.audience.topology.Containers) == 1 && s.audience.samples > 3 && len(s.audience.sample.Containers) == 1
		})
		s.audience.mu.Lock()
		seen[i] = s.audience.topology
		if memory, ok := s.audience.sample.Containers["app"].MemoryCurrentBytes.Get(); !ok || memory == 0 {
			t.Errorf("%s: the sample is %+v", mode, s.audience.sample)
		}
		s.audience.mu.Unlock()
		provenance, err := s.Source("app", "namespace.uts")
		link, _ := os.Readlink("/proc/" + strconv.Itoa(subject.Container.PID) + "/ns/uts")
		if err != nil || provenance.Raw != link {
			t.Errorf("%s: the source of the uts number is %+v (%v), and readlink prints %q", mode, provenance, err, link)
		}
		if _, err := s.Source("app", "nonsense"); !errors.Is(err, sampler.ErrUnknownSource) {
			t.Errorf("%s: the source of nonsense is %v", mode, err)
		}
		if host := s.Host(); host.CgroupMode == wire.CgroupUnknown || string(host.Reader.Mode) != string(mode) {
			t.Errorf("%s: the host is %+v", mode, host)
		}
		if cost := s.Cost(); cost.Ticks == 0 || cost.Spent == 0 {
			t.Errorf("%s: the cost is %+v", mode, cost)
		}
		if mode == Container && (seen[i].Host.Reader.Container != "helper" || s.Lacks("cgroup-cpu") != "" || s.Lacks("cgroup-pids") == "") {
			t.Errorf("the facts are not the helper's: %+v, %q, %q", seen[i].Host.Reader, s.Lacks("cgroup-cpu"), s.Lacks("cgroup-pids"))
		}
	}
	if d := cmp.Diff(seen[0], seen[1], counts, cmpopts.IgnoreFields(wire.Host{}, "Reader"), cmpopts.IgnoreFields(wire.Header{}, "Seq", "At"),
		cmpopts.IgnoreFields(wire.Process{}, "LastCPU"), cmpopts.IgnoreFields(wire.View{}, "Processors"),
		// The test's own processes are in the same group, and come and go.
		cmpopts.IgnoreFields(wire.View{}, "Processes"), cmpopts.IgnoreFields(wire.Limit{}, "Raw"), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("direct and through a helper differ:\n%s", d)
	}
}

// A helper that is lost is replaced; one that is refused is not asked for again.
func TestAHelperIsLost(t *testing.T) {
	s := newScene(t, Container, elsewhere)
	s.run(t)
	s.audience.await(t, "a sample", func() bool { return s.audience.samples > 0 })
	s.mu.Lock()
	first := s.link
	s.mu.Unlock()
	first.Close(t.Context())
	s.audience.mu.Lock()
	before := s.audience.samples
	s.audience.mu.Unlock()
	s.audience.await(t, "samples of the next helper", func() bool { return s.audience.samples > before+3 })
	s.mu.Lock()
	started := s.started
	s.refuse = errRefused
	second := s.link
	s.mu.Unlock()
	if started != 2 {
		t.Errorf("%d helpers were started, want 2", started)
	}
	second.Close(t.Context())
	s.audience.await(t, "the word that there is none", func() bool {
		return s.audience.topology.Host.Reader.Mode == wire.ReaderEngine && strings.Contains(s.audience.topology.Host.Reader.Problem, "refused")
	})
	// The engine comes back under another version: all is tried anew.
	s.mu.Lock()
	s.refuse = nil
	s.mu.Unlock()
	s.engine.change(func() { s.engine.state.Version = "2" })
	s.audience.await(t, "a helper again", func() bool { return s.audience.topology.Host.Reader.Mode == wire.ReaderContainer })
}

// Without anybody to read the kernel, what the engine tells is shown and no more.
func TestOverTheAPIAlone(t *testing.T) {
	subject := sampler.Subject{Container: wire.Container{Name: "app", ID: "id-of-app", State: "running", PID: 1, StartedAt: 1}}
	s := newScene(t, None, func(e *engine) { e.subjects = []sampler.Subject{subject} })
	s.run(t)
	s.audience.await(t, "a sample", func() bool { return len(s.audience.sample.Containers) == 1 })
	s.audience.mu.Lock()
	got := s.audience.sample.Containers["app"]
	if want := (wire.Counters{MemoryCurrentBytes: wire.Counted(4096)}); got != want {
		t.Errorf("the counters are %+v, want memory alone", got)
	}
	topology := s.audience.topology
	s.audience.mu.Unlock()
	if topology.Host.Reader.Mode != wire.ReaderEngine || topology.Host.Reader.Problem == "" {
		t.Errorf("it is not labelled: %+v", topology.Host.Reader)
	}
	for _, n := range topology.Containers[0].Namespaces {
		if n.Relation != wire.RelationUnknown || n.Inode != 0 || n.Reason == "" {
			t.Errorf("a namespace that nobody read is %+v", n)
		}
	}
	if source, err := s.Source("app", "memoryCurrentBytes"); err != nil || source.Raw != s.message {
		t.Errorf("the source is %+v (%v)", source, err)
	}
	if source, err := s.Source("app", "oomKills"); err != nil || source.Raw != "" || source.Reason == "" {
		t.Errorf("the source of what the engine does not tell is %+v (%v)", source, err)
	}
	if s.Lacks("namespaces") == "" || s.Lacks("cgroup-memory") == "" {
		t.Error("lessons are said to work where nothing reads the kernel")
	}
	code := 3
	ended := subject
	ended.Container.State, ended.Container.PID, ended.ExitCode = "exited", 0, &code
	s.engine.change(func() { s.engine.subjects = []sampler.Subject{ended} })
	s.audience.await(t, "the last word", func() bool { return len(s.audience.gone) == 1 })
	if gone := s.audience.gone[0]; gone.ExitCode == nil || *gone.ExitCode != 3 || gone.Last != got {
		t.Errorf("the last word is %+v", gone)
	}
}

// PIDs of an engine that only looks like ours belong to processes of ours that
// are no containers: they are not shown as if they were.
func TestStrangePIDs(t *testing.T) {
	subject := child(t)
	subject.Container.ID = strings.Repeat("abcdef0123456789", 4)
	s := newScene(t, Auto, func(e *engine) { e.subjects = []sampler.Subject{subject} })
	s.rights = true
	var late atomic.Bool
	s.clock = func() time.Time {
		if late.Load() {
			return time.Now().Add(othersFor)
		}
		return time.Now()
	}
	s.run(t)
	s.audience.await(t, "samples", func() bool { return s.audience.samples > 3 })
	s.engine.change(func() {}) // many looks in a short time prove nothing
	s.engine.change(func() {})
	s.audience.await(t, "more samples", func() bool { return s.audience.samples > 40 })
	if mode := s.Says().Mode; mode != wire.ReaderDirect {
		t.Fatalf("after a moment it is %s", mode)
	}
	late.Store(true)
	s.audience.await(t, "that a helper reads", func() bool {
		return s.audience.topology.Host.Reader.Mode == wire.ReaderContainer && strings.Contains(s.audience.topology.Host.Reader.Says, "not among the processes")
	})
}

// Where one container is among our processes, another that is not has exited, and
// the engine is late to say so.
func TestALateEngineIsNotStrange(t *testing.T) {
	gone := child(t)
	gone.Container.ID, gone.Container.Name = strings.Repeat("abcdef0123456789", 4), "gone"
	s := newScene(t, Auto, func(e *engine) { e.subjects = []sampler.Subject{gone} })
	for _, familiar := range []bool{true, false} {
		s.Reader.strange, s.Reader.familiar = false, familiar
		for late := range 3 {
			s.clock = func() time.Time { return time.Now().Add(time.Duration(late) * missingFor) }
			s.Reader.suspect(way{mode: wire.ReaderDirect})
		}
		if s.Reader.strange == familiar {
			t.Errorf("strange: %v, though one of its containers was seen here: %v", s.Reader.strange, familiar)
		}
	}
}

// A helper does not outlive a server that says nothing any more.
func TestTheHelperGivesUp(t *testing.T) {
	facts := func(*sampler.Sampler) doctor.Facts { return doctor.Facts{} }
	in, keepOpen := io.Pipe()
	out, end := io.Pipe()
	defer keepOpen.Close()
	go io.Copy(io.Discard, out)
	err := Serve(t.Context(), in, end, Helper{Facts: facts, Quiet: 50 * time.Millisecond})
	if !errors.Is(err, errQuiet) {
		t.Errorf("after a silence it ends with %v", err)
	}
	if err := Serve(t.Context(), strings.NewReader(""), io.Discard, Helper{Facts: facts}); err != nil {
		t.Errorf("when its input ends it ends with %v", err)
	}
	if err := Serve(t.Context(), strings.NewReader("GET / HTTP/1.1\r\n"), io.Discard, Helper{Facts: facts}); err == nil || errors.Is(err, errQuiet) {
		t.Errorf("told nonsense it ends with %v", err)
	}
}
