package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"

	"porthole/demos"
	"porthole/server/recording"
	"porthole/server/site"
	"porthole/static"
	"porthole/templates"
)

// serve runs the dashboard until ctx ends, and leaves nothing behind.
func serve(ctx context.Context, c config, stdout, stderr io.Writer) (int, error) {
	frugal(os.Getenv)
	if c.engine == "auto" && !canBeLive() {
		if len(c.also) > 0 {
			return exitUsage, alsoNeedsDocker("there is none here, and a recording is shown instead")
		}
		return serveReplay(ctx, c, "", stdout, stderr)
	}
	if path, replayed := strings.CutPrefix(c.engine, replayPrefix); replayed {
		return serveReplay(ctx, c, path, stdout, stderr)
	}
	return serveLive(ctx, c, stdout, stderr)
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
	o.Statuses, o.Version = slices.Concat(statuses, liveStatuses, roomStatuses), version()
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
	{Err: recording.ErrNothing, Status: http.StatusConflict},
	{Err: recording.ErrNoSource, Status: http.StatusNotFound},
	{Err: recording.ErrValue, Status: http.StatusBadRequest},
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

// finish drops the error that only says that we were told to stop.
func finish(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func newLog(format string, w io.Writer) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}
