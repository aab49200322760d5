package engine

import (
	"context"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"porthole/server/wire"
)

// Images are the images of our containers that the engine has described: none
// before EnsureImage has been called once.
func (d *Docker) Images() []wire.Image {
	if described := d.described.Load(); described != nil {
		return []wire.Image{*described}
	}
	return nil
}

// Disk is the disk under the engine's volumes, such as /dev/vda. The error
// says why it cannot be told.
func (d *Docker) Disk() (string, error) {
	l := d.current()
	if l == nil {
		return "", stateError(d.State(), nil)
	}
	return l.disk()
}

// describe asks the engine once for the workload image's layers. Without an
// answer the lessons say that they do not know them.
func (d *Docker) describe(ctx context.Context, l *link) {
	name := d.image.name
	if before := d.described.Load(); before != nil && before.Name == name {
		return
	}
	var seen image.InspectResponse
	var steps []image.HistoryResponseItem
	err := l.call(ctx, timeoutRead, "look at the layers of "+name, func(ctx context.Context, cli *client.Client) (err error) {
		if seen, err = cli.ImageInspect(ctx, name); err != nil {
			return err
		}
		steps, err = cli.ImageHistory(ctx, name)
		return err
	})
	if err != nil {
		d.log.Warn("the layers of the workload image are not known", "error", err)
		return
	}
	described := layersOf(name, seen, steps)
	d.described.Store(&described)
	d.nudge()
}

// layersOf joins an image's layers with its history: each step that changed a
// file has the next layer. The engine tells the history newest first.
func layersOf(name string, seen image.InspectResponse, steps []image.HistoryResponseItem) wire.Image {
	all := wire.Image{Name: name, ID: seen.ID, Bytes: uint64(max(0, seen.Size)), Layers: []wire.ImageLayer{}}
	digests := seen.RootFS.Layers
	// The history does not say which steps are empty. Where every step has a
	// layer it is plain; else a step of no size is taken for one without.
	plain := len(steps) == len(digests)
	for i := len(steps) - 1; i >= 0 && len(all.Layers) < wire.MaxLayers; i-- {
		one := wire.ImageLayer{Bytes: uint64(max(0, steps[i].Size)), CreatedBy: steps[i].CreatedBy}
		one.Empty = len(digests) == 0 || !plain && one.Bytes == 0
		if !one.Empty {
			one.Digest, digests = digests[0], digests[1:]
		}
		all.Layers = append(all.Layers, one)
	}
	for _, digest := range digests { // layers of which the history says nothing
		if len(all.Layers) == wire.MaxLayers {
			break
		}
		all.Layers = append(all.Layers, wire.ImageLayer{Digest: digest})
	}
	return all
}

// diskName is Disk's answer, "" where there is none.
func (d *Docker) diskName() string {
	disk, _ := d.Disk()
	return disk
}
