package recording

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"porthole/server/wire"
)

const start = int64(1_700_000_000_000)

func head() Head {
	return Head{
		Made: wire.Recording{Hostname: "lectern", At: start}, IntervalMs: 100, By: "test",
		Lessons: []wire.Lesson{{Slug: "one", Containers: []wire.LessonContainer{{Key: "a"}}}, {Slug: "other", Containers: []wire.LessonContainer{{Key: "a"}}}},
	}
}

func sampleAt(ms int64, cpu uint64) wire.Sample {
	counters := wire.Counters{CPUUsageUsec: wire.Counted(cpu)}
	return wire.Sample{Header: wire.Header{At: start + ms}, Containers: map[string]wire.Counters{"a": counters}}
}

// made writes a recording of ten seconds: a container comes at 1 s and goes
// at 9 s, with a sample each second and its run.
func made(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, func() time.Time { return time.UnixMilli(start + 10_000) })
	w.Topology(wire.Topology{Header: wire.Header{At: start}})
	w.Run(wire.Run{Header: wire.Header{At: start + 500}, ID: "r", Lesson: "one", State: wire.RunStarting})
	w.Topology(wire.Topology{Header: wire.Header{At: start + 1000}, Containers: []wire.Container{{Name: "a", ID: "1"}}})
	w.Run(wire.Run{Header: wire.Header{At: start + 1100}, ID: "r", Lesson: "one", State: wire.RunRunning})
	for s := int64(1); s <= 9; s++ {
		w.Sample(sampleAt(s*1000, uint64(s)*1000))
		w.Source(wire.Provenance{Container: "a", Field: "cpuUsageUsec", Path: "/sys/fs/cgroup/cpuacct.usage", Raw: string(rune('0' + s)), ReadAt: start + s*1000})
	}
	w.Gone(wire.Gone{Header: wire.Header{At: start + 9500}, Name: "a", ID: "1"})
	w.Topology(wire.Topology{Header: wire.Header{At: start + 9500}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // all is waiting already
	if err := w.Write(ctx, head()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func load(t testing.TB) *Recording {
	t.Helper()
	r, err := Load(bytes.NewReader(made(t)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	r := load(t)
	if r.Cut || r.LengthMs() != 10_000 || r.Made.Hostname != "lectern" || len(r.Lessons) != 2 {
		t.Errorf("cut %v, %d ms, made on %s, %d lessons", r.Cut, r.LengthMs(), r.Made.Hostname, len(r.Lessons))
	}
	if c := r.Chapters(); len(c) != 1 || c[0].Lesson != "one" || c[0].PositionMs != 500 {
		t.Errorf("its chapters are %+v", c)
	}
	for _, one := range []struct {
		at   int64
		want string
	}{{0, "1"}, {1500, "1"}, {5000, "5"}, {10_000, "9"}} {
		if p, err := r.Source("a", "cpuUsageUsec", one.at); err != nil || p.Raw != one.want {
			t.Errorf("at %d ms the file held %q (%v), want %q", one.at, p.Raw, err, one.want)
		}
	}
	if _, err := r.Source("a", "oomKills", 0); !errors.Is(err, ErrNoSource) {
		t.Errorf("of a file that was not saved it says %v", err)
	}
}

func TestACutRecordingIsPlayedAsFarAsItGoes(t *testing.T) {
	whole := made(t)
	r, err := Load(bytes.NewReader(flushedPart(t, whole)))
	if err != nil {
		t.Fatal(err)
	}
	if !r.Cut || r.LengthMs() >= 10_000 || len(r.events) == 0 {
		t.Errorf("cut %v, %d ms, %d events", r.Cut, r.LengthMs(), len(r.events))
	}
}

// flushedPart is a recording as a power cut leaves it: packed anew without its
// last lines, in the middle of one, and without gzip's own end.
func flushedPart(t testing.TB, whole []byte) []byte {
	t.Helper()
	unpacked, err := gzip.NewReader(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	packed.Write(text[:len(text)*2/3])
	packed.Flush()
	return out.Bytes()
}

func TestWhatIsNoRecordingIsRefused(t *testing.T) {
	pack := func(lines ...string) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		io.WriteString(w, strings.Join(lines, "\n")+"\n")
		w.Close()
		return out.Bytes()
	}
	good, _ := json.Marshal(Head{Format: format, Version: formatVersion})
	newer, _ := json.Marshal(Head{Format: format, Version: formatVersion + 1})
	for name, file := range map[string][]byte{
		"text": []byte("hello"), "nothing": nil, "gzip of nothing": pack(),
		"another file": pack(`{"format":"other"}`), "a newer one": pack(string(newer), `{"end":{"at":1}}`),
		"only a head": pack(string(good)), "a broken line": pack(string(good), `{"sample":`, `{"end":{"at":1}}`),
		"a line without time": pack(string(good), `{"sample":{}}`, `{"end":{"at":1}}`),
	} {
		if r, err := Load(bytes.NewReader(file)); !errors.Is(err, ErrNotOurs) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	if _, err := Open(t.TempDir() + "/none"); err == nil {
		t.Error("a file that is not there was opened")
	}
}

// hall is an audience that writes down what it sees.
type hall struct {
	mu      sync.Mutex
	watched bool
	change  chan struct{}
	seen    []string
	replays []wire.Replay
	samples []int64 // times of samples, from the start
	past    []wire.Sample
	who     []wire.Container
	runs    []wire.Run
}

func (h *hall) note(what string, more func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = append(h.seen, what)
	more()
}

func (h *hall) Topology(m wire.Topology) { h.note("topology", func() { h.who = m.Containers }) }
func (h *hall) Sample(m wire.Sample) {
	h.note("sample", func() { h.samples = append(h.samples, m.At-start) })
}
func (h *hall) Run(m wire.Run)       { h.note("run", func() { h.runs = []wire.Run{m} }) }
func (h *hall) Gone(wire.Gone)       { h.note("gone", func() {}) }
func (h *hall) Replay(m wire.Replay) { h.note("replay", func() { h.replays = append(h.replays, m) }) }
func (h *hall) Rewind(m wire.Replay, who *wire.Topology, past []wire.Sample, runs []wire.Run) {
	h.note("rewind", func() {
		h.replays, h.past, h.runs, h.who = append(h.replays, m), past, runs, nil
		if who != nil {
			h.who = who.Containers
		}
	})
}

func (h *hall) Watched() (bool, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.watched, h.change
}

// now is what it has seen so far.
func (h *hall) now() *hall {
	h.mu.Lock()
	defer h.mu.Unlock()
	return &hall{
		seen: slices.Clone(h.seen), replays: slices.Clone(h.replays), samples: slices.Clone(h.samples),
		past: h.past, who: h.who, runs: h.runs,
	}
}

// forget drops the samples seen so far.
func (h *hall) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.samples = nil
}

// watch makes somebody look.
func (h *hall) watch() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watched = true
	close(h.change)
	h.change = make(chan struct{})
}

// play runs a player in a bubble whose clock is the test's.
func play(t *testing.T, watched bool, scene func(*Player, *hall)) {
	r := load(t)
	synctest.Test(t, func(t *testing.T) {
		h := &hall{watched: watched, change: make(chan struct{})}
		p := NewPlayer(r, h)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.Run(ctx)
		}()
		synctest.Wait()
		scene(p, h)
		cancel()
		<-done
	})
}

func after(d time.Duration) {
	time.Sleep(d) // the bubble's clock: no time passes outside
	synctest.Wait()
}

func TestItPlaysAsItWas(t *testing.T) {
	play(t, true, func(p *Player, hall *hall) {
		h := hall.now()
		if len(h.seen) != 1 || h.seen[0] != "rewind" || h.replays[0].Epoch != 1 || h.replays[0].BeganAt != start {
			t.Fatalf("it begins with %v", h.seen)
		}
		after(5050 * time.Millisecond)
		h = hall.now()
		if len(h.samples) != 5 || h.samples[4] != 5000 || len(h.who) != 1 {
			t.Errorf("after 5 s: samples at %v, containers %v", h.samples, h.who)
		}
		if at := p.State().PositionMs; at != 5050 {
			t.Errorf("after 5.05 s it stands at %d ms", at)
		}
		if run, ok := p.Get("r"); !ok || run.State != wire.RunRunning {
			t.Errorf("the run is %+v", run)
		}
		after(10 * time.Second)
		h = hall.now()
		if s := p.State(); !s.Paused || s.PositionMs != 10_000 || len(h.who) != 0 {
			t.Errorf("at the end it is %+v", s)
		}
	})
}

func TestItCanBePausedAndHurried(t *testing.T) {
	yes, no, fast := true, false, 4.0
	play(t, true, func(p *Player, hall *hall) {
		after(2050 * time.Millisecond)
		p.Change(wire.ReplayRequest{Paused: &yes})
		after(time.Hour)
		h := hall.now()
		if len(h.samples) != 2 || p.State().PositionMs != 2050 {
			t.Errorf("paused, it went on: %v, %d ms", h.samples, p.State().PositionMs)
		}
		p.Change(wire.ReplayRequest{Paused: &no, Speed: &fast})
		after(time.Second)
		h = hall.now()
		if got := p.State().PositionMs; got != 6050 || len(h.samples) != 6 {
			t.Errorf("at four times the speed, one second later: %d ms, %v", got, h.samples)
		}
	})
}

func TestItCanBeMovedBackAndForth(t *testing.T) {
	to := func(ms int64) wire.ReplayRequest { return wire.ReplayRequest{PositionMs: &ms} }
	play(t, true, func(p *Player, hall *hall) {
		p.Change(to(8000))
		after(time.Millisecond)
		h := hall.now()
		if len(h.past) != 8 || len(h.who) != 1 || len(h.runs) != 1 || h.replays[1].Epoch != 2 {
			t.Errorf("at 8 s: %d past samples, %v, %v, %+v", len(h.past), h.who, h.runs, h.replays)
		}
		p.Change(to(700))
		after(time.Millisecond)
		h = hall.now()
		if len(h.past) != 0 || len(h.who) != 0 || len(h.runs) != 1 || h.runs[0].State != wire.RunStarting {
			t.Errorf("at 0.7 s: %d past samples, %v, %v", len(h.past), h.who, h.runs)
		}
		hall.forget()
		after(1400 * time.Millisecond)
		h = hall.now()
		if len(h.samples) != 2 || h.samples[0] != 1000 {
			t.Errorf("it goes on from there with %v", h.samples)
		}
		for _, bad := range []wire.ReplayRequest{to(-1), to(10_001), {Speed: new(float64)}} {
			if _, err := p.Change(bad); !errors.Is(err, ErrValue) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
	})
}

// Who asks when a move was answered is told of there: Run, which is not there
// yet, is not waited for.
func TestWhatIsAskedAfterAMoveIsOfThere(t *testing.T) {
	audience := &hall{}
	p := NewPlayer(load(t), audience)
	for _, c := range []struct {
		ms         int64
		containers int
		run        bool
	}{{5050, 1, true}, {0, 0, false}, {5050, 1, true}} {
		moved, err := p.Change(wire.ReplayRequest{PositionMs: &c.ms})
		if err != nil {
			t.Fatal(err)
		}
		h := audience.now()
		if last := h.replays[len(h.replays)-1]; last.PositionMs != c.ms || last.Epoch != moved.Epoch {
			t.Errorf("moved to %d ms: the audience is at %d ms of epoch %d, the answer of epoch %d", c.ms, last.PositionMs, last.Epoch, moved.Epoch)
		}
		if len(h.who) != c.containers {
			t.Errorf("at %d ms there are %d containers, want %d", c.ms, len(h.who), c.containers)
		}
		if run, ok := p.Get("r"); ok != c.run || (ok && run.State != wire.RunRunning) {
			t.Errorf("at %d ms the run is %+v", c.ms, run)
		}
	}
}

func TestNobodyLooksAndNothingMoves(t *testing.T) {
	play(t, false, func(p *Player, hall *hall) {
		after(time.Hour)
		if p.State().PositionMs != 0 {
			t.Errorf("unwatched it stands at %d ms", p.State().PositionMs)
		}
		end := int64(10_000)
		p.Change(wire.ReplayRequest{PositionMs: &end})
		synctest.Wait()
		hall.watch()
		after(1050 * time.Millisecond)
		if s := p.State(); s.PositionMs != 1050 || s.Paused {
			t.Errorf("who comes after the end sees %+v, want the beginning", s)
		}
	})
}

func TestNothingCanBeDone(t *testing.T) {
	p := NewPlayer(load(t), nil)
	_, started := p.Start(t.Context(), "one")
	for _, err := range []error{started, p.Stop(t.Context(), "r"), p.Act(t.Context(), "r", "x", nil)} {
		if !errors.Is(err, ErrNothing) {
			t.Errorf("it says %v", err)
		}
	}
	lessons := p.Catalogue()
	if lessons[0].Unavailable != "" || lessons[1].Unavailable == "" {
		t.Errorf("the catalogue says %q and %q", lessons[0].Unavailable, lessons[1].Unavailable)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(made(f))
	f.Add(flushedPart(f, made(f)))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := Load(bytes.NewReader(file))
		if err != nil {
			return
		}
		if r.LengthMs() < 0 {
			t.Errorf("it lasts %d ms", r.LengthMs())
		}
		r.until(r.LengthMs() / 2)
	})
}
