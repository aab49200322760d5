package engine

import (
	"context"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"porthole/demos"
)

// Start starts a created container. It returns when its first process runs.
func (d *Docker) Start(ctx context.Context, id string) error {
	if err := d.own(ctx, id); err != nil {
		return err
	}
	return d.call(ctx, timeoutChange, "start the container", func(ctx context.Context, cli *client.Client) error {
		return cli.ContainerStart(ctx, id, container.StartOptions{})
	})
}

// Stop asks a container to end, with SIGTERM, and kills it after grace (whole
// seconds, rounded up). Stopping what does not run is no error.
func (d *Docker) Stop(ctx context.Context, id string, grace time.Duration) error {
	if err := d.own(ctx, id); err != nil {
		return err
	}
	seconds := max(0, int((grace+time.Second-1)/time.Second))
	return d.call(ctx, grace+timeoutChange, "stop the container", func(ctx context.Context, cli *client.Client) error {
		return cli.ContainerStop(ctx, id, container.StopOptions{Timeout: &seconds})
	})
}

// Kill ends a container at once, with SIGKILL. ErrNotRunning where it does not
// run.
func (d *Docker) Kill(ctx context.Context, id string) error {
	if err := d.own(ctx, id); err != nil {
		return err
	}
	return d.call(ctx, timeoutChange, "kill the container", func(ctx context.Context, cli *client.Client) error {
		return cli.ContainerKill(ctx, id, "SIGKILL")
	})
}

// cpuPeriod is the engines' own over which a number of processors becomes a
// quota, in µs.
const cpuPeriod = 100_000

// Update changes the limits of a container, as docker update does; zero
// fields stay as they are.
func (d *Docker) Update(ctx context.Context, id string, limits demos.Limits) error {
	if err := d.own(ctx, id); err != nil {
		return err
	}
	l := d.current()
	if l == nil {
		return stateError(d.State(), nil)
	}
	resources, err := l.resources(limits)
	if err != nil {
		return err
	}
	if l.info.quotaOnly && resources.NanoCPUs > 0 {
		resources.CPUPeriod = cpuPeriod
		resources.CPUQuota, resources.NanoCPUs = resources.NanoCPUs*cpuPeriod/1e9, 0
	}
	return l.call(ctx, timeoutChange, "update the container's limits", func(ctx context.Context, cli *client.Client) error {
		_, err := cli.ContainerUpdate(ctx, id, container.UpdateConfig{Resources: resources})
		return err
	})
}

// Inspect asks the engine for one container, now. ErrNotOurs where Porthole
// did not make it.
func (d *Docker) Inspect(ctx context.Context, id string) (Container, error) {
	var seen container.InspectResponse
	err := d.call(ctx, timeoutRead, "inspect the container", func(ctx context.Context, cli *client.Client) (err error) {
		seen, err = cli.ContainerInspect(ctx, id)
		return err
	})
	if err != nil {
		return Container{}, err
	}
	c := parseContainer(seen)
	if !ours(c.Labels, d.options.Scope) {
		return Container{}, fail(ErrNotOurs, nil, "the container %s was not made by Porthole", c.Name)
	}
	return c, nil
}
