package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"porthole/server/wire"
)

// counters are those of a container with a bit of everything, and something
// absent.
func counters(usage uint64) wire.Counters {
	return wire.Counters{
		CPUUsageUsec:            wire.Counted(usage),
		CPUPeriods:              wire.Counted(120),
		CPUThrottledPeriods:     wire.Counted(0),
		CPUThrottledUsec:        wire.Counted(999_999),
		MemoryCurrentBytes:      wire.Counted(268_435_456),
		MemoryAnonBytes:         wire.Counted(200_000_000),
		MemoryActiveFileBytes:   wire.Counted(4096),
		MemoryInactiveFileBytes: wire.Counted(8192),
		MemoryKernelBytes:       wire.Counted(123_456),
		MemoryWorkingSetBytes:   wire.Counted(268_427_264),
		PidsCurrent:             wire.Counted(12),
		PidsRefused:             wire.Counted(3),
	}
}

func sample(at int64, names ...string) wire.Sample {
	s := wire.Sample{Header: wire.Header{At: at}, Containers: map[string]wire.Counters{}}
	for i, name := range names {
		s.Containers[name] = counters(uint64(at) + uint64(i))
	}
	return s
}

// next fails the test when no frame waits: here all frames are published
// before they are asked for.
func next(t *testing.T, s *Subscription) Frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	frame, err := s.Next(ctx)
	if err != nil {
		t.Fatalf("Next: %v", err)
	}
	return frame
}

// drain takes all frames that wait.
func drain(t *testing.T, s *Subscription) (frames []Frame) {
	t.Helper()
	for {
		s.mu.Lock()
		waiting := len(s.waiting)
		s.mu.Unlock()
		if waiting == 0 {
			return frames
		}
		frames = append(frames, next(t, s))
	}
}

func described(frames []Frame) (words []string) {
	for _, f := range frames {
		words = append(words, fmt.Sprintf("%s%s#%d", f.Type, f.Key, f.Seq))
	}
	return words
}

func TestNewViewerLearnsTheState(t *testing.T) {
	hub := NewHub(Options{})
	hub.Run(wire.Run{ID: "r1"})
	hub.Run(wire.Run{ID: "r2"})
	hub.Run(wire.Run{ID: "r1", State: wire.RunRunning})
	hub.Topology(wire.Topology{})
	hub.Topology(wire.Topology{Containers: []wire.Container{{Name: "a"}}})
	hub.Gone(wire.Gone{ID: "long ago"})
	hub.Sample(sample(1000, "a"))

	s := hub.Subscribe()
	defer s.Close()
	got := described(drain(t, s))
	want := []string{"topology#2", "history#1", "runr1#3", "runr2#2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("first frames (-want +got):\n%s", diff)
	}
}

func TestFirstViewerOfAnEmptyHubGetsAnEmptyHistory(t *testing.T) {
	hub := NewHub(Options{Now: func() time.Time { return time.UnixMilli(77) }})
	s := hub.Subscribe()
	defer s.Close()
	frames := drain(t, s)
	if len(frames) != 1 || string(frames[0].Data) != `{"type":"history","seq":1,"at":77,"samples":[]}` {
		t.Errorf("got %q", described(frames))
	}
}

