package site

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"nhooyr.io/websocket"

	"porthole/server/stream"
	"porthole/server/wire"
)

const (
	// commandLimit bounds what a viewer may send at once, in bytes.
	commandLimit = 4 << 10
	// compressFrom is the length from which a message is compressed: that is
	// the history, which shrinks tenfold. For a sample it costs more than it
	// saves.
	compressFrom = 32 << 10
)

// leave is why a websocket is closed from our side, as the viewer is told.
type leave struct {
	code   websocket.StatusCode
	reason string
}

func (l leave) Error() string { return l.reason }

// errGone means that the viewer has left, or does not answer.
var errGone = errors.New("the viewer has gone")

// stream is GET /api/v1/stream.
func (s *Site) stream(w http.ResponseWriter, r *http.Request) {
	if status, detail := handshake(r); status != 0 {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Sec-WebSocket-Version", "13")
		s.problem(w, r, status, detail)
		return
	}
	control, ok := s.admit(r)
	if !ok {
		s.problem(w, r, http.StatusForbidden,
			"This page belongs to another site, which may not watch the stream: start Porthole with --allow-embed and its origin.")
		return
	}
	address, status := s.viewers.come(r.RemoteAddr)
	if status != 0 {
		w.Header().Set("Retry-After", "5")
		s.problem(w, r, status, "Too many viewers are connected already: close some pages and try again.")
		return
	}
	goodbye := func() { s.viewers.leave(address) }
	handedOn := false
	defer func() {
		if !handedOn {
			goodbye()
		}
	}()
	if !s.enter() {
		s.problem(w, r, http.StatusServiceUnavailable, "Porthole is shutting down.")
		return
	}
	unfollow := func() {}
	if s.Room != nil && r.URL.Query().Get("follow") != "" {
		unfollow = s.Room.Follow()
	}
	goodbye = func() {
		unfollow()
		s.viewers.leave(address)
		s.sockets.Done()
	}

	over := &hijacker{ResponseWriter: w}
	conn, err := websocket.Accept(over, r, &websocket.AcceptOptions{
		InsecureSkipVerify:   true, // admit has looked, and more closely
		CompressionMode:      websocket.CompressionNoContextTakeover,
		CompressionThreshold: compressFrom,
	})
	if err != nil {
		s.Log.Debug("a websocket could not be opened", "error", err)
		return
	}
	// This goroutine would keep the request and a stack that routing has made
	// large for as long as the viewer stays. Shutdown waits for the new one.
	handedOn = true
	go func() {
		defer goodbye()
		defer func() {
			if reason := recover(); reason != nil {
				s.Log.Error("a viewer's goroutine panicked: the viewer is let go", "reason", reason, "stack", stack())
				conn.CloseNow()
			}
		}()
		s.attend(conn, over.socket, control)
	}()
}

// handshake reports what is wrong with a request for a websocket; 0 if nothing.
func handshake(r *http.Request) (status int, detail string) {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key"))
	switch {
	case r.Method != http.MethodGet || !hasToken(r.Header, "Connection", "upgrade") || !hasToken(r.Header, "Upgrade", "websocket"):
		return http.StatusUpgradeRequired, "This address speaks websocket only: connect with ws:// and not with http://."
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return http.StatusBadRequest, "This server speaks version 13 of the websocket protocol only."
	case err != nil || len(key) != 16 || len(r.Header.Values("Sec-WebSocket-Key")) != 1:
		return http.StatusBadRequest, "The header Sec-WebSocket-Key must hold 16 bytes in base64."
	}
	return 0, ""
}

func hasToken(header http.Header, name, token string) bool {
	return slices.ContainsFunc(header.Values(name), func(line string) bool {
		return slices.ContainsFunc(strings.Split(line, ","), func(word string) bool {
			return strings.EqualFold(strings.TrimSpace(word), token)
		})
	})
}

// admit decides whether a page may watch, and whether it may be told that it
// can control. Browsers always say which page opens a websocket, and let any
// page try; programs say nothing.
func (s *Site) admit(r *http.Request) (control, ok bool) {
	asked := r.URL.Query()
	control = s.mayControl(r) && asked.Get("panel") == "" && asked.Get("follow") == ""
	origins := r.Header.Values("Origin")
	switch {
	case len(origins) == 0:
		return control, true
	case len(origins) == 1 && sameOrigin(origins[0], r):
		return control, true
	case len(origins) == 1 && s.embed.has(origins[0]):
		return false, true
	}
	return false, false
}

