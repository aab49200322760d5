package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"porthole/demos"
	"porthole/server/recording"
	"porthole/server/site"
	"porthole/server/stream"
	"porthole/server/wire"
)

// serveReplay shows a recording: the same pages, each of which says so.
func serveReplay(ctx context.Context, c config, path string, stdout, stderr io.Writer) (int, error) {
	log := newLog(c.logFormat, stderr)
	saved, err := openRecording(path)
	if err != nil {
		return exitUsage, err
	}
	if saved.Cut {
		log.Warn("the end of the recording is missing: what is there is played", "file", path)
	}
	rings, hush := bell()
	defer hush()
	hub := stream.NewHub(stream.Options{Log: log})
	var player *recording.Player
	hall := openHall(hub, func() []wire.Lesson { return player.Catalogue() })
	player = recording.NewPlayer(saved, hall)
	// The prose of lessons is not recorded: it is that of this version.
	lessons, _ := demos.Loader{CheckWorkload: checkWorkload}.Load(demos.Builtin)
	window, listener, err := openWindow(c, stdout, site.Options{
		Lab: player, Hub: hub, Room: hall.room, Sources: playedSources{player}, Player: player, Recording: &saved.Made,
		Source: ownSource(),
		Host:   func() wire.Host { return saved.Host },
		Doctor: func(context.Context) wire.Doctor {
			report := saved.Doctor
			report.Checks = append([]wire.Check{{
				ID: "recording", Title: "recording", Status: wire.CheckLimited,
				Found: fmt.Sprintf("made on %s on %s", saved.Made.Hostname, time.UnixMilli(saved.Made.At).UTC().Format("2 January 2006")),
				Means: "Nothing here is live: what follows is of that machine, on that day.",
				Fix:   liveCommand,
			}}, report.Checks...)
			return report
		},
		Article:  func(slug string) (site.Article, bool) { return article(lessons, slug) },
		Interval: time.Duration(saved.IntervalMs) * time.Millisecond, Log: log,
	})
	if err != nil {
		return exitUsage, err
	}
	fmt.Fprintf(stdout, "This is a recording, made on %s: %s\n", saved.Made.Hostname, howToGetLive)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return player.Run(ctx) })
	group.Go(func() error { return hall.room.Run(ctx) })
	group.Go(func() error { return giveBack(ctx, hub.Watched, debug.FreeOSMemory) })
	group.Go(func() error { return renewControl(ctx, rings, window, stdout, ownURL(listener.Addr(), c.basePath)) })
	group.Go(func() error { return window.Serve(ctx, listener) })
	if err := finish(group.Wait()); err != nil {
		return exitFails, err
	}
	fmt.Fprintln(stdout, "Porthole has stopped.")
	return exitOK, nil
}

// openRecording reads a file, or without a name the recording that Porthole
// brings along.
func openRecording(path string) (*recording.Recording, error) {
	if path == "" {
		return recording.Bundled()
	}
	return recording.Open(path)
}

// playedSources answers for the kernel files as they were at the moment that
// is being played.
type playedSources struct{ *recording.Player }

func (p playedSources) Source(container, field string) (wire.Provenance, error) {
	return p.SourceNow(container, field)
}
