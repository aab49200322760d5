package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime/pprof"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"porthole/demos"
	"porthole/server/engine"
	"porthole/server/sampler"
	"porthole/server/stream"
	"porthole/server/wire"
)

// measure starts idle containers and prices the ways to watch them.
func measure(ctx context.Context, count int, each time.Duration, profile string) ([]figure, error) {
	return onEngine(ctx, func(ctx context.Context, another func() (*engine.Docker, error), binary string) ([]figure, error) {
		docker, err := another()
		if err != nil {
			return nil, err
		}
		if err := startIdle(ctx, docker, 0, count); err != nil {
			return nil, err
		}
		stopProfile, err := startProfile(profile)
		if err != nil {
			return nil, err
		}
		pipeline, err := pricePipeline(ctx, plug{docker}, each)
		stopProfile()
		if err != nil {
			return nil, err
		}
		unwatched, err := priceUnwatched(ctx, plug{docker}, each)
		if err != nil {
			return nil, err
		}
		stats, err := priceDockerStats(ctx, count, each)
		if err != nil {
			return nil, err
		}
		share, memory, err := priceIdle(ctx, binary, each)
		if err != nil {
			return nil, err
		}
		return []figure{
			{Name: fmt.Sprintf("CPU time per container and sample, whole pipeline, %d containers at 10 Hz", count), Got: pipeline, Unit: "µs", Goal: 90},
			{Name: "the same by docker stats (engine, containerd and client), at its 1 Hz", Got: stats, Unit: "µs"},
			{Name: "docker stats costs this many times as much", Got: stats / pipeline, Unit: "×"},
			{Name: fmt.Sprintf("processor used by sampling when nobody watches, %d containers at 1 Hz", count), Got: unwatched * 100, Unit: "% of a core", Goal: 0.5},
			{Name: "processor used by the whole server when nobody watches and nothing runs", Got: share * 100, Unit: "% of a core", Goal: 0.1},
			{Name: "memory of the same (resident)", Got: float64(memory) / 1e6, Unit: "MB", Goal: 30},
		}, nil
	})
}

// onEngine gives use the program that containers run and a way to make engines,
// and removes what was made on them.
func onEngine(ctx context.Context, use func(ctx context.Context, another func() (*engine.Docker, error), binary string) ([]figure, error)) ([]figure, error) {
	binary, err := buildServer(ctx)
	if err != nil {
		return nil, err
	}
	defer os.Remove(binary)
	// The engines stay when the measuring is interrupted: they have to remove
	// what was made.
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	group, working := errgroup.WithContext(working)
	var figures []figure
	group.Go(func() (err error) {
		defer cancel()
		var engines []*engine.Docker
		defer func() {
			for _, docker := range engines {
				_, failed := docker.Clean(working)
				err = errors.Join(err, failed)
			}
		}()
		another := func() (*engine.Docker, error) {
			docker, err := engine.NewDocker(engine.Options{
				Scope: fmt.Sprintf("bench-%d", len(engines)), Executable: binary, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				return nil, err
			}
			engines = append(engines, docker)
			group.Go(func() error { return docker.Run(working) })
			return docker, awaitUp(ctx, docker)
		}
		figures, err = use(ctx, another, binary)
		return err
	})
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	if figures == nil {
		return nil, errors.New("interrupted; what was started has been removed")
	}
	return figures, nil
}

func buildServer(ctx context.Context) (string, error) {
	file, err := os.CreateTemp("", "porthole-bench-")
	if err != nil {
		return "", err
	}
	file.Close()
	build := exec.CommandContext(ctx, "go", "build", "-o", file.Name(), "./server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the server does not build: %v: %s", err, out)
	}
	return file.Name(), nil
}

