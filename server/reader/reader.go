package reader

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"porthole/server/doctor"
	"porthole/server/sampler"
	"porthole/server/wire"
)

// Mode is which ways may be taken.
type Mode string

const (
	// Auto: the server reads the kernel where it can, else a helper container
	// does, else the engine's API has to do.
	Auto Mode = "auto"
	// Direct, Container and None: this way and no other; None leaves the API.
	Direct    Mode = "direct"
	Container Mode = "container"
	None      Mode = "none"
)

// Modes are all of them.
var Modes = []string{string(Auto), string(Direct), string(Container), string(None)}

// Machine is what the engine says of the machine that it runs on.
type Machine struct {
	Hostname, Kernel string
	CPUs             int
	MemoryBytes      int64
	// CgroupVersion is "1" or "2".
	CgroupVersion string
	// Socket is true where the engine is reached by a socket of this machine's
	// file system.
	Socket bool
	// Limits are the controllers of memory, cpu and pids that the engine has.
	Limits []string
	// Own is true where its containers are processes that this one has made, so
	// that they are surely among those that we see.
	Own bool
}

// Started is a helper container that has been started.
type Started struct {
	Link
	// Name and Command are the container's, and of the docker run like it.
	Name, Command string
	// Complaint is what it printed as errors, once it is closed.
	Complaint func() string
}

// Options are what a Reader needs.
type Options struct {
	Mode Mode
	// Sampler is for the sampler of the direct way; its Engine, Publisher,
	// Inside, Images and Interval are those of every way. Reader and Watchers
	// are set by New.
	Sampler sampler.Options
	// Machine is where the engine runs, by its own word; false while it does
	// not answer.
	Machine func() (Machine, bool)
	// Start starts a helper container with these arguments of our program.
	Start func(ctx context.Context, arguments ...string) (Started, error)
	// Final reports whether an error of Start would come again and again.
	Final func(error) bool
	// Stats calls each with every message of a container's statistics, until
	// it or ctx ends.
	Stats func(ctx context.Context, id string, each func(message []byte)) error
	// Facts are what the doctor finds on the direct way.
	Facts func(*sampler.Sampler) doctor.Facts
	// Met is told what the doctor finds where a helper reads another machine's
	// kernel. Nil: nobody is.
	Met func(doctor.Facts)
}

// Reader reads the kernel on the way that it has chosen, and publishes what it
// sees. Its methods may be called from any goroutine.
type Reader struct {
	options  Options
	log      *slog.Logger
	clock    func() time.Time
	rights   bool // this process may look into others' namespaces
	counters bool // it sees the files of control groups

	mu       sync.Mutex
	now      wire.Reader
	local    *sampler.Sampler // the latest of the direct way
	away     *away            // nil on other ways
	api      *overAPI         // nil on other ways
	greeting hello            // of the latest helper
	spent    sampler.Cost     // of samplers that have ended
	told     bool             // the way is in the log
	going    bool             // Run has chosen
	greeted  bool             // the helper of now has
	waiting  bool             // it is to be chosen anew once the engine answers
	changed  chan struct{}    // closed and replaced when one of the above changes
	// Of this connection to the engine:
	refused  error                // why no helper can be had
	strange  bool                 // its containers are not among the processes that we see
	familiar bool                 // one of its containers was, since it answers
	suspects map[string]time.Time // since when; only in Run
	epoch    string
}

// New looks what this process may read, and starts nothing.
func New(o Options) (*Reader, error) {
	if o.Sampler.Log == nil {
		o.Sampler.Log = slog.New(slog.DiscardHandler)
	}
	r := &Reader{options: o, clock: time.Now, log: o.Sampler.Log, changed: make(chan struct{})}
	r.options.Sampler.Watchers = sampler.NewWatchers()
	r.options.Sampler.Reader = r.Says
	var err error
	if r.local, err = sampler.New(r.options.Sampler); err != nil {
		return nil, err
	}
	r.rights = mayRead(o.Sampler.Proc)
	r.counters = r.local.CgroupProblem() == nil && r.local.Host().CgroupMode != wire.CgroupUnknown
	way := r.choose()
	r.now, r.waiting = r.describe(way), way.waits
	return r, nil
}

// change alters what is known of the way, and wakes those who await it.
func (r *Reader) change(alter func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	alter()
	close(r.changed)
	r.changed = make(chan struct{})
}

