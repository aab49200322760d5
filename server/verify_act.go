package main

import (
	"context"
	"fmt"
	"slices"

	"porthole/server/wire"
)

// attend stays with a run until its last verdict, and takes the lesson's
// actions meanwhile, as somebody at the page would. The problem says which of
// them could not be taken.
func (h *house) attend(ctx context.Context, run wire.Run, actions []wire.Action) (last wire.Run, problem string) {
	taken := map[string]bool{}
	for {
		run = h.runs.await(ctx, run, func(r wire.Run) bool {
			return r.State.Ended() || judged(r) || due(r, actions, taken) != ""
		})
		next := due(run, actions, taken)
		if next == "" || ctx.Err() != nil || run.State.Ended() {
			return run, problem
		}
		taken[next] = true
		if err := h.lab.Act(ctx, run.ID, next, nil); err != nil && problem == "" {
			problem = fmt.Sprintf("The action %s could not be taken: %v", next, err)
		}
	}
}

// due is the next action to be taken, or "": the first that was not, once it
// is on offer and no claim is left that could be judged without it.
func due(run wire.Run, actions []wire.Action, taken map[string]bool) string {
	waits := false
	for _, claim := range run.Claims {
		if claim.Verdict != wire.Pending {
			continue
		}
		if !slices.ContainsFunc(claim.Awaits, func(id string) bool { return !taken[id] }) {
			return ""
		}
		waits = true
	}
	for _, action := range actions {
		if !taken[action.ID] {
			if waits && slices.Contains(run.Actions, action.ID) {
				return action.ID
			}
			return "" // in their order
		}
	}
	return ""
}
