package recording

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"porthole/server/wire"
)

// Recording is a stream that was saved. It does not change.
type Recording struct {
	Head
	// Cut is true where the end of the file is missing: what is there is
	// played.
	Cut bool

	began, ended int64 // Unix milliseconds
	events       []entry
	// sources are what stood in kernel files, oldest first, by container and
	// field.
	sources map[sourceKey][]wire.Provenance
}

type sourceKey struct{ container, field string }

// Open reads the recording in a file.
func Open(path string) (*Recording, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the recording cannot be opened: %w", err)
	}
	defer file.Close()
	r, err := Load(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// Load reads a recording. It returns ErrNotOurs for what is none; one whose
// end is missing is taken as far as it goes. At most 512 MiB of text are read.
func Load(from io.Reader) (*Recording, error) {
	unpacked, err := gzip.NewReader(from)
	if err != nil {
		return nil, fmt.Errorf("%w: it is not packed with gzip", ErrNotOurs)
	}
	defer unpacked.Close()
	limited := &io.LimitedReader{R: unpacked, N: mostBytes}
	lines := bufio.NewScanner(limited)
	lines.Buffer(make([]byte, 64<<10), mostLine)

	r := &Recording{Cut: true, sources: map[sourceKey][]wire.Provenance{}}
	if !lines.Scan() {
		return nil, fmt.Errorf("%w: it is empty", ErrNotOurs)
	}
	if err := json.Unmarshal(lines.Bytes(), &r.Head); err != nil || r.Format != format {
		return nil, fmt.Errorf("%w: its first line is not a recording's", ErrNotOurs)
	}
	if r.Version != formatVersion {
		return nil, fmt.Errorf("%w: it has version %d of the format, and this program plays version %d", ErrNotOurs, r.Version, formatVersion)
	}
	for n := 2; lines.Scan(); n++ {
		if done, err := r.take(lines.Bytes()); err != nil {
			// The last line of a cut file is half a line.
			if !more(lines) {
				break
			}
			return nil, fmt.Errorf("%w: line %d: %v", ErrNotOurs, n, err)
		} else if done {
			r.Cut = false
			break
		}
	}
	if limited.N <= 0 {
		return nil, fmt.Errorf("%w: it is longer than %d MiB", ErrNotOurs, mostBytes>>20)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("%w: one of its lines is longer than %d MiB", ErrNotOurs, mostLine>>20)
	}
	return r, r.finish()
}

func more(lines *bufio.Scanner) bool { return lines.Scan() && len(bytes.TrimSpace(lines.Bytes())) > 0 }

// take reads one line; done after the last.
func (r *Recording) take(line []byte) (done bool, err error) {
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		return false, err
	}
	if e.at() <= 0 {
		return false, errors.New("it has no time")
	}
	switch {
	case e.End != nil:
		r.ended = e.End.At
		return true, nil
	case e.Source != nil:
		key := sourceKey{e.Source.Container, e.Source.Field}
		r.sources[key] = append(r.sources[key], *e.Source)
	default:
		r.events = append(r.events, e)
	}
	return false, nil
}

// finish puts what was read in order, and knows its length.
func (r *Recording) finish() error {
	if len(r.events) == 0 {
		return fmt.Errorf("%w: there is nothing in it", ErrNotOurs)
	}
	// Publishers wrote side by side: two lines may have changed places.
	slices.SortStableFunc(r.events, func(a, b entry) int { return int(max(-1, min(1, a.at()-b.at()))) })
	for _, list := range r.sources {
		slices.SortStableFunc(list, func(a, b wire.Provenance) int { return int(max(-1, min(1, a.ReadAt-b.ReadAt))) })
	}
	r.began = r.events[0].at()
	r.ended = max(r.ended, r.events[len(r.events)-1].at())
	return nil
}

// LengthMs is how long it lasts, in milliseconds.
func (r *Recording) LengthMs() int64 { return r.ended - r.began }

// Chapters are where each recorded run begins, in order.
func (r *Recording) Chapters() []wire.Chapter {
	var chapters []wire.Chapter
	seen := map[string]bool{}
	for _, e := range r.events {
		if e.Run != nil && !seen[e.Run.ID] {
			seen[e.Run.ID] = true
			chapters = append(chapters, wire.Chapter{Lesson: e.Run.Lesson, PositionMs: e.at() - r.began})
		}
	}
	return chapters
}

// Source is what stood in the kernel file behind a figure at a position: the
// newest that was saved before it, or else the first after it. Its readAt says
// when.
func (r *Recording) Source(container, field string, positionMs int64) (wire.Provenance, error) {
	list := r.sources[sourceKey{container, field}]
	if len(list) == 0 {
		return wire.Provenance{}, fmt.Errorf("%w: %s of %s", ErrNoSource, field, container)
	}
	found := list[0]
	for _, one := range list {
		if one.ReadAt-r.began > positionMs {
			break
		}
		found = one
	}
	return found, nil
}

// past is how the stream stood at a position.
type past struct {
	next     int // the first event after it
	topology *wire.Topology
	samples  []wire.Sample
	runs     []wire.Run // newest state of each, oldest run first
}

// historyMs is how far back a viewer can see.
const historyMs = 60_000

func (r *Recording) until(positionMs int64) past {
	moment := r.began + positionMs
	var p past
	at := map[string]int{}
	for i, e := range r.events {
		if e.at() > moment {
			break
		}
		p.next = i + 1
		switch {
		case e.Topology != nil:
			p.topology = e.Topology
		case e.Sample != nil && e.at() >= moment-historyMs:
			p.samples = append(p.samples, *e.Sample)
		case e.Run != nil:
			if n, known := at[e.Run.ID]; known {
				p.runs[n] = *e.Run
			} else {
				at[e.Run.ID] = len(p.runs)
				p.runs = append(p.runs, *e.Run)
			}
		}
	}
	return p
}
