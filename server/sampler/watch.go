package sampler

import (
	"sync"

	"porthole/server/wire"
)

// Observation is one thing that was seen: exactly one field is set.
type Observation struct {
	Topology *wire.Topology
	Sample   *wire.Sample
	Gone     *wire.Gone
}

// watchBacklog bounds a Watch's queue: a minute of samples at 10 Hz.
const watchBacklog = 600

// Watchers are the subscriptions of those inside the program. They outlive a
// Sampler: whoever observes next goes on telling the same.
type Watchers struct {
	wake chan struct{} // nudges when a Watch comes, rests or goes

	mu     sync.Mutex
	open   map[*Watch]struct{}
	latest wire.Topology // Seq 0 before the first
}

// NewWatchers returns an empty set.
func NewWatchers() *Watchers {
	return &Watchers{wake: make(chan struct{}, 1), open: map[*Watch]struct{}{}}
}

// Tell gives an observation to every Watch. It does not block.
func (all *Watchers) Tell(o Observation) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if o.Topology != nil {
		all.latest = *o.Topology
	}
	for w := range all.open {
		w.add(o)
	}
}

// Topology returns the latest that was told; its Seq is 0 before the first.
func (all *Watchers) Topology() wire.Topology {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.latest
}

// Hurry reports whether some Watch needs the full rate.
func (all *Watchers) Hurry() bool {
	all.mu.Lock()
	defer all.mu.Unlock()
	for w := range all.open {
		if !w.resting {
			return true
		}
	}
	return false
}

// Wake nudges when Hurry may have changed. It has room for one value, so it is
// for one listener: who observes now.
func (all *Watchers) Wake() <-chan struct{} { return all.wake }

// Watch is a subscription for somebody inside the program, such as a lesson
// that judges its claims. Unlike a viewer it misses nothing, as long as it
// keeps up within a minute.
type Watch struct {
	all   *Watchers
	ready chan struct{}

	mu     sync.Mutex
	queue  []Observation
	missed uint64

	resting bool // guarded by all.mu
}

// Watch begins with the latest topology. While it is open, observation goes on
// at full rate, unless it rests. Close it when done.
func (all *Watchers) Watch() *Watch {
	w := &Watch{all: all, ready: make(chan struct{}, 1)}
	all.mu.Lock()
	if all.latest.Seq > 0 {
		topology := all.latest
		w.add(Observation{Topology: &topology})
	}
	all.open[w] = struct{}{}
	all.mu.Unlock()
	nudge(all.wake)
	return w
}

// Watch is that of the sampler's Watchers.
func (s *Sampler) Watch() *Watch { return s.Watchers.Watch() }

// Ready nudges when Take has something.
func (w *Watch) Ready() <-chan struct{} { return w.ready }

// Take returns what was seen since the last call, oldest first, and how many
// observations were lost because nobody took them in time.
func (w *Watch) Take() (seen []Observation, missed uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen, missed = w.queue, w.missed
	w.queue, w.missed = nil, 0
	return seen, missed
}

// Rest says that the full rate is needed no more; observations go on at the
// rate that the others need. A second call does nothing.
func (w *Watch) Rest() {
	w.all.mu.Lock()
	before := w.resting
	w.resting = true
	w.all.mu.Unlock()
	if !before {
		nudge(w.all.wake)
	}
}

// Close ends the subscription.
func (w *Watch) Close() {
	w.all.mu.Lock()
	delete(w.all.open, w)
	w.all.mu.Unlock()
	nudge(w.all.wake)
}

func (w *Watch) add(o Observation) {
	w.mu.Lock()
	if len(w.queue) == watchBacklog {
		w.queue = w.queue[1:]
		w.missed++
	}
	w.queue = append(w.queue, o)
	w.mu.Unlock()
	nudge(w.ready)
}

// nudge fills a channel of capacity one, or leaves it full.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