// attend serves one viewer until one of the two sides has had enough. All its
// goroutines have ended when it returns.
func (s *Site) attend(conn *websocket.Conn, socket *socket, control bool) {
	var reading sync.WaitGroup
	defer reading.Wait()
	// To cancel a context that a read or write was given cuts the connection
	// at once. So they get one that ends late, and the clean close another.
	hard, cut := context.WithCancel(s.ended)
	defer cut()
	// The library knows nothing of a write that has left it for the socket.
	defer context.AfterFunc(hard, func() { socket.Close() })()
	soft, stop := context.WithCancelCause(hard)
	goAway := context.AfterFunc(s.closing, func() {
		stop(leave{websocket.StatusGoingAway, "going away"})
	})
	defer goAway()

	subscription := s.Hub.Subscribe()
	defer subscription.Close()
	conn.SetReadLimit(-1) // readCommands reads no more than it wants

	pings := &pinger{conn: conn, every: s.PingEvery, within: s.PongWithin, gone: stop}
	pings.start(hard)
	defer func() {
		pings.stop()
		cut()
		pings.wait()
	}()
	reading.Go(func() { stop(readCommands(hard, conn, subscription)) })
	stop(s.writeFrames(hard, soft, conn, socket, subscription, control))

	pings.stop()
	var why leave
	if errors.As(context.Cause(soft), &why) {
		conn.Close(why.code, why.reason)
	} else {
		conn.CloseNow()
	}
}

// writeFrames says hello, and then hands on what comes.
func (s *Site) writeFrames(hard, soft context.Context, conn *websocket.Conn, socket *socket, subscription *stream.Subscription, control bool) error {
	hello, err := json.Marshal(wire.Hello{
		Header:     wire.Header{Type: wire.TypeHello, Seq: 1, At: s.Now().UnixMilli()},
		Version:    s.Version,
		IntervalMs: s.Interval.Milliseconds(),
		Host:       s.Host(),
		CanControl: control && s.Recording == nil,
		Replay:     s.Recording != nil,
		Recording:  s.Recording,
	})
	if err != nil {
		return leave{websocket.StatusInternalError, "hello could not be encoded"}
	}
	if err := s.write(hard, conn, socket, hello); err != nil {
		return err
	}
	for {
		frame, err := subscription.Next(soft)
		if errors.Is(err, stream.ErrTooSlow) {
			return leave{websocket.StatusTryAgainLater, "too slow: connect again for the state as it is"}
		}
		if err != nil {
			return err // soft has its cause already
		}
		if err := s.write(hard, conn, socket, frame.Data); err != nil {
			return err
		}
	}
}

// write sends one message, or gives the viewer up.
func (s *Site) write(ctx context.Context, conn *websocket.Conn, socket *socket, data []byte) error {
	err := socket.message(s.WriteWithin, func() error { return conn.Write(ctx, websocket.MessageText, data) })
	if err != nil {
		return errGone
	}
	return nil
}

// readCommands obeys the viewer until it sends something that is no command.
func readCommands(ctx context.Context, conn *websocket.Conn, subscription *stream.Subscription) error {
	for {
		kind, reader, err := conn.Reader(ctx)
		if err != nil {
			return errGone
		}
		data, err := io.ReadAll(io.LimitReader(reader, commandLimit+1))
		switch {
		case err != nil:
			return errGone
		case len(data) > commandLimit:
			return leave{websocket.StatusPolicyViolation, fmt.Sprintf("a command is at most %d bytes long", commandLimit)}
		case kind != websocket.MessageText:
			return leave{websocket.StatusPolicyViolation, "a command is text, not binary"}
		}
		if err := obey(data, subscription); err != nil {
			return leave{websocket.StatusPolicyViolation, closeReason(err)}
		}
	}
}

// obey carries out one command.
func obey(data []byte, subscription *stream.Subscription) error {
	var command wire.Command
	if err := decodeStrictly(data, &command); err != nil {
		return fmt.Errorf("a command is a JSON object: %w", err)
	}
	if command.Type != "subscribe" && command.Containers != nil {
		return errors.New("only subscribe takes containers")
	}
	switch command.Type {
	case "subscribe":
		subscription.Narrow(command.Containers)
	case "pause":
		subscription.Pause()
	case "resume":
		subscription.Resume()
	default:
		return errors.New("the commands are subscribe, pause and resume")
	}
	return nil
}

// closeReason fits an error into a close frame, which holds 123 bytes of it.
func closeReason(err error) string { return shorten(err.Error(), 110) }
