package lab

import (
	"context"
	"time"
)

// How a run removes what it made.
const (
	removal  = 20 * time.Second // for one attempt
	goodbye  = 10 * time.Second // for all attempts, once the server is stopping
	shortest = 100 * time.Millisecond
	longest  = 2 * time.Second // between two attempts
)

// clean removes all that the run made, trying again until it is done. Once
// the server is stopping it does not wait for an engine that is away.
func (r *run) clean(base context.Context) error {
	// The base's end must not cut off the removal, but bounds it.
	ctx, cancel := context.WithCancel(context.WithoutCancel(base))
	defer cancel()
	stop := context.AfterFunc(base, func() { time.AfterFunc(goodbye, cancel) })
	defer stop()
	stopping := base.Done()
	for pause := shortest; ; pause = min(2*pause, longest) {
		attempt, done := context.WithTimeout(ctx, removal)
		err := r.lab.options.Engine.RemoveRun(attempt, r.id)
		done()
		if err == nil {
			return nil
		}
		r.lab.options.Log.Warn("what a run made is not removed yet", "run", r.id, "error", err)
		if base.Err() != nil && r.engineAway() {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-stopping:
			stopping = nil // one attempt at once, then by the pause again
		case <-time.After(pause):
		}
	}
}
