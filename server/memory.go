package main

import (
	"context"
	"runtime/debug"
	"time"
)

// collectAt is how much memory may have been left behind, in percent of what is
// in use, before it is collected: half of Go's own 100. With 1,000 viewers most
// of what is in use stays as it is, and the collector seldom runs.
const collectAt = 50

// frugal sets it, unless the user has said otherwise with GOGC.
func frugal(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}

// restAfter is for how long nobody has to look before memory is given back.
const restAfter = 5 * time.Second

// giveBack calls free each time that nobody has looked for a while, first after
// the start: what that took, or the audience, is the machine's again. By itself
// Go keeps a part for a next time, which may never come.
func giveBack(ctx context.Context, watched func() (bool, <-chan struct{}), free func()) error {
	for {
		someone, changed := watched()
		var rest <-chan time.Time
		if !someone {
			rest = time.After(restAfter)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
			continue
		case <-rest:
			free()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
