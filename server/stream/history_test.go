package stream

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
	"unsafe"

	"porthole/server/wire"
)

// historyOf subscribes and reads the history that comes.
func historyOf(t *testing.T, hub *Hub) (wire.History, []byte) {
	t.Helper()
	s := hub.Subscribe()
	defer s.Close()
	for _, frame := range drain(t, s) {
		if frame.Type == wire.TypeHistory {
			var history wire.History
			if err := json.Unmarshal(frame.Data, &history); err != nil {
				t.Fatalf("the history is not JSON: %v", err)
			}
			return history, frame.Data
		}
	}
	t.Fatal("no history came")
	return wire.History{}, nil
}

func TestHistoryIsTheLastMinute(t *testing.T) {
	hub := NewHub(Options{})
	for at := int64(0); at <= 90_000; at += 100 {
		hub.Sample(sample(at, "a"))
	}
	history, _ := historyOf(t, hub)
	if n := len(history.Samples); n != 601 {
		t.Fatalf("%d samples, want 601", n)
	}
	first, last := history.Samples[0], history.Samples[600]
	if first.At != 30_000 || last.At != 90_000 {
		t.Errorf("from %d to %d ms, want 30000 to 90000", first.At, last.At)
	}
	if last.Type != wire.TypeSample || last.Seq != 901 {
		t.Errorf("the last one is %s number %d, want sample number 901", last.Type, last.Seq)
	}
	if v, ok := last.Containers["a"].CPUUsageUsec.Get(); !ok || v != 90_000 {
		t.Errorf("its cpuUsageUsec is %d, %v", v, ok)
	}
	if _, ok := last.Containers["a"].OOMKills.Get(); ok {
		t.Error("what was absent is there")
	}
}

func TestHistoryIsMadeOncePerSample(t *testing.T) {
	hub := NewHub(Options{})
	hub.Sample(sample(1, "a"))
	_, first := historyOf(t, hub)
	_, second := historyOf(t, hub)
	if unsafe.SliceData(first) != unsafe.SliceData(second) {
		t.Error("two who joined between two samples got a history each")
	}
	hub.Sample(sample(2, "a"))
	third, _ := historyOf(t, hub)
	if len(third.Samples) != 2 || third.Seq != 2 {
		t.Errorf("after another sample: %d samples in number %d, want 2 in number 2", len(third.Samples), third.Seq)
	}
}

func TestHistoryWhenTheClockIsSetBack(t *testing.T) {
	hub := NewHub(Options{})
	for _, at := range []int64{100_000, 100_100, 40_000, 40_100} {
		hub.Sample(sample(at, "a"))
	}
	history, _ := historyOf(t, hub)
	if len(history.Samples) != 2 || history.Samples[0].At != 40_000 {
		t.Errorf("%d samples, from %d ms; want 2, from 40000", len(history.Samples), history.Samples[0].At)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	hub := NewHub(Options{Keep: time.Hour})
	names := make([]string, 40)
	for i := range names {
		names[i] = fmt.Sprintf("porthole-lesson-container-%02d", i)
	}
	for i := range historySamples + 5 {
		if i < 600 {
			hub.Sample(sample(int64(i), names...))
		} else {
			hub.Sample(sample(int64(i)))
		}
	}
	if n := len(hub.history.frames); n != historySamples {
		t.Errorf("%d samples kept, want %d", n, historySamples)
	}
	history, data := historyOf(t, hub)
	if len(data) > historyBytes {
		t.Errorf("the message has %d bytes, want at most %d", len(data), historyBytes)
	}
	if newest := history.Samples[len(history.Samples)-1].Seq; newest != historySamples+5 {
		t.Errorf("the newest sample is number %d, want %d", newest, historySamples+5)
	}
}
