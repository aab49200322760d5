//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"porthole/server/wire"
)

// verifyReport is what verify --json prints.
type verifyReport struct {
	Host    wire.Host       `json:"host"`
	Lessons []verifyOutcome `json:"lessons"`
	// Held, Failed and Unknown count verdicts; Surprises, those that fail
	// though this kernel is expected to make them hold.
	Held      int `json:"held"`
	Failed    int `json:"failed"`
	Unknown   int `json:"unknown"`
	Surprises int `json:"surprises"`
}

// verifyOutcome is one lesson's run.
type verifyOutcome struct {
	Lesson  string       `json:"lesson"`
	Title   string       `json:"title"`
	Seconds float64      `json:"seconds"`
	Claims  []wire.Claim `json:"claims"`
	// Unavailable says why this host cannot run the lesson.
	Unavailable string `json:"unavailable,omitempty"`
	// Problem says why the lesson could not be run or watched to its end. It
	// counts among the surprises.
	Problem string `json:"problem,omitempty"`
}

// engineWait is how long verify waits for an engine before it says that none
// answers.
const engineWait = 15 * time.Second

// verify runs lessons without a browser and prints each claim's verdict.
func verify(ctx context.Context, c config, stdout, stderr io.Writer) (int, error) {
	house, err := build(c, stderr, headless{})
	if err != nil {
		return exitUsage, err
	}
	slugs, err := chooseLessons(c.lessons, classroom{house.lab, house.shelf}.Catalogue())
	if err != nil {
		return exitUsage, err
	}
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	house.runAll(ctx, group)

	code := exitOK
	var interrupted error // apart: the others' word of the end may come first
	group.Go(func() error {
		defer cancel() // the work is done: the others may go home
		var err error
		if code, err = house.ready(ctx, c.patience); err != nil {
			return err
		}
		report := verifyReport{Host: house.reader.Host(), Lessons: verifyAll(ctx, house, slugs, c.patience, stderr)}
		report.count()
		if report.Surprises > 0 {
			code = exitFails
		}
		if ctx.Err() != nil {
			interrupted = fmt.Errorf("interrupted after %d of %d lessons: what was started has been removed", len(report.Lessons), len(slugs))
		}
		return report.write(stdout, c.json)
	})
	if err := cmp.Or(finish(group.Wait()), interrupted); err != nil {
		return max(code, exitFails), err
	}
	return code, nil
}

// ready waits until lessons can be run: an engine answers, and it is settled who
// reads the kernel. Else the exit code and the error say why not.
func (h *house) ready(ctx context.Context, patience float64) (int, error) {
	engine, err := h.awaitEngine(ctx, patiently(engineWait, patience))
	switch {
	case err != nil:
		return exitOK, err
	case engine.State != wire.EngineUp:
		return exitNoEngine, fmt.Errorf("%s%s", engine.Problem, mend(engine.Fix))
	}
	settling, settled := context.WithTimeout(ctx, engineWait)
	defer settled()
	h.reader.Settled(settling)
	return exitOK, nil
}

// patiently is a time that a slow machine is given so many times over.
func patiently(d time.Duration, patience float64) time.Duration {
	return time.Duration(float64(d) * max(patience, 1))
}

func mend(fix string) string {
	if fix == "" {
		return ""
	}
	return " To mend it: " + fix
}

// chooseLessons checks the slugs asked for; none means all.
func chooseLessons(asked []string, catalogue []wire.Lesson) ([]string, error) {
	var all []string
	for _, lesson := range catalogue {
		if lesson.Section == brokenSection {
			if slices.Contains(asked, lesson.Slug) {
				return nil, fmt.Errorf("the lesson %s cannot be used: %s", lesson.Slug, lesson.Unavailable)
			}
			continue
		}
		all = append(all, lesson.Slug)
	}
	if len(asked) == 0 {
		return all, nil
	}
	for _, slug := range asked {
		if !slices.Contains(all, slug) {
			return nil, fmt.Errorf("unknown lesson %q: there are %v", slug, all)
		}
	}
	return asked, nil
}

