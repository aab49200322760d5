package reader

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"porthole/server/doctor"
	"porthole/server/sampler"
	"porthole/server/wire"
)

// Helper is what the helper container's end needs.
type Helper struct {
	// Interval is the time between samples while somebody watches.
	Interval time.Duration
	// KernelLog is the kernel's own log, where this container may read it; its
	// owner runs it.
	KernelLog sampler.KernelLog
	// Facts are what the doctor finds, from here.
	Facts func(*sampler.Sampler) doctor.Facts
	// Quiet is how long to go on without a word from the server (default
	// 20 s).
	Quiet time.Duration
}

var (
	errQuiet = errors.New("the server has said nothing for too long: it is taken for dead")
	errSlow  = errors.New("the server takes nothing any more: it is taken for dead")
)

// Serve is the whole life of a helper: it is told over in who runs, and says on
// out what it sees. It returns nil when in ends, which is when the server does,
// and an error where it gives the server up. It closes in and out where they
// can be closed.
func Serve(ctx context.Context, in io.Reader, out io.Writer, h Helper) error {
	if h.Quiet == 0 {
		h.Quiet = quiet
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience := time.AfterFunc(h.Quiet, func() { cancel(errQuiet) })
	defer patience.Stop()
	for _, end := range []any{in, out} {
		if closer, ok := end.(io.Closer); ok {
			defer closer.Close()
		}
	}

	box := newOutbox()
	side := &engineSide{changes: make(chan struct{}, 1), turn: make(chan struct{}, 1), box: box}
	eye, err := sampler.New(sampler.Options{
		Engine: side, Publisher: side, Inside: side.inside, Images: side.images, Reader: side.reader,
		KernelLog: h.KernelLog, Interval: h.Interval,
	})
	if err != nil {
		return err
	}
	side.cost = eye.Cost

	group, ctx := errgroup.WithContext(ctx)
	// Not in the group: reading standard input and writing to standard output
	// cannot be ended by us. The process ends with them.
	ended := make(chan error, 2)
	first := make(chan struct{})
	go func() { ended <- side.listen(in, eye, h, patience, first) }()
	go func() { ended <- box.drain(ctx, out) }()
	group.Go(func() error {
		select {
		case err := <-ended:
			if err == nil {
				err = errEnd
			}
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	box.put(kindHello, hello{Host: eye.Host(), Facts: h.Facts(eye), At: time.Now().UnixMilli()})
	group.Go(func() error {
		// Before it is told who runs it would say that nobody does.
		select {
		case <-first:
			return eye.Run(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	err = group.Wait()
	switch {
	case errors.Is(context.Cause(ctx), errQuiet):
		return errQuiet
	case errors.Is(err, errEnd):
		return nil
	}
	return err
}

// errEnd says that the input has ended, as it should.
var errEnd = errors.New("the server has gone")

// engineSide is the sampler's neighbours, as far as the server tells of them.
type engineSide struct {
	changes, turn chan struct{}
	box           *outbox
	cost          func() sampler.Cost

	mu    sync.Mutex
	state state
}

// listen takes what the server says until it ends.
func (e *engineSide) listen(in io.Reader, eye *sampler.Sampler, h Helper, patience *time.Timer, first chan struct{}) error {
	var buffer []byte
	from := bufio.NewReaderSize(in, 64<<10)
	told := false
	for {
		k, payload, err := readFrame(from, &buffer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		patience.Reset(h.Quiet)
		switch k {
		case kindPing:
		case kindState:
			var next state
			if err := json.Unmarshal(payload, &next); err != nil {
				return fmt.Errorf("the server's word cannot be read: %w", err)
			}
			e.take(next)
			if !told {
				told = true
				close(first)
			}
		case kindAsk:
			var question ask
			if err := json.Unmarshal(payload, &question); err != nil {
				return fmt.Errorf("the server's question cannot be read: %w", err)
			}
			e.box.put(kindAnswer, reply(question, eye, h))
		default:
			return fmt.Errorf("the server sent a frame of kind %q, which none of ours has", k)
		}
	}
}

func reply(question ask, eye *sampler.Sampler, h Helper) answer {
	if question.Doctor {
		facts := h.Facts(eye)
		return answer{ID: question.ID, Facts: &facts}
	}
	provenance, err := eye.Source(question.Container, question.Field)
	if err != nil {
		return answer{ID: question.ID, Unknown: err.Error()}
	}
	return answer{ID: question.ID, Provenance: &provenance}
}

func (e *engineSide) take(next state) {
	e.mu.Lock()
	watched := e.state.Watched
	e.state = next
	e.mu.Unlock()
	nudge(e.changes)
	if watched != next.Watched {
		nudge(e.turn)
	}
}

// State, Subjects and Changes are the sampler's Engine.
func (e *engineSide) State() wire.Engine {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.Engine
}

func (e *engineSide) Subjects() []sampler.Subject {
	e.mu.Lock()
	defer e.mu.Unlock()
	subjects := make([]sampler.Subject, 0, len(e.state.Subjects))
	for _, one := range e.state.Subjects {
		subjects = append(subjects, sampler.Subject{Container: one.Container, ExitCode: one.ExitCode, OOMKilled: one.OOMKilled})
	}
	return subjects
}

func (e *engineSide) Changes() (<-chan struct{}, func()) { return e.changes, func() {} }

func (e *engineSide) inside(name string) *wire.View {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.IndexFunc(e.state.Subjects, func(one told) bool { return one.Container.Name == name })
	if i < 0 {
		return nil
	}
	return e.state.Subjects[i].Inside
}

func (e *engineSide) images() []wire.Image {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.Images
}

func (e *engineSide) reader() wire.Reader {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.Reader
}

// Topology, Sample, Gone and Watched are the sampler's Publisher.
func (e *engineSide) Topology(t wire.Topology) { e.box.put(kindTopology, t) }
func (e *engineSide) Gone(g wire.Gone)         { e.box.put(kindGone, g) }
func (e *engineSide) Sample(s wire.Sample)     { e.box.sample(s, e.cost()) }

func (e *engineSide) Watched() (bool, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.Watched, e.turn
}

// nudge fills a channel of capacity one, or leaves it full.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
