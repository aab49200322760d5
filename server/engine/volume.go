package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"porthole/demos"
)

// volumeName is the engine's name for a volume of a lesson.
func (d *Docker) volumeName(slug, name string) string {
	if d.options.Scope == "" {
		return demos.VolumeName(slug, name)
	}
	return demos.VolumeName(d.options.Scope+"-"+slug, name)
}

// createVolumes makes the volumes of a container that are not there yet, and
// names those that it made. One of the same run is shared; an older one that
// is ours to remove is replaced.
func (d *Docker) createVolumes(ctx context.Context, l *link, slug string, wanted []string, labels map[string]string) (made []string, err error) {
	for _, each := range wanted {
		short, path, _ := strings.Cut(each, ":")
		if short == "" || strings.ContainsAny(short, "/.") || !strings.HasPrefix(path, "/") {
			return made, fail(ErrRefused, nil, "the volume %q must be written NAME:/path; a lesson may not mount folders of the host", each)
		}
		name := d.volumeName(slug, short)
		var there volume.Volume
		err := l.call(ctx, timeoutRead, "look for the volume "+name, func(ctx context.Context, cli *client.Client) (err error) {
			there, err = cli.VolumeInspect(ctx, name)
			return err
		})
		switch {
		case err == nil && ours(there.Labels, d.options.Scope) && there.Labels[LabelRun] == labels[LabelRun]:
			continue
		case err == nil && !d.mayRemove(there.Labels, labels[LabelRun]):
			return made, fail(ErrNameTaken, nil, "there is a volume %s already, which this Porthole may not remove; if nobody needs it, remove it with: docker volume rm %s", name, name)
		case err == nil:
			if err := l.removeVolume(ctx, name); err != nil {
				return made, err
			}
		case !errors.Is(err, ErrNoSuchContainer):
			return made, err
		}
		err = l.callMaking(ctx, "create the volume "+name, func(ctx context.Context, cli *client.Client) error {
			_, err := cli.VolumeCreate(ctx, volume.CreateOptions{Name: name, Labels: labels})
			return err
		})
		made = append(made, name) // even after an error: it may be there
		if err != nil {
			return made, err
		}
	}
	return made, nil
}

func (l *link) removeVolume(ctx context.Context, name string) error {
	err := l.call(ctx, timeoutChange, "remove the volume "+name, func(ctx context.Context, cli *client.Client) error {
		return cli.VolumeRemove(ctx, name, true)
	})
	if errors.Is(err, ErrNoSuchContainer) {
		return nil
	}
	return err
}

// removeVolumes undoes createVolumes, also when ctx has ended.
func (d *Docker) removeVolumes(ctx context.Context, l *link, names []string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for _, name := range names {
		if err := l.removeVolume(ctx, name); err != nil {
			d.log.Warn("a volume could not be removed", "volume", name, "error", err)
		}
	}
}
