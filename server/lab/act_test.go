package lab

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

const chosen = `
title: Chosen
section: Tests
max: 30s
containers:
  - {key: one, title: One, workload: [idle]}
claims:
  - {id: value, says: The value is the chosen one, when: actions.slide.taken, within: 20s, holds: actions.slide.value == 0.7 and one.asked.cpuCores == 0.7, measured: "{actions.slide.value}"}
  - {id: ran, says: The workload ran, when: actions.again.taken, within: 20s, holds: actions.again.exitCode == 3 and actions.again.result.processesStarted == 4, measured: "{actions.again.says}"}
  - {id: silent, says: It said nothing, when: actions.silent.taken, within: 20s, holds: actions.silent.result.processesStarted == 0}
actions:
  - {id: slide, title: Slide, container: one, update: {cpus: 2}, range: {limit: cpus, min: 0.1, max: 2, step: 0.1}}
  - {id: again, title: Again, container: one, exec: [fork, --count, "4", --hold, "0"]}
  - {id: silent, title: Silent, container: one, exec: [look]}
`

func TestAChosenValueAndAWorkload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, strings.TrimSpace(chosen))
		entry := b.Catalogue()[0]
		if r := entry.Actions[0].Range; r == nil || r.Min != 0.1 || r.Max != 2 || r.Value != 2 || r.Unit != "cores" || entry.Actions[0].Container != "one" {
			t.Errorf("the catalogue has %+v", entry.Actions[0])
		}
		if got := entry.Claims[0].Awaits; len(got) != 1 || got[0] != "slide" {
			t.Errorf("the first claim awaits %v", got)
		}
		started, err := b.Start(t.Context(), entry.Slug)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for _, wrong := range []float64{0, 0.05, 2.1, -1} {
			if err := b.Act(t.Context(), started.ID, "slide", &wrong); !errors.Is(err, ErrValue) {
				t.Errorf("the value %v: %v", wrong, err)
			}
		}
		value := 0.7
		if err := b.Act(t.Context(), started.ID, "again", &value); !errors.Is(err, ErrValue) {
			t.Errorf("a value for an action without a range: %v", err)
		}
		if err := b.Act(t.Context(), started.ID, "slide", &value); err != nil {
			t.Error(err)
		}
		b.engine.exec = func(_ context.Context, id string, argv []string) (Executed, error) {
			if id != "one" {
				t.Errorf("it ran in %s", id)
			}
			if strings.Join(argv, " ") != "/porthole workload fork --count 4 --hold 0" {
				return Executed{Output: []byte("no report\n")}, nil
			}
			line, _ := json.Marshal(wire.Report{Porthole: wire.ReportDone, Says: "four", Result: &wire.Result{ProcessesStarted: wire.Counted(4)}})
			return Executed{Output: append([]byte("some text\n"), append(line, '\n')...), ExitCode: 3}, nil
		}
		for _, id := range []string{"again", "silent"} {
			if err := b.Act(t.Context(), started.ID, id, nil); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(10 * time.Second) // past the time that late figures are given
		r := b.run(t, started.ID)
		if verdicts(r) != "holds holds unknown" || !strings.Contains(r.Claims[2].Reason, "reported nothing before it ended with exit code 0") {
			t.Errorf("%s: %+v", verdicts(r), r.Claims)
		}
		if err := b.Stop(t.Context(), started.ID); err != nil {
			t.Error(err)
		}
	})
}

// How long it took to create and start a container does not hold the time in
// which it waited for another.
func TestTimeToStart(t *testing.T) {
	asked := time.UnixMilli(1_000_000)
	s := newSubject(&demos.Container{Key: "one"}, "x")
	if _, there := s.message(demos.Lesson{}, "", "").StartedInUsec.Get(); there {
		t.Error("a time is told before the start")
	}
	s.createdIn, s.startAsked = 200*time.Millisecond, asked
	s.reported(wire.Report{Porthole: wire.ReportInside, At: asked.UnixMilli() + 300})
	s.reported(wire.Report{Porthole: wire.ReportDone, At: asked.UnixMilli() + 9000})
	if got, _ := s.message(demos.Lesson{}, "", "").StartedInUsec.Get(); got != 500_000 {
		t.Errorf("%d µs, want 500000", got)
	}
}
