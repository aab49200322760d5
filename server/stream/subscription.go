package stream

import (
	"context"
	"errors"
	"sync"

	"porthole/server/wire"
)

// mailboxLimit bounds the frames that wait for one viewer. Only runs and gone
// containers add up, so that a viewer has to miss hundreds of events to reach
// it.
const mailboxLimit = 512

var (
	// ErrClosed is what Next returns after Close.
	ErrClosed = errors.New("this subscription is closed")
	// ErrTooSlow is what Next returns when more events wait than a viewer
	// could make sense of: it has to subscribe anew, and gets the state as it is.
	ErrTooSlow = errors.New("this viewer is too slow: more than 512 events wait for it; it has to connect anew")
)

// Subscription is one viewer. Next is for one goroutine; the other methods can
// be called from any.
type Subscription struct {
	hub   *Hub
	ready chan struct{} // holds a token while frames wait or the end has come

	mu      sync.Mutex
	waiting []*message          // in order of first arrival
	wanted  map[string]struct{} // nil: all
	paused  bool
	ended   error
	skipped uint64
}

// Subscribe adds a viewer. What waits for it first: how a recording is played
// if it is one, the topology if there is one, the history, the retained
// runs, oldest first, and how the room stands; then what comes.
func (h *Hub) Subscribe() *Subscription {
	s := &Subscription{hub: h, ready: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	s.waiting = h.stateNow()
	s.ready <- struct{}{}
	h.subscribers[s] = struct{}{}
	h.watch(+1)
	return s
}

// watch counts those who look. h.mu is held.
func (h *Hub) watch(change int) {
	before := h.watching > 0
	h.watching += change
	if (h.watching > 0) != before {
		close(h.changed)
		h.changed = make(chan struct{})
	}
}

// put leaves a frame for the viewer: in the place of an older one of the same
// type and key, or at the end. h.mu is held.
func (s *Subscription) put(frame *message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil || (s.paused && frame.Type == wire.TypeSample) {
		return
	}
	for i, older := range s.waiting {
		if older.Type == frame.Type && older.Key == frame.Key {
			s.waiting[i] = frame
			s.skipped++
			s.hub.skipped.Add(1)
			return
		}
	}
	if len(s.waiting) >= mailboxLimit {
		s.end(ErrTooSlow)
		return
	}
	s.waiting = append(s.waiting, frame)
	s.signal()
}

func (s *Subscription) signal() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// end makes Next return err from now on. s.mu is held.
func (s *Subscription) end(err error) {
	if s.ended == nil {
		s.ended = err
		s.waiting = nil
		s.signal()
	}
}

// Next waits for the next frame. It returns the context's error when that
// ends, ErrClosed after Close, and ErrTooSlow when too many events wait.
func (s *Subscription) Next(ctx context.Context) (Frame, error) {
	for {
		// A viewer that is to stop does so even if frames wait.
		if err := ctx.Err(); err != nil {
			return Frame{}, err
		}
		frame, wanted, err := s.take()
		if err != nil {
			return Frame{}, err
		}
		if frame != nil {
			s.hub.sent.Add(1)
			if wanted != nil && frame.Type == wire.TypeSample {
				return frame.narrowed(wanted), nil
			}
			return frame.Frame, nil
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
		}
	}
}

// take removes the first frame that waits; nil if none does.
func (s *Subscription) take() (*message, map[string]struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		return nil, nil, s.ended
	}
	if len(s.waiting) == 0 {
		return nil, nil, nil
	}
	frame := s.waiting[0]
	kept := copy(s.waiting, s.waiting[1:])
	s.waiting[kept] = nil
	s.waiting = s.waiting[:kept]
	return frame, s.wanted, nil
}

// Narrow restricts samples to the containers of these names, which need not
// exist yet. nil widens to all again; an empty list leaves none.
func (s *Subscription) Narrow(names []string) {
	var wanted map[string]struct{}
	if names != nil {
		wanted = make(map[string]struct{}, len(names))
		for _, name := range names {
			wanted[name] = struct{}{}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = wanted
}

// Pause holds back samples, the one that waits too. All else goes on: a paused
// viewer still learns who comes and goes.
func (s *Subscription) Pause() { s.setPaused(true) }

// Resume lets samples through again, from the next one on.
func (s *Subscription) Resume() { s.setPaused(false) }

func (s *Subscription) setPaused(paused bool) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused == paused || s.ended == ErrClosed {
		return
	}
	s.paused = paused
	if !paused {
		s.hub.watch(+1)
		return
	}
	s.hub.watch(-1)
	for i, frame := range s.waiting {
		if frame.Type == wire.TypeSample {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			break
		}
	}
}

// Skipped counts the frames that newer ones replaced before this viewer took
// them.
func (s *Subscription) Skipped() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.skipped
}

// Close ends the subscription and makes Next return ErrClosed. More than one
// call does no harm.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if _, ok := s.hub.subscribers[s]; !ok {
		return
	}
	delete(s.hub.subscribers, s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.paused {
		s.hub.watch(-1)
	}
	s.ended, s.waiting = ErrClosed, nil
	s.signal()
}
