//go:build linux

package main

import (
	"context"
	"fmt"

	"porthole/server/lab"
	"porthole/server/wire"
)

// attend stays with a run until its last verdict, and takes the lesson's
// actions meanwhile, as somebody at the page would. The problem says which of
// them could not be taken.
func (h *house) attend(ctx context.Context, run wire.Run, actions []wire.Action) (last wire.Run, problem string) {
	taken := map[string]bool{}
	for {
		run = h.runs.await(ctx, run, func(r wire.Run) bool {
			return r.State.Ended() || judged(r) || lab.NextAction(r, actions, taken) != ""
		})
		next := lab.NextAction(run, actions, taken)
		if next == "" || ctx.Err() != nil || run.State.Ended() {
			return run, problem
		}
		taken[next] = true
		if err := h.lab.Act(ctx, run.ID, next, nil); err != nil && problem == "" {
			problem = fmt.Sprintf("The action %s could not be taken: %v", next, err)
		}
	}
}
