package lab

import (
	"slices"

	"porthole/server/wire"
)

// NextAction is the action of a lesson that is to be taken next by somebody who
// lets a run take its course, or "": the first that was not taken, once it is on
// offer and no claim is left that could be judged without it.
func NextAction(run wire.Run, actions []wire.Action, taken map[string]bool) string {
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
