package site

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"porthole/server/wire"
)

// upgrade opens a websocket by hand, and returns what reads its frames.
func (s *server) upgrade(t *testing.T) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	// A small buffer: the server notices sooner that nobody reads.
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET /api/v1/stream HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", s.address)
	reader := bufio.NewReaderSize(conn, 4<<10)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the handshake got %v, %v", response, err)
	}
	return conn, reader
}

// stall opens a websocket and reads nothing of it, as a laptop does whose lid
// was closed.
func (s *server) stall(t *testing.T) net.Conn {
	t.Helper()
	conn, _ := s.upgrade(t)
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

func TestStalledViewerWhoseCommandWasRefusedIsCutOff(t *testing.T) {
	s := serve(t, func(o *Options) { o.WriteWithin = time.Hour })
	conn := s.stall(t)
	sample := wire.Sample{Containers: map[string]wire.Counters{strings.Repeat("x", sharedBuffer/2): {}}}
	eventually(t, "a write waits for the viewer", func() bool {
		s.hub.Sample(sample)
		return s.hub.Stats().Skipped > 0
	})
	if _, err := conn.Write([]byte{0x81, 0x82, 0, 0, 0, 0, '{', '}'}); err != nil { // masked with zeros
		t.Fatal(err)
	}
	eventually(t, "its reading has ended", func() bool {
		stacks := make([]byte, 1<<20)
		return !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("site.readCommands"))
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done := make(chan struct{})
	go func() { s.Shutdown(ctx); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("Shutdown waits for the viewer, and its time is over")
		conn.Close()
		<-done
	}
}

func TestViewerWithoutAPulseIsLetGo(t *testing.T) {
	s := serve(t, func(o *Options) { o.PingEvery, o.PongWithin = 10*time.Millisecond, 50*time.Millisecond })
	conn := s.stall(t)
	// It never answers a ping. The server has to end the connection.
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Fatalf("the server did not end the connection: %v", err)
	}
}

func TestViewerWithAPulseStays(t *testing.T) {
	s := serve(t, func(o *Options) { o.PingEvery = 10 * time.Millisecond })
	conn, reader := s.upgrade(t)
	// The server sends no second ping before the first is answered.
	for pings := 0; pings < 5; {
		opcode, payload := readFrame(t, reader)
		if opcode == 9 {
			pings++
			pong := append([]byte{0x8a, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...) // masked with zeros
			if _, err := conn.Write(pong); err != nil {
				t.Fatalf("pong: %v", err)
			}
		}
	}
	if n := s.hub.Stats().Viewers; n != 1 {
		t.Errorf("%d viewers, want the one that answers", n)
	}
}

// readFrame reads one unmasked frame of less than 64 KiB.
func readFrame(t *testing.T, reader *bufio.Reader) (opcode byte, payload []byte) {
	t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(reader, head); err != nil {
		t.Fatalf("reading a frame: %v", err)
	}
	length := int(head[1])
	if length == 126 {
		if _, err := io.ReadFull(reader, head[:2]); err != nil {
			t.Fatal(err)
		}
		length = int(head[0])<<8 | int(head[1])
		head[0] = 0x81 // only text is this long here
	}
	payload = make([]byte, length)
	if _, err := io.ReadFull(reader, payload); err != nil {
		t.Fatal(err)
	}
	return head[0] & 0x0f, payload
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
