package recording

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"porthole/server/wire"
)

// waitingEntries bounds what waits for the disk: about a minute at 10 Hz.
const waitingEntries = 1024

// saveEvery is the time after which what was seen is on the disk, so that a
// machine that loses power loses seconds.
const saveEvery = 2 * time.Second

// Writer takes the messages of a stream and writes them down. Its methods can
// be called from any goroutine and never wait for the disk; Run writes.
type Writer struct {
	out     io.Writer
	entries chan entry
	now     func() time.Time

	mu     sync.Mutex
	lost   int // entries that came faster than the disk took them
	newest wire.Topology
}

// NewWriter returns a Writer into out. Nothing is written before Run.
func NewWriter(out io.Writer, now func() time.Time) *Writer {
	if now == nil {
		now = time.Now
	}
	return &Writer{out: out, entries: make(chan entry, waitingEntries), now: now}
}

// Topology takes who runs where.
func (w *Writer) Topology(news wire.Topology) {
	w.stamp(&news.Header, wire.TypeTopology)
	w.mu.Lock()
	w.newest = news
	w.mu.Unlock()
	w.put(entry{Topology: &news})
}

// Sample takes the counters of one moment.
func (w *Writer) Sample(news wire.Sample) {
	w.stamp(&news.Header, wire.TypeSample)
	w.put(entry{Sample: &news})
}

// Run takes how a run stands.
func (w *Writer) Run(news wire.Run) {
	w.stamp(&news.Header, wire.TypeRun)
	w.put(entry{Run: &news})
}

// Gone takes the last word about a container.
func (w *Writer) Gone(news wire.Gone) {
	w.stamp(&news.Header, wire.TypeGone)
	w.put(entry{Gone: &news})
}

// Source takes what stands in the kernel file behind a figure.
func (w *Writer) Source(news wire.Provenance) { w.put(entry{Source: &news}) }

// Newest is the latest topology; its At is 0 before the first.
func (w *Writer) Newest() wire.Topology {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newest
}

func (w *Writer) stamp(header *wire.Header, messageType string) {
	header.Type = messageType
	if header.At == 0 {
		header.At = w.now().UnixMilli()
	}
}

func (w *Writer) put(e entry) {
	select {
	case w.entries <- e:
	default:
		w.mu.Lock()
		w.lost++
		w.mu.Unlock()
	}
}

// Write writes the head and then what comes, until ctx ends; then it writes
// what still waits, and the end. It fails where the disk does, or where it was
// too slow to take everything: such a recording has holes.
func (w *Writer) Write(ctx context.Context, head Head) error {
	head.Format, head.Version = format, formatVersion
	buffered := bufio.NewWriterSize(w.out, 64<<10)
	packed := gzip.NewWriter(buffered)
	encoder := json.NewEncoder(packed)
	flush := func() error {
		if err := packed.Flush(); err != nil {
			return err
		}
		return buffered.Flush()
	}
	if err := encoder.Encode(head); err != nil {
		return err
	}
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case e := <-w.entries:
			if err := encoder.Encode(e); err != nil {
				return err
			}
		case <-ticker.C:
			if err := flush(); err != nil {
				return err
			}
		case <-ctx.Done():
		}
	}
	for len(w.entries) > 0 {
		if err := encoder.Encode(<-w.entries); err != nil {
			return err
		}
	}
	if err := encoder.Encode(entry{End: &end{At: w.now().UnixMilli()}}); err != nil {
		return err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost > 0 {
		return fmt.Errorf("the disk was too slow: %d messages are missing in the recording", w.lost)
	}
	return nil
}
