//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"golang.org/x/sync/errgroup"

	"porthole/server/builtin"
	"porthole/server/engine"
	"porthole/server/lab"
	"porthole/server/reader"
	"porthole/server/sampler"
	"porthole/server/site"
	"porthole/server/stream"
	"porthole/server/wire"
	"porthole/server/workload"
)

// linuxCommand takes the names by which the program starts itself: what becomes a
// container, what works in one, and what reads for a server without rights.
func linuxCommand(ctx context.Context, name string, arguments []string, stdout, stderr io.Writer) (code int, known bool) {
	switch name {
	case "workload":
		return workload.Main(ctx, arguments, stdout, stderr), true
	case builtin.ChildCommand:
		return builtin.Child(stderr), true
	case "reader":
		return readerMain(ctx, arguments, os.Stdin, stdout, stderr), true
	}
	return 0, false
}

// checkWorkload says what is wrong with a container's workload.
var checkWorkload = workload.Check

// readers are what --reader may be.
var readers = reader.Modes

// bell rings at each SIGUSR1, by which another one-time link is asked for.
// It hangs before the first link is printed: by itself the signal would kill.
func bell() (rings <-chan os.Signal, hush func()) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	return asked, func() { signal.Stop(asked) }
}

// howToRenew is how another one-time link is asked for.
func howToRenew() string { return fmt.Sprintf("kill -USR1 %d", os.Getpid()) }

// howToGetLive is said wherever a recording stands in for the real thing.
const howToGetLive = "for the live one, start Porthole where a Docker engine runs (or where DOCKER_HOST leads to one); or here with --engine builtin, which needs no Docker, but root for all of the chapter."

// ownSource are those files of our source that are shown.
var ownSource = builtin.Sources

// liveCommand is what shows the live page.
const liveCommand = "porthole serve --engine docker"

// canBeLive reports whether there is an engine to show, or will be one when it
// is started.
func canBeLive() bool {
	return !noDocker(os.Getenv, inPath) || onlyBuiltin(os.Getenv, inPath)
}

// serveLive shows this machine's kernel and its engine.
func serveLive(ctx context.Context, c config, stdout, stderr io.Writer) (int, error) {
	log := newLog(c.logFormat, stderr)
	rings, hush := bell()
	defer hush()
	hub := stream.NewHub(stream.Options{Log: log})
	var class classroom
	hall := openHall(hub, func() []wire.Lesson { return class.Catalogue() })
	house, err := build(c, stderr, hall)
	if err != nil {
		return exitUsage, err
	}
	class = classroom{house.lab, house.shelf}
	window, listener, err := openWindow(c, stdout, site.Options{
		Lab: class, Hub: hub, Room: hall.room, Sources: house.reader,
		Host: house.reader.Host, Doctor: house.examine,
		Source:  ownSource(),
		Article: func(slug string) (site.Article, bool) { return article(house.shelf.Lessons(), slug) },
		Figures: func() site.Figures {
			cost := house.reader.Cost()
			return site.Figures{Samples: cost.Ticks, Containers: cost.Containers, Spent: cost.Spent}
		},
		Interval: c.interval, Log: log,
	})
	if err != nil {
		return exitUsage, err
	}
	group, ctx := errgroup.WithContext(ctx)
	house.runAll(ctx, group)
	group.Go(func() error { return hall.room.Run(ctx) })
	group.Go(func() error { return giveBack(ctx, hub.Watched, debug.FreeOSMemory) })
	group.Go(func() error { return renewControl(ctx, rings, window, stdout, ownURL(listener.Addr(), c.basePath)) })
	group.Go(func() error { return window.Serve(ctx, listener) })
	if err := finish(group.Wait()); err != nil {
		return exitFails, err
	}
	fmt.Fprintln(stdout, "Porthole has stopped; what it started has been removed.")
	return exitOK, nil
}

// liveStatuses are those of errors that only a live server has.
var liveStatuses = []site.Status{
	{Err: lab.ErrNoLesson, Status: http.StatusNotFound},
	{Err: lab.ErrNoRun, Status: http.StatusNotFound},
	{Err: lab.ErrNoAction, Status: http.StatusNotFound},
	{Err: sampler.ErrUnknownSource, Status: http.StatusNotFound},
	{Err: lab.ErrAlreadyRunning, Status: http.StatusConflict},
	{Err: lab.ErrValue, Status: http.StatusBadRequest},
	{Err: lab.ErrNotNow, Status: http.StatusConflict},
	{Err: lab.ErrUnavailable, Status: http.StatusUnprocessableEntity},
	{Err: lab.ErrTooMany, Status: http.StatusTooManyRequests},
	{Err: lab.ErrNoEngine, Status: http.StatusServiceUnavailable},
	{Err: lab.ErrClosed, Status: http.StatusServiceUnavailable},
	{Err: engine.ErrDown, Status: http.StatusServiceUnavailable},
	{Err: engine.ErrForbidden, Status: http.StatusServiceUnavailable},
	{Err: engine.ErrTooOld, Status: http.StatusServiceUnavailable},
	{Err: builtin.ErrDown, Status: http.StatusServiceUnavailable},
	{Err: builtin.ErrForbidden, Status: http.StatusServiceUnavailable},
}
