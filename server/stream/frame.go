package stream

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

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

// message is what the Hub keeps of a Frame.
type message struct {
	Frame
	parts []part // samples only, in order of name
}

// part is where one container's share of a sample stands in Data.
type part struct {
	name       string
	start, end int // of "name":{…}
}

// encodeSample encodes a sample once for all viewers. scratch is overwritten,
// and returned for the next one: so the message takes no more than its length.
func encodeSample(scratch []byte, news wire.Sample) (*message, []byte) {
	parts := make([]part, 0, len(news.Containers))
	b := appendSampleStart(scratch[:0], news.Seq, news.At)
	for i, name := range slices.Sorted(maps.Keys(news.Containers)) {
		if i > 0 {
			b = append(b, ',')
		}
		start := len(b)
		key, _ := json.Marshal(name) // a string can always be encoded
		b = append(append(b, key...), ':')
		counters := news.Containers[name]
		b = counters.AppendJSON(b)
		parts = append(parts, part{name, start, len(b)})
	}
	b = append(b, "}}"...)
	frame := Frame{Type: wire.TypeSample, Seq: news.Seq, At: news.At, Data: bytes.Clone(b)}
	return &message{Frame: frame, parts: parts}, b
}

// narrowed returns a sample with those containers only whose names are in
// wanted.
func (m *message) narrowed(wanted map[string]struct{}) Frame {
	b := appendSampleStart(make([]byte, 0, 1024), m.Seq, m.At)
	first := true
	for _, p := range m.parts {
		if _, ok := wanted[p.name]; !ok {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, m.Data[p.start:p.end]...)
	}
	return Frame{Type: m.Type, Key: m.Key, Seq: m.Seq, At: m.At, Data: append(b, "}}"...)}
}

func appendSampleStart(b []byte, seq uint64, at int64) []byte {
	return append(appendHeader(b, wire.TypeSample, seq, at), `,"containers":{`...)
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
