package reader

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"porthole/server/doctor"
	"porthole/server/sampler"
	"porthole/server/wire"
)

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

// A helper may not read the kernel's log. Where we may, and the machine is ours,
// its lines are added here.
func TestTheKernelsLogIsOurs(t *testing.T) {
	subject := child(t)
	for name, alter := range map[string]func(*engine){"here": func(*engine) {}, "elsewhere": elsewhere} {
		s := newScene(t, Container, func(e *engine) { e.subjects = []sampler.Subject{subject}; alter(e) })
		log := &kernelLog{text: "first", changes: make(chan struct{}, 1)}
		s.options.Sampler.KernelLog = log
		s.run(t)
		has := func(text string) func() bool {
			return func() bool {
				c := s.audience.topology.Containers
				return len(c) == 1 && len(c[0].KernelLog) == 1 && c[0].KernelLog[0].Text == text && s.audience.topology.Host.KernelLogReason == ""
			}
		}
		if name == "elsewhere" {
			s.audience.await(t, "the container", func() bool { return len(s.audience.topology.Containers) == 1 && s.audience.samples > 3 })
			s.audience.mu.Lock()
			if has("first")() || s.audience.topology.Host.KernelLogReason == "" {
				t.Error("lines of our kernel are shown as another machine's")
			}
			s.audience.mu.Unlock()
			continue
		}
		s.audience.await(t, "a line", has("first"))
		log.mu.Lock()
		log.text = "second"
		log.mu.Unlock()
		nudge(log.changes)
		s.audience.await(t, "the next line", has("second"))
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
			// Where all is known there is nothing to wake for.
			if again := s.Reader.suspect(way{mode: wire.ReaderDirect}); again == familiar {
				t.Errorf("it looks again: %v, though one of its containers was seen here: %v", again, familiar)
			}
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
