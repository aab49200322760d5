package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"
)

// CleanReport names what Clean removed, and what it could not.
type CleanReport struct {
	Containers, Volumes, Networks, Images []string
}

// Empty reports whether there was nothing to remove.
func (r CleanReport) Empty() bool {
	return len(r.Containers)+len(r.Volumes)+len(r.Networks)+len(r.Images) == 0
}

// Remove removes one of our containers by force, with its anonymous volumes.
// One that is not there is no error.
func (d *Docker) Remove(ctx context.Context, id string) error {
	if err := d.own(ctx, id); errors.Is(err, ErrNoSuchContainer) {
		return nil
	} else if err != nil {
		return err
	}
	l := d.current()
	if l == nil {
		return stateError(d.State(), nil)
	}
	return l.removeContainer(ctx, id)
}

// own keeps us from touching a container that Porthole did not make.
func (d *Docker) own(ctx context.Context, id string) error {
	for _, c := range d.Containers() {
		if c.ID == id {
			return nil
		}
	}
	_, err := d.Inspect(ctx, id)
	return err
}

func (l *link) removeContainer(ctx context.Context, id string) error {
	remove := func() error {
		return l.call(ctx, timeoutChange, "remove the container", func(ctx context.Context, cli *client.Client) error {
			return cli.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
		})
	}
	err := remove()
	// Somebody else is removing it: wait until it has gone.
	for range 50 {
		if err == nil || errors.Is(err, ErrNoSuchContainer) {
			return nil
		}
		if !strings.Contains(err.Error(), "already in progress") {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
		err = remove()
	}
	return err
}

// RemoveRun removes everything that carries the run's label: containers,
// networks, volumes. It may be called again, and when nothing is there.
func (d *Docker) RemoveRun(ctx context.Context, run string) error {
	l := d.current()
	if l == nil {
		return stateError(d.State(), nil)
	}
	_, err := d.removeAll(ctx, l, sweeping{what: func(labels map[string]string) bool {
		return run != "" && ours(labels, d.options.Scope) && labels[LabelRun] == run
	}})
	return err
}

// Clean removes everything that Porthole ever made on this engine, of this and
// every other server, and nothing else: containers, networks, volumes, and the
// workload images that no other container uses.
func (d *Docker) Clean(ctx context.Context) (CleanReport, error) {
	l := d.current()
	if l == nil {
		return CleanReport{}, stateError(d.State(), nil)
	}
	return d.removeAll(ctx, l, sweeping{what: func(labels map[string]string) bool { return ours(labels, d.options.Scope) }, images: true})
}

// sweeping says what removeAll is to remove.
type sweeping struct {
	what   func(labels map[string]string) bool
	images bool // all workload images too
}

// removeAll removes what is asked for, in the order in which the engine lets
// go of it, and goes on where one thing cannot be removed.
func (d *Docker) removeAll(ctx context.Context, l *link, s sweeping) (CleanReport, error) {
	var report CleanReport
	var failures []error
	containers, err := d.listOurs(ctx, l)
	if err != nil {
		return report, err
	}
	var wanted []container.Summary
	for _, each := range containers {
		if s.what(each.Labels) {
			wanted = append(wanted, each)
		}
	}
	// Podman lets go of a container only after those that have joined it.
	for round := 0; len(wanted) > 0; round++ {
		var later []container.Summary
		for i, err := range l.removeContainers(ctx, wanted) {
			name := strings.TrimPrefix(strings.Join(wanted[i].Names[:min(1, len(wanted[i].Names))], ""), "/")
			switch {
			case err == nil:
				report.Containers = append(report.Containers, name)
			case strings.Contains(err.Error(), "has dependent containers") && round < MaxContainersPerRun:
				later = append(later, wanted[i])
			default:
				failures = append(failures, err)
			}
		}
		wanted = later
	}
	slices.Sort(report.Containers)
	managed := filters.NewArgs(filters.Arg("label", LabelManaged+"=true"))
	var networks []network.Summary
	err = l.call(ctx, timeoutRead, "list the networks", func(ctx context.Context, cli *client.Client) (err error) {
		networks, err = cli.NetworkList(ctx, network.ListOptions{Filters: managed})
		return err
	})
	failures = append(failures, err)
	for _, each := range networks {
		if !s.what(each.Labels) {
			continue
		}
		err := l.call(ctx, timeoutChange, "remove the network "+each.Name, func(ctx context.Context, cli *client.Client) error {
			return cli.NetworkRemove(ctx, each.ID)
		})
		if err == nil {
			report.Networks = append(report.Networks, each.Name)
		} else if !errors.Is(err, ErrNoSuchContainer) {
			failures = append(failures, err)
		}
	}
	var volumes volume.ListResponse
	err = l.call(ctx, timeoutRead, "list the volumes", func(ctx context.Context, cli *client.Client) (err error) {
		volumes, err = cli.VolumeList(ctx, volume.ListOptions{Filters: managed})
		return err
	})
	failures = append(failures, err)
	for _, each := range volumes.Volumes {
		if each == nil || !s.what(each.Labels) {
			continue
		}
		if err := l.removeVolume(ctx, each.Name); err != nil {
			failures = append(failures, err)
			continue
		}
		report.Volumes = append(report.Volumes, each.Name)
	}
	if s.images {
		images, err := d.removeImages(ctx, l, "")
		report.Images = images
		failures = append(failures, err)
	}
	return report, errors.Join(failures...)
}

// removeContainers removes several at once, and returns the error of each.
func (l *link) removeContainers(ctx context.Context, containers []container.Summary) []error {
	errs := make([]error, len(containers))
	var removing errgroup.Group
	removing.SetLimit(6) // each takes the engine a third of a second
	for i, each := range containers {
		removing.Go(func() error {
			errs[i] = l.removeContainer(ctx, each.ID)
			return nil
		})
	}
	_ = removing.Wait() // the errors are kept one by one
	return errs
}

// removeImages removes workload images that no container uses: all but keep.
func (d *Docker) removeImages(ctx context.Context, l *link, keep string) (removed []string, err error) {
	var images []image.Summary
	err = l.call(ctx, timeoutRead, "list the images", func(ctx context.Context, cli *client.Client) (err error) {
		images, err = cli.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", LabelManaged+"=true"))})
		return err
	})
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, each := range images {
		if each.Labels[LabelScope] != d.options.Scope {
			continue
		}
		for _, tag := range each.RepoTags {
			short := shortName(tag)
			if !strings.HasPrefix(short, imageRepository+":") || short == keep {
				continue
			}
			err := l.call(ctx, timeoutChange, "remove the image "+tag, func(ctx context.Context, cli *client.Client) error {
				_, err := cli.ImageRemove(ctx, tag, image.RemoveOptions{PruneChildren: true})
				return err
			})
			switch {
			case err == nil:
				removed = append(removed, tag)
			case errors.Is(err, ErrRefused) && keep != "", errors.Is(err, ErrNoSuchContainer):
				// In use, by another server or by hand: its turn comes later.
			default:
				failures = append(failures, err)
			}
		}
	}
	return removed, errors.Join(failures...)
}

// listOurs lists our containers of every server, running or not.
func (d *Docker) listOurs(ctx context.Context, l *link) ([]container.Summary, error) {
	var listed, found []container.Summary
	err := l.call(ctx, timeoutRead, "list the containers", func(ctx context.Context, cli *client.Client) (err error) {
		listed, err = cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", LabelManaged+"=true"))})
		return err
	})
	for _, summary := range listed {
		if ours(summary.Labels, d.options.Scope) {
			found = append(found, summary)
		}
	}
	return found, err
}

// makeRoom frees a name that is taken, where the holder is ours to remove.
func (d *Docker) makeRoom(ctx context.Context, l *link, name, run string) error {
	var holder container.InspectResponse
	err := l.call(ctx, timeoutRead, "look who has the name "+name, func(ctx context.Context, cli *client.Client) (err error) {
		holder, err = cli.ContainerInspect(ctx, name)
		return err
	})
	if errors.Is(err, ErrNoSuchContainer) {
		return nil // it has just gone
	}
	if err != nil {
		return err
	}
	labels := map[string]string{}
	if holder.Config != nil {
		labels = holder.Config.Labels
	}
	if d.mayRemove(labels, run) {
		return l.removeContainer(ctx, holder.ID)
	}
	if ours(labels, d.options.Scope) {
		return fail(ErrNameTaken, nil, "another Porthole on this engine runs the lesson %s with a container %s; stop the lesson there, or wait until it ends", labels[LabelLesson], name)
	}
	return fail(ErrNameTaken, nil, "there is a container %s already, which Porthole did not make; if nobody needs it, remove it with: docker rm --force %s", name, name)
}

// undo removes what a failed Create may have left, also when ctx has ended: a
// request that was cut off may still have been carried out.
func (d *Docker) undo(ctx context.Context, l *link, name, run string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	containers, err := d.listOurs(ctx, l)
	for _, each := range containers {
		mine := each.Labels[LabelInstance] == d.options.Instance && each.Labels[LabelRun] == run
		if mine && len(each.Names) == 1 && each.Names[0] == "/"+name && each.State == "created" {
			err = errors.Join(err, l.removeContainer(ctx, each.ID))
		}
	}
	if err != nil && !errors.Is(err, ErrDown) {
		d.log.Warn("a container that was not created may be left", "container", name, "error", err)
	}
}
