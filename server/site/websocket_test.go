package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"nhooyr.io/websocket"

	"porthole/server/wire"
)

// patience is how long a test waits for what has to come. Nothing is measured
// by it.
const patience = 20 * time.Second

// dial connects a viewer. It is cut at the end of the test if it has not been
// closed.
func (s *server) dial(t *testing.T, query string, header http.Header) *websocket.Conn {
	t.Helper()
	conn, response, err := s.tryDial(t, query, header)
	if err != nil {
		t.Fatalf("dial: %v (%v)", err, response)
	}
	return conn
}

func (s *server) tryDial(t *testing.T, query string, header http.Header) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, response, err := websocket.Dial(ctx, "ws://"+s.address+s.BasePath+"/api/v1/stream"+query, &websocket.DialOptions{
		HTTPHeader: header, HTTPClient: &http.Client{Transport: s.client.Transport},
		CompressionMode: websocket.CompressionContextTakeover,
	})
	if err == nil {
		conn.SetReadLimit(64 << 20)
		t.Cleanup(func() { conn.CloseNow() })
	}
	return conn, response, err
}

// message is what every message has, and what of the others tests look at.
type message struct {
	wire.Header
	Version    string                   `json:"version"`
	IntervalMs int64                    `json:"intervalMs"`
	CanControl bool                     `json:"canControl"`
	Replay     bool                     `json:"replay"`
	Name       string                   `json:"name"`
	ID         string                   `json:"id"`
	Samples    []wire.Sample            `json:"samples"`
	Counters   map[string]wire.Counters `json:"-"`
	raw        []byte
}

func read(t *testing.T, conn *websocket.Conn) message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	kind, data, err := conn.Read(ctx)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if kind != websocket.MessageText {
		t.Errorf("a message is %v, want text", kind)
	}
	var m message
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatalf("a message is not JSON: %v: %.200s", err, data)
	}
	m.raw = data
	return m
}

// readUntil skips messages of other types.
func readUntil(t *testing.T, conn *websocket.Conn, messageType string) message {
	t.Helper()
	for {
		if m := read(t, conn); m.Type == messageType {
			return m
		}
	}
}

func write(t *testing.T, conn *websocket.Conn, kind websocket.MessageType, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := conn.Write(ctx, kind, []byte(text)); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// closed reads to the end of a connection and returns how the server closed
// it.
func closed(t *testing.T, conn *websocket.Conn) websocket.CloseError {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		_, _, err := conn.Read(ctx)
		var end websocket.CloseError
		if errors.As(err, &end) {
			return end
		}
		if err != nil {
			t.Fatalf("the connection ended without a close frame: %v", err)
		}
	}
}

// eventually waits for a condition that has no event to wait for.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestStreamBeginsWithTheState(t *testing.T) {
	s := serve(t, nil)
	s.publish(1)
	s.hub.Run(wire.Run{ID: "r1"})
	conn := s.dial(t, "", nil)
	var got []string
	for range 4 {
		got = append(got, read(t, conn).Type)
	}
	s.sample(2)
	s.hub.Gone(wire.Gone{Name: "porthole-a", ID: "abc"})
	for range 2 {
		got = append(got, read(t, conn).Type)
	}
	want := []string{"hello", "topology", "history", "run", "sample", "gone"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

func TestHello(t *testing.T) {
	s := serve(t, func(o *Options) { o.Interval = 250 * time.Millisecond })
	m := read(t, s.dial(t, "", nil))
	if m.Type != "hello" || m.Seq != 1 || m.At == 0 || m.Version != "1.2.3" || m.IntervalMs != 250 || !m.CanControl || m.Replay {
		t.Errorf("got %s", m.raw)
	}
	if !strings.Contains(string(m.raw), `"cgroupMode":"v2"`) {
		t.Errorf("the host is not in it: %s", m.raw)
	}
}

func TestHelloOfARecording(t *testing.T) {
	s := serve(t, func(o *Options) { o.Recording = &wire.Recording{Hostname: "there", At: 5} })
	m := read(t, s.dial(t, "", nil))
	if !m.Replay || m.CanControl || !strings.Contains(string(m.raw), `"hostname":"there"`) {
		t.Errorf("got %s", m.raw)
	}
}

func TestWhoMayControl(t *testing.T) {
	const token = "a long enough token"
	for _, c := range []struct {
		name, token, query string
		header             http.Header
		want               bool
	}{
		{"a program on loopback", "", "", nil, true},
		{"a panel in a frame", "", "?panel=1", nil, false},
		{"a deck's own page", "", "", http.Header{"Origin": {"https://slides.example"}}, false},
		{"without the token", token, "", nil, false},
		{"with it", token, "", http.Header{"Authorization": {"Bearer " + token}}, true},
		{"with another", token, "", http.Header{"Authorization": {"Bearer x"}}, false},
		{"with it, but a panel", token, "?panel=1", http.Header{"Authorization": {"Bearer " + token}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, func(o *Options) { o.ControlToken = c.token })
			if m := read(t, s.dial(t, c.query, c.header)); m.CanControl != c.want {
				t.Errorf("canControl is %v, want %v", m.CanControl, c.want)
			}
		})
	}
}