// sideBySide is how many lessons run at once, of those that do not disturb
// each other.
const sideBySide = 3

// verifyAll runs the lessons: first those that do not mind company, then one
// by one those that measure time or processors. The outcomes are in the
// chapter's order; where ctx ends, they are those of the lessons that were run to
// their end before it. Where patience is needed (more than 1), all run one by one.
func verifyAll(ctx context.Context, house *house, slugs []string, patience float64, progress io.Writer) []verifyOutcome {
	quiet := map[string]bool{}
	for _, lesson := range house.shelf.Lessons() {
		quiet[lesson.Slug] = lesson.Quiet
	}
	outcomes := make([]verifyOutcome, len(slugs))
	var gone atomic.Bool
	var mu sync.Mutex // guards done and progress
	done := 0
	one := func(i int) {
		if ctx.Err() != nil {
			return
		}
		// An engine that was lost over one lesson may be back for the next; one
		// that did not come back is not waited for again.
		if !gone.Load() {
			engine, err := house.awaitEngine(ctx, patiently(engineWait, patience))
			gone.Store(err != nil || engine.State != wire.EngineUp)
		}
		outcome := verifyLesson(ctx, house, slugs[i])
		if ctx.Err() != nil {
			return // it was cut short, which says nothing of its claims
		}
		outcomes[i] = outcome
		mu.Lock()
		defer mu.Unlock()
		done++
		fmt.Fprintf(progress, "%d of %d: %s, %s\n", done, len(slugs), slugs[i], outcomes[i].inShort())
	}
	var together errgroup.Group
	together.SetLimit(sideBySide)
	if patience > 1 {
		together.SetLimit(1) // a slow machine has no time for three at once
	}
	for i, slug := range slugs {
		if !quiet[slug] {
			together.Go(func() error {
				one(i)
				return nil
			})
		}
	}
	together.Wait()
	for i, slug := range slugs {
		if quiet[slug] {
			one(i)
		}
	}
	return slices.DeleteFunc(outcomes, func(o verifyOutcome) bool { return o.Lesson == "" })
}

// verifyLesson runs one lesson until its last verdict, and cleans up.
func verifyLesson(ctx context.Context, house *house, slug string) verifyOutcome {
	began := time.Now()
	outcome := verifyOutcome{Lesson: slug}
	var actions []wire.Action
	for _, lesson := range house.lab.Catalogue() {
		if lesson.Slug == slug {
			outcome.Title, outcome.Claims, actions = lesson.Title, lesson.Claims, lesson.Actions
			outcome.Unavailable = lesson.Unavailable
		}
	}
	if outcome.Unavailable != "" {
		for i := range outcome.Claims {
			outcome.Claims[i].Verdict, outcome.Claims[i].Reason = wire.Unknown, outcome.Unavailable
		}
		return outcome
	}
	run, err := house.lab.Start(ctx, slug)
	if err != nil {
		outcome.Problem = err.Error()
		return outcome
	}
	run, trouble := house.attend(ctx, run, actions)
	outcome.Claims, outcome.Problem = run.Claims, cmp.Or(run.Problem, trouble)
	outcome.Seconds = time.Since(began).Round(10 * time.Millisecond).Seconds()
	// The next lesson must find the engine as this one did.
	if !run.State.Ended() {
		if err := house.lab.Stop(context.WithoutCancel(ctx), run.ID); err != nil {
			outcome.Problem = err.Error()
		}
		house.runs.await(ctx, run, func(r wire.Run) bool { return r.State.Ended() })
	}
	return outcome
}

// judged reports whether every claim of a run has its verdict.
func judged(run wire.Run) bool {
	return !slices.ContainsFunc(run.Claims, func(c wire.Claim) bool { return c.Verdict == wire.Pending })
}
