package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

// tell hands an event to the run's goroutine; false when the run is over.
func (r *run) tell(ctx context.Context, e event) bool {
	select {
	case r.events <- e:
		return true
	case <-ctx.Done():
		return false
	}
}

// begin loads the image and starts an operator for each container.
func (r *run) begin(ctx context.Context, operators *sync.WaitGroup) {
	image, err := r.lab.options.Engine.EnsureImage(ctx)
	if err != nil {
		r.tell(ctx, failed("The workload image could not be loaded", err))
		return
	}
	r.tell(ctx, func(r *run) { r.image, r.progress = image, "Creating the containers." })
	for _, c := range r.containers {
		operators.Go(func() { r.operate(ctx, c.spec, c.gates) })
	}
}

// gates are closed as a container gets that far; exiting opens all of them,
// so that nobody waits for one that ended early.
type gates struct {
	created, running, done, exited chan struct{}
}

func newGates() *gates {
	return &gates{make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})}
}

func open(gate chan struct{}) {
	select {
	case <-gate:
	default:
		close(gate)
	}
}

func (g *gates) state(name string) chan struct{} {
	switch name {
	case "running":
		return g.running
	case "done":
		return g.done
	}
	return g.exited
}

// operate takes one container from its creation to its exit. It touches the
// run only through events, and the gates, which it alone opens.
func (r *run) operate(ctx context.Context, spec *demos.Container, own *gates) {
	defer func() {
		for _, gate := range []chan struct{}{own.created, own.running, own.done, own.exited} {
			open(gate)
		}
	}()
	wait := func(gate chan struct{}) bool {
		select {
		case <-gate:
			return ctx.Err() == nil
		case <-ctx.Done():
			return false
		}
	}
	// A container that joins another's namespace can only be created once
	// that one runs; the others are created at once, to be seen waiting.
	for _, key := range spec.Joins() {
		if !wait(r.gatesOf(key).running) {
			return
		}
	}
	engine := r.lab.options.Engine
	ttl := time.Duration(r.lesson.Max) + margin
	began := time.Now()
	id, err := engine.Create(ctx, r.id, r.lesson, *spec, ttl)
	if err != nil {
		r.tell(ctx, failed(fmt.Sprintf("The container %s could not be created", spec.Title), err))
		return
	}
	open(own.created)
	took := time.Since(began)
	r.tell(ctx, func(r *run) {
		r.subject(spec.Key).createdIn = took
		r.subject(spec.Key).created(id)
	})
	if spec.After != "" && !wait(r.gatesOf(spec.After).state(spec.AfterState)) {
		return
	}
	began = time.Now()
	if spec.StepByStep {
		r.tell(ctx, func(r *run) {
			r.subject(spec.Key).making = true
			r.advance()
		})
	}
	if err := engine.Start(ctx, id); err != nil {
		r.tell(ctx, failed(fmt.Sprintf("The container %s could not be started", spec.Title), err))
		return
	}
	open(own.running)
	started := time.Now()
	r.tell(ctx, func(r *run) {
		r.subject(spec.Key).startAsked = began
		r.subject(spec.Key).started(started)
		r.advance()
	})
	if now, err := engine.Inspect(ctx, id); err == nil {
		r.tell(ctx, func(r *run) { r.subject(spec.Key).inspected(now) })
	}
	r.attend(ctx, spec.Key, id, own)
}

func (r *run) gatesOf(key string) *gates { return r.subject(key).gates }

// attend follows a running container's reports until it has exited. While the
// engine is away it waits: the run decides when that has lasted too long.
func (r *run) attend(ctx context.Context, key, id string, own *gates) {
	engine := r.lab.options.Engine
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := engine.Follow(ctx, id, func(line []byte) {
			report, ok := parseReport(line)
			if !ok {
				return
			}
			if r.tell(ctx, func(r *run) {
				told := report
				told.At = r.clock.tell(report.At)
				r.subject(key).reported(told)
			}) && report.Porthole == wire.ReportDone {
				open(own.done)
			}
		})
		if ctx.Err() != nil {
			return
		}
		now, problem := engine.Inspect(ctx, id)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(problem, ErrNoContainer):
			r.tell(ctx, func(r *run) { r.subject(key).vanished(time.Now()) })
			return
		case problem == nil && (now.State == "exited" || now.State == "dead"):
			r.tell(ctx, func(r *run) { r.subject(key).exited(now, time.Now()) })
			return
		}
		if err != nil {
			r.lab.options.Log.Debug("a container's output broke off", "run", r.id, "container", key, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// failed is the event that ends a run with a problem: the sentence that the
// engine gave, behind what it means for the lesson.
func failed(what string, err error) event {
	return func(r *run) {
		if r.problem == "" {
			r.problem = what + ": " + strings.TrimSuffix(err.Error(), ".") + "."
		}
	}
}

// advance says in words how far the run is.
func (r *run) advance() {
	if r.state != wire.RunStarting && r.state != wire.RunRunning {
		return
	}
	waiting := []string{}
	held := []string{}
	for _, c := range r.containers {
		switch {
		case c.held():
			held = append(held, c.spec.Title)
		case c.startedAt.IsZero():
			waiting = append(waiting, c.spec.Title)
		}
	}
	r.state, r.progress = wire.RunRunning, ""
	if len(held) > 0 {
		r.progress = "Half made, and waiting for you: " + strings.Join(held, ", ") + "."
		return
	}
	if len(waiting) > 0 {
		r.progress = "Not started yet: " + strings.Join(waiting, ", ") + "."
	}
}

// parseReport reads one line of a container's output, if it is a report.
func parseReport(line []byte) (wire.Report, bool) {
	line = bytes.TrimSpace(line)
	var report wire.Report
	if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &report) != nil {
		return report, false
	}
	switch report.Porthole {
	case wire.ReportInside, wire.ReportProgress, wire.ReportDone, wire.ReportFailed:
		return report, true
	}
	return report, false
}
