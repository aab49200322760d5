package lab

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

const (
	// beat is how often deadlines are looked at when nothing else happens.
	beat = 200 * time.Millisecond
	// settle is how long a reading may be late, once the moment to judge a
	// claim has come: a report still in the engine's pipe, a last sample.
	settle = 2 * time.Second
	// absence is how long the engine may be away before a run is given up.
	absence = 2 * time.Second
	// farewell is how long the kernel readers may take to say the last word
	// on a container that the engine calls exited.
	farewell = 1500 * time.Millisecond
	// lastEvent is how long the engine may take to send the event of an exit
	// that it has told of when asked.
	lastEvent = 10 * time.Second
	// margin is added to a run's longest time to make its containers' time to
	// live: they end by themselves only where we did not end them.
	margin = time.Minute
)

// run is one run of a lesson. Its fields down to the mutex are written by the
// goroutine in live alone.
type run struct {
	lab    *Lab
	id     string
	lesson demos.Lesson

	state      wire.RunState
	progress   string
	problem    string
	startedAt  time.Time
	endedAt    time.Time
	image      string
	containers []*subject
	clock      steadyClock
	claims     []*judged
	actions    map[string]*taken
	host       demos.Host
	foreign    map[string]bool // the names of containers that are not Porthole's
	awaySince  time.Time       // since when the engine has been away
	allExited  time.Time       // since when all containers have exited
	allJudged  time.Time       // since when no claim is pending

	stop     chan struct{}
	stopOnce sync.Once
	acts     chan actRequest
	events   chan event
	closing  chan struct{} // closed when nothing more can be done to it
	ended    chan struct{} // closed when it is over and removed

	mu       sync.Mutex
	latest   wire.Run
	kept     *wire.Seen // as of the last container's end so far
	views    map[string]*wire.View
	finished bool
}

// event is what an operator tells its run. It is applied in live.
type event func(*run)

// outcome is how the live part of a run ended.
type outcome struct {
	state wire.RunState
	// problem is the sentence for the reader; empty where all went well.
	problem string
	// unjudged is why claims still pending cannot be told.
	unjudged string
}

func (l *Lab) newRun(lesson demos.Lesson) *run {
	r := &run{
		lab: l, id: newID(), lesson: lesson,
		state: wire.RunStarting, progress: "Loading the workload image into the engine.",
		startedAt: time.Now(), image: cmp.Or(l.options.Image(), "porthole-workload"),
		actions: map[string]*taken{}, host: l.host(),
		stop: make(chan struct{}), acts: make(chan actRequest), events: make(chan event, 64),
		closing: make(chan struct{}), ended: make(chan struct{}),
		views: map[string]*wire.View{},
	}
	for i := range lesson.Containers {
		r.containers = append(r.containers, newSubject(&lesson.Containers[i], lesson.Slug))
	}
	claims := pendingClaims(lesson, r.host)
	for i := range lesson.Claims {
		r.claims = append(r.claims, &judged{claim: &lesson.Claims[i], message: claims[i]})
	}
	for _, action := range lesson.Actions {
		r.actions[action.ID] = &taken{}
	}
	return r
}

// live runs the lesson from its first container to its last left-over.
func (r *run) live(base context.Context) {
	ctx, cancel := context.WithCancel(base)
	defer cancel()
	watch := r.lab.options.Watcher.Watch()
	var operators sync.WaitGroup
	operators.Go(func() { r.begin(ctx, &operators) })
	how := r.follow(ctx, watch, &operators)
	r.keep()
	watch.Close()
	close(r.closing)
	cancel()
	operators.Wait()

	for _, claim := range r.claims {
		claim.decideUnknown(how.unjudged)
	}
	r.problem = how.problem
	r.state, r.progress = wire.RunStopping, "Removing what the lesson made."
	if how.state == wire.RunFailed && r.engineAway() {
		r.state, r.progress = wire.RunFailed, "Waiting for the engine to answer again, to remove what is left of this run."
	}
	r.publish()
	left := r.clean(base)
	for _, c := range r.containers {
		c.removed(left == nil)
		c.line.points = nil // what is kept of them is kept thinned
	}
	r.state, r.progress, r.endedAt = how.state, "", time.Now()
	if left != nil {
		r.state = wire.RunFailed
		r.problem = strings.TrimSpace(r.problem + " What the run made could not be removed (" + left.Error() + "); it ends by itself, and the next start of Porthole removes it.")
	}
	r.mu.Lock()
	r.finished = true
	r.views = nil
	r.mu.Unlock()
	r.publish()
	close(r.ended)
}

