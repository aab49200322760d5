package builtin

import (
	"context"
	"os"
	"slices"
	"sync"
	"time"

	"porthole/server/wire"
)

// stepping is the making of a container that waits before each step until
// somebody asks for it.
type stepping struct {
	asks chan request
	// gaveUp is closed when the container is to be removed before it is made.
	gaveUp chan struct{}
	// over is closed when no further step will be taken.
	over           chan struct{}
	giveUp, finish sync.Once

	// What follows belongs to the goroutine that takes the steps.
	answers chan<- error // of who asked for the step under way
	rest    bool         // nobody is waited for any more
}

// request asks for the next step, or for all the rest.
type request struct {
	rest   bool
	answer chan error // capacity 1
}

func newStepping() *stepping {
	return &stepping{asks: make(chan request), gaveUp: make(chan struct{}), over: make(chan struct{})}
}

// Step lets the making of a container go on that waits before each step: by one
// step, or by all the rest. It returns when they are taken.
func (e *Engine) Step(ctx context.Context, id string, rest bool) error {
	b, err := e.find(id)
	if err != nil {
		return err
	}
	if b.stepping == nil {
		return fail(ErrRefused, nil, "the container %s is not made step by step; start a lesson that is", b.name)
	}
	ask := request{rest: rest, answer: make(chan error, 1)}
	over := fail(ErrRefused, nil, "the container %s has no step left to be taken; start the lesson again", b.name)
	select {
	case b.stepping.asks <- ask:
	case <-b.stepping.over:
		return over
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-ask.answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// await waits until the next step is asked for.
func (s *stepping) await(ctx context.Context) error {
	if s.rest {
		return nil
	}
	select {
	case ask := <-s.asks:
		s.answers, s.rest = ask.answer, ask.rest
		return nil
	case <-s.gaveUp:
		return fail(ErrRefused, nil, "the container was removed before it was made")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// reply tells who asked that it is done, unless he has asked for more.
func (s *stepping) reply(err error, last bool) {
	if s.answers != nil && (!s.rest || last) {
		s.answers <- err
		s.answers = nil
	}
}

// progress looks on while a container is made: it waits where it has to, and
// notes what each step changed.
type progress struct {
	box    *box
	making *building
	// was is the process' portrait before the step under way began.
	was   []feature
	began time.Time
}

func (p *progress) before(ctx context.Context, number int, _ Step) error {
	if p.box.stepping == nil {
		return nil
	}
	if err := p.box.stepping.await(ctx); err != nil {
		return err
	}
	if p.was == nil { // there is no process yet: it comes of ours
		p.was = portrait(os.Getpid(), p.box.groups)
	}
	p.began = time.Now()
	return nil
}

func (p *progress) after(number int, step Step, detail string, calls []call) error {
	b := p.box
	took := time.Since(p.began)
	if number == 0 {
		b.change(func(c *Container) { c.PID = p.making.pid() })
	}
	if b.stepping != nil {
		p.note(number, detail, took, calls)
	}
	var err error
	if b.engine.options.Step != nil {
		err = b.engine.options.Step(b.says.ID, step, detail)
	}
	// Who asked for the last one hears of it when the container runs.
	if b.stepping != nil && err == nil && number < len(b.says.Steps)-1 {
		b.stepping.reply(nil, false)
	}
	return err
}

// note writes down what a step did.
func (p *progress) note(number int, detail string, took time.Duration, calls []call) {
	now := portrait(p.making.pid(), p.box.groups)
	changes := differences(p.was, now, number == 0)
	p.was = now
	p.box.change(func(c *Container) {
		c.Steps = slices.Clone(c.Steps) // the old list has been handed out
		done := &c.Steps[number]
		done.Done, done.Detail, done.TookUsec, done.Changes = true, detail, wire.Counted(uint64(took.Microseconds())), changes
		for _, each := range calls[:min(len(calls), wire.MaxCalls)] {
			done.Calls = append(done.Calls, wire.SystemCall{Text: each.Text, Source: sourceLine(each.File, each.Line)})
		}
	})
}

// toCome are all steps, none taken.
func toCome() []wire.MakingStep {
	var all []wire.MakingStep
	for _, step := range Steps() {
		all = append(all, wire.MakingStep{Name: step.Name, Call: step.Call, Says: step.Says, Source: step.source()})
	}
	return all
}