// Settled waits until the way is known on which the kernel is read, and is
// ready, or until ctx ends. Run must be under way, and the engine up.
func (r *Reader) Settled(ctx context.Context) {
	for {
		r.mu.Lock()
		ready := r.going && !r.waiting && (r.now.Mode != wire.ReaderContainer || r.away != nil && r.greeted)
		changed := r.changed
		r.mu.Unlock()
		if ready {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// Says is by which way the kernel is read now.
func (r *Reader) Says() wire.Reader {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// Host is what is known of the engine's machine now.
func (r *Reader) Host() wire.Host {
	r.mu.Lock()
	way, local, greeting := r.now, r.local, r.greeting
	r.mu.Unlock()
	host := local.Host()
	switch way.Mode {
	case wire.ReaderContainer:
		if greeting.At != 0 {
			host = greeting.Host
		}
	case wire.ReaderEngine:
		host = r.machineHost()
	}
	host.Engine, host.Reader = r.options.Sampler.Engine.State(), way
	return host
}

// machineHost is the host by the engine's own word.
func (r *Reader) machineHost() wire.Host {
	host := wire.Host{CgroupMode: wire.CgroupUnknown}
	if m, ok := r.options.Machine(); ok {
		host.Hostname, host.Kernel, host.CPUs, host.MemoryBytes = m.Hostname, m.Kernel, m.CPUs, uint64(max(0, m.MemoryBytes))
		switch m.CgroupVersion {
		case "1":
			host.CgroupMode = wire.CgroupV1
		case "2":
			host.CgroupMode = wire.CgroupV2
		}
	}
	return host
}

// Watch subscribes to what is seen, on whatever way.
func (r *Reader) Watch() *sampler.Watch { return r.options.Sampler.Watchers.Watch() }

// Cost is what sampling has taken since the start, here or in helpers.
func (r *Reader) Cost() sampler.Cost {
	r.mu.Lock()
	defer r.mu.Unlock()
	return sum(r.spent, r.current())
}

// current is the cost of who samples now; r.mu is held.
func (r *Reader) current() sampler.Cost {
	if r.away != nil {
		r.away.mu.Lock()
		defer r.away.mu.Unlock()
		return r.away.cost
	}
	return r.local.Cost()
}

func sum(a, b sampler.Cost) sampler.Cost {
	return sampler.Cost{Ticks: a.Ticks + b.Ticks, Containers: a.Containers + b.Containers, Spent: a.Spent + b.Spent}
}

// Source explains one number, as [sampler.Sampler.Source] does.
func (r *Reader) Source(name, field string) (wire.Provenance, error) {
	r.mu.Lock()
	away, api, local := r.away, r.api, r.local
	r.mu.Unlock()
	switch {
	case away != nil:
		return away.source(name, field)
	case api != nil:
		return api.source(name, field)
	}
	return local.Source(name, field)
}

// Facts are what the doctor finds about the kernel, by the way of now.
func (r *Reader) Facts(ctx context.Context) doctor.Facts {
	r.mu.Lock()
	away, local, mode := r.away, r.local, r.now.Mode
	r.mu.Unlock()
	switch {
	case away != nil:
		return r.withLog(away.facts(ctx))
	case mode == wire.ReaderEngine:
		return r.machineFacts()
	}
	return r.options.Facts(local)
}

// Lacks says why a lesson's need is not met here; "" where it is. It asks
// nobody.
func (r *Reader) Lacks(need string) string {
	r.mu.Lock()
	way, local, greeting, waiting := r.now, r.local, r.greeting, r.waiting
	r.mu.Unlock()
	if waiting {
		return "" // not known yet
	}
	switch way.Mode {
	case wire.ReaderEngine:
		return "Nothing reads the kernel here: " + lower(way.Problem)
	case wire.ReaderContainer:
		if greeting.At != 0 {
			return greeting.Facts.Lacks(need)
		}
		return "" // not known yet
	}
	if lacks := r.options.Facts(local).Lacks(need); lacks != "" {
		if need == "namespaces" && way.Problem != "" {
			return way.Problem
		}
		return lacks
	}
	return ""
}

func (r *Reader) publishTopology(t wire.Topology) {
	t.Host.Engine, t.Host.Reader = r.options.Sampler.Engine.State(), r.Says()
	if r.hasLog() {
		t.Host.KernelLogReason = ""
		t.Containers = slices.Clone(t.Containers)
		for i := range t.Containers {
			t.Containers[i].KernelLog = r.options.Sampler.KernelLog.Lines(t.Containers[i].ID)
		}
	}
	r.options.Sampler.Publisher.Topology(t)
	r.options.Sampler.Watchers.Tell(sampler.Observation{Topology: &t})
}

// hasLog reports whether this process may read the kernel's log, and that is
// the one of the engine's machine: a helper may not.
func (r *Reader) hasLog() bool {
	log := r.options.Sampler.KernelLog
	machine, up := r.options.Machine()
	return log != nil && log.Reason() == "" && up && r.same(machine)
}

// withLog puts our own finding about the kernel's log in the place of a
// helper's, where we have one.
func (r *Reader) withLog(facts doctor.Facts) doctor.Facts {
	machine, up := r.options.Machine()
	if !up || !r.same(machine) {
		return facts
	}
	r.mu.Lock()
	local := r.local
	r.mu.Unlock()
	if ours, ok := r.options.Facts(local).Check("kernel-log"); ok && ours.Status == wire.CheckOK {
		facts.Checks = slices.Clone(facts.Checks)
		for i := range facts.Checks {
			if facts.Checks[i].ID == ours.ID {
				facts.Checks[i] = ours
			}
		}
	}
	return facts
}

func (r *Reader) publishSample(s wire.Sample) {
	r.options.Sampler.Publisher.Sample(s)
	r.options.Sampler.Watchers.Tell(sampler.Observation{Sample: &s})
}

func (r *Reader) publishGone(g wire.Gone) {
	r.options.Sampler.Publisher.Gone(g)
	r.options.Sampler.Watchers.Tell(sampler.Observation{Gone: &g})
}

// state is what a helper is told.
func (r *Reader) state() state {
	o := r.options.Sampler
	watched, _ := o.Publisher.Watched()
	s := state{Engine: o.Engine.State(), Reader: r.Says(), Watched: watched || o.Watchers.Hurry()}
	if o.Images != nil {
		s.Images = o.Images()
	}
	for _, one := range o.Engine.Subjects() {
		t := told{Container: one.Container, ExitCode: one.ExitCode, OOMKilled: one.OOMKilled}
		if o.Inside != nil && !one.Container.Foreign {
			t.Inside = o.Inside(one.Container.Name)
		}
		s.Subjects = append(s.Subjects, t)
	}
	return s
}

// met takes a helper's greeting.
func (r *Reader) met(greeting hello) {
	r.change(func() { r.greeting, r.greeted = greeting, true })
	if machine, up := r.options.Machine(); up && r.options.Met != nil && !r.same(machine) {
		r.options.Met(greeting.Facts)
	}
}
