package reader

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"porthole/server/sampler"
	"porthole/server/wire"
)

// full is a sample in which every counter is there, and one in which none is.
func full() wire.Sample {
	var all wire.Counters
	fields := reflect.ValueOf(&all).Elem()
	for n := range counterCount {
		*counter(fields, n) = wire.Counted(uint64(n) * 1_000_000_007)
	}
	all.CPUUsageUsec = wire.Counted(math.MaxUint64)
	all.OOMKills = wire.Counted(0) // there, and zero, which is not absent
	return wire.Sample{
		Header:     wire.Header{Type: wire.TypeSample, At: 1_790_000_000_123},
		Containers: map[string]wire.Counters{"porthole-a": all, "none": {}, "some": {PidsCurrent: wire.Counted(3)}},
	}
}

var counts = cmp.Comparer(func(a, b wire.Count) bool { return a == b })

func TestASampleArrivesAsItWas(t *testing.T) {
	cost := sampler.Cost{Ticks: 7, Containers: 21, Spent: 1234 * time.Microsecond}
	data := appendSample([]byte("before"), full(), cost)[len("before"):]
	var buffer []byte
	k, payload, err := readFrame(bytes.NewReader(data), &buffer)
	if err != nil || k != kindSample {
		t.Fatalf("readFrame: %c, %v", k, err)
	}
	sample, gotCost, err := parseSample(payload)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(full(), sample, counts); d != "" {
		t.Errorf("the sample differs:\n%s", d)
	}
	if gotCost != cost {
		t.Errorf("the cost is %+v, want %+v", gotCost, cost)
	}
	for cut := range len(payload) {
		if _, _, err := parseSample(payload[:cut]); err == nil {
			t.Fatalf("a sample cut off after %d of %d bytes passes for whole", cut, len(payload))
		}
	}
	if _, _, err := parseSample(append(bytes.Clone(payload), 0)); err == nil {
		t.Error("a sample with a byte too many passes for one of ours")
	}
}

func TestFramesThatAreNotOurs(t *testing.T) {
	var buffer []byte
	if _, _, err := readFrame(bytes.NewReader(nil), &buffer); !errors.Is(err, io.EOF) {
		t.Errorf("the end between two frames is %v, want io.EOF", err)
	}
	if _, _, err := readFrame(bytes.NewReader([]byte{'T', 0}), &buffer); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the end in a header is %v", err)
	}
	if _, _, err := readFrame(bytes.NewReader([]byte{'T', 0, 0, 0, 9, 'x'}), &buffer); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the end in a payload is %v", err)
	}
	huge := binary.BigEndian.AppendUint32([]byte{'T'}, maximumFrame+1)
	if _, _, err := readFrame(bytes.NewReader(huge), &buffer); err == nil || cap(buffer) > maximumFrame {
		t.Errorf("a frame beyond the bound is taken (%v)", err)
	}
}

func FuzzSample(f *testing.F) {
	f.Add(appendSample(nil, full(), sampler.Cost{})[headerSize:])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, payload []byte) {
		sample, cost, err := parseSample(payload)
		if err != nil {
			return
		}
		again, _, err := parseSample(appendSample(nil, sample, cost)[headerSize:])
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(sample, again, counts); d != "" {
			t.Error(d)
		}
	})
}

// A server that does not read costs samples, the oldest first, and nothing else.
func TestOutboxDropsOldSamplesAlone(t *testing.T) {
	box := newOutbox()
	box.put(kindTopology, wire.Topology{})
	for at := range maximumSamples + 10 {
		box.sample(wire.Sample{Header: wire.Header{At: int64(at)}}, sampler.Cost{})
	}
	box.put(kindGone, wire.Gone{Name: "a"})
	out := new(bytes.Buffer)
	ctx := t.Context()
	done := make(chan error, 1)
	stop := &stopper{Writer: out, after: 1, stopped: make(chan struct{})}
	go func() { done <- box.drain(ctx, stop) }()
	if err := <-done; !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	var kinds []kind
	var first int64 = -1
	var buffer []byte
	for {
		k, payload, err := readFrame(out, &buffer)
		if err != nil {
			break
		}
		kinds = append(kinds, k)
		if k == kindSample && first < 0 {
			sample, _, err := parseSample(payload)
			if err != nil {
				t.Fatal(err)
			}
			first = sample.At
		}
	}
	if len(kinds) != maximumSamples+2 || kinds[0] != kindTopology || kinds[len(kinds)-1] != kindGone {
		t.Errorf("%d frames were sent: %c", len(kinds), kinds)
	}
	if first != 10 {
		t.Errorf("the oldest sample sent is number %d, want 10", first)
	}
}

var errStop = errors.New("enough")

// stopper takes a write and refuses from then on.
type stopper struct {
	io.Writer
	after   int
	stopped chan struct{}
}

func (s *stopper) Write(p []byte) (int, error) {
	n, _ := s.Writer.Write(p)
	if s.after--; s.after == 0 {
		return n, errStop
	}
	return n, nil
}

// A sample of twenty containers, each way.
func BenchmarkSample(b *testing.B) {
	sample := full()
	for _, name := range "abcdefghijklmnopq" {
		sample.Containers[string(name)] = sample.Containers["porthole-a"]
	}
	var data []byte
	b.ReportAllocs()
	for b.Loop() {
		data = appendSample(data[:0], sample, sampler.Cost{})
		if _, _, err := parseSample(data[headerSize:]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(data)), "bytes")
}
