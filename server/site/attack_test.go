package site

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"nhooyr.io/websocket"

	"porthole/server/programtest"
)

// TestHeadersThatNeverEnd is slowloris: a client that sends a header byte by
// byte for as long as it is let.
func TestHeadersThatNeverEnd(t *testing.T) {
	s := serve(t, nil)
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		conn.SetReadDeadline(time.Now().Add(patience))
		io.Copy(io.Discard, conn)
	}()
	for drip := time.NewTicker(50 * time.Millisecond); ; {
		select {
		case <-drip.C:
			conn.Write([]byte("x")) // an error means the same as ended
			continue
		case <-ended:
		}
		drip.Stop()
		break
	}
	if _, err := conn.Write([]byte("x")); err == nil {
		if _, err = conn.Write([]byte("x")); err == nil {
			t.Error("the connection is still open")
		}
	}
}

// TestThousandsOfSocketsFromOneAddress: most are closed at once, and others
// are served all the while.
func TestThousandsOfSocketsFromOneAddress(t *testing.T) {
	s := serve(t, func(o *Options) { o.Viewers = 20 })
	var open []net.Conn
	defer func() {
		for _, conn := range open {
			conn.Close()
		}
	}()
	for range 10_000 {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
		if len(open) == 500 {
			// The kernel has only so many files for this test itself.
			for _, conn := range open {
				conn.Close()
			}
			open = open[:0]
		}
	}
	for _, conn := range open {
		conn.Close()
	}
	open = nil
	// Those who ask properly get in as soon as there is room again.
	eventually(t, "an answer", func() bool {
		response, err := http.Get("http://" + s.address + "/healthz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

func TestTheDoormanCounts(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := newDoorman(inner, 3, 2)
	defer d.Close()
	if !d.admit("192.0.2.1", false) || !d.admit("192.0.2.1", false) {
		t.Error("an address has not got its share")
	}
	if d.admit("192.0.2.1", false) {
		t.Error("an address has got more than its share")
	}
	if !d.admit("192.0.2.2", false) || d.admit("192.0.2.3", false) || d.admit("127.0.0.1", true) {
		t.Error("the bound on all is not kept")
	}
	for _, address := range []string{"192.0.2.1", "192.0.2.1", "192.0.2.2"} {
		d.leave(address)
	}
	if d.all != 0 || len(d.byAddress) != 0 {
		t.Errorf("all have left, and it counts %d, %v", d.all, d.byAddress)
	}
	if !d.admit("127.0.0.1", true) || !d.admit("127.0.0.1", true) || !d.admit("127.0.0.1", true) {
		t.Error("this machine itself has a share like any other address")
	}
}

// bomb is about a thousand times as long unpacked.
func bomb(t *testing.T, length int) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(bytes.Repeat([]byte(" "), length)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// TestCompressionBombs: bodies are not unpacked at all, and of a websocket's
// message no more is unpacked than a command may be long.
func TestCompressionBombs(t *testing.T) {
	s := serve(t, nil)
	response, text := s.do(t, http.MethodPost, "/api/v1/lessons/cpu-limit/runs", string(bomb(t, 64<<20)),
		"Content-Type", "application/json", "Content-Encoding", "gzip")
	if response.StatusCode/100 != 4 {
		t.Errorf("a packed body: %d, %s", response.StatusCode, text)
	}

	before := allocated()
	conn, _, err := websocket.Dial(t.Context(), "ws://"+s.address+"/api/v1/stream", &websocket.DialOptions{
		CompressionMode: websocket.CompressionNoContextTakeover, CompressionThreshold: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(-1)
	// The server may hang up in the middle of it.
	conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"`+strings.Repeat(" ", 32<<20)+`"}`))
	for {
		if _, _, err = conn.Read(t.Context()); err != nil {
			break
		}
	}
	if code := websocket.CloseStatus(err); code != websocket.StatusPolicyViolation {
		t.Errorf("it was closed with %d (%v), want 1008", code, err)
	}
	if used := allocated() - before; used > 256<<20 {
		t.Errorf("%d MiB were allocated for it, test included", used>>20)
	}
}

func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

// endless is a body of a gigabyte that costs nothing to make.
// The transport may still be reading it when the answer is there.
type endless struct{ left atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	n := min(int64(len(p)), e.left.Load())
	if n <= 0 {
		return 0, io.EOF
	}
	e.left.Add(-n)
	return int(n), nil
}

func TestBodyOfAGigabyte(t *testing.T) {
	s := serve(t, nil)
	body := &endless{}
	body.left.Store(1 << 30)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.address+"/api/v1/lessons/cpu-limit/runs", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err == nil {
		response.Body.Close()
		if response.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("it answers %d, want 413", response.StatusCode)
		}
	}
	if taken := 1<<30 - body.left.Load(); taken > 64<<20 {
		t.Errorf("it took in %d MiB of it", taken>>20)
	}
}

// TestTheTokenIsNotLogged goes through all that can be done with one, right
// and wrong, and looks for it in what was logged.
func TestTheTokenIsNotLogged(t *testing.T) {
	const token = "A7Q2XK4WJ5N3"
	var log programtest.Log
	s := serve(t, func(o *Options) {
		o.ControlToken = token
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	s.do(t, http.MethodPost, "/api/v1/lessons/panics/runs", "", "Authorization", "Bearer "+token)
	for _, given := range []string{token, token + "x", ""} {
		s.do(t, http.MethodPost, "/control", "token="+given, "Content-Type", "application/x-www-form-urlencoded")
		s.do(t, http.MethodPost, "/api/v1/lessons/cpu-limit/runs", "", "Authorization", "Bearer "+given)
	}
	if strings.Contains(log.String(), token) {
		t.Errorf("the token is in the log: %s", log.String())
	}
	if log.String() == "" {
		t.Error("nothing was logged, not even the panic: the test looks at nothing")
	}
}

// TestPathsThatClimb puts what climbs out of a folder into every parameter of
// every address that the router knows: whatever is added there is covered.
func TestPathsThatClimb(t *testing.T) {
	s := serve(t, nil)
	parameter := regexp.MustCompile(`\{[^}]*\}|\*$`)
	tried := 0
	err := chi.Walk(s.router, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		for _, place := range parameter.FindAllStringIndex(route, -1) {
			for _, climbing := range []string{
				"..", "%2e%2e", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", `..%5c..%5cetc%5cpasswd`, "..%252f..%252fetc%252fpasswd",
				"%2fetc%2fpasswd", "....%2f%2fetc%2fpasswd", "x%00.txt", "%c0%ae%c0%ae%c0%afetc", "%ff", ".", "..;%2f", "cpu-limit%2f..", "%7b%7d", "<img%20src=x%20onerror=alert(1)>",
			} {
				path := parameter.ReplaceAllString(route[:place[0]], "cpu-limit") + climbing + parameter.ReplaceAllString(route[place[1]:], "cpu-limit")
				status, text := raw(t, s.address, method, path)
				tried++
				// 404, or 400 where the address is none at all; 401, 403 and 409 would mean
				// that the name had been taken. A body that is wrong may be found first.
				if status != http.StatusNotFound && status != http.StatusBadRequest && status != http.StatusMethodNotAllowed {
					t.Errorf("%s %s: %d, %.200q", method, path, status, text)
				}
				if strings.Contains(text, "root:") || strings.Contains(text, "<img") {
					t.Errorf("%s %s: %.200q", method, path, text)
				}
			}
		}
		return nil
	})
	if err != nil || tried < 200 {
		t.Errorf("%d addresses were tried: %v", tried, err)
	}
}

// raw sends a path as it is written: Go's own client would tidy it.
func raw(t *testing.T, address, method, path string) (status int, text string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", method, strings.ReplaceAll(path, " ", "%20"))
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
