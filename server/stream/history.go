package stream

import (
	"time"

	"porthole/server/wire"
)

const (
	// historySamples bounds the samples kept: 60 s at the shortest interval
	// of 20 ms.
	historySamples = 3000
	// historyBytes bounds the message. Twelve containers at 10 Hz would need
	// 3 MB, which a page takes a third of a second to read; so every second
	// sample is left out, or three of four, and so on.
	historyBytes = 1 << 20
)

// ring is the past, oldest first.
type ring struct {
	frames []*message
}

// add appends a sample and forgets those older than keep, by the samples' own
// times, so that a recording has a past too.
func (r *ring) add(frame *message, keep time.Duration) {
	oldest := frame.At - keep.Milliseconds()
	drop := 0
	for drop < len(r.frames) && (r.frames[drop].At < oldest || r.frames[drop].At > frame.At) {
		drop++ // a time from the future means that the clock was set back
	}
	if len(r.frames)-drop >= historySamples {
		drop = len(r.frames) - historySamples + 1
	}
	if drop > 0 {
		kept := copy(r.frames, r.frames[drop:])
		clear(r.frames[kept:]) // let the forgotten ones be collected
		r.frames = r.frames[:kept]
	}
	r.frames = append(r.frames, frame)
}

// size is how long the message of all samples would be.
func (r *ring) size() int {
	size := 0
	for _, frame := range r.frames {
		size += len(frame.Data) + 1
	}
	return size
}

// historyFrame returns the history, put together at most once between two
// samples. h.mu is held.
func (h *Hub) historyFrame() *message {
	if h.historyMade != nil {
		return h.historyMade
	}
	var header wire.Header
	h.stampLocked(&header, wire.TypeHistory)
	size, stride := h.history.size(), 1
	for size/stride > historyBytes {
		stride *= 2
	}
	b := appendHeader(make([]byte, 0, size/stride+128), header.Type, header.Seq, header.At)
	b = append(b, `,"samples":[`...)
	last := len(h.history.frames) - 1
	first := true
	for i, frame := range h.history.frames {
		if (last-i)%stride != 0 {
			continue // counted from the newest, which is never left out
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, frame.Data...)
	}
	b = append(b, "]}"...)
	h.historyMade = &message{Frame: Frame{Type: header.Type, Seq: header.Seq, At: header.At, Data: b}}
	return h.historyMade
}
