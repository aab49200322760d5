package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"porthole/demos"
)

// imageRepository is the workload image's name; its tag is a hash of what is in it.
const imageRepository = "porthole-workload"

// workloadImage is an image that is not loaded yet. It holds no file's
// contents: they are read again when it is loaded.
type workloadImage struct {
	name  string
	image v1.Image
}

// EnsureImage loads the workload image into the engine where it is not there
// yet, and returns its name, for example porthole-workload:3f9a0c2d1b7e.
// Nothing is ever pulled: the image is made from our own executable, and the
// same executable gives the same image, to the byte. ErrImage where it cannot be.
func (d *Docker) EnsureImage(ctx context.Context) (string, error) {
	select { // two runs that start together load it once
	case d.imageGate <- struct{}{}:
		defer func() { <-d.imageGate }()
	case <-ctx.Done():
		return "", fmt.Errorf("could not load the workload image: %w", context.Cause(ctx))
	}
	l := d.current()
	if l == nil {
		return "", stateError(d.State(), nil)
	}
	if d.image == nil {
		made, err := d.makeImage()
		if err != nil {
			return "", err
		}
		d.image = made
	}
	if err := fits(d.image.image, l.info); err != nil {
		return "", err
	}
	there, err := l.hasImage(ctx, d.image.name)
	if err == nil && there {
		d.describe(ctx, l)
	}
	if err != nil || there {
		return d.image.name, err
	}
	if err := l.mayChange(); err != nil {
		return "", err
	}
	began := time.Now()
	err = l.call(ctx, timeoutLoad, "load the workload image", func(ctx context.Context, cli *client.Client) error {
		return load(ctx, cli, d.image)
	})
	if err != nil {
		return "", err
	}
	if there, err := l.hasImage(ctx, d.image.name); err != nil || !there {
		return "", fail(ErrImage, err, "the engine took the workload image %s, but does not have it; look into the engine's log", d.image.name)
	}
	d.log.Info("the workload image is loaded", "image", d.image.name, "took", time.Since(began).Round(time.Millisecond))
	d.describe(ctx, l)
	// It has taken the place of those of other builds.
	if _, err := d.removeImages(ctx, l, d.image.name); err != nil {
		d.log.Warn("old workload images could not be removed", "error", err)
	}
	return d.image.name, nil
}

func (l *link) hasImage(ctx context.Context, name string) (bool, error) {
	err := l.call(ctx, timeoutRead, "look for the workload image", func(ctx context.Context, cli *client.Client) error {
		_, err := cli.ImageInspect(ctx, name)
		return err
	})
	if errors.Is(err, ErrNoSuchContainer) {
		return false, nil
	}
	return err == nil, err
}

// load streams the image to the engine and waits for its last word.
func load(ctx context.Context, cli *client.Client, made *workloadImage) error {
	tag, err := name.NewTag(made.name)
	if err != nil {
		return err
	}
	reader, writer := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := tarball.Write(tag, made.image, writer)
		writer.CloseWithError(err)
		written <- err
	}()
	response, err := cli.ImageLoad(ctx, reader, client.ImageLoadWithQuiet(true))
	if err == nil {
		err = loadAnswer(response)
	}
	reader.CloseWithError(errors.New("the engine stopped reading")) // so that the writer ends
	if wrote := <-written; err == nil {
		err = wrote
	}
	return err
}

// loadAnswer reads the engine's messages about a load; an error comes as one
// of them, after the status 200.
func loadAnswer(response image.LoadResponse) error {
	defer response.Body.Close()
	decoder := json.NewDecoder(io.LimitReader(response.Body, 1<<20))
	for {
		var message struct {
			Error string `json:"error"`
		}
		switch err := decoder.Decode(&message); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the engine's answer cannot be read: %w", err)
		case message.Error != "":
			return errors.New(message.Error)
		}
	}
}

