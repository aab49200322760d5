package lab

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"porthole/server/wire"
)

// What becomes of a run whose engine goes away, or whose containers somebody stops.

func TestEngineGoesAwayAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple)
		id := b.begin(t)
		b.engine.setAway(true)
		time.Sleep(time.Second) // a blink
		b.engine.setAway(false)
		time.Sleep(3 * time.Second)
		if r := b.run(t, id); r.State != wire.RunRunning {
			t.Fatalf("a blink ended the run: %+v", r)
		}
		b.engine.setAway(true)
		time.Sleep(time.Minute)
		r := b.run(t, id)
		if r.State != wire.RunFailed || !strings.Contains(r.Problem, "went away in the middle of the run") || !strings.Contains(r.Progress, "remove what is left") {
			t.Errorf("while it is away: %+v", r)
		}
		if strings.Contains(verdicts(r), "pending") || strings.Contains(verdicts(r), "holds") {
			t.Errorf("verdicts: %s", verdicts(r))
		}
		b.engine.setAway(false)
		if _, err := b.Start(t.Context(), "simple"); !errors.Is(err, ErrAlreadyRunning) {
			t.Errorf("a start before the left-overs are removed: %v", err)
		}
		time.Sleep(5 * time.Second)
		r = b.run(t, id)
		if r.State != wire.RunFailed || r.Progress != "" || b.engine.left() != 0 {
			t.Errorf("after it came back: %+v, %d left", r, b.engine.left())
		}
		b.begin(t)
	})
}

// An engine that is killed and started again ends its containers before it
// answers, and may be back before the run is given up for its absence.
func TestEngineComesBackWithoutContainers(t *testing.T) {
	tests := map[string]struct {
		report string        // of the container before the engine goes away
		after  time.Duration // that the engine is back, the container ends
		says   string        // the run's problem; empty where it goes on
	}{
		"ended by the engine":     {says: "The engine went away in the middle of the run, and came back without One."},
		"ended by somebody later": {after: 5 * time.Second},
		"had done its work":       {report: `{"porthole":"done","says":"done"}`},
		"had said that it failed": {report: `{"porthole":"failed","says":"no"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, simple)
				id := b.begin(t)
				time.Sleep(time.Second)
				if test.report != "" {
					b.engine.output("one") <- []byte(test.report)
				}
				synctest.Wait()
				b.engine.setAway(true)
				time.Sleep(time.Second)
				if test.after == 0 {
					b.engine.exit("one", 0)
				}
				time.Sleep(900 * time.Millisecond)
				b.engine.setAway(false)
				if test.after > 0 {
					time.Sleep(test.after)
					b.engine.exit("one", 0)
				}
				time.Sleep(2*farewell + lastEvent)
				r := b.run(t, id)
				if r.Problem != test.says {
					t.Errorf("problem %q", r.Problem)
				}
				if test.says == "" {
					return
				}
				if r.State != wire.RunFailed || r.EndedAt == 0 || verdicts(r) != "unknown unknown" || b.engine.left() != 0 {
					t.Errorf("%+v, %d left", r, b.engine.left())
				}
			})
		})
	}
}

const staying = `
title: Staying
section: Tests
max: 10m
stays: true
containers:
  - {key: one, title: One, workload: [idle]}
  - {key: two, title: Two, workload: [idle]}
  - {key: three, title: Three, workload: [idle]}
claims:
  - {id: said, says: One says something., when: one.running, within: 2s, holds: one.result.writtenBytes == 5, measured: "{one.result.writtenBytes} bytes"}
`

// A lesson that stays ends with its containers: by itself where their work was
// done, and stopped where somebody ended them.
func TestContainersStoppedFromOutside(t *testing.T) {
	tests := map[string]struct {
		codes []int // by which One, Two and Three exit
		done  bool  // which they said before
		state wire.RunState
		says  string
	}{
		"asked to end":           {codes: []int{0, 0, 0}, state: wire.RunStopped, says: "Stopped from outside: One, Two and Three."},
		"killed":                 {codes: []int{137, 143, 130}, state: wire.RunStopped, says: "Stopped from outside: One, Two and Three."},
		"one of them killed":     {codes: []int{137, 0, 0}, done: true, state: wire.RunStopped, says: "Stopped from outside: One."},
		"done":                   {codes: []int{0, 0, 0}, done: true, state: wire.RunFinished},
		"failed by their own":    {codes: []int{1, 1, 2}, state: wire.RunFinished},
		"one of them is running": {codes: []int{0, 0}, state: wire.RunRunning},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, staying)
				id := b.begin(t)
				time.Sleep(5 * time.Second) // the claim is judged
				for i, key := range []string{"one", "two", "three"}[:len(test.codes)] {
					if test.done {
						b.report(t, key, wire.Report{Porthole: wire.ReportDone, Says: "done"})
					}
					b.engine.exit(key, test.codes[i])
				}
				time.Sleep(2*farewell + lastEvent)
				r := b.run(t, id)
				if r.State != test.state || r.Problem != test.says {
					t.Errorf("%s, %q", r.State, r.Problem)
				}
			})
		})
	}
}

func TestServerEndsWhileTheEngineIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple)
		id := b.begin(t)
		b.engine.setAway(true)
		time.Sleep(10 * time.Second)
		b.stop()
		select {
		case <-b.over:
		case <-time.After(20 * time.Second):
			t.Fatal("the lab waits for an engine that may never come back")
		}
		if r := b.run(t, id); !strings.Contains(r.Problem, "could not be removed") {
			t.Errorf("%+v", r)
		}
	})
}
