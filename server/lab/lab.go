package lab

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

// Engine is what the lab needs of the container engine. Every call has a
// deadline of its own beside the context's.
type Engine interface {
	// State says whether it answers.
	State() wire.Engine
	// EnsureImage loads the workload image where it is missing, and names it.
	EnsureImage(ctx context.Context) (name string, err error)
	// Create makes a container without starting it. The container ends by
	// itself after ttl, whatever becomes of us.
	Create(ctx context.Context, run string, lesson demos.Lesson, c demos.Container, ttl time.Duration) (id string, err error)
	Start(ctx context.Context, id string) error
	// Update changes limits of a living container.
	Update(ctx context.Context, id string, limits demos.Limits) error
	// Exec runs a program inside a living container and waits for its end. A
	// program that fails is no error.
	Exec(ctx context.Context, id string, argv []string) (Executed, error)
	// Follow calls line with each line of output from the beginning on, until
	// the container has exited.
	Follow(ctx context.Context, id string, line func([]byte)) error
	// Inspect says how a container stands; ErrNoContainer where there is none.
	Inspect(ctx context.Context, id string) (Inspection, error)
	// RemoveRun removes all that carries the run's label. It is no error when
	// nothing does.
	RemoveRun(ctx context.Context, run string) error
}

// Stepper is an Engine that makes containers step by step (StepByStep in a
// lesson): its Start of one returns when the last step has been taken.
type Stepper interface {
	// Step lets the making of a container go on, by one step or by all the rest,
	// and returns when they are taken.
	Step(ctx context.Context, id string, rest bool) error
}

// Executed is what a program inside a container printed, and how it ended.
type Executed struct {
	Output   []byte
	ExitCode int
}

// Inspection is how a container stands, by the engine's word.
type Inspection struct {
	Name string
	// State is created, running, paused, exited or dead.
	State string
	// StartedAt and FinishedAt are zero where it has not come to that.
	StartedAt, FinishedAt time.Time
	// ExitCode and OOMKilled mean something once it has exited.
	ExitCode  int
	OOMKilled bool
}

// Observation is one thing that the kernel readers saw: one field is set.
type Observation struct {
	Topology *wire.Topology
	Sample   *wire.Sample
	Gone     *wire.Gone
}

// Watch is a subscription to observations.
type Watch interface {
	// Ready nudges when Take has something.
	Ready() <-chan struct{}
	// Take returns what was seen since the last call, oldest first, and how
	// many observations were lost.
	Take() (seen []Observation, missed uint64)
	// Rest says that the full rate is needed no more.
	Rest()
	Close()
}

// Watcher opens subscriptions. A Watch begins with the latest topology, and
// while it is open and does not rest, the samples come at the full rate.
type Watcher interface {
	Watch() Watch
}

// Options are what a Lab needs.
type Options struct {
	Engine  Engine
	Watcher Watcher
	// Lessons returns the lessons as they are loaded now.
	Lessons func() []demos.Lesson
	// Publish is called with each change of a run. It must not block.
	Publish func(wire.Run)
	// Host is what is known of the machine now.
	Host func() wire.Host
	// Lacks says why this host does not have one of demos.Needs, in a
	// sentence; "" where it has it. Nil: it has everything.
	Lacks func(need string) string
	// Image names the workload image for the commands of the catalogue; ""
	// where it is not known yet. Nil: never known.
	Image func() string
	// Disk names the disk under the engine's volumes, such as /dev/vda; ""
	// where it is not known. Nil: never known.
	Disk func() string
	Log  *slog.Logger
	// MaxRuns is how many runs may be under way at once (default 4).
	MaxRuns int
	// MaxEnded is how many ended runs are remembered (default 64).
	MaxEnded int
}

// The errors that callers tell apart, with errors.Is. What is returned wraps
// one of them in a sentence.
var (
	ErrNoLesson       = errors.New("there is no such lesson")                 // 404
	ErrNoRun          = errors.New("there is no such run")                    // 404
	ErrNoAction       = errors.New("the lesson has no such action")           // 404
	ErrValue          = errors.New("the action takes no such value")          // 400
	ErrNotNow         = errors.New("the action cannot be taken now")          // 409
	ErrAlreadyRunning = errors.New("the lesson is running already")           // 409
	ErrUnavailable    = errors.New("this host cannot run the lesson")         // 422
	ErrTooMany        = errors.New("too many runs are under way")             // 429
	ErrNoEngine       = errors.New("no engine answers")                       // 503
	ErrClosed         = errors.New("the server is stopping, or not up yet")   // 503
	ErrNoContainer    = errors.New("the engine has no such container (more)") // from Engine.Inspect
)

// AlreadyRunning is the ErrAlreadyRunning that names the run under way.
type AlreadyRunning struct {
	Lesson, ID string
}

func (e *AlreadyRunning) Error() string {
	return fmt.Sprintf("The lesson %s is running already, as run %s; watch that one, or stop it first.", e.Lesson, e.ID)
}

// Is makes it an ErrAlreadyRunning.
func (e *AlreadyRunning) Is(target error) bool { return target == ErrAlreadyRunning }

// Lab runs lessons.
type Lab struct {
	options  Options
	sequence atomic.Uint64

	mu sync.Mutex
	// base is the context of Run; nil before it and after it.
	base  context.Context
	runs  map[string]*run
	order []string // of all in runs, oldest first
	group sync.WaitGroup
}

// New checks the options. It starts nothing.
func New(o Options) *Lab {
	o.MaxRuns = cmp.Or(o.MaxRuns, 4)
	o.MaxEnded = cmp.Or(o.MaxEnded, 64)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Lacks == nil {
		o.Lacks = func(string) string { return "" }
	}
	if o.Disk == nil {
		o.Disk = func() string { return "" }
	}
	if o.Image == nil {
		o.Image = func() string { return "" }
	}
	return &Lab{options: o, runs: map[string]*run{}}
}