// follow is the live part: it takes in all that happens until the run's end.
func (r *run) follow(ctx context.Context, watch Watch, operators *sync.WaitGroup) outcome {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	ended := 0
	for {
		select {
		case <-ctx.Done():
			return outcome{state: wire.RunStopped, unjudged: "The server stopped before this could be judged."}
		case <-r.stop:
			return outcome{state: wire.RunStopped, unjudged: "The run was stopped before this could be judged."}
		case <-watch.Ready():
			seen, missed := watch.Take()
			if missed > 0 {
				r.lab.options.Log.Warn("a run lost observations", "run", r.id, "missed", missed)
			}
			for _, observation := range seen {
				r.observe(observation)
			}
		case apply := <-r.events:
			apply(r)
		case request := <-r.acts:
			r.act(ctx, request, operators)
		case <-ticker.C:
		}
		how, over := r.consider(time.Now())
		if ends := r.ends(); ends != ended {
			ended = ends
			r.keep()
		}
		if over {
			return how
		}
		if !r.allJudged.IsZero() {
			watch.Rest() // what is left is to be looked at, not judged
		}
		r.publish()
	}
}

// consider judges what can be judged, and says whether the run is over.
func (r *run) consider(now time.Time) (outcome, bool) {
	if r.problem != "" {
		return outcome{state: wire.RunFailed, problem: r.problem, unjudged: "The run failed before this could be judged."}, true
	}
	if away := r.engineAway(); away != !r.awaySince.IsZero() {
		r.awaySince = since(r.awaySince, now, away)
		for _, c := range r.containers {
			c.engineTurned(away, now)
		}
	} else if away && now.Sub(r.awaySince) >= absence {
		says := "The engine went away in the middle of the run: " + cmp.Or(r.lab.options.Engine.State().Problem, "it no longer answers.")
		return outcome{state: wire.RunFailed, problem: says, unjudged: "The engine went away before this could be judged."}, true
	}
	for _, c := range r.containers {
		c.tick(now)
	}
	if lost := r.titles(func(c *subject) bool { return c.lost }); lost != "" {
		says := "The engine went away in the middle of the run, and came back without " + lost + "."
		return outcome{state: wire.RunFailed, problem: says, unjudged: "The engine went away before this could be judged."}, true
	}
	r.allExited = since(r.allExited, now, r.every((*subject).over))
	r.judge(now)
	r.allJudged = since(r.allJudged, now, r.verdictsComplete())

	longest := time.Duration(r.lesson.Max)
	switch {
	case now.Sub(r.startedAt) >= longest:
		return outcome{state: wire.RunFinished, unjudged: fmt.Sprintf("The run reached its longest time, %s, before this could be judged.", longest)}, true
	case r.allJudged.IsZero() || r.lesson.Stays && r.allExited.IsZero():
		return outcome{}, false
	}
	how := outcome{state: wire.RunFinished}
	if stopped := r.titles((*subject).stopped); r.lesson.Stays && stopped != "" {
		how = outcome{state: wire.RunStopped, problem: "Stopped from outside: " + stopped + "."}
	}
	return how, now.Sub(r.allJudged) >= time.Duration(r.lesson.Linger)
}

// titles names the containers that have something in common; empty where none has.
func (r *run) titles(common func(*subject) bool) string {
	var titles []string
	for _, c := range r.containers {
		if common(c) {
			titles = append(titles, c.spec.Title)
		}
	}
	last := len(titles) - 1
	if last < 1 {
		return strings.Join(titles, "")
	}
	return strings.Join(titles[:last], ", ") + " and " + titles[last]
}

// since keeps the moment from which a condition has been true without a break.
func since(before, now time.Time, holds bool) time.Time {
	switch {
	case !holds:
		return time.Time{}
	case before.IsZero():
		return now
	}
	return before
}

