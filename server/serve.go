package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"porthole/demos"
	"porthole/server/builtin"
	"porthole/server/engine"
	"porthole/server/lab"
	"porthole/server/recording"
	"porthole/server/sampler"
	"porthole/server/site"
	"porthole/server/stream"
	"porthole/server/wire"
	"porthole/static"
	"porthole/templates"
)

// serve runs the dashboard until ctx ends, and leaves nothing behind.
func serve(ctx context.Context, c config, stdout, stderr io.Writer) (int, error) {
	if c.engine == "auto" && noDocker(os.Getenv, inPath) && !onlyBuiltin(os.Getenv, inPath) {
		return serveReplay(ctx, c, "", stdout, stderr)
	}
	if path, replayed := strings.CutPrefix(c.engine, replayPrefix); replayed {
		return serveReplay(ctx, c, path, stdout, stderr)
	}
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
	group.Go(func() error { return renewControl(ctx, rings, window, stdout, ownURL(listener.Addr(), c.basePath)) })
	group.Go(func() error { return window.Serve(ctx, listener) })
	if err := finish(group.Wait()); err != nil {
		return exitFails, err
	}
	fmt.Fprintln(stdout, "Porthole has stopped; what it started has been removed.")
	return exitOK, nil
}

// openWindow listens, puts the site together, and says where it is. The
// options are those that depend on what is shown; the others follow from the
// flags.
func openWindow(c config, stdout io.Writer, o site.Options) (*site.Site, net.Listener, error) {
	listener, err := net.Listen("tcp", c.listen)
	if err != nil {
		return nil, nil, listenProblem(c.listen, err)
	}
	if needsToken(c, listener.Addr()) {
		o.ControlToken = rand.Text()
	}
	o.Reach, o.ReachReason = reach(listener.Addr(), c.allowHost)
	o.Statuses, o.Version = slices.Concat(statuses, roomStatuses), version()
	o.Templates, o.Static = templates.FS, static.FS
	o.AllowHosts = append(ownHosts(listener.Addr()), c.allowHost...)
	o.AllowEmbed, o.BasePath = c.allowEmbed, c.basePath
	window, err := site.New(o)
	if err != nil {
		listener.Close()
		return nil, nil, err
	}
	url := ownURL(listener.Addr(), c.basePath)
	fmt.Fprintf(stdout, "Porthole %s is at %s/  (Ctrl-C stops it)\n", version(), url)
	if o.ControlToken != "" {
		announceControl(stdout, url, o.ControlToken)
	}
	announceRoom(stdout, o.Reach, c.basePath)
	return window, listener, nil
}

// statuses say what an error means over HTTP. The first match counts.
var statuses = []site.Status{
	{Err: lab.ErrNoLesson, Status: http.StatusNotFound},
	{Err: lab.ErrNoRun, Status: http.StatusNotFound},
	{Err: lab.ErrNoAction, Status: http.StatusNotFound},
	{Err: sampler.ErrUnknownSource, Status: http.StatusNotFound},
	{Err: lab.ErrAlreadyRunning, Status: http.StatusConflict},
	{Err: lab.ErrValue, Status: http.StatusBadRequest},
	{Err: lab.ErrNotNow, Status: http.StatusConflict},
	{Err: lab.ErrUnavailable, Status: http.StatusUnprocessableEntity},
	{Err: recording.ErrNothing, Status: http.StatusConflict},
	{Err: recording.ErrNoSource, Status: http.StatusNotFound},
	{Err: recording.ErrValue, Status: http.StatusBadRequest},
	{Err: lab.ErrTooMany, Status: http.StatusTooManyRequests},
	{Err: lab.ErrNoEngine, Status: http.StatusServiceUnavailable},
	{Err: lab.ErrClosed, Status: http.StatusServiceUnavailable},
	{Err: engine.ErrDown, Status: http.StatusServiceUnavailable},
	{Err: engine.ErrForbidden, Status: http.StatusServiceUnavailable},
	{Err: engine.ErrTooOld, Status: http.StatusServiceUnavailable},
	{Err: builtin.ErrDown, Status: http.StatusServiceUnavailable},
	{Err: builtin.ErrForbidden, Status: http.StatusServiceUnavailable},
}

func article(lessons []demos.Lesson, slug string) (site.Article, bool) {
	for _, l := range lessons {
		if l.Slug == slug {
			article := site.Article{Prose: l.Prose, Insight: l.Insight}
			for _, try := range l.TryIt {
				article.TryIt = append(article.TryIt, try.Command)
			}
			return article, true
		}
	}
	return site.Article{}, false
}

// needsToken: whoever reaches a loopback address is on this machine already;
// beyond it, control of a Docker socket must be proven.
func needsToken(c config, address net.Addr) bool {
	switch c.control {
	case "open":
		return false
	case "token":
		return true
	}
	tcp, ok := address.(*net.TCPAddr)
	return !ok || !tcp.IP.IsLoopback()
}

// ownHosts are the addresses by which others reach this listener. A name that
// is an address cannot be rebound to another machine, so they are safe to
// answer to.
func ownHosts(address net.Addr) []string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok || tcp.IP.IsLoopback() {
		return nil
	}
	if !tcp.IP.IsUnspecified() {
		return []string{literal(tcp.IP)}
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil // --allow-host still can name them
	}
	var hosts []string
	for _, a := range addresses {
		if network, ok := a.(*net.IPNet); ok && !network.IP.IsLinkLocalUnicast() {
			hosts = append(hosts, literal(network.IP))
		}
	}
	return hosts
}

// literal writes an address as it stands in a Host header.
func literal(ip net.IP) string {
	if ip.To4() == nil {
		return "[" + ip.String() + "]"
	}
	return ip.String()
}

// ownURL is where this machine itself finds the page.
func ownURL(address net.Addr, basePath string) string {
	host, port, _ := net.SplitHostPort(address.String())
	if ip := net.ParseIP(host); ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port) + basePath
}

func listenProblem(address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is in use by another program: stop it, or choose another address with --listen", address)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("this user may not listen on %s: choose a port above 1023 with --listen", address)
	}
	return fmt.Errorf("cannot listen on %s: %s", address, strings.TrimPrefix(err.Error(), "listen "))
}
