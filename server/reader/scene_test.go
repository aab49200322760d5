package reader

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

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

// kernelLog is one that this process may read.
type kernelLog struct {
	mu      sync.Mutex
	text    string
	changes chan struct{}
}

func (k *kernelLog) Lines(string) []wire.KernelLine {
	k.mu.Lock()
	defer k.mu.Unlock()
	return []wire.KernelLine{{Text: k.text}}
}

func (k *kernelLog) Reason() string           { return "" }
func (k *kernelLog) Changes() <-chan struct{} { return k.changes }

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
		message:  `{"read":"2026-11-24T18:00:00Z","memory_stats":{"usage":4096,"stats":{"cache":1024}},"pids_stats":{}}`,
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
