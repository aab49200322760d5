//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"porthole/demos"
	"porthole/server/doctor"
	"porthole/server/engine"
	kernellog "porthole/server/kernel/log"
	"porthole/server/lab"
	"porthole/server/reader"
	"porthole/server/sampler"
	"porthole/server/wire"
	"porthole/server/workload"
)

// audience is who hears of what is seen: the stream's hub, or nobody.
type audience interface {
	sampler.Publisher
	Run(wire.Run)
}

// headless is the audience of a command without a browser.
type headless struct{}

func (headless) Topology(wire.Topology)           {}
func (headless) Sample(wire.Sample)               {}
func (headless) Gone(wire.Gone)                   {}
func (headless) Run(wire.Run)                     {}
func (headless) Watched() (bool, <-chan struct{}) { return false, nil }

// house is all rooms, wired.
type house struct {
	log    *slog.Logger
	engine containers
	reader *reader.Reader
	// kernelLog is what the kernel writes of kills.
	kernelLog *kernellog.Reader
	lab       *lab.Lab
	shelf     *shelf
	runs      *board
	image     atomic.Pointer[string] // the workload image's name, once loaded
}

// build wires the rooms. It asks nothing of anybody yet, so that the page can
// be served while there is no engine.
func build(c config, stderr io.Writer, to audience) (*house, error) {
	h := &house{log: newLog(c.logFormat, stderr), runs: newBoard()}
	h.shelf = newShelf(c.demos, h.log)

	var err error
	h.engine, err = chooseEngine(c.engine, engine.Options{
		Log:  h.log,
		Also: c.also,
		// A slow machine's engine is late to answer, and not gone.
		Patience: c.patience,
		// Measured once, so that the same work is the same in every container.
		Environment: map[string]string{workload.EnvRounds: strconv.FormatUint(workload.Calibrate(), 10)},
	})
	if err != nil {
		return nil, err
	}
	h.kernelLog = kernellog.New("/dev/kmsg")
	if h.reader, err = newReader(c, h, to); err != nil {
		return nil, err
	}
	h.lab = lab.New(lab.Options{
		Engine:  h.engine,
		Watcher: watcherPlug{h.reader},
		Lessons: func() []demos.Lesson { return patient(h.shelf.Lessons(), c.patience) },
		Host:    h.reader.Host,
		Lacks:   h.lacks,
		Image: func() string {
			if name := h.image.Load(); name != nil {
				return *name
			}
			return ""
		},
		Disk: func() string {
			disk, err := h.engine.Disk()
			if err != nil {
				return ""
			}
			return disk
		},
		Publish: func(run wire.Run) {
			h.runs.put(run)
			to.Run(run)
		},
		Log: h.log,
	})
	return h, nil
}

// runAll starts the rooms that have work of their own; group waits for them.
func (h *house) runAll(ctx context.Context, group *errgroup.Group) {
	// The engine outlives the lab and the reader, which still have to remove
	// what they made.
	engineCtx, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { return h.engine.Run(engineCtx) })
	group.Go(func() error { return h.kernelLog.Run(ctx) })
	var makers sync.WaitGroup
	makers.Add(2)
	group.Go(func() error {
		defer makers.Done()
		return h.reader.Run(ctx)
	})
	group.Go(func() error { return h.loadImage(ctx) })
	group.Go(func() error { return h.shelf.Run(ctx) })
	group.Go(func() error {
		defer makers.Done()
		return h.lab.Run(ctx)
	})
	group.Go(func() error {
		makers.Wait()
		stopEngine()
		return nil
	})
}

// loadImage puts the workload image into the engine as soon as it answers, so
// that the first click need not wait for it.
func (h *house) loadImage(ctx context.Context) error {
	changes, stop := h.engine.Changes()
	defer stop()
	tried := false // once for each time that the engine comes up
	for {
		up := h.engine.State().State == wire.EngineUp
		if up && !tried && h.engine.State().ObserveOnly == "" {
			name, err := h.engine.EnsureImage(ctx)
			if err == nil {
				h.image.Store(&name)
			} else if ctx.Err() == nil {
				h.log.Error("the workload image cannot be loaded", "error", err)
			}
		}
		tried = up
		select {
		case <-changes:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// awaitEngine waits until the engine answers, or for as long as told; it
// returns the last word about it.
func (h *house) awaitEngine(ctx context.Context, within time.Duration) (wire.Engine, error) {
	changes, stop := h.engine.Changes()
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		state := h.engine.State()
		if state.State == wire.EngineUp || state.State == wire.EngineForbidden || state.State == wire.EngineTooOld {
			return state, nil
		}
		select {
		case <-changes:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return state, nil
			}
			return state, ctx.Err()
		}
	}
}

// examine runs the doctor.
func (h *house) examine(ctx context.Context) wire.Doctor {
	way, facts := h.reader.Examine(ctx)
	return doctor.Report(ctx, facts, h.reader.Host(), h.engine, way)
}

// lacks says why a lesson's need is not met; "" where it is.
func (h *house) lacks(need string) string {
	if only := h.engine.State().ObserveOnly; only != "" {
		return only // whatever the kernel has, nothing can be started
	}
	if need == demos.NeedBuiltin {
		return lacksBuiltin(h.engine.State())
	}
	if reason := h.engine.Lacks(need); reason != "" || need == demos.NeedUsers {
		return reason // the kernel may have what the engine was not given
	}
	return h.reader.Lacks(need)
}

// lacksBuiltin says why a lesson cannot be run that only our own engine can run.
func lacksBuiltin(engine wire.Engine) string {
	if engine.Name == "builtin" {
		return ""
	}
	return fmt.Sprintf("It shows Porthole's own engine at work, and this Porthole uses %s; on Linux, start a second one with 'porthole serve --engine builtin --listen 127.0.0.1:8081', as root or without. The source of its steps can be read here all the same, at /source/steps.go.", engineWord(engine.Name))
}

func engineWord(name string) string {
	if name == "" {
		return "another"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// board keeps the latest word on each run, and lets one wait for it.
type board struct {
	mu      sync.Mutex
	latest  map[string]wire.Run
	changed chan struct{} // closed and replaced at each change
}

func newBoard() *board {
	return &board{latest: map[string]wire.Run{}, changed: make(chan struct{})}
}

func (b *board) put(run wire.Run) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.latest[run.ID] = run
	close(b.changed)
	b.changed = make(chan struct{})
}

// await returns the run once it is as wanted, or as it is when ctx ends.
func (b *board) await(ctx context.Context, run wire.Run, wanted func(wire.Run) bool) wire.Run {
	for {
		b.mu.Lock()
		if latest, ok := b.latest[run.ID]; ok {
			run = latest
		}
		changed := b.changed
		b.mu.Unlock()
		if wanted(run) {
			return run
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return run
		}
	}
}
