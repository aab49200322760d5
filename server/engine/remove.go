package engine

import (
	"context"

	"porthole/server/wire"
)

// CleanReport names what Clean removed.
type CleanReport struct {
	Containers, Volumes, Networks, Images []string
}

// Remove removes a container by force, with its anonymous volumes. One that is
// not there is no error.
func (d *Docker) Remove(ctx context.Context, id string) error {
	return fail(ErrDown, nil, "not there yet")
}

// RemoveRun removes everything of a run. It may be called again.
func (d *Docker) RemoveRun(ctx context.Context, run string) error {
	return fail(ErrDown, nil, "not there yet")
}

// Clean removes everything that Porthole ever made on this engine.
func (d *Docker) Clean(ctx context.Context) (CleanReport, error) {
	return CleanReport{}, fail(ErrDown, nil, "not there yet")
}

func (d *Docker) sweep(ctx context.Context, l *link, known map[string]Container) error { return nil }

// Doctor says what the engine can and cannot do for the lessons.
func (d *Docker) Doctor(ctx context.Context) []wire.Check { return nil }