func (r *run) every(condition func(*subject) bool) bool {
	for _, c := range r.containers {
		if !condition(c) {
			return false
		}
	}
	return true
}

func (r *run) verdictsComplete() bool {
	for _, claim := range r.claims {
		if claim.message.Verdict == wire.Pending {
			return false
		}
	}
	return true
}

func (r *run) engineAway() bool { return r.lab.options.Engine.State().State != wire.EngineUp }

// subject returns a container of the lesson by its key.
func (r *run) subject(key string) *subject {
	for _, c := range r.containers {
		if c.spec.Key == key {
			return c
		}
	}
	return nil
}

// observe takes in what the kernel readers saw of this run's containers.
func (r *run) observe(o Observation) { r.observed(o, time.Now()) }

// observed takes it in as of a moment, by the clock that nobody sets.
func (r *run) observed(o Observation, now time.Time) {
	switch {
	case o.Topology != nil:
		r.host = hostFacts(o.Topology.Host.Host, o.Topology.Host.Namespaces)
		r.foreign = map[string]bool{}
		for i := range o.Topology.Containers {
			c := &o.Topology.Containers[i]
			r.foreign[c.Name] = c.Foreign
			if c.Foreign || c.Run != r.id {
				continue
			}
			if subject := r.subject(c.Key); subject != nil {
				subject.word = word{
					there: true, events: c.Events, kernelLog: c.KernelLog, mute: o.Topology.Host.KernelLogReason,
					oomKilled: c.OOMKilled, image: imageOf(o.Topology.Images, c.Image),
				}
				if len(c.Steps) > 0 {
					subject.steps = c.Steps
				}
				subject.seen(c, r.clock.tell(o.Topology.At))
			}
		}
	case o.Sample != nil:
		at := r.clock.sample(o.Sample.At, now)
		for _, subject := range r.containers {
			if counters, ok := o.Sample.Containers[subject.name]; ok && !r.foreign[subject.name] {
				subject.sampled(at, o.Sample.At, counters)
			}
		}
	case o.Gone != nil && o.Gone.Run == r.id:
		for _, subject := range r.containers {
			if subject.name == o.Gone.Name {
				subject.goneWith(o.Gone)
			}
		}
	}
}

func imageOf(images []wire.Image, name string) *wire.Image {
	for i := range images {
		if images[i].Name == name {
			return &images[i]
		}
	}
	return nil
}

// over reports whether nothing of the run is left.
func (r *run) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.finished
}

func (r *run) snapshot() wire.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.latest
}

func (r *run) inside(name string) *wire.View {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.views[name]
}

// publish sends the run's message if it differs from the last one.
func (r *run) publish() wire.Run {
	message := wire.Run{
		ID: r.id, Lesson: r.lesson.Slug, State: r.state, Progress: r.progress, Problem: r.problem,
		StartedAt: r.startedAt.UnixMilli(), EndsBy: r.startedAt.Add(time.Duration(r.lesson.Max)).UnixMilli(),
		Containers: make([]wire.RunContainer, 0, len(r.containers)), Claims: make([]wire.Claim, 0, len(r.claims)),
	}
	if !r.endedAt.IsZero() {
		message.EndedAt = r.endedAt.UnixMilli()
	}
	for _, c := range r.containers {
		message.Containers = append(message.Containers, c.message(r.lesson, r.image, r.lab.options.Disk()))
	}
	for _, claim := range r.claims {
		message.Claims = append(message.Claims, claim.message)
	}
	if r.state == wire.RunRunning {
		message.Actions = r.offered()
	}
	r.mu.Lock()
	if !r.finished {
		for _, c := range r.containers {
			if c.view != nil && c.name != "" {
				r.views[c.name] = c.view
			}
		}
	}
	before := r.latest
	message.Header = before.Header
	if reflect.DeepEqual(before, message) {
		r.mu.Unlock()
		return before
	}
	message.Header = wire.Header{Type: wire.TypeRun, Seq: r.lab.sequence.Add(1), At: time.Now().UnixMilli()}
	r.latest = message
	r.mu.Unlock()
	if r.lab.options.Publish != nil {
		r.lab.options.Publish(message)
	}
	return message
}
