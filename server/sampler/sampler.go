// Package sampler reads the kernel on one ticker and says what it saw: who
// runs in which namespaces (topology), the counters of each container
// (sample), and the last word about one that ended (gone).
//
// It asks the engine only who runs. Every number comes from the kernel's own
// files, so that a sample costs tens of microseconds for each container and
// goes on while the engine is away.
package sampler

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"porthole/server/kernel/cgroup"
	"porthole/server/kernel/layer"
	"porthole/server/kernel/namespace"
	"porthole/server/kernel/process"
	"porthole/server/wire"
)

// Subject is a container as the engine knows it. The sampler adds what the
// kernel knows.
type Subject struct {
	// Container has the engine's half: names, state, PID, and in Limits what
	// was asked for.
	Container wire.Container
	// ExitCode and OOMKilled are the engine's word on an exited container.
	ExitCode  *int
	OOMKilled *bool
}

// Engine says who runs.
type Engine interface {
	// State is the engine's condition.
	State() wire.Engine
	// Subjects are our containers, exited ones too until they are removed.
	Subjects() []Subject
	// Changes nudges after each change of either; cancel ends the nudges.
	Changes() (nudge <-chan struct{}, cancel func())
}

// Publisher takes what the sampler sees. Its methods must not block.
type Publisher interface {
	Topology(wire.Topology)
	Sample(wire.Sample)
	Gone(wire.Gone)
	// Watched reports whether anybody looks, and nudges when that changes.
	Watched() (bool, <-chan struct{})
}

// KernelLog keeps the kernel's lines about containers.
type KernelLog interface {
	// Lines are those about a container, by its ID.
	Lines(container string) []wire.KernelLine
	// Reason says why there are none to be had; "" where they are.
	Reason() string
	// Changes nudges after either changed.
	Changes() <-chan struct{}
}

// Options are what a Sampler needs.
type Options struct {
	Engine    Engine
	Publisher Publisher
	// Inside returns what a container reports of itself, by its name.
	Inside func(name string) *wire.View
	// Images are those that the containers were made from. Nil: unknown.
	Images func() []wire.Image
	// KernelLog is the kernel's own log. Nil: it is not followed.
	KernelLog KernelLog
	// Reader says by which way we read. Nil: it is not said.
	Reader func() wire.Reader
	// Watchers are told what is seen. Nil: a set of its own.
	Watchers *Watchers
	// Apart is true where a control group that is our own is no container's: one
	// that is in it has none, and no counters.
	Apart bool
	// Interval is the time between samples while somebody watches.
	Interval time.Duration
	// Idle is the time between samples while nobody does (default 1 s).
	Idle time.Duration
	// Proc, Sys and Cgroup are mount points (default /proc, /sys,
	// /sys/fs/cgroup).
	Proc, Sys, Cgroup string
	// Now is the machine's clock, which messages are stamped with (default
	// time.Now). What is due when goes by the clock that nobody sets.
	Now func() time.Time
	Log *slog.Logger
}

// Sampler owns the open kernel files of every running container. One
// goroutine, the one in Run, reads them.
type Sampler struct {
	Options
	namespaces namespace.FS
	cgroups    cgroup.FS
	processes  process.FS
	layers     layer.FS
	host       wire.Host
	cgroupErr  error

	limitFiles   []wire.CgroupFile
	counterFiles []wire.CounterFile

	subjects map[string]*subject // by container ID and start, only in Run

	mu       sync.Mutex
	topology wire.Topology
	readers  map[string]*subject // by name, for Source
	cost     Cost
}

// Cost is what sampling has taken so far.
type Cost struct {
	// Ticks counts samples; Containers, the containers read in all of them.
	Ticks, Containers uint64
	// Spent is the time in which they were read, joined and published.
	Spent time.Duration
}

