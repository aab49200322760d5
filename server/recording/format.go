// Package recording saves the stream of a live Porthole and plays it back.
//
// A recording is gzip over lines of JSON: a head that says where and when it
// was made, then the messages of the stream as they were published, and from
// time to time what stood in the kernel files behind the figures. It is played
// by the same messages, and every page is told that it is a recording.
package recording

import (
	"errors"

	"porthole/server/wire"
)

// format and formatVersion begin every recording.
const (
	format        = "porthole recording"
	formatVersion = 1
)

// Bounds on what is read, so that no file can exhaust the machine.
const (
	// mostBytes bounds the unpacked text: hours of three containers at 10 Hz.
	mostBytes = 512 << 20
	// mostLine bounds one line: a topology of many containers with all their
	// mounts and processes.
	mostLine = 8 << 20
)

// Head is the first line of a recording.
type Head struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Made says where and when: it is shown on every page.
	Made wire.Recording `json:"made"`
	// By is the version of Porthole that made it.
	By string `json:"by"`
	// IntervalMs is the time between samples.
	IntervalMs int64 `json:"intervalMs"`
	// Host is the machine and its engine.
	Host wire.Host `json:"host"`
	// Lessons is the catalogue on that day.
	Lessons []wire.Lesson `json:"lessons"`
	// Doctor is what that machine could show.
	Doctor wire.Doctor `json:"doctor"`
}

// entry is each further line: exactly one of its fields is set.
type entry struct {
	Topology *wire.Topology   `json:"topology,omitempty"`
	Sample   *wire.Sample     `json:"sample,omitempty"`
	Run      *wire.Run        `json:"run,omitempty"`
	Gone     *wire.Gone       `json:"gone,omitempty"`
	Source   *wire.Provenance `json:"source,omitempty"`
	// End is the last line: without it, the end of the recording is missing.
	End *end `json:"end,omitempty"`
}

type end struct {
	At int64 `json:"at"`
}

// at is the entry's time in Unix milliseconds.
func (e entry) at() int64 {
	switch {
	case e.Topology != nil:
		return e.Topology.At
	case e.Sample != nil:
		return e.Sample.At
	case e.Run != nil:
		return e.Run.At
	case e.Gone != nil:
		return e.Gone.At
	case e.Source != nil:
		return e.Source.ReadAt
	case e.End != nil:
		return e.End.At
	}
	return 0
}

var (
	// ErrNotOurs means that the file is no recording of Porthole's, or one of
	// a version that this program cannot read.
	ErrNotOurs = errors.New("not a recording that this version can play")
	// ErrNothing is for what a recording cannot do: start, stop, act.
	ErrNothing = errors.New("this is a recording: nothing on it can be started or stopped")
	// ErrNoSource means that the kernel file behind a figure was not saved.
	ErrNoSource = errors.New("the kernel file behind this figure is not in the recording")
	// ErrValue means that a position, or a speed, is out of range.
	ErrValue = errors.New("out of range")
)
