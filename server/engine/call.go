package engine

import (
	"context"
	"time"

	"github.com/docker/docker/client"
)

// How long the engine may take for a call, at most. These are generous, for
// busy machines: an engine that is gone or hung is noticed much earlier by the
// ping, which ends all calls.
const (
	timeoutLook   = 5 * time.Second  // inspect one of many, to be tried again
	timeoutRead   = 20 * time.Second // list, inspect
	timeoutChange = time.Minute      // create, start, update, kill, remove
	timeoutLoad   = 3 * time.Minute  // load an image of some tens of megabytes
	timeoutExec   = 30 * time.Second
	// timeoutMade is how long what is being made is waited for after nobody
	// wants it any more.
	timeoutMade = 10 * time.Second
)

// call runs one exchange with the engine under a deadline, and ends it at
// once when the link to the engine ends. what completes "could not …".
func (d *Docker) call(ctx context.Context, limit time.Duration, what string, exchange func(context.Context, *client.Client) error) error {
	l := d.current()
	if l == nil {
		return stateError(d.State(), nil)
	}
	return l.call(ctx, limit, what, exchange)
}

// call is Docker's, on one link. A limit of 0 is none: for streams, which end
// with ctx or the link.
func (l *link) call(ctx context.Context, limit time.Duration, what string, exchange func(context.Context, *client.Client) error) error {
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	limit = time.Duration(float64(limit) * max(l.patience, 1))
	if limit > 0 {
		working, cancel = context.WithTimeout(working, limit)
		defer cancel()
	}
	defer context.AfterFunc(l.ctx, cancel)()
	err := exchange(working, l.client)
	if err != nil && ctx.Err() == nil && l.ctx.Err() != nil {
		cause := context.Cause(l.ctx)
		return fail(ErrDown, cause, "could not %s: the engine went away meanwhile (%s)", what, oneLine(cause))
	}
	return explain(ctx, err, what, limit)
}

// callMaking is call for an exchange that makes something. An engine carries on
// where we hang up, and what it is still making cannot be found by those who
// then remove all. So the end of ctx cuts the exchange off some seconds later
// only, and is then the error: the caller removes what was made.
func (l *link) callMaking(ctx context.Context, what string, exchange func(context.Context, *client.Client) error) error {
	if ctx.Err() != nil {
		return explain(ctx, ctx.Err(), what, 0)
	}
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(timeoutMade):
			cancel()
		case <-working.Done():
		}
	})()
	err := l.call(working, timeoutChange, what, exchange)
	if ctx.Err() != nil {
		return explain(ctx, ctx.Err(), what, 0)
	}
	return err
}
