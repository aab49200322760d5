package lab

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

// actRequest asks a run to take one of its lesson's actions.
type actRequest struct {
	action string
	value  *float64
	answer chan error // capacity 1
}

// taken is what became of an action.
type taken struct {
	underWay bool
	at       time.Time // when it last took effect
	value    *float64  // the one chosen, where there is a range
	// What the workload of an action that runs one has said, and how it ended.
	exitCode *int
	says     string
	result   *wire.Result
}

func (r *run) action(id string) demos.Action {
	return r.lesson.Actions[slices.IndexFunc(r.lesson.Actions, func(a demos.Action) bool { return a.ID == id })]
}

// offered are the actions that can be taken now.
func (r *run) offered() []string {
	var ids []string
	for i := range r.lesson.Actions {
		if r.whyNot(&r.lesson.Actions[i]) == "" {
			ids = append(ids, r.lesson.Actions[i].ID)
		}
	}
	return ids
}

// whyNot says why an action cannot be taken now; "" where it can.
func (r *run) whyNot(action *demos.Action) string {
	c := r.subject(action.Container)
	switch {
	case r.actions[action.ID].underWay:
		return fmt.Sprintf("%s is being done already; wait a moment.", action.Title)
	case action.Step != "" && !c.held():
		return fmt.Sprintf("%s needs the container %s half made, and it is not, or no more.", action.Title, c.spec.Title)
	case action.Step == "" && !c.running():
		return fmt.Sprintf("%s needs the container %s, which is not running.", action.Title, c.spec.Title)
	case !action.Offered(r.env(demos.Window{})):
		return fmt.Sprintf("It is too early for %s; wait until the lesson offers it.", action.Title)
	}
	return ""
}

// act takes an action on the engine, beside the run's goroutine.
func (r *run) act(ctx context.Context, request actRequest, operators *sync.WaitGroup) {
	action := r.action(request.action)
	if reason := r.whyNot(&action); reason != "" {
		request.answer <- sentence(ErrNotNow, reason)
		return
	}
	c := r.subject(action.Container)
	limits, err := action.With(request.value)
	if err != nil {
		request.answer <- err
		return
	}
	id, key := c.id, c.spec.Key
	r.actions[action.ID].underWay = true
	operators.Go(func() {
		var ran taken
		var err error
		switch {
		case action.Step != "":
			err = r.step(ctx, id, action.Step == demos.StepRest)
		case len(action.Exec) > 0:
			ran, err = r.exec(ctx, id, action.Exec)
		default:
			err = r.lab.options.Engine.Update(ctx, id, limits)
		}
		// Answered once the run knows it: who asks again then is not too early.
		// Where the run is over, its closing answers.
		r.tell(ctx, func(r *run) {
			state := r.actions[action.ID]
			state.underWay = false
			if err == nil {
				*state = ran
				state.at = time.Now()
				if action.Range != nil {
					chosen := action.Value()
					if request.value != nil {
						chosen = *request.value
					}
					state.value = &chosen
				}
				r.subject(key).asked = merged(r.subject(key).asked, limits)
			}
			request.answer <- err
		})
	})
}

// step lets the making of a container go on.
func (r *run) step(ctx context.Context, id string, rest bool) error {
	stepper, able := r.lab.options.Engine.(Stepper)
	if !able {
		return sentence(ErrUnavailable, "This engine makes a container at once; start Porthole with --engine builtin to see it made step by step.")
	}
	return stepper.Step(ctx, id, rest)
}

// exec runs a workload inside a container, and reads its last word.
func (r *run) exec(ctx context.Context, id string, workload []string) (taken, error) {
	ended, err := r.lab.options.Engine.Exec(ctx, id, append([]string{"/porthole", "workload"}, workload...))
	if err != nil {
		return taken{}, err
	}
	ran := taken{exitCode: &ended.ExitCode}
	for line := range bytes.Lines(ended.Output) {
		report, ok := parseReport(line)
		if !ok {
			continue
		}
		ran.says = cmp.Or(report.Says, ran.says)
		if report.Result != nil {
			ran.result = report.Result
		}
	}
	return ran, nil
}

// merged puts the limits of an update over those asked for before.
func merged(before, update demos.Limits) demos.Limits {
	set := func(old *demos.Bytes, value demos.Bytes) {
		if value != 0 {
			*old = value
		}
	}
	if update.CPUs != 0 {
		before.CPUs = update.CPUs
	}
	if update.CPUShares != 0 {
		before.CPUShares = update.CPUShares
	}
	if update.CPUSet != "" {
		before.CPUSet = update.CPUSet
	}
	if update.Pids != 0 {
		before.Pids = update.Pids
	}
	set(&before.Memory, update.Memory)
	set(&before.MemoryReservation, update.MemoryReservation)
	set(&before.MemorySwap, update.MemorySwap)
	return before
}