// New checks the mount points. It reads nothing of any container yet.
func New(o Options) (*Sampler, error) {
	if o.Idle == 0 {
		o.Idle = time.Second
	}
	o.Proc = withDefault(o.Proc, "/proc")
	o.Sys = withDefault(o.Sys, "/sys")
	o.Cgroup = withDefault(o.Cgroup, "/sys/fs/cgroup")
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Watchers == nil {
		o.Watchers = NewWatchers()
	}
	s := &Sampler{
		Options:  o,
		subjects: map[string]*subject{},
		readers:  map[string]*subject{},

		limitFiles: cgroup.Files(), counterFiles: cgroup.Counters(),
	}
	var err error
	if s.namespaces, err = namespace.NewFS(o.Proc); err != nil {
		return nil, err
	}
	if s.processes, err = process.NewFS(o.Proc, o.Sys); err != nil {
		return nil, err
	}
	s.layers = layer.NewFS(o.Proc)
	// Without cgroups the namespaces can still be shown: the page says why
	// there are no counters.
	s.cgroups, s.cgroupErr = cgroup.NewFS(o.Proc, o.Cgroup)
	if o.Apart {
		s.cgroups = s.cgroups.Apart(os.Getpid())
	}
	s.host = hostFacts()
	s.host.CgroupMode = wire.CgroupUnknown
	if s.cgroupErr == nil {
		s.host.CgroupMode = s.cgroups.Mode()
	}
	return s, nil
}

func withDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// Host is what is known of the machine and its engine now.
func (s *Sampler) Host() wire.Host {
	host := s.host
	host.Engine = s.Engine.State()
	if s.Reader != nil {
		host.Reader = s.Reader()
	}
	return host
}

// CgroupProblem says why no cgroup tree can be read; nil where one can.
func (s *Sampler) CgroupProblem() error { return s.cgroupErr }

// Controllers are the cgroup controllers of this host.
func (s *Sampler) Controllers() []string {
	if s.cgroupErr != nil {
		return nil
	}
	return s.cgroups.Controllers()
}

// Cost returns what sampling has taken since the start.
func (s *Sampler) Cost() Cost {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cost
}

// Topology returns the latest one; its Seq is 0 before the first.
func (s *Sampler) Topology() wire.Topology {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.topology
}

// How often the slow facts (namespaces, limits, processes) are read again
// without a nudge: a process may unshare, or somebody may write a limit by
// hand, and the engine would not say so.
const (
	look          = time.Second
	lookUnwatched = 10 * time.Second
)

// Run samples until ctx ends, and closes every kernel file it opened.
func (s *Sampler) Run(ctx context.Context) error {
	defer s.closeAll()
	nudge, cancel := s.Engine.Changes()
	defer cancel()
	interval := s.currentInterval()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()

	var logged <-chan struct{}
	if s.KernelLog != nil {
		logged = s.KernelLog.Changes()
	}
	s.refresh(time.Now(), true)
	looked := time.Now()
	for {
		_, watched := s.Publisher.Watched()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-nudge:
			s.refresh(time.Now(), true)
			looked = time.Now()
		case <-logged:
			s.refresh(time.Now(), true)
			looked = time.Now()
		case <-watched:
		case <-s.Watchers.Wake():
		case now := <-ticker.C:
			if due := now.Sub(looked); due >= lookUnwatched || due >= look && s.watched() {
				s.refresh(now, false)
				looked = now
			}
			s.sample(now)
		}
		if next := s.currentInterval(); next != interval {
			interval = next
			ticker.Reset(interval)
			// Whoever came sees fresh figures at once.
			s.refresh(time.Now(), true)
			looked = time.Now()
			s.sample(time.Now())
		}
	}
}

func (s *Sampler) currentInterval() time.Duration {
	if s.watched() {
		return s.Interval
	}
	return s.Idle
}

func (s *Sampler) watched() bool {
	if watched, _ := s.Publisher.Watched(); watched {
		return true
	}
	return s.Watchers.Hurry()
}

// sample reads the counters of every running container and publishes them.
func (s *Sampler) sample(now time.Time) {
	began := time.Now()
	message := wire.Sample{
		Header:     wire.Header{Type: wire.TypeSample, At: s.Now().UnixMilli()},
		Containers: make(map[string]wire.Counters, len(s.subjects)),
	}
	for _, subject := range s.subjects {
		if subject.read() {
			message.Containers[subject.container.Name] = subject.last
		}
	}
	s.endTheGone(now)
	s.Publisher.Sample(message)
	s.Watchers.Tell(Observation{Sample: &message})

	s.mu.Lock()
	s.cost.Ticks++
	s.cost.Containers += uint64(len(message.Containers))
	s.cost.Spent += time.Since(began)
	s.mu.Unlock()
}

func (s *Sampler) closeAll() {
	for _, subject := range s.subjects {
		subject.close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.readers)
}

// inOrder lists the subjects by their place on the drawing, then by start.
func (s *Sampler) inOrder() []*subject {
	return slices.SortedFunc(maps.Values(s.subjects), func(a, b *subject) int {
		return compareContainers(a.container, b.container)
	})
}
