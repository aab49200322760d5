// Package stream hands the newest of everything to every viewer. It knows
// nothing of websockets: a transport subscribes, and asks for the next frame
// when it is ready to send one.
//
// A viewer that is not ready misses samples and nothing else: each sample is
// whole, so the newest one replaces the one that still waits. No viewer can
// delay another, nor the sampler: publishing never blocks.
package stream

import (
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"porthole/server/wire"
)

// retainedRuns bounds the runs that a new viewer is told of. The newest are
// kept.
const retainedRuns = 64

// Options are what a Hub can be told; the zero value is good.
type Options struct {
	// Keep is how far back the history goes (default 60 s).
	Keep time.Duration
	// Now is the clock (default time.Now). It stamps messages that come
	// without a time.
	Now func() time.Time
	// Log hears of messages that cannot be encoded, which is a mistake of ours.
	Log *slog.Logger
}

// Hub takes messages and keeps the newest for those who come later. Its
// methods can be called from any goroutine, and none of them waits for a
// viewer.
type Hub struct {
	keep time.Duration
	now  func() time.Time
	log  *slog.Logger

	// publishing orders the publishers, so that sequence numbers rise in the
	// order in which viewers see them, and encoding needs no other lock.
	publishing sync.Mutex
	scratch    []byte // for encoding samples; guarded by publishing

	mu          sync.Mutex
	seq         map[string]uint64
	replay      *message // recordings only
	topology    *message
	sample      *message
	sampledAt   time.Time
	runs        []*message // oldest first, one per run
	room        *message
	history     ring
	historyMade *message // shared by all who join between two samples
	subscribers map[*Subscription]struct{}
	watching    int           // subscribers that are not paused
	changed     chan struct{} // closed when watching becomes or leaves 0

	skipped atomic.Uint64
	sent    atomic.Uint64
}

// NewHub returns a Hub without viewers. It starts no goroutine.
func NewHub(o Options) *Hub {
	if o.Keep == 0 {
		o.Keep = 60 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Hub{
		keep:        o.Keep,
		now:         o.Now,
		log:         o.Log,
		seq:         map[string]uint64{},
		subscribers: map[*Subscription]struct{}{},
		changed:     make(chan struct{}),
	}
}

// Topology publishes who runs where. It sets the header's type and number,
// and its time where that is 0.
func (h *Hub) Topology(news wire.Topology) {
	h.publish(&news.Header, wire.TypeTopology, "", &news, func(frame *message) { h.topology = frame })
}

// Sample publishes the counters of one moment, and adds them to the history.
// It is encoded once, whoever wants all of it or a part.
func (h *Hub) Sample(news wire.Sample) {
	h.publishing.Lock()
	defer h.publishing.Unlock()
	h.stamp(&news.Header, wire.TypeSample)
	var frame *message
	frame, h.scratch = encodeSample(h.scratch, news)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sample = frame
	h.sampledAt = h.now()
	h.history.add(frame, h.keep)
	h.historyMade = nil
	h.fanOut(frame)
}

// Run publishes how a run stands. Viewers who come later are told of the
// newest state of each of the last 64 runs.
func (h *Hub) Run(news wire.Run) {
	h.publish(&news.Header, wire.TypeRun, news.ID, &news, h.retainRun)
}

// Gone publishes the last word about a container. No viewer misses it, unless
// it comes too late to be a viewer at the time.
func (h *Hub) Gone(news wire.Gone) {
	key := news.ID
	if key == "" {
		key = news.Name
	}
	h.publish(&news.Header, wire.TypeGone, key, &news, nil)
}

// Room publishes where the presenter is and what the room predicts.
func (h *Hub) Room(news wire.Room) {
	h.publish(&news.Header, wire.TypeRoom, "", &news, func(frame *message) { h.room = frame })
}

// Watched reports whether anybody looks now, and returns a channel that is
// closed when that changes. Paused viewers do not look.
func (h *Hub) Watched() (bool, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.watching > 0, h.changed
}

// Latest returns the newest topology or sample message, as JSON. There is none
// before the first is published.
func (h *Hub) Latest(messageType string) (data []byte, ok bool) {
	h.mu.Lock()
	frame := h.topology
	if messageType == wire.TypeSample {
		frame = h.sample
	}
	h.mu.Unlock()
	if frame == nil || frame.Type != messageType {
		return nil, false
	}
	return frame.Data, true
}

// Stats are what the Hub has done so far.
type Stats struct {
	// Viewers are subscribed now; Watching of them are not paused.
	Viewers, Watching int
	// Published counts messages by type.
	Published map[string]uint64
	// Sent counts frames that viewers took, and Skipped the samples and older
	// states that were replaced by newer ones before a viewer took them.
	Sent, Skipped uint64
	// SampledAt is when the last sample came; zero before the first.
	SampledAt time.Time
}

// Stats returns what the Hub has done so far.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	published := make(map[string]uint64, len(h.seq))
	for messageType, n := range h.seq {
		published[messageType] = n
	}
	return Stats{
		Viewers:   len(h.subscribers),
		Watching:  h.watching,
		Published: published,
		Sent:      h.sent.Load(),
		Skipped:   h.skipped.Load(),
		SampledAt: h.sampledAt,
	}
}

// stamp gives a header its type, the next number, and a time if it has none.
func (h *Hub) stamp(header *wire.Header, messageType string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stampLocked(header, messageType)
}

func (h *Hub) stampLocked(header *wire.Header, messageType string) {
	h.seq[messageType]++
	header.Type = messageType
	header.Seq = h.seq[messageType]
	if header.At == 0 {
		header.At = h.now().UnixMilli()
	}
}

// publish encodes a message and hands it to every viewer. keep, which may be
// nil, puts it by for those who come later; h.mu is held then.
func (h *Hub) publish(header *wire.Header, messageType, key string, news any, keep func(*message)) {
	h.publishing.Lock()
	defer h.publishing.Unlock()
	frame, ok := h.encode(header, messageType, key, news)
	if !ok {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if keep != nil {
		keep(frame)
	}
	h.fanOut(frame)
}

// encode makes the one message that all viewers share. header is its own.
func (h *Hub) encode(header *wire.Header, messageType, key string, news any) (*message, bool) {
	h.stamp(header, messageType)
	data, err := json.Marshal(news)
	if err != nil {
		h.log.Error("a message cannot be encoded: it is left out", "type", messageType, "error", err)
		return nil, false
	}
	return &message{Frame: Frame{Type: messageType, Key: key, Seq: header.Seq, At: header.At, Data: data}}, true
}

func (h *Hub) fanOut(frame *message) {
	for s := range h.subscribers {
		s.put(frame)
	}
}

func (h *Hub) retainRun(frame *message) {
	for i, known := range h.runs {
		if known.Key == frame.Key {
			h.runs[i] = frame
			return
		}
	}
	if len(h.runs) == retainedRuns {
		h.runs = append(h.runs[:0], h.runs[1:]...)
	}
	h.runs = append(h.runs, frame)
}
