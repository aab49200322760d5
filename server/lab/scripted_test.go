package lab

import (
	"context"
	"errors"
	"sync"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

// scriptedEngine is an engine that does what the real one cannot be made to
// do at the right moment: dies between two calls, refuses, answers late. The
// tests with the real one are in real_test.go.
type scriptedEngine struct {
	mu   sync.Mutex
	away bool
	// create, update and remove may fail or wait; nil: they succeed.
	create  func(ctx context.Context, key string) error
	update  func(ctx context.Context) error
	remove  func() error
	exec    func(ctx context.Context, id string, argv []string) (Executed, error)
	removed []string       // runs
	made    map[string]int // containers by run, until removed
	lines   map[string]chan []byte
	exits   map[string]Inspection
}

var errEngineAway = errors.New("the engine does not answer")

func (e *scriptedEngine) setAway(away bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.away = away
}

func (e *scriptedEngine) State() wire.Engine {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.away {
		return wire.Engine{State: wire.EngineDown, Problem: "Nothing answers; start the engine."}
	}
	return wire.Engine{State: wire.EngineUp}
}

func (e *scriptedEngine) EnsureImage(context.Context) (string, error) {
	return "porthole-workload:x", nil
}

func (e *scriptedEngine) Create(ctx context.Context, run string, _ demos.Lesson, c demos.Container, _ time.Duration) (string, error) {
	if e.create != nil {
		if err := e.create(ctx, c.Key); err != nil {
			return "", err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.made == nil {
		e.made, e.lines, e.exits = map[string]int{}, map[string]chan []byte{}, map[string]Inspection{}
	}
	e.made[run]++
	e.lines[c.Key] = make(chan []byte, 16)
	return c.Key, nil
}

func (e *scriptedEngine) Start(context.Context, string) error { return nil }

func (e *scriptedEngine) Update(ctx context.Context, _ string, _ demos.Limits) error {
	if e.update != nil {
		return e.update(ctx)
	}
	return nil
}

func (e *scriptedEngine) output(id string) chan []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lines[id]
}

// exit ends a container.
func (e *scriptedEngine) exit(id string, code int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.exits[id] = Inspection{State: "exited", FinishedAt: time.Now(), ExitCode: code}
	close(e.lines[id])
}

func (e *scriptedEngine) Follow(ctx context.Context, id string, line func([]byte)) error {
	output := e.output(id)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case text, more := <-output:
			if !more {
				return nil
			}
			line(text)
		}
	}
}

func (e *scriptedEngine) Inspect(_ context.Context, id string) (Inspection, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.away {
		return Inspection{}, errEngineAway
	}
	if exit, ok := e.exits[id]; ok {
		return exit, nil
	}
	return Inspection{State: "running", StartedAt: time.Now()}, nil
}

func (e *scriptedEngine) RemoveRun(_ context.Context, run string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.away {
		return errEngineAway
	}
	if e.remove != nil {
		if err := e.remove(); err != nil {
			return err
		}
	}
	e.removed = append(e.removed, run)
	delete(e.made, run)
	return nil
}

func (e *scriptedEngine) left() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.made)
}

// silent is a Watcher that sees nothing.
type silent struct{}

func (silent) Watch() Watch                  { return silent{} }
func (silent) Ready() <-chan struct{}        { return nil }
func (silent) Rest()                         {}
func (silent) Take() ([]Observation, uint64) { return nil, 0 }
func (silent) Close()                        {}

func (e *scriptedEngine) Exec(ctx context.Context, id string, argv []string) (Executed, error) {
	if e.exec != nil {
		return e.exec(ctx, id, argv)
	}
	return Executed{}, nil
}
