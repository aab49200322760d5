package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

// These tests run in a bubble with a clock of its own (testing/synctest), so
// that deadlines cost no time and nothing depends on the machine.

// lesson makes one of the text of a demo.yaml.
func lesson(t *testing.T, text string) demos.Lesson {
	t.Helper()
	lessons, problems := demos.Load(folder{"simple/demo.yaml": text, "simple/lesson.md": "Words."}.fs())
	for _, problem := range problems {
		t.Fatal(problem)
	}
	return lessons[0]
}

const simple = `
title: Simple
section: Tests
max: 30s
containers:
  - {key: one, title: One, workload: [idle]}
  - {key: two, title: Two, workload: [idle], after: one, after-state: done}
claims:
  - {id: one-is-done, says: One gets done., when: one.done, within: 10s, holds: one.result.writtenBytes == 5, measured: "{one.result.writtenBytes} bytes"}
  - {id: two-ends-well, says: Two ends well., when: two.exited, within: 20s, holds: two.exitCode == 0, measured: "exit code {two.exitCode}"}
actions:
  - {id: raise, title: Raise the limit, container: one, update: {cpus: 2}}
  - {id: later, title: Later, container: one, update: {cpus: 2}, when: two.running}
`

// bench is a lab in a bubble.
type bench struct {
	*Lab
	engine *scriptedEngine
	stop   context.CancelFunc
	over   chan error

	mu   sync.Mutex
	sent []wire.Run
}

func newBench(t *testing.T, texts ...string) *bench {
	t.Helper()
	var lessons []demos.Lesson
	for i, text := range texts {
		l := lesson(t, text)
		if i > 0 {
			l.Slug = fmt.Sprintf("%s-%d", l.Slug, i)
		}
		lessons = append(lessons, l)
	}
	b := &bench{engine: &scriptedEngine{}, over: make(chan error, 1)}
	b.Lab = New(Options{
		Engine: b.engine, Watcher: silent{}, Lessons: func() []demos.Lesson { return lessons },
		Host:  func() wire.Host { return wire.Host{CPUs: 2, MemoryBytes: 4 << 30} },
		Lacks: func(need string) string { return "This host has no " + need },
		Publish: func(r wire.Run) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.sent = append(b.sent, r)
		},
		MaxRuns: 2, MaxEnded: 2,
	})
	ctx, stop := context.WithCancel(t.Context())
	b.stop = stop
	go func() { b.over <- b.Run(ctx) }()
	synctest.Wait()
	t.Cleanup(func() {
		stop()
		synctest.Wait()
	})
	return b
}

func (b *bench) begin(t *testing.T) string {
	t.Helper()
	r, err := b.Start(t.Context(), "simple")
	if err != nil {
		t.Fatal(err)
	}
	if r.ID == "" || r.State != wire.RunStarting || len(r.Claims) == 0 || len(r.Containers) == 0 {
		t.Errorf("the run is not whole from its first moment: %+v", r)
	}
	synctest.Wait()
	return r.ID
}

func (b *bench) report(t *testing.T, id string, report wire.Report) {
	t.Helper()
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	b.engine.output(id) <- []byte("just text, which is no report\n")
	b.engine.output(id) <- text
	synctest.Wait()
}

func (b *bench) run(t *testing.T, id string) wire.Run {
	t.Helper()
	synctest.Wait()
	r, ok := b.Get(id)
	if !ok {
		t.Fatalf("there is no run %s", id)
	}
	return r
}

func verdicts(r wire.Run) string {
	var all []string
	for _, c := range r.Claims {
		all = append(all, string(c.Verdict))
	}
	return strings.Join(all, " ")
}

func TestRunFromStartToFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple)
		id := b.begin(t)
		time.Sleep(time.Second)
		r := b.run(t, id)
		if r.State != wire.RunRunning || r.Containers[0].State != "running" || r.Containers[1].State != "created" {
			t.Errorf("two must wait for one: %+v", r)
		}
		if !strings.Contains(r.Progress, "Two") {
			t.Errorf("the progress does not say what it waits for: %q", r.Progress)
		}
		b.report(t, "one", wire.Report{Porthole: wire.ReportInside, View: &wire.View{PID: 1}})
		if view := b.Inside("porthole-simple-one"); view == nil || view.PID != 1 {
			t.Errorf("the view from inside is %+v", view)
		}
		b.report(t, "one", wire.Report{Porthole: wire.ReportDone, Says: "all done", Result: &wire.Result{WrittenBytes: wire.Counted(5)}})
		time.Sleep(time.Second)
		r = b.run(t, id)
		if r.Containers[1].State != "running" || r.Containers[0].Says != "all done" || verdicts(r) != "holds pending" {
			t.Errorf("after the report: %+v", r)
		}
		b.engine.exit("one", 0)
		b.engine.exit("two", 0)
		time.Sleep(5 * time.Second)
		r = b.run(t, id)
		if r.State != wire.RunFinished || verdicts(r) != "holds holds" || r.EndedAt == 0 || r.Containers[1].State != "removed" {
			t.Errorf("at the end: %+v", r)
		}
		if got := r.Claims[0].Measured; got != "5 bytes" {
			t.Errorf("measured %q", got)
		}
		if b.engine.left() != 0 || b.Inside("porthole-simple-one") != nil {
			t.Error("something is left of the run")
		}
		for i := 1; i < len(b.sent); i++ {
			if b.sent[i].Seq != b.sent[i-1].Seq+1 {
				t.Errorf("message %d has seq %d after %d", i, b.sent[i].Seq, b.sent[i-1].Seq)
			}
		}
	})
}

func TestStartIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple, simple, simple, strings.Replace(simple, "max: 30s", "needs: [cgroup-io]", 1),
			strings.Replace(simple, "title: One,", "title: One, limits: {cpus: 3},", 1))
		id := b.begin(t)
		var already *AlreadyRunning
		if _, err := b.Start(t.Context(), "simple"); !errors.As(err, &already) || already.ID != id || !errors.Is(err, ErrAlreadyRunning) {
			t.Errorf("a second start: %v", err)
		}
		if _, err := b.Start(t.Context(), "nothing"); !errors.Is(err, ErrNoLesson) {
			t.Errorf("an unknown lesson: %v", err)
		}
		if _, err := b.Start(t.Context(), "simple-3"); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "no cgroup-io") {
			t.Errorf("a need that is not met: %v", err)
		}
		if _, err := b.Start(t.Context(), "simple-4"); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "asks for 3 processors") {
			t.Errorf("more processors than there are: %v", err)
		}
		if got := b.Catalogue()[3].Unavailable; !strings.Contains(got, "no cgroup-io") {
			t.Errorf("the catalogue says %q", got)
		}
		if got := b.Catalogue()[0].Run; got != id {
			t.Errorf("the catalogue names the run %q, not %q", got, id)
		}
		if _, err := b.Start(t.Context(), "simple-1"); err != nil {
			t.Errorf("another lesson: %v", err)
		}
		if _, err := b.Start(t.Context(), "simple-2"); !errors.Is(err, ErrTooMany) {
			t.Errorf("one too many: %v", err)
		}
		b.engine.setAway(true)
		if _, err := b.Start(t.Context(), "simple-2"); !errors.Is(err, ErrNoEngine) || !strings.Contains(err.Error(), "start the engine") {
			t.Errorf("no engine: %v", err)
		}
		b.engine.setAway(false)
		b.stop()
		synctest.Wait()
		if _, err := b.Start(t.Context(), "simple-2"); !errors.Is(err, ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple)
		if err := b.Stop(t.Context(), "nothing"); !errors.Is(err, ErrNoRun) {
			t.Errorf("an unknown run: %v", err)
		}
		id := b.begin(t)
		for range 2 { // again does nothing
			if err := b.Stop(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		r := b.run(t, id)
		if r.State != wire.RunStopped || verdicts(r) != "unknown unknown" || !strings.Contains(r.Claims[0].Reason, "was stopped before") {
			t.Errorf("%+v", r)
		}
		if b.engine.left() != 0 {
			t.Error("containers are left")
		}
		b.begin(t) // and it can be started again
	})
}

func TestStopWhileCreating(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple)
		b.engine.create = func(ctx context.Context, key string) error {
			if key == "two" {
				<-ctx.Done() // the engine takes its time
				return ctx.Err()
			}
			return nil
		}
		id := b.begin(t)
		if err := b.Stop(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if r := b.run(t, id); r.State != wire.RunStopped || r.Problem != "" || b.engine.left() != 0 {
			t.Errorf("%+v, %d runs left", r, b.engine.left())
		}
	})
}

func TestCreateFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple)
		b.engine.create = func(_ context.Context, key string) error {
			if key == "two" {
				return errors.New("the name is taken")
			}
			return nil
		}
		id := b.begin(t)
		time.Sleep(time.Second)
		r := b.run(t, id)
		if r.State != wire.RunFailed || r.Problem != "The container Two could not be created: the name is taken." {
			t.Errorf("state %s, problem %q", r.State, r.Problem)
		}
		if b.engine.left() != 0 || verdicts(r) != "unknown unknown" {
			t.Errorf("left %d; verdicts %s", b.engine.left(), verdicts(r))
		}
	})
}

func TestServerEndsInMidRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple)
		id := b.begin(t)
		failures := 3
		b.engine.remove = func() error {
			if failures--; failures >= 0 {
				return errors.New("busy")
			}
			return nil
		}
		b.stop()
		if err := <-b.over; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
		if r := b.run(t, id); r.State != wire.RunStopped || b.engine.left() != 0 {
			t.Errorf("%+v, %d left", r, b.engine.left())
		}
	})
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple)
		id := b.begin(t)
		time.Sleep(9 * time.Second)
		if got := verdicts(b.run(t, id)); got != "pending pending" {
			t.Errorf("before the first deadline: %s", got)
		}
		time.Sleep(2 * time.Second)
		r := b.run(t, id)
		if verdicts(r) != "unknown pending" || !strings.Contains(r.Claims[0].Reason, "within 10s") {
			t.Errorf("after the first deadline: %s, %q", verdicts(r), r.Claims[0].Reason)
		}
		time.Sleep(20 * time.Second)
		if r := b.run(t, id); r.State != wire.RunFinished || verdicts(r) != "unknown unknown" {
			t.Errorf("after the last: %+v", r)
		}
	})
}

func TestLongestTimeEndsARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, strings.Replace(simple, "max: 30s", "max: 5s", 1))
		id := b.begin(t)
		time.Sleep(6 * time.Second)
		if r := b.run(t, id); r.State != wire.RunFinished || verdicts(r) != "unknown unknown" || !strings.Contains(r.Claims[0].Reason, "longest time") {
			t.Errorf("%+v", r)
		}
	})
}

func TestLateAndMissingFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple)
		id := b.begin(t)
		b.report(t, "one", wire.Report{Porthole: wire.ReportDone})
		if got := verdicts(b.run(t, id)); got != "pending pending" {
			t.Errorf("a figure that is not there yet was judged: %s", got)
		}
		time.Sleep(late + time.Second)
		r := b.run(t, id)
		if want := "one.result.writtenBytes is absent: the workload has not reported it."; r.Claims[0].Verdict != wire.Unknown || r.Claims[0].Reason != want {
			t.Errorf("%s %q, wanted %q", r.Claims[0].Verdict, r.Claims[0].Reason, want)
		}
	})
}

func TestAllExitedBeforeTheMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple)
		id := b.begin(t)
		b.report(t, "one", wire.Report{Porthole: wire.ReportFailed, Says: "the disk is full"})
		b.engine.exit("one", 1)
		time.Sleep(time.Second)
		b.engine.exit("two", 0)
		time.Sleep(6 * time.Second)
		r := b.run(t, id)
		if r.State != wire.RunFinished || verdicts(r) != "unknown holds" || !strings.Contains(r.Claims[0].Reason, "One failed: the disk is full.") {
			t.Errorf("%+v", r)
		}
	})
}

func TestActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple)
		id := b.begin(t)
		time.Sleep(time.Second)
		if got := b.run(t, id).Actions; len(got) != 1 || got[0] != "raise" {
			t.Errorf("on offer are %v", got)
		}
		if err := b.Act(t.Context(), id, "nothing", nil); !errors.Is(err, ErrNoAction) {
			t.Errorf("an unknown action: %v", err)
		}
		if err := b.Act(t.Context(), id, "later", nil); !errors.Is(err, ErrNotNow) {
			t.Errorf("an action before its time: %v", err)
		}
		if err := b.Act(t.Context(), id, "raise", nil); err != nil {
			t.Errorf("an action: %v", err)
		}
		b.engine.update = func(context.Context) error { return errors.New("the engine refused") }
		if err := b.Act(t.Context(), id, "raise", nil); err == nil || err.Error() != "the engine refused" {
			t.Errorf("a refused action: %v", err)
		}
		b.engine.update = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		slow := make(chan error, 1)
		go func() { slow <- b.Act(t.Context(), id, "raise", nil) }()
		synctest.Wait()
		if err := b.Act(t.Context(), id, "raise", nil); !errors.Is(err, ErrNotNow) {
			t.Errorf("twice at once: %v", err)
		}
		if err := b.Stop(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if err := <-slow; err == nil {
			t.Error("an action that the stop cut off said that it was done")
		}
		if err := b.Act(t.Context(), id, "raise", nil); !errors.Is(err, ErrNotNow) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestEndedRunsAreForgottenInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple)
		var ids []string
		for range 4 {
			id := b.begin(t)
			ids = append(ids, id)
			if err := b.Stop(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		b.begin(t) // forgets above the bound of two
		if _, ok := b.Get(ids[1]); ok {
			t.Error("the second run is still remembered")
		}
		if _, ok := b.Get(ids[3]); !ok || len(b.Runs()) != 3 {
			t.Errorf("%d runs are remembered", len(b.Runs()))
		}
	})
}
