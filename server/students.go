package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"porthole/server/room"
	"porthole/server/site"
	"porthole/server/stream"
	"porthole/server/wire"
)

// roomStatuses say what an error of the room means over HTTP.
var roomStatuses = []site.Status{
	{Err: room.ErrNoLesson, Status: http.StatusNotFound},
	{Err: room.ErrNoAnswer, Status: http.StatusBadRequest},
	{Err: room.ErrPlace, Status: http.StatusBadRequest},
	{Err: room.ErrNotAsked, Status: http.StatusConflict},
	{Err: room.ErrLate, Status: http.StatusConflict},
	{Err: room.ErrTwice, Status: http.StatusConflict},
	{Err: room.ErrFull, Status: http.StatusTooManyRequests},
	{Err: room.ErrTooFast, Status: http.StatusTooManyRequests},
}

// hall is the stream with a room that hears of runs too: a start closes what
// the room predicts, and a verdict tells who was right.
type hall struct {
	*stream.Hub
	room *room.Room
}

// Run publishes how a run stands.
func (h hall) Run(run wire.Run) {
	h.Hub.Run(run)
	h.room.Saw(run)
}

// openHall makes the room over a hub. lessons is asked when somebody comes,
// and not before.
func openHall(hub *stream.Hub, lessons func() []wire.Lesson) hall {
	return hall{Hub: hub, room: room.New(room.Options{Lessons: lessons, Publish: hub.Room})}
}

// reach finds the addresses by which the room reaches this listener, the best
// first; or in one sentence why there is none, and what to do.
func reach(address net.Addr, allowed []string) (hosts []string, reason string) {
	tcp, ok := address.(*net.TCPAddr)
	if !ok || tcp.IP.IsLoopback() {
		port := "8080"
		if ok {
			port = fmt.Sprint(tcp.Port)
		}
		return nil, fmt.Sprintf("Only this machine can reach Porthole. To let the room in, start it with --listen 0.0.0.0:%s.", port)
	}
	port := fmt.Sprint(tcp.Port)
	for _, name := range allowed {
		if _, _, err := net.SplitHostPort(name); err != nil {
			name = net.JoinHostPort(strings.Trim(name, "[]"), port)
		}
		hosts = append(hosts, name)
	}
	if inContainer() {
		return hosts, "Porthole runs in a container, where it cannot know this machine's address. Open this page by the address that the room is to use, and name it with --allow-host."
	}
	own := ownHosts(address)
	// A container's bridge is an address too, but the way out is the one that
	// others share.
	if out := wayOut(); slices.Contains(own, out) {
		hosts = append(hosts, out+":"+port)
	}
	for _, host := range own {
		if host != "127.0.0.1" && host != "[::1]" && !slices.Contains(hosts, host+":"+port) {
			hosts = append(hosts, host+":"+port)
		}
	}
	return hosts, "This machine has no address but its own loopback: connect it to the room's network, and load this page again."
}

// wayOut is this machine's address on its default route, as it stands in a
// Host header; "" where there is none. Nothing is sent: a datagram socket only
// looks up the route.
func wayOut() string {
	conn, err := net.Dial("udp4", "192.0.2.1:9") // TEST-NET-1 of RFC 5737
	if err != nil {
		return ""
	}
	defer conn.Close()
	if local, ok := conn.LocalAddr().(*net.UDPAddr); ok {
		return literal(local.IP)
	}
	return ""
}

// inContainer reports whether Docker or Podman says that this is one.
func inContainer() bool {
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(mark); err == nil {
			return true
		}
	}
	return false
}

// renewControl prints another one-time link each time that it rings, until ctx
// ends.
func renewControl(ctx context.Context, rings <-chan os.Signal, window *site.Site, stdout io.Writer, url string) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-rings:
			if token := window.NewControlToken(); token != "" {
				announceControl(stdout, url, token)
			} else {
				fmt.Fprintln(stdout, "Control needs no link here: whoever reaches the page may start and stop lessons.")
			}
		}
	}
}

func announceControl(w io.Writer, url, token string) {
	// After the #, so that no server, proxy or history keeps it.
	fmt.Fprintf(w, "To start and stop lessons, open %s/control#%s\n", url, token)
	fmt.Fprintf(w, "  That link is good once, for one browser. For another one: %s\n", howToRenew())
}

func announceRoom(w io.Writer, hosts []string, basePath string) {
	if len(hosts) > 0 {
		fmt.Fprintf(w, "A room can follow at http://%s%s/follow\n", hosts[0], basePath)
	}
}