func TestCookieOfTheLinkControls(t *testing.T) {
	s := serve(t, func(o *Options) { o.ControlToken = "a long enough token" })
	response, _ := s.do(t, "POST", "/control", "token=a+long+enough+token", "Content-Type", "application/x-www-form-urlencoded")
	cookies := response.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies, want 1", len(cookies))
	}
	header := http.Header{"Cookie": {cookies[0].Name + "=" + cookies[0].Value}}
	if m := read(t, s.dial(t, "", header)); !m.CanControl {
		t.Error("the cookie does not control the stream")
	}
	response, _ = s.do(t, "POST", "/api/v1/lessons/cpu-limit/runs", "", "Cookie", header.Get("Cookie"))
	if response.StatusCode != http.StatusCreated {
		t.Errorf("with the cookie, a start answers %s", response.Status)
	}
}

func TestOwnPagesMayWatch(t *testing.T) {
	s := serve(t, nil)
	conn := s.dial(t, "", http.Header{"Origin": {"http://" + s.address}})
	if m := read(t, conn); !m.CanControl {
		t.Errorf("got %s", m.raw)
	}
	for _, origin := range []string{"http://evil.example", "http://127.0.0.1:1", "null", "http://" + s.address + ".evil.example", "file://", "chrome-extension://" + s.address} {
		_, response, err := s.tryDial(t, "", http.Header{"Origin": {origin}})
		if err == nil || response == nil || response.StatusCode != http.StatusForbidden {
			t.Errorf("Origin %s: %v, %v; want 403", origin, response, err)
		}
	}
}

func TestSubscribePauseResume(t *testing.T) {
	s := serve(t, nil)
	conn := s.dial(t, "", nil)
	readUntil(t, conn, "history")
	containers := func() (names []string) {
		t.Helper()
		var sample wire.Sample
		if err := json.Unmarshal(readUntil(t, conn, "sample").raw, &sample); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"porthole-a", "porthole-b"} {
			if _, ok := sample.Containers[name]; ok {
				names = append(names, name)
			}
		}
		return names
	}
	// A command has no answer. The next sample after it shows whether it has
	// been obeyed, so that a few may come before.
	for _, c := range []struct {
		command string
		want    []string
	}{
		{`{"type":"subscribe","containers":["porthole-b","not-there-yet"]}`, []string{"porthole-b"}},
		{`{"type":"subscribe","containers":["not-there-yet"]}`, nil},
		{`{"type":"subscribe"}`, []string{"porthole-a", "porthole-b"}},
		{`{"type":"subscribe","containers":[]}`, nil},
		{`{"type":"subscribe","containers":null}`, []string{"porthole-a", "porthole-b"}},
	} {
		write(t, conn, websocket.MessageText, c.command)
		var got []string
		eventually(t, c.command+" is obeyed", func() bool {
			s.sample(1)
			got = containers()
			return cmp.Equal(got, c.want)
		})
	}

	write(t, conn, websocket.MessageText, `{"type":"pause"}`)
	eventually(t, "the hub knows of the pause", func() bool { return s.hub.Stats().Watching == 0 })
	if watched, _ := s.hub.Watched(); watched {
		t.Error("a paused viewer counts as watching")
	}
	s.sample(99)
	s.hub.Gone(wire.Gone{Name: "mark", ID: "mark"})
	for {
		m := read(t, conn)
		if m.Type == "sample" && strings.Contains(string(m.raw), `"cpuUsageUsec":99`) {
			t.Fatal("a sample came while paused")
		}
		if m.Type == "gone" {
			break
		}
	}
	write(t, conn, websocket.MessageText, `{"type":"resume"}`)
	eventually(t, "the hub knows of the end of the pause", func() bool { return s.hub.Stats().Watching == 1 })
	s.sample(100)
	if m := readUntil(t, conn, "sample"); !strings.Contains(string(m.raw), `"cpuUsageUsec":100`) {
		t.Errorf("after the pause came %s", m.raw)
	}
}

