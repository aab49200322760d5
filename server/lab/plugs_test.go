package lab_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"porthole/demos"
	"porthole/server/engine"
	"porthole/server/lab"
	"porthole/server/sampler"
	"porthole/server/wire"
)

// What main does to make them fit.

// labPlug is the real engine, to which not all may get through of what the lab
// asks.
type labPlug struct {
	*engine.Docker
	losses map[string]loss // by lesson

	mu      sync.Mutex
	lessons map[string]string // by container
}

// loss is what does not reach the engine, though the lab has asked for it: a
// tool that forgets a flag, an engine that is slow or that takes another image.
type loss struct {
	create func(*demos.Container)
	update func(*demos.Limits)
	// start is how much longer a start takes.
	start time.Duration
	// image are the containers that are made from another image.
	image map[string]bool
}

func (l *labPlug) Create(ctx context.Context, run string, lesson demos.Lesson, c demos.Container, ttl time.Duration) (string, error) {
	lost, docker := l.losses[lesson.Slug], l.Docker
	if lost.create != nil {
		lost.create(&c)
	}
	if lost.image[c.Key] {
		other, done, err := otherImage(ctx)
		if err != nil {
			return "", err
		}
		defer done()
		docker = other
	}
	id, err := docker.Create(ctx, run, lesson, c, ttl)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lessons[id] = lesson.Slug
	return id, err
}

func (l *labPlug) of(id string) loss {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.losses[l.lessons[id]]
}

func (l *labPlug) Start(ctx context.Context, id string) error {
	select {
	case <-time.After(l.of(id).start):
		return l.Docker.Start(ctx, id)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *labPlug) Update(ctx context.Context, id string, limits demos.Limits) error {
	if lost := l.of(id); lost.update != nil {
		lost.update(&limits)
	}
	return l.Docker.Update(ctx, id, limits)
}

// otherImage is the engine with another program, and so with another workload image.
func otherImage(ctx context.Context) (docker *engine.Docker, done func(), err error) {
	docker, err = engine.NewDocker(engine.Options{Scope: scope, Executable: otherProgram})
	if err != nil {
		return nil, nil, err
	}
	return docker, func() { docker.Close() }, docker.Connect(ctx)
}

func (l *labPlug) Exec(ctx context.Context, id string, argv []string) (lab.Executed, error) {
	result, err := l.Docker.Exec(ctx, id, argv)
	return lab.Executed{Output: result.Stdout, ExitCode: result.ExitCode}, err
}

func (l *labPlug) Inspect(ctx context.Context, id string) (lab.Inspection, error) {
	c, err := l.Docker.Inspect(ctx, id)
	if errors.Is(err, engine.ErrNoSuchContainer) {
		err = lab.ErrNoContainer
	}
	return lab.Inspection{Name: c.Name, State: c.State, StartedAt: c.StartedAt, FinishedAt: c.FinishedAt, ExitCode: c.ExitCode, OOMKilled: c.OOMKilled}, err
}

type enginePlug struct{ *engine.Docker }

func (e enginePlug) Subjects() []sampler.Subject {
	var all []sampler.Subject
	for _, c := range e.Containers() {
		one := sampler.Subject{Container: wire.Container{Name: c.Name, ID: c.ID, Key: c.Key, Order: c.Order, Lesson: c.Lesson, Run: c.Run, State: c.State, PID: c.PID, Image: c.Image}}
		if !c.StartedAt.IsZero() {
			one.Container.StartedAt, one.Container.OOMKilled = c.StartedAt.UnixMilli(), &c.OOMKilled
		}
		for _, event := range c.Events {
			one.Container.Events = append(one.Container.Events, wire.Event{At: event.At.UnixMilli(), What: event.What, ExitCode: event.ExitCode})
		}
		limits := &one.Container.Limits
		for name, limit := range map[string]**wire.Limit{
			"cpu": &limits.CPU, "cpuWeight": &limits.CPUWeight, "cpuSet": &limits.CPUSet, "memory": &limits.Memory,
			"memorySwap": &limits.MemorySwap, "memoryReservation": &limits.MemoryReservation, "pids": &limits.Pids, "io": &limits.IO,
		} {
			if text := c.Asked.HostConfig[name]; text != "" {
				*limit = &wire.Limit{HostConfig: text}
			}
		}
		if c.State == "exited" {
			one.ExitCode, one.OOMKilled = &c.ExitCode, &c.OOMKilled
		}
		all = append(all, one)
	}
	return all
}

type watcherPlug struct {
	sampler func() *sampler.Sampler
	told    func(*wire.Host)
}

func (w watcherPlug) Watch() lab.Watch { return watchPlug{w.sampler().Watch(), w.told} }

type watchPlug struct {
	*sampler.Watch
	told func(*wire.Host)
}

func (w watchPlug) Take() (seen []lab.Observation, missed uint64) {
	taken, missed := w.Watch.Take()
	for _, o := range taken {
		if o.Topology != nil { // others see the same one
			changed := *o.Topology
			w.told(&changed.Host.Host)
			o.Topology = &changed
		}
		seen = append(seen, lab.Observation(o))
	}
	return seen, missed
}