func TestNewestWinsInTheOldOnesPlace(t *testing.T) {
	hub := NewHub(Options{})
	s := hub.Subscribe()
	defer s.Close()
	drain(t, s)

	hub.Sample(sample(1, "a"))
	hub.Gone(wire.Gone{ID: "x"})
	hub.Topology(wire.Topology{})
	hub.Run(wire.Run{ID: "r"})
	hub.Sample(sample(2, "a"))
	hub.Gone(wire.Gone{ID: "y"})
	hub.Topology(wire.Topology{})
	hub.Sample(sample(3, "a"))

	got := described(drain(t, s))
	want := []string{"sample#3", "gonex#1", "topology#2", "runr#1", "goney#2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
	if s.Skipped() != 3 || hub.Stats().Skipped != 3 {
		t.Errorf("skipped %d, and %d in all, want 3 and 3", s.Skipped(), hub.Stats().Skipped)
	}
}

func TestSamplesDisplaceNothingElse(t *testing.T) {
	hub := NewHub(Options{})
	stalled := hub.Subscribe()
	defer stalled.Close()
	for i := range 100 {
		hub.Gone(wire.Gone{ID: fmt.Sprint("c", i)})
		hub.Run(wire.Run{ID: fmt.Sprint("r", i)})
		for range 50 {
			hub.Sample(sample(int64(i), "a"))
		}
	}
	seen := map[string]int{}
	for _, frame := range drain(t, stalled) {
		seen[frame.Type]++
	}
	want := map[string]int{"history": 1, "sample": 1, "gone": 100, "run": 100}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
}

func TestStalledViewerDelaysNobody(t *testing.T) {
	hub := NewHub(Options{})
	stalled := hub.Subscribe() // never asks
	defer stalled.Close()
	quick := hub.Subscribe()
	defer quick.Close()
	drain(t, quick)
	for i := range 500 {
		hub.Sample(sample(int64(i), "a"))
		if frame := next(t, quick); frame.Seq != uint64(i+1) {
			t.Fatalf("the quick viewer got number %d, want %d", frame.Seq, i+1)
		}
	}
	if quick.Skipped() != 0 || stalled.Skipped() != 499 {
		t.Errorf("skipped: quick %d, stalled %d; want 0 and 499", quick.Skipped(), stalled.Skipped())
	}
}

func TestMailboxIsBounded(t *testing.T) {
	hub := NewHub(Options{})
	stalled := hub.Subscribe()
	defer stalled.Close()
	other := hub.Subscribe()
	defer other.Close()
	for i := range mailboxLimit + 1 {
		hub.Gone(wire.Gone{ID: fmt.Sprint(i)})
		drain(t, other)
	}
	if _, err := stalled.Next(t.Context()); !errors.Is(err, ErrTooSlow) {
		t.Errorf("Next: %v, want ErrTooSlow", err)
	}
	hub.Gone(wire.Gone{ID: "last"})
	if frame := next(t, other); frame.Key != "last" {
		t.Errorf("the other viewer got %q, want last", frame.Key)
	}
}

func TestRetainedRunsAreBounded(t *testing.T) {
	hub := NewHub(Options{})
	for i := range retainedRuns + 10 {
		hub.Run(wire.Run{ID: fmt.Sprint(i)})
	}
	s := hub.Subscribe()
	defer s.Close()
	frames := drain(t, s)
	if n := len(frames) - 1; n != retainedRuns || frames[1].Key != "10" {
		t.Errorf("%d runs, from %q; want %d, from 10", n, frames[1].Key, retainedRuns)
	}
}

func TestSampleIsWhatTheSchemaSays(t *testing.T) {
	hub := NewHub(Options{})
	s := hub.Subscribe()
	defer s.Close()
	drain(t, s)
	sent := sample(1234, "a", `odd "name" <&> é`, "b")
	hub.Sample(sent)
	sent.Type, sent.Seq = wire.TypeSample, 1
	want, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	if got := next(t, s).Data; string(got) != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNarrow(t *testing.T) {
	hub := NewHub(Options{})
	s := hub.Subscribe()
	defer s.Close()
	drain(t, s)
	for _, c := range []struct {
		names, want []string
	}{
		{[]string{"b", "not there yet", "a"}, []string{"a", "b"}},
		{[]string{"not there yet"}, nil},
		{[]string{}, nil},
		{nil, []string{"a", "b", "c"}},
	} {
		s.Narrow(c.names)
		hub.Sample(sample(5, "a", "b", "c"))
		var got wire.Sample
		if err := json.Unmarshal(next(t, s).Data, &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]wire.Counters{}
		for _, name := range c.want {
			want[name] = counters(5 + uint64(name[0]-'a'))
		}
		if diff := cmp.Diff(want, got.Containers, cmp.AllowUnexported(wire.Count{})); diff != "" {
			t.Errorf("Narrow(%q) (-want +got):\n%s", c.names, diff)
		}
	}
}

func TestPauseHoldsSamplesOnly(t *testing.T) {
	hub := NewHub(Options{})
	s := hub.Subscribe()
	defer s.Close()
	drain(t, s)
	hub.Sample(sample(1, "a"))
	s.Pause()
	s.Pause()
	hub.Sample(sample(2, "a"))
	hub.Topology(wire.Topology{})
	hub.Gone(wire.Gone{ID: "x"})
	if got, want := described(drain(t, s)), []string{"topology#1", "gonex#1"}; !cmp.Equal(got, want) {
		t.Errorf("while paused: %v, want %v", got, want)
	}
	s.Resume()
	hub.Sample(sample(3, "a"))
	if got, want := described(drain(t, s)), []string{"sample#3"}; !cmp.Equal(got, want) {
		t.Errorf("after it: %v, want %v", got, want)
	}
}

func TestWatched(t *testing.T) {
	hub := NewHub(Options{})
	expect := func(when string, want bool, changed <-chan struct{}) <-chan struct{} {
		t.Helper()
		if changed != nil {
			select {
			case <-changed:
			default:
				t.Errorf("%s: no nudge", when)
			}
		}
		got, next := hub.Watched()
		if got != want {
			t.Errorf("%s: watched is %v, want %v", when, got, want)
		}
		select {
		case <-next:
			t.Errorf("%s: a nudge without a change", when)
		default:
		}
		return next
	}
	c := expect("at first", false, nil)
	a := hub.Subscribe()
	c = expect("one viewer", true, c)
	b := hub.Subscribe()
	expect("two viewers", true, nil)
	a.Pause()
	expect("one paused", true, nil)
	b.Close()
	c = expect("the other gone", false, c)
	a.Resume()
	c = expect("back", true, c)
	a.Close()
	a.Close()
	a.Pause() // after the end it counts no more
	c = expect("all gone", false, c)
	a.Resume()
	expect("still all gone", false, nil)
	_ = c
	if n := hub.Stats().Viewers; n != 0 {
		t.Errorf("%d viewers, want 0", n)
	}
}

func TestNextEnds(t *testing.T) {
	hub := NewHub(Options{})
	s := hub.Subscribe()
	drain(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := s.Next(ctx)
		ended <- err
	}()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("after the context: %v", err)
	}
	go func() {
		_, err := s.Next(context.Background())
		ended <- err
	}()
	s.Close()
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	hub.Sample(sample(1, "a"))
	if _, err := s.Next(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("a frame came after Close: %v", err)
	}
}

// Many publishers, and viewers that come and go: numbers rise by one per type,
// and no viewer sees them fall. Run with -race.
func TestNumbersRiseUnderLoad(t *testing.T) {
	hub := NewHub(Options{})
	const publishers, each = 4, 200
	var all sync.WaitGroup
	done, stop := context.WithCancel(t.Context())
	for range 8 {
		all.Go(func() {
			for done.Err() == nil {
				s := hub.Subscribe()
				last := map[string]uint64{}
				for range 20 {
					frame, err := s.Next(done)
					if err != nil {
						break
					}
					if frame.Type == wire.TypeSample && frame.Seq <= last[frame.Type] {
						t.Errorf("%s: number %d after %d", frame.Type, frame.Seq, last[frame.Type])
					}
					last[frame.Type] = frame.Seq
					s.Narrow([]string{"a"})
					s.Pause()
					s.Resume()
				}
				s.Close()
			}
		})
	}
	var publishing sync.WaitGroup
	for p := range publishers {
		publishing.Go(func() {
			for i := range each {
				hub.Sample(sample(int64(i), "a", "b"))
				hub.Topology(wire.Topology{})
				hub.Run(wire.Run{ID: fmt.Sprint(p)})
				hub.Gone(wire.Gone{ID: fmt.Sprint(p, i)})
			}
		})
	}
	publishing.Wait()
	stop()
	all.Wait()
	for _, messageType := range []string{"sample", "topology", "run", "gone"} {
		if n := hub.Stats().Published[messageType]; n != publishers*each {
			t.Errorf("%d of %s, want %d", n, messageType, publishers*each)
		}
	}
	if n := hub.Stats().Viewers; n != 0 {
		t.Errorf("%d viewers stayed", n)
	}
}
