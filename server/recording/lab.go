package recording

import (
	"context"
	"fmt"
	"slices"

	"porthole/server/wire"
)

// The methods here stand where the lab stands on a live server: a recording
// has lessons and runs, and does nothing.

// Catalogue is that of the recording. A lesson that it does not hold says so.
func (p *Player) Catalogue() []wire.Lesson {
	lessons := slices.Clone(p.Lessons)
	for i := range lessons {
		held := slices.ContainsFunc(p.replay.Chapters, func(c wire.Chapter) bool { return c.Lesson == lessons[i].Slug })
		lessons[i].Run = ""
		if !held && lessons[i].Unavailable == "" && len(lessons[i].Containers) > 0 {
			lessons[i].Unavailable = "This is a recording, and it does not hold this lesson: it runs where Porthole finds a Docker engine."
		}
	}
	return lessons
}

// Runs are those that have begun at this moment, oldest first.
func (p *Player) Runs() []wire.Run {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.runs)
}

// Get returns one of them.
func (p *Player) Get(id string) (wire.Run, bool) {
	for _, run := range p.Runs() {
		if run.ID == id {
			return run, true
		}
	}
	return wire.Run{}, false
}

// Start starts nothing: it returns ErrNothing.
func (p *Player) Start(context.Context, string) (wire.Run, error) { return wire.Run{}, refusal() }

// Stop stops nothing: it returns ErrNothing.
func (p *Player) Stop(context.Context, string) error { return refusal() }

// Act does nothing: it returns ErrNothing.
func (p *Player) Act(context.Context, string, string, *float64) error { return refusal() }

func refusal() error {
	return fmt.Errorf("%w: move along it with the player at the foot of the page", ErrNothing)
}