// makeImage describes the image: three layers, so that a lesson on layers has
// some to look at.
func (d *Docker) makeImage() (*workloadImage, error) {
	path := d.options.Executable
	if path == "" {
		// Even when the file was replaced or deleted meanwhile, this is the
		// program that runs. See proc(5).
		path = "/proc/self/exe"
	}
	program, err := inspectProgram(path)
	if err != nil {
		return nil, fail(ErrImage, err, "the workload image cannot be made from %s: %s", path, err)
	}
	layers := []struct {
		files     []file
		createdBy string
	}{
		{plain(demos.BaseFiles()), "users, groups and /tmp"},
		{program.files, "the program /porthole, as it runs this server"},
		{plain(demos.LessonFiles()), "files for the lessons on file systems in /srv"},
	}
	epoch := v1.Time{Time: time.Unix(0, 0).UTC()} // the same image every time
	var parts []mutate.Addendum
	for _, layer := range layers {
		made, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return openLayer(layer.files) },
			tarball.WithCompressionLevel(gzip.NoCompression)) // it only goes through a local socket
		if err != nil {
			return nil, fail(ErrImage, err, "the workload image cannot be made: %s", err)
		}
		parts = append(parts, mutate.Addendum{Layer: made, History: v1.History{Created: epoch, CreatedBy: "porthole: " + layer.createdBy}})
	}
	img, err := mutate.Append(empty.Image, parts...)
	if err != nil {
		return nil, fail(ErrImage, err, "the workload image cannot be made: %s", err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, fail(ErrImage, err, "the workload image cannot be made: %s", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", program.architecture, epoch
	config.Config = v1.Config{
		Entrypoint: []string{"/porthole", "workload"},
		Env:        []string{"PATH=/:/bin:/usr/bin", "HOME=/tmp"},
		WorkingDir: "/",
		Labels:     map[string]string{LabelManaged: "true", LabelScope: d.options.Scope},
	}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		return nil, fail(ErrImage, err, "the workload image cannot be made: %s", err)
	}
	digest, err := img.ConfigName()
	if err != nil {
		return nil, fail(ErrImage, err, "the workload image cannot be made: %s", err)
	}
	return &workloadImage{name: imageRepository + ":" + digest.Hex[:12], image: img}, nil
}

// fits tells in words when the engine cannot run the image.
func fits(img v1.Image, engine engineInfo) error {
	config, err := img.ConfigFile()
	if err != nil {
		return fail(ErrImage, err, "the workload image cannot be made: %s", err)
	}
	if engine.os != "" && engine.os != config.OS {
		return fail(ErrImage, nil, "the engine runs %s containers, but the lessons need Linux ones; switch it to Linux containers", engine.os)
	}
	if want := architecture(engine.architecture); want != config.Architecture {
		return fail(ErrImage, nil, "the engine's machine is %s, but this Porthole was built for %s; run a Porthole built with GOARCH=%s", want, config.Architecture, want)
	}
	return nil
}

// architecture is Go's name for what engines call a machine.
func architecture(machine string) string {
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	case "armv7l", "armv6l":
		return "arm"
	case "i386", "i686":
		return "386"
	}
	return machine
}

// file is one entry of a layer: a folder, a text, or a file of this machine.
type file struct {
	path string // without a leading slash; a folder's ends in one
	mode int64
	uid  int
	text string
	from string // the file to copy; text otherwise
}

// plain are files that hold a text, or folders.
func plain(files []demos.ImageFile) []file {
	var all []file
	for _, f := range files {
		all = append(all, file{path: f.Path, mode: f.Mode, text: f.Text})
	}
	return all
}

// openLayer streams the files as a tar archive; copied files are opened when
// their turn comes, and nothing of them is kept.
func openLayer(files []file) (io.ReadCloser, error) {
	reader, writer := io.Pipe()
	done := make(chan struct{})
	go func() { // ends when all is read, or when the reader is closed
		defer close(done)
		writer.CloseWithError(writeLayer(writer, files))
	}()
	return &layerReader{reader, done}, nil
}

// layerReader waits, when it is closed, for the one who writes.
type layerReader struct {
	*io.PipeReader
	done chan struct{}
}

func (r *layerReader) Close() error {
	err := r.PipeReader.Close()
	<-r.done
	return err
}

func writeLayer(w io.Writer, files []file) error {
	archive := tar.NewWriter(w)
	for _, f := range files {
		header := &tar.Header{Name: f.path, Mode: f.mode, Uid: f.uid, Gid: f.uid, ModTime: time.Unix(0, 0), Format: tar.FormatPAX, Typeflag: tar.TypeReg, Size: int64(len(f.text))}
		if f.path[len(f.path)-1] == '/' {
			header.Typeflag = tar.TypeDir
		}
		var contents io.Reader = bytes.NewReader([]byte(f.text))
		if f.from != "" {
			source, size, err := openRegular(f.from)
			if err != nil {
				return err
			}
			defer source.Close()
			contents, header.Size = source, size
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(archive, contents); err != nil {
			return err
		}
	}
	return archive.Close()
}