func TestAnythingElseCloses(t *testing.T) {
	s := serve(t, nil)
	for _, c := range []struct {
		name string
		kind websocket.MessageType
		text string
		says string
	}{
		{"rubbish", websocket.MessageText, "rubbish", "JSON"},
		{"nothing", websocket.MessageText, "", "subscribe, pause and resume"},
		{"two bytes", websocket.MessageText, "\xff\xfe", "JSON"},
		{"an unknown command", websocket.MessageText, `{"type":"start"}`, "subscribe, pause and resume"},
		{"an unknown field", websocket.MessageText, `{"type":"pause","for":3}`, "for"},
		{"containers to pause", websocket.MessageText, `{"type":"pause","containers":["a"]}`, "only subscribe"},
		{"names that are none", websocket.MessageText, `{"type":"subscribe","containers":[1]}`, "containers"},
		{"a list", websocket.MessageText, `["pause"]`, "object"},
		{"half a command", websocket.MessageText, `{"type":"pau`, "JSON"},
		{"two commands", websocket.MessageText, `{"type":"pause"}{"type":"pause"}`, "after the first"},
		{"binary", websocket.MessageBinary, `{"type":"pause"}`, "binary"},
		{"a long one", websocket.MessageText, `{"type":"subscribe","containers":["` + strings.Repeat("x", commandLimit) + `"]}`, "4096 bytes"},
		{"a very long one", websocket.MessageText, strings.Repeat("x", 1<<20), "4096 bytes"},
		{"a long unknown field", websocket.MessageText, `{"` + strings.Repeat("é", 1000) + `":1}`, "no field"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := s.dial(t, "", nil)
			write(t, conn, c.kind, c.text)
			end := closed(t, conn)
			if end.Code != websocket.StatusPolicyViolation || !strings.Contains(end.Reason, c.says) {
				t.Errorf("closed with %d %q, want 1008 and %q in it", end.Code, end.Reason, c.says)
			}
		})
	}
	eventually(t, "all have left", func() bool { return s.hub.Stats().Viewers == 0 })
}

func TestTooManyViewers(t *testing.T) {
	s := serve(t, func(o *Options) { o.Viewers = 2 })
	first := s.dial(t, "", nil)
	read(t, first)
	read(t, s.dial(t, "", nil))
	_, response, err := s.tryDial(t, "", nil)
	if err == nil || response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Fatalf("the third: %v, %v; want 503", response, err)
	}
	first.Close(websocket.StatusNormalClosure, "")
	eventually(t, "there is room again", func() bool {
		conn, _, err := s.tryDial(t, "", nil)
		return err == nil && read(t, conn).Type == "hello"
	})
}

func TestViewersOfOneAddress(t *testing.T) {
	v := viewers{most: 100, mostPerAddress: 2, byAddress: map[string]int{}}
	come := func(remote string, want int) {
		t.Helper()
		if _, got := v.come(remote); got != want {
			t.Errorf("%s: %d, want %d", remote, got, want)
		}
	}
	for port := range 3 {
		come(fmt.Sprintf("127.0.0.1:%d", port), 0)
		come(fmt.Sprintf("[::1]:%d", port), 0)
	}
	come("192.0.2.1:1", 0)
	come("192.0.2.1:2", 0)
	come("192.0.2.1:3", http.StatusTooManyRequests)
	come("192.0.2.2:1", 0)
	v.leave("192.0.2.1")
	come("192.0.2.1:4", 0)
	for range 2 {
		v.leave("192.0.2.1")
	}
	if _, ok := v.byAddress["192.0.2.1"]; ok {
		t.Error("an address without viewers is remembered")
	}
}
