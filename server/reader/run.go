package reader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"porthole/server/sampler"
	"porthole/server/wire"
)

// How often, and for how long at most, it is tried again to have a helper that
// was lost.
const (
	triesPerConnection = 5
	pauseFirst         = 500 * time.Millisecond
)

// askAgain is how long a container that is not among the processes that we see
// is left before it is looked for again. While none is, only the engine's own
// changes wake Run, so that a server with nothing to do rests.
const askAgain = 500 * time.Millisecond

// Run reads until ctx ends. It takes another way whenever the engine comes or
// goes, or the present one turns out not to work.
func (r *Reader) Run(ctx context.Context) error {
	nudges, cancel := r.options.Sampler.Engine.Changes()
	defer cancel()
	losses := 0
	for {
		way := r.choose()
		r.turnTo(way)
		r.change(func() { r.going = true })
		began := time.Now()
		going, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- r.take(going, way) }()
		doubtful := r.suspect(way)
		var err error
		for err == nil {
			var again <-chan time.Time
			if doubtful {
				again = time.After(askAgain)
			}
			select {
			case err = <-ended:
				if err == nil {
					err = errors.New("it has ended")
				}
			case <-nudges:
			case <-again:
			}
			if ctx.Err() == nil && err == nil {
				doubtful = r.suspect(way)
				next := r.choose()
				if next != way && next.mode == way.mode {
					way = next
					r.turnTo(way)
				}
				if next.mode != way.mode {
					stop()
					<-ended
					err = errTurn
				}
			}
			if ctx.Err() != nil && err == nil {
				stop()
				<-ended
				err = ctx.Err()
			}
		}
		stop()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errTurn):
			losses = 0
		case way.mode != wire.ReaderContainer:
			return err // a way of our own never ends by itself
		default:
			if time.Since(began) > time.Minute {
				losses = 0
			}
			losses++
			if err := r.lost(ctx, err, losses); err != nil {
				return err
			}
		}
	}
}

var errTurn = errors.New("another way is taken")

// lost decides what follows from the loss of a helper.
func (r *Reader) lost(ctx context.Context, err error, losses int) error {
	if r.options.Sampler.Engine.State().State != wire.EngineUp {
		return nil // it went with the engine
	}
	if r.options.Final(err) || losses >= triesPerConnection {
		r.log.Warn("no reader container can be had", "error", err)
		r.mu.Lock()
		r.refused = err
		r.mu.Unlock()
		return nil
	}
	r.log.Info("the reader container is started again", "error", err)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pauseFirst << (losses - 1)):
		return nil
	}
}

// take goes one way until ctx ends.
func (r *Reader) take(ctx context.Context, w way) error {
	switch w.mode {
	case wire.ReaderContainer:
		return r.byContainer(ctx)
	case wire.ReaderEngine:
		api := newOverAPI(r)
		r.mu.Lock()
		r.api = api
		r.mu.Unlock()
		defer func() {
			r.mu.Lock()
			r.api = nil
			r.mu.Unlock()
		}()
		return api.run(ctx)
	}
	// A new one each time: a sampler that has run has closed its files.
	local, err := sampler.New(r.options.Sampler)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.spent, r.local = sum(r.spent, r.local.Cost()), local
	r.mu.Unlock()
	return local.Run(ctx)
}

// byContainer reads through a helper until it or ctx ends.
func (r *Reader) byContainer(ctx context.Context) error {
	started, err := r.options.Start(ctx, r.arguments()...)
	if err != nil {
		return err
	}
	away := newAway(r, started)
	r.change(func() {
		r.away, r.greeted = away, false
		r.now.Container, r.now.Command = started.Name, started.Command
	})
	err = away.run(ctx)
	r.change(func() {
		r.away, r.greeted, r.spent = nil, false, sum(r.spent, away.cost)
		r.now.Container, r.now.Command = "", ""
	})
	if says := started.Complaint(); says != "" && ctx.Err() == nil {
		err = fmt.Errorf("%w: %s", err, says)
	}
	return err
}

// arguments are those of our program in a helper container.
func (r *Reader) arguments() []string {
	interval := r.options.Sampler.Interval
	if interval == 0 {
		interval = 100 * time.Millisecond
	}
	return []string{"reader", "--interval", interval.String()}
}
