//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"porthole/server/recording"
	"porthole/server/sampler"
	"porthole/server/wire"
)

const (
	// recordedAfter is how long a lesson is watched after its last verdict, so
	// that its graphs show more than the beginning.
	recordedAfter = 15 * time.Second
	// filesEvery is how often the kernel files behind the figures are saved.
	filesEvery = 5 * time.Second
)

// camera is the audience of a recording: it always watches.
type camera struct{ *recording.Writer }

func (camera) Watched() (bool, <-chan struct{}) { return true, nil }

// record runs lessons and saves what a viewer would see of them.
func record(ctx context.Context, c config, stdout, stderr io.Writer) (code int, err error) {
	file, err := os.OpenFile(c.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return exitUsage, fmt.Errorf("%s is there already: choose another name, or remove it first", c.file)
	} else if err != nil {
		return exitUsage, fmt.Errorf("the recording cannot be written: %w", err)
	}
	defer func() {
		if closing := file.Close(); err == nil && closing != nil {
			code, err = exitFails, closing
		}
		if code != exitOK {
			os.Remove(c.file) // half a recording would pass for a whole one
		}
	}()
	writer := recording.NewWriter(file, nil)
	house, err := build(c, stderr, camera{writer})
	if err != nil {
		return exitUsage, err
	}
	if len(c.lessons) == 0 {
		c.lessons = []string{"architecture"}
	}
	slugs, err := chooseLessons(c.lessons, classroom{house.lab, house.shelf}.Catalogue())
	if err != nil {
		return exitUsage, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	house.runAll(ctx, group)
	code = exitOK
	group.Go(func() error {
		defer cancel()
		var err error
		if code, err = house.ready(ctx, 1); err != nil {
			return err
		}
		return house.film(ctx, c, writer, slugs, stderr)
	})
	if err := finish(group.Wait()); err != nil {
		return max(code, exitFails), err
	}
	fmt.Fprintf(stdout, "the recording is in %s: 'porthole serve --engine replay:%s' plays it\n", c.file, c.file)
	return exitOK, nil
}

// film runs the lessons one after the other while the writer writes.
func (h *house) film(ctx context.Context, c config, writer *recording.Writer, slugs []string, progress io.Writer) error {
	host := h.reader.Host()
	head := recording.Head{
		Made: wire.Recording{Hostname: host.Hostname, At: time.Now().UnixMilli()}, By: version(),
		IntervalMs: c.interval.Milliseconds(), Host: host,
		Lessons: classroom{h.lab, h.shelf}.Catalogue(), Doctor: h.examine(ctx),
	}
	rolling, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var crew errgroup.Group
	crew.Go(func() error { return writer.Write(rolling, head) })
	crew.Go(func() error { return h.saveFiles(rolling, writer) })
	for i, slug := range slugs {
		if ctx.Err() != nil {
			break
		}
		fmt.Fprintf(progress, "%d of %d: recording %s\n", i+1, len(slugs), slug)
		if err := h.filmLesson(ctx, slug); err != nil {
			cut()
			crew.Wait()
			return err
		}
	}
	cut()
	return crew.Wait()
}

// filmLesson runs one lesson until its last verdict and a little longer, and
// ends it. An interrupt ends it early, and what was seen is kept.
func (h *house) filmLesson(ctx context.Context, slug string) error {
	var actions []wire.Action
	for _, lesson := range h.lab.Catalogue() {
		if lesson.Slug == slug {
			actions = lesson.Actions
			if lesson.Unavailable != "" {
				return fmt.Errorf("the lesson %s cannot be run here: %s", slug, lesson.Unavailable)
			}
		}
	}
	run, err := h.lab.Start(ctx, slug)
	if err != nil {
		return err
	}
	run, trouble := h.attend(ctx, run, actions)
	if trouble == "" {
		trouble = run.Problem
	}
	select {
	case <-time.After(recordedAfter):
	case <-ctx.Done():
	}
	// Where all is being ended anyway, the lab has done it already.
	if err := h.lab.Stop(context.WithoutCancel(ctx), run.ID); err != nil && ctx.Err() == nil {
		return err
	}
	h.runs.await(context.WithoutCancel(ctx), run, func(r wire.Run) bool { return r.State.Ended() })
	if trouble != "" && ctx.Err() == nil {
		return errors.New(trouble)
	}
	return nil
}

// saveFiles saves the kernel files behind the figures from time to time.
func (h *house) saveFiles(ctx context.Context, writer *recording.Writer) error {
	ticker := time.NewTicker(filesEvery)
	defer ticker.Stop()
	save := func(name string, fields []string) {
		for _, field := range fields {
			// A container that has just gone has no file left to save.
			if source, err := h.reader.Source(name, field); err == nil {
				writer.Source(source)
			}
		}
	}
	hosts := false
	known := map[string]bool{}
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		all := false
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			all = true
		case <-look.C:
		}
		who := writer.Newest()
		if !hosts && who.At != 0 {
			hosts = true
			save(sampler.HostName, recording.NamespaceFields(who.Host.Namespaces))
		}
		for _, one := range who.Containers {
			if one.State == "running" && (all || !known[one.ID]) {
				known[one.ID] = true
				save(one.Name, recording.Fields(one))
			}
		}
	}
}
