package stream

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"sync"

	"porthole/server/wire"
)

// Frame is one message as a viewer gets it. Its bytes are shared by all
// viewers: nobody may change them.
type Frame struct {
	// Type is the message's type, see wire.
	Type string
	// Key tells messages of one type apart that do not replace each other: a
	// run's ID, a container's ID for gone. It is empty for the others.
	Key string
	// Seq is the message's number within its type, from 1.
	Seq uint64
	// At is the message's time, in Unix milliseconds.
	At int64
	// Data is the message as JSON.
	Data []byte
}

// message is what the Hub keeps of a Frame: encoded at most once, whoever
// asks.
type message struct {
	Frame
	parts   []part // samples only, by name: Data is put together when wanted
	compose sync.Once
}

// part is one container's share of a sample: its JSON key and value.
type part struct {
	name     string
	fragment []byte // "name":{…}
}

// encodeParts encodes each container of a sample, in order of name.
func encodeParts(containers map[string]wire.Counters) ([]part, error) {
	parts := make([]part, 0, len(containers))
	for _, name := range slices.Sorted(maps.Keys(containers)) {
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		// Most counters together take less than this.
		fragment := make([]byte, 0, len(key)+1+512)
		fragment = append(append(fragment, key...), ':')
		counters := containers[name]
		fragment = counters.AppendJSON(fragment)
		parts = append(parts, part{name: name, fragment: fragment})
	}
	return parts, nil
}

// whole returns the message with all its containers. The first who asks pays
// for putting it together.
func (m *message) whole() Frame {
	m.compose.Do(func() {
		if m.Data == nil {
			m.Data = m.appendSample(make([]byte, 0, m.sampleSize()), nil)
		}
	})
	return m.Frame
}

// narrowed returns a sample with those containers only whose names are in
// wanted.
func (m *message) narrowed(wanted map[string]struct{}) Frame {
	return Frame{
		Type: m.Type, Key: m.Key, Seq: m.Seq, At: m.At,
		Data: m.appendSample(make([]byte, 0, 1024), wanted),
	}
}

// sampleSize is at least the length of the whole sample.
func (m *message) sampleSize() int {
	size := 100
	for _, p := range m.parts {
		size += len(p.fragment) + 1
	}
	return size
}

// appendSample writes a sample out of its parts; wanted nil means all.
func (m *message) appendSample(b []byte, wanted map[string]struct{}) []byte {
	b = appendHeader(b, wire.TypeSample, m.Seq, m.At)
	b = append(b, `,"containers":{`...)
	first := true
	for _, p := range m.parts {
		if wanted != nil {
			if _, ok := wanted[p.name]; !ok {
				continue
			}
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, p.fragment...)
	}
	return append(b, "}}"...)
}

// appendHeader writes what every message begins with, but for the closing
// brace.
func appendHeader(b []byte, messageType string, seq uint64, at int64) []byte {
	b = append(b, `{"type":"`...)
	b = append(b, messageType...)
	b = append(b, `","seq":`...)
	b = strconv.AppendUint(b, seq, 10)
	b = append(b, `,"at":`...)
	return strconv.AppendInt(b, at, 10)
}
