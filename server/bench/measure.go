package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime/pprof"
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
	binary, err := buildServer(ctx)
	if err != nil {
		return nil, err
	}
	defer os.Remove(binary)
	docker, err := engine.NewDocker(engine.Options{Scope: "bench", Executable: binary, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return docker.Run(ctx) })
	var figures []figure
	group.Go(func() error {
		defer cancel()
		if err := awaitUp(ctx, docker); err != nil {
			return err
		}
		// What was made goes away even when the measuring is interrupted.
		defer docker.Clean(context.WithoutCancel(ctx))
		if err := startIdle(ctx, docker, count); err != nil {
			return err
		}
		stopProfile, err := startProfile(profile)
		if err != nil {
			return err
		}
		pipeline, err := pricePipeline(ctx, docker, each)
		stopProfile()
		if err != nil {
			return err
		}
		unwatched, err := priceUnwatched(ctx, docker, each)
		if err != nil {
			return err
		}
		stats, err := priceDockerStats(ctx, count, each)
		if err != nil {
			return err
		}
		share, memory, err := priceIdle(ctx, binary, each)
		if err != nil {
			return err
		}
		figures = []figure{
			{Name: fmt.Sprintf("CPU time per container and sample, whole pipeline, %d containers at 10 Hz", count), Got: pipeline, Unit: "µs", Goal: 90},
			{Name: "the same by docker stats (engine, containerd and client), at its 1 Hz", Got: stats, Unit: "µs"},
			{Name: "docker stats costs this many times as much", Got: stats / pipeline, Unit: "×"},
			{Name: fmt.Sprintf("processor used by sampling when nobody watches, %d containers at 1 Hz", count), Got: unwatched * 100, Unit: "% of a core", Goal: 0.5},
			{Name: "processor used by the whole server when nobody watches and nothing runs", Got: share * 100, Unit: "% of a core", Goal: 0.1},
			{Name: "memory of the same (resident)", Got: float64(memory) / (1 << 20), Unit: "MiB", Goal: 30},
		}
		return nil
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

// perRun is how many containers one lesson may have.
const perRun = 10

func startIdle(ctx context.Context, docker *engine.Docker, count int) error {
	changes, stop := docker.Changes()
	defer stop()
	for i := range count {
		lesson := demos.Lesson{Slug: fmt.Sprintf("bench-%d", i/perRun), Title: "bench"}
		container := demos.Container{
			Key: fmt.Sprintf("c%d", i%perRun), Order: i%perRun + 1, Workload: []string{"idle"},
			Limits: demos.Limits{Memory: 64 << 20, CPUs: 1, Pids: 32},
		}
		lesson.Containers = []demos.Container{container}
		id, err := docker.Create(ctx, lesson.Slug, lesson, container, 10*time.Minute)
		if err != nil {
			return err
		}
		if err := docker.Start(ctx, id); err != nil {
			return err
		}
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

type plug struct{ *engine.Docker }

func (p plug) Subjects() []sampler.Subject {
	var subjects []sampler.Subject
	for _, c := range p.Containers() {
		subjects = append(subjects, sampler.Subject{Container: wire.Container{
			Name: c.Name, ID: c.ID, State: c.State, PID: c.PID, StartedAt: c.StartedAt.UnixMilli(),
		}})
	}
	return subjects
}

// pricePipeline runs the real sampler into the real hub with one viewer, and
// returns the processor time of this process per container and sample, in
// microseconds.
func pricePipeline(ctx context.Context, docker *engine.Docker, each time.Duration) (float64, error) {
	var micros float64
	err := withSampler(ctx, docker, func(ctx context.Context, s *sampler.Sampler, hub *stream.Hub) error {
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
func priceUnwatched(ctx context.Context, docker *engine.Docker, each time.Duration) (float64, error) {
	var share float64
	err := withSampler(ctx, docker, func(ctx context.Context, s *sampler.Sampler, _ *stream.Hub) error {
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

func withSampler(ctx context.Context, docker *engine.Docker, use func(context.Context, *sampler.Sampler, *stream.Hub) error) error {
	hub := stream.NewHub(stream.Options{})
	s, err := sampler.New(sampler.Options{Engine: plug{docker}, Publisher: hub, Interval: 100 * time.Millisecond})
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
