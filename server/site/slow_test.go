package site

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"porthole/server/wire"
)

// stall opens a websocket by hand and then reads nothing more of it, as a
// laptop does whose lid was closed.
func (s *server) stall(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	// A small buffer: the server notices sooner.
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /api/v1/stream HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", s.address)
	status, err := bufio.NewReaderSize(conn, 16).ReadString('\n')
	if err != nil || !strings.Contains(status, "101") {
		t.Fatalf("the handshake got %q, %v", status, err)
	}
	return conn
}

// wide publishes a sample of about 100 KB.
func (s *server) wide() {
	sample := wire.Sample{Containers: map[string]wire.Counters{}}
	for i := range 1000 {
		sample.Containers[fmt.Sprintf("porthole-%s-%d", strings.Repeat("x", 60), i)] = wire.Counters{CPUUsageUsec: wire.Counted(1)}
	}
	s.hub.Sample(sample)
}

func TestStalledViewerIsLetGoAndDelaysNobody(t *testing.T) {
	s := serve(t, func(o *Options) { o.WriteWithin = 500 * time.Millisecond })
	s.stall(t)
	quick := s.dial(t, "", nil)
	readUntil(t, quick, "history")
	eventually(t, "both are there", func() bool { return s.hub.Stats().Viewers == 2 })
	// The quick one gets every sample while the other still holds on, and
	// after it was let go.
	deadline := time.Now().Add(patience)
	for n := uint64(1); n <= 10 || s.hub.Stats().Viewers == 2; n++ {
		if time.Now().After(deadline) {
			t.Fatal("the stalled viewer is still there")
		}
		s.wide()
		if m := readUntil(t, quick, "sample"); m.Seq != n {
			t.Fatalf("the quick viewer got number %d, want %d", m.Seq, n)
		}
	}
	if skipped := s.hub.Stats().Skipped; skipped == 0 {
		t.Error("nothing was skipped: the stalled viewer was not slow at all")
	}
	if viewers := s.hub.Stats().Viewers; viewers != 1 {
		t.Errorf("%d viewers are left, want 1", viewers)
	}
}

func TestViewerWithoutAPulseIsLetGo(t *testing.T) {
	s := serve(t, func(o *Options) { o.PingEvery = 50 * time.Millisecond })
	conn := s.stall(t)
	// It never answers a ping. The server has to end the connection.
	conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Fatalf("the server did not end the connection: %v", err)
	}
}

func TestViewerWithAPulseStays(t *testing.T) {
	s := serve(t, func(o *Options) { o.PingEvery = 10 * time.Millisecond })
	pings := make(chan struct{}, 100)
	conn := s.dial(t, "", nil)
	readUntil(t, conn, "history")
	// Reading answers pings. Ten of our own in between make sure that time
	// goes by on the same connection.
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	alive := conn.CloseRead(ctx)
	for range 10 {
		if err := conn.Ping(ctx); err != nil {
			t.Fatalf("ping: %v", err)
		}
		pings <- struct{}{}
	}
	if alive.Err() != nil || s.hub.Stats().Viewers != 1 {
		t.Error("a viewer that answers was let go")
	}
	if len(pings) != 10 {
		t.Errorf("%d pings, want 10", len(pings))
	}
}

func TestRubbishInsteadOfFrames(t *testing.T) {
	s := serve(t, nil)
	for _, rubbish := range []string{
		"\x00\x00", "\xff\xff\xff\xff", "GET / HTTP/1.1\r\n\r\n", "\x81\x02hi", // not masked
		"\x89\xfe\xff\xff\x00\x00\x00\x00", "\x80\x80\x00\x00\x00\x00", strings.Repeat("\xc1", 5000),
	} {
		conn := s.stall(t)
		if _, err := io.WriteString(conn, rubbish); err != nil {
			t.Fatal(err)
		}
		conn.(*net.TCPConn).CloseWrite()
		conn.SetReadDeadline(time.Now().Add(patience))
		io.Copy(io.Discard, conn) // ends in any way, but ends
		conn.Close()
	}
	eventually(t, "all have left", func() bool { return s.hub.Stats().Viewers == 0 })
	if response, _ := s.do(t, "GET", "/healthz", ""); response.StatusCode != http.StatusOK {
		t.Errorf("afterwards /healthz answers %s", response.Status)
	}
}

func TestShutdownTellsEveryViewerAndWaits(t *testing.T) {
	s := serve(t, nil)
	var conns []*websocket.Conn
	for range 20 {
		conn := s.dial(t, "", nil)
		readUntil(t, conn, "history")
		conns = append(conns, conn)
	}
	ends := make(chan error, len(conns))
	for _, conn := range conns {
		go func() {
			_, _, err := conn.Read(context.Background())
			ends <- err
		}()
	}
	s.stop() // returns when Serve has
	if n := s.hub.Stats().Viewers; n != 0 {
		t.Errorf("Serve returned with %d viewers", n)
	}
	for range conns {
		if err := <-ends; websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("a viewer saw %v, want 1001", err)
		}
	}
	if _, _, err := s.tryDial(t, "", nil); err == nil {
		t.Error("a viewer came after the end")
	}
}

func TestShutdownCutsOffWhoDoesNotAnswer(t *testing.T) {
	s := serve(t, nil)
	stalled := s.stall(t)
	eventually(t, "the viewer is there", func() bool { return s.hub.Stats().Viewers == 1 })
	for range 20 {
		s.wide() // until the server's write is stuck
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s.Shutdown(ctx)
	if n := s.hub.Stats().Viewers; n != 0 {
		t.Errorf("Shutdown returned with %d viewers", n)
	}
	_, response, err := s.tryDial(t, "", nil)
	if err == nil || response == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a viewer after Shutdown: %v, %v; want 503", response, err)
	}
	stalled.Close()
}