// Run owns every run of a lesson. When ctx ends it stops them, waits until
// their containers are removed (or cannot be, for lack of an engine), and
// returns ctx's error.
func (l *Lab) Run(ctx context.Context) error {
	l.mu.Lock()
	l.base = ctx
	l.mu.Unlock()
	<-ctx.Done()
	l.mu.Lock()
	l.base = nil // no new ones
	l.mu.Unlock()
	l.group.Wait()
	return ctx.Err()
}

// Start begins a run of a lesson and returns it as soon as it is registered.
// ctx is that of the request, and ends no run.
func (l *Lab) Start(_ context.Context, slug string) (wire.Run, error) {
	lesson, err := l.lesson(slug)
	if err != nil {
		return wire.Run{}, err
	}
	if state := l.options.Engine.State(); state.State != wire.EngineUp {
		return wire.Run{}, sentence(ErrNoEngine, cmp.Or(state.Problem, "The container engine has not answered yet; try again in a moment."))
	}
	if reason := l.unavailable(lesson); reason != "" {
		return wire.Run{}, sentence(ErrUnavailable, reason)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.base == nil || l.base.Err() != nil {
		return wire.Run{}, sentence(ErrClosed, "The server is stopping, or not up yet; try again in a moment.")
	}
	busy := 0
	for _, r := range l.runs {
		if r.over() {
			continue
		}
		if busy++; r.lesson.Slug == slug {
			return wire.Run{}, &AlreadyRunning{Lesson: slug, ID: r.id}
		}
	}
	if busy >= l.options.MaxRuns {
		return wire.Run{}, sentence(ErrTooMany, fmt.Sprintf("%d lessons are under way, which is the most at once; stop one of them first.", busy))
	}
	r := l.newRun(lesson)
	l.runs[r.id] = r
	l.order = append(l.order, r.id)
	l.forget()
	message := r.publish()
	base := l.base
	l.group.Go(func() { r.live(base) })
	return message, nil
}

// forget drops the oldest ended runs above the bound. l.mu is held.
func (l *Lab) forget() {
	ended := 0
	for i := len(l.order) - 1; i >= 0; i-- {
		r := l.runs[l.order[i]]
		if !r.over() {
			continue
		}
		if ended++; ended > l.options.MaxEnded {
			delete(l.runs, r.id)
			l.order = slices.Delete(l.order, i, i+1)
		}
	}
}

func (l *Lab) lesson(slug string) (demos.Lesson, error) {
	for _, lesson := range l.options.Lessons() {
		if lesson.Slug == slug {
			return lesson, nil
		}
	}
	return demos.Lesson{}, sentence(ErrNoLesson, fmt.Sprintf("There is no lesson %q; the catalogue lists those that there are.", slug))
}

func (l *Lab) find(id string) (*run, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.runs[id]; r != nil {
		return r, nil
	}
	return nil, sentence(ErrNoRun, fmt.Sprintf("There is no run %q, or it ended so long ago that it is forgotten.", id))
}

// Get returns a run as it stands, with what was last seen of its containers.
func (l *Lab) Get(id string) (wire.Run, bool) {
	r, err := l.find(id)
	if err != nil {
		return wire.Run{}, false
	}
	return r.whole(), true
}

// Runs returns all runs that are remembered, oldest first.
func (l *Lab) Runs() []wire.Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]wire.Run, 0, len(l.order))
	for _, id := range l.order {
		all = append(all, l.runs[id].snapshot())
	}
	return all
}

// Stop ends a run and waits until all that it made is removed, or until ctx
// ends, which does not call the stop back. Stopping an ended run does nothing.
func (l *Lab) Stop(ctx context.Context, id string) error {
	r, err := l.find(id)
	if err != nil {
		return err
	}
	r.stopOnce.Do(func() { close(r.stop) })
	select {
	case <-r.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Act takes an action that the lesson defines, and returns when it has taken
// effect on the engine. The value is for an action with a range; nil takes the
// lesson's own.
func (l *Lab) Act(ctx context.Context, id, action string, value *float64) error {
	r, err := l.find(id)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(r.lesson.Actions, func(a demos.Action) bool { return a.ID == action })
	if at < 0 {
		return sentence(ErrNoAction, fmt.Sprintf("The lesson %s has no action %q.", r.lesson.Slug, action))
	}
	if _, err := r.lesson.Actions[at].With(value); err != nil {
		return sentence(ErrValue, strings.ToUpper(err.Error()[:1])+err.Error()[1:]+".")
	}
	over := sentence(ErrNotNow, "The run is over, so nothing can be done to its containers; start the lesson again.")
	request := actRequest{action: action, value: value, answer: make(chan error, 1)}
	select {
	case r.acts <- request:
	case <-r.closing:
		return over
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-request.answer:
		return err
	case <-r.closing:
		return over
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Inside is what a container last reported of itself, by its name on the
// engine; nil where it has not, or where its run is over.
func (l *Lab) Inside(containerName string) *wire.View {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.order) - 1; i >= 0; i-- {
		if r := l.runs[l.order[i]]; !r.over() {
			if view := r.inside(containerName); view != nil {
				return view
			}
		}
	}
	return nil
}

// sentence makes an error of one sentence that is (errors.Is) kind.
func sentence(kind error, says string) error { return &said{kind: kind, says: says} }

type said struct {
	kind error
	says string
}

func (s *said) Error() string { return s.says }
func (s *said) Unwrap() error { return s.kind }

// newID is a run's name: random, so that no two servers on one engine choose
// the same.
func newID() string { return rand.Text()[:12] }