func awaitUp(ctx context.Context, docker *engine.Docker) error {
	changes, stop := docker.Changes()
	defer stop()
	for docker.State().State != wire.EngineUp {
		select {
		case <-changes:
		case <-time.After(15 * time.Second):
			return errors.New(docker.State().Problem)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// longest is how long a container stays if nobody removes it.
const longest = 20 * time.Minute

// perRun is how many containers one lesson may have.
const perRun = 10

// startIdle adds containers to an engine until there are count of them.
func startIdle(ctx context.Context, docker *engine.Docker, there, count int) error {
	changes, stop := docker.Changes()
	defer stop()
	var making errgroup.Group
	making.SetLimit(4)
	for i := there; i < count; i++ {
		lesson := demos.Lesson{Slug: fmt.Sprintf("bench-%d", i/perRun), Title: "bench"}
		container := demos.Container{
			Key: fmt.Sprintf("c%d", i%perRun), Order: i%perRun + 1, Workload: []string{"idle"},
			Limits: demos.Limits{Memory: 64 << 20, CPUs: 1, Pids: 32},
		}
		lesson.Containers = []demos.Container{container}
		making.Go(func() error {
			id, err := docker.Create(ctx, lesson.Slug, lesson, container, longest)
			if err != nil {
				return err
			}
			return docker.Start(ctx, id)
		})
	}
	if err := making.Wait(); err != nil {
		return err
	}
	for {
		running := 0
		for _, c := range docker.Containers() {
			if c.Running() {
				running++
			}
		}
		if running == count {
			return nil
		}
		select {
		case <-changes:
		case <-time.After(30 * time.Second):
			return fmt.Errorf("%d of %d containers are running", running, count)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// plug fits engines to the sampler's socket. They are all the same Docker: one
// server may have no more than engine.MaxContainers on it.
type plug []*engine.Docker

func (p plug) State() wire.Engine { return p[0].State() }

func (p plug) Subjects() []sampler.Subject {
	var subjects []sampler.Subject
	for _, docker := range p {
		for _, c := range docker.Containers() {
			subjects = append(subjects, sampler.Subject{Container: wire.Container{
				Name: c.Name, ID: c.ID, State: c.State, PID: c.PID, StartedAt: c.StartedAt.UnixMilli(),
			}})
		}
	}
	return subjects
}

func (p plug) Changes() (<-chan struct{}, func()) {
	nudge, over := make(chan struct{}, 1), make(chan struct{})
	var all sync.WaitGroup
	for _, docker := range p {
		changes, stop := docker.Changes()
		all.Go(func() {
			defer stop()
			for {
				select {
				case <-over:
					return
				case <-changes:
				}
				select {
				case nudge <- struct{}{}:
				default:
				}
			}
		})
	}
	return nudge, func() { close(over); all.Wait() }
}

// pricePipeline runs the real sampler into the real hub with one viewer, and
// returns the processor time of this process per container and sample, in
// microseconds.
func pricePipeline(ctx context.Context, engines plug, each time.Duration) (float64, error) {
	var micros float64
	err := withSampler(ctx, engines, func(ctx context.Context, s *sampler.Sampler, hub *stream.Hub) error {
		viewer := hub.Subscribe()
		defer viewer.Close()
		// The first frames open every file: that is paid once.
		for s.Cost().Ticks < 10 {
			if _, err := viewer.Next(ctx); err != nil {
				return err
			}
		}
		before, cpu := s.Cost(), ownCPU()
		ctx, cancel := context.WithTimeout(ctx, each)
		defer cancel()
		for {
			if _, err := viewer.Next(ctx); errors.Is(err, context.DeadlineExceeded) {
				break
			} else if err != nil {
				return err
			}
		}
		read := s.Cost().Containers - before.Containers
		if read == 0 {
			return errors.New("no container was sampled")
		}
		micros = float64((ownCPU() - cpu).Microseconds()) / float64(read)
		return nil
	})
	return micros, err
}

// priceUnwatched is the share of a core that the same takes with no viewer.
func priceUnwatched(ctx context.Context, engines plug, each time.Duration) (float64, error) {
	var share float64
	err := withSampler(ctx, engines, func(ctx context.Context, s *sampler.Sampler, _ *stream.Hub) error {
		if err := pause(ctx, 2*time.Second); err != nil { // past the opening of files
			return err
		}
		cpu, began := ownCPU(), time.Now()
		if err := pause(ctx, each); err != nil {
			return err
		}
		share = (ownCPU() - cpu).Seconds() / time.Since(began).Seconds()
		return nil
	})
	return share, err
}

func withSampler(ctx context.Context, engines plug, use func(context.Context, *sampler.Sampler, *stream.Hub) error) error {
	hub := stream.NewHub(stream.Options{})
	s, err := sampler.New(sampler.Options{Engine: engines, Publisher: hub, Interval: 100 * time.Millisecond})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Run(ctx) })
	group.Go(func() error {
		defer cancel()
		return use(ctx, s, hub)
	})
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func startProfile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		file.Close()
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		file.Close()
	}, nil
}
