package stream

import (
	"porthole/server/wire"
)

// Replay publishes how a recording is being played. Viewers who come later
// are told of the newest, before all else.
func (h *Hub) Replay(news wire.Replay) {
	h.publish(&news.Header, wire.TypeReplay, "", &news, func(frame *message) { h.replay = frame })
}

// Rewind moves the stream of a recording to another moment, back or forth:
// what waits for any viewer is dropped, and each gets the replay message (with
// its new epoch), the topology (nil: none yet), the samples before it as
// history, oldest first, and the newest state of each run, oldest run first.
func (h *Hub) Rewind(news wire.Replay, who *wire.Topology, samples []wire.Sample, states []wire.Run) {
	h.publishing.Lock()
	defer h.publishing.Unlock()
	replay, ok := h.encode(&news.Header, wire.TypeReplay, "", &news)
	if !ok {
		return
	}
	var topology *message
	if who != nil {
		copied := *who
		if topology, ok = h.encode(&copied.Header, wire.TypeTopology, "", &copied); !ok {
			return
		}
	}
	var runs []*message
	for _, run := range states {
		if frame, ok := h.encode(&run.Header, wire.TypeRun, run.ID, &run); ok {
			runs = append(runs, frame)
		}
	}
	var history ring
	for _, sample := range samples {
		h.stamp(&sample.Header, wire.TypeSample)
		var frame *message
		frame, h.scratch = encodeSample(h.scratch, sample)
		history.add(frame, h.keep)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.replay, h.topology, h.sample, h.historyMade = replay, topology, nil, nil
	h.history = history
	h.runs = runs[max(0, len(runs)-retainedRuns):]
	for s := range h.subscribers {
		s.restart(h.stateNow())
	}
}

// stateNow is what a viewer is told first. h.mu is held.
func (h *Hub) stateNow() []*message {
	var state []*message
	if h.replay != nil {
		state = append(state, h.replay)
	}
	if h.topology != nil {
		state = append(state, h.topology)
	}
	state = append(state, h.historyFrame())
	state = append(state, h.runs...)
	if h.room != nil {
		state = append(state, h.room)
	}
	return state
}

// restart drops what waits and begins anew. The hub's mu is held.
func (s *Subscription) restart(state []*message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		return
	}
	s.waiting = state
	s.signal()
}
