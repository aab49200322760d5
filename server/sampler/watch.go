package sampler

import (
	"sync"

	"porthole/server/wire"
)

// Observation is one thing that the sampler saw: exactly one field is set.
type Observation struct {
	Topology *wire.Topology
	Sample   *wire.Sample
	Gone     *wire.Gone
}

// watchBacklog bounds a Watch's queue: a minute of samples at 10 Hz.
const watchBacklog = 600

// Watch is a subscription for somebody inside the program, such as a lesson
// that judges its claims. Unlike a viewer it misses nothing, as long as it
// keeps up within a minute.
type Watch struct {
	sampler *Sampler
	ready   chan struct{}

	mu     sync.Mutex
	queue  []Observation
	missed uint64

	resting bool // guarded by sampler.mu
}

// Watch begins with the latest topology. While it is open, the sampler runs
// at full rate, unless it rests. Close it when done.
func (s *Sampler) Watch() *Watch {
	w := &Watch{sampler: s, ready: make(chan struct{}, 1)}
	s.mu.Lock()
	if s.topology.Seq > 0 {
		topology := s.topology
		w.add(Observation{Topology: &topology})
	}
	s.watchers[w] = struct{}{}
	s.mu.Unlock()
	nudge(s.wake)
	return w
}

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
	w.sampler.mu.Lock()
	before := w.resting
	w.resting = true
	w.sampler.mu.Unlock()
	if !before {
		nudge(w.sampler.wake)
	}
}

// Close ends the subscription.
func (w *Watch) Close() {
	w.sampler.mu.Lock()
	delete(w.sampler.watchers, w)
	w.sampler.mu.Unlock()
	nudge(w.sampler.wake)
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

func (s *Sampler) tell(o Observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watchers {
		w.add(o)
	}
}

// nudge fills a channel of capacity one, or leaves it full.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
