package recording

import (
	"context"
	"fmt"
	"sync"
	"time"

	"porthole/server/wire"
)

// The least and the most of a recording's seconds that pass in one second.
const speedLeast, speedMost = 0.25, 8

// Audience is who the recording is played to: the stream's hub.
type Audience interface {
	Topology(wire.Topology)
	Sample(wire.Sample)
	Run(wire.Run)
	Gone(wire.Gone)
	Replay(wire.Replay)
	Rewind(wire.Replay, *wire.Topology, []wire.Sample, []wire.Run)
	// Watched reports whether anybody looks, and nudges when that changes.
	Watched() (bool, <-chan struct{})
}

// Player plays one recording to all who watch. They see the same moment.
type Player struct {
	*Recording
	to      Audience
	changed chan struct{} // nudges Run

	mu     sync.Mutex
	replay wire.Replay
	since  time.Time // when replay.PositionMs was true
	jump   bool      // Run has not told the audience of the position yet
	told   bool      // of the rest
	next   int       // the event that comes next
	runs   []wire.Run
	idle   bool // nobody looks: time stands still
}

// NewPlayer returns a Player at the beginning of a recording. Nothing is
// played before Run, nor while nobody watches.
func NewPlayer(r *Recording, to Audience) *Player {
	p := &Player{Recording: r, to: to, changed: make(chan struct{}, 1), jump: true, idle: true}
	p.replay = wire.Replay{
		Header: wire.Header{Type: wire.TypeReplay}, Recording: r.Made, BeganAt: r.began, LengthMs: r.LengthMs(), Speed: 1, Chapters: r.Chapters(), Cut: r.Cut,
	}
	return p
}

// State is how it is being played now.
func (p *Player) State() wire.Replay {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settle(time.Now())
	return p.replay
}

// Change plays it otherwise. The error is ErrValue for a position outside of
// the recording, or a speed outside of 0.25 to 8.
func (p *Player) Change(wanted wire.ReplayRequest) (wire.Replay, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := wanted.PositionMs; at != nil && (*at < 0 || *at > p.replay.LengthMs) {
		return p.replay, fmt.Errorf("%w: the recording is %d ms long", ErrValue, p.replay.LengthMs)
	}
	if speed := wanted.Speed; speed != nil && !(*speed >= speedLeast && *speed <= speedMost) {
		return p.replay, fmt.Errorf("%w: the speed is a number from %v to %v", ErrValue, speedLeast, float64(speedMost))
	}
	p.settle(time.Now())
	if wanted.Speed != nil {
		p.replay.Speed = *wanted.Speed
	}
	if wanted.Paused != nil {
		p.replay.Paused = *wanted.Paused
		// Play, at the end, means from the beginning.
		if !p.replay.Paused && wanted.PositionMs == nil && p.replay.PositionMs >= p.replay.LengthMs {
			p.replay.PositionMs, p.jump = 0, true
		}
	}
	if wanted.PositionMs != nil {
		p.replay.PositionMs, p.jump = *wanted.PositionMs, true
	}
	p.told = false
	if p.jump {
		p.move() // at once: who asks next is to be told of there
	}
	p.nudge()
	return p.replay, nil
}

// move makes what was so at the position what is so now, and tells the
// audience. p.mu is held.
func (p *Player) move() {
	p.jump, p.told = false, true
	p.replay.Epoch++
	before := p.until(p.replay.PositionMs)
	p.next, p.runs = before.next, before.runs
	p.to.Rewind(p.replay, before.topology, before.samples, before.runs)
}

func (p *Player) nudge() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// settle brings the position up to now. p.mu is held.
func (p *Player) settle(now time.Time) {
	if p.replay.Paused || p.idle {
		p.since = now
		return
	}
	// What is left of a millisecond is kept for the next time.
	passed := int64(now.Sub(p.since).Seconds() * 1000 * p.replay.Speed)
	p.replay.PositionMs = min(p.replay.PositionMs+passed, p.replay.LengthMs)
	p.since = p.since.Add(time.Duration(float64(passed) / p.replay.Speed * float64(time.Millisecond)))
}

// SourceNow is what stood in the kernel file behind a figure at this moment.
func (p *Player) SourceNow(container, field string) (wire.Provenance, error) {
	return p.Recording.Source(container, field, p.State().PositionMs)
}

// Run plays until ctx ends.
func (p *Player) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		watched, change := p.to.Watched()
		wait := p.step(time.Now(), watched)
		if wait < 0 {
			timer.Stop()
		} else {
			timer.Reset(wait)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		case <-p.changed:
		case <-change:
		}
	}
}

// step publishes what is due, and returns the time until there is more to do;
// negative: none before a change.
func (p *Player) step(now time.Time, watched bool) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settle(now)
	if p.idle == watched {
		p.idle, p.since = !watched, now
		// Who comes when it has ended sees it from the beginning.
		if watched && p.replay.PositionMs >= p.replay.LengthMs {
			p.replay.PositionMs, p.replay.Paused, p.jump = 0, false, true
		}
	}
	switch {
	case p.jump:
		p.move()
	case !p.told:
		p.told = true
		p.to.Replay(p.replay)
	}
	for ; p.next < len(p.events) && p.events[p.next].at()-p.began <= p.replay.PositionMs; p.next++ {
		p.publish(p.events[p.next])
	}
	if p.replay.Paused || p.idle {
		return -1
	}
	if p.replay.PositionMs >= p.replay.LengthMs {
		p.replay.Paused = true
		p.to.Replay(p.replay)
		return -1
	}
	until := p.replay.LengthMs
	if p.next < len(p.events) {
		until = p.events[p.next].at() - p.began
	}
	left := float64(until-p.replay.PositionMs) / p.replay.Speed
	return max(time.Millisecond, time.Duration(left*float64(time.Millisecond))-now.Sub(p.since))
}

func (p *Player) publish(e entry) {
	switch {
	case e.Topology != nil:
		p.to.Topology(*e.Topology)
	case e.Sample != nil:
		p.to.Sample(*e.Sample)
	case e.Run != nil:
		p.remember(*e.Run)
		p.to.Run(*e.Run)
	case e.Gone != nil:
		p.to.Gone(*e.Gone)
	}
}

func (p *Player) remember(run wire.Run) {
	// A new slice each time: those who were given the last one still read it.
	runs := append([]wire.Run(nil), p.runs...)
	defer func() { p.runs = runs }()
	for i := range runs {
		if runs[i].ID == run.ID {
			runs[i] = run
			return
		}
	}
	runs = append(runs, run)
}
