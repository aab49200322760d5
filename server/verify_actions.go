package main

import (
	"context"
	"fmt"
	"slices"

	"porthole/server/wire"
)

// takeActions does what a reader of the lesson would: it takes each action, in
// the lesson's order, as soon as every claim is judged that waits neither for it
// nor for a later one, and the lesson offers it. It returns the run as it stands
// when all are taken, or when there is nothing left that waits for one.
func takeActions(ctx context.Context, house *house, run wire.Run, actions []wire.Action) (wire.Run, error) {
	for i, action := range actions {
		rest := actions[i:]
		waits := func(c wire.Claim) bool {
			return slices.ContainsFunc(rest, func(a wire.Action) bool { return slices.Contains(c.Awaits, a.ID) })
		}
		due := func(r wire.Run) bool {
			early := slices.ContainsFunc(r.Claims, func(c wire.Claim) bool { return c.Verdict == wire.Pending && !waits(c) })
			return !early && slices.Contains(r.Actions, action.ID)
		}
		run = house.runs.await(ctx, run, func(r wire.Run) bool { return r.State.Ended() || judged(r) || due(r) })
		if ctx.Err() != nil || run.State.Ended() || judged(run) {
			return run, nil
		}
		if err := house.lab.Act(ctx, run.ID, action.ID, nil); err != nil {
			return run, fmt.Errorf("the action %q could not be taken: %w", action.Title, err)
		}
	}
	return run, nil
}
