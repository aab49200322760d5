package site

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"porthole/server/wire"
)

func TestCommandBehindTheHandshakeIsObeyed(t *testing.T) {
	s := serve(t, nil)
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	// One that is refused, and longer than the viewer's own buffer: all of it
	// has to arrive for the reason to come back.
	command := fmt.Appendf(nil, `{"type":%q}`, strings.Repeat("x", 3*ownBuffer))
	request := fmt.Appendf(nil, "GET /api/v1/stream HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", s.address)
	request = append(request, 0x81, 0x80|126, byte(len(command)>>8), byte(len(command)), 0, 0, 0, 0) // masked with zeros
	if _, err := conn.Write(append(request, command...)); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	if response, err := http.ReadResponse(reader, nil); err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the handshake got %v, %v", response, err)
	}
	for {
		opcode, payload := readFrame(t, reader)
		if opcode != 8 {
			continue
		}
		if !bytes.Contains(payload, []byte("the commands are subscribe")) {
			t.Errorf("closed with %q, want the answer to the command", payload)
		}
		return
	}
}

func TestViewerWhoseGoroutinePanicsIsLetGoAlone(t *testing.T) {
	var broken atomic.Bool
	s := serve(t, func(o *Options) {
		good := o.Host
		o.Host = func() wire.Host { // asked for the greeting, in the viewer's goroutine
			if broken.Load() {
				panic("broken on purpose")
			}
			return good()
		}
	})
	broken.Store(true)
	conn, _ := s.upgrade(t)
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("the viewer got %d bytes, want the end", n)
	}
	eventually(t, "the viewer is counted out", func() bool {
		s.viewers.mu.Lock()
		defer s.viewers.mu.Unlock()
		return s.viewers.all == 0 && s.hub.Stats().Viewers == 0
	})
	broken.Store(false)
	if hello := read(t, s.dial(t, "", nil)); hello.Type != wire.TypeHello {
		t.Errorf("the next viewer got %q, want hello", hello.Type)
	}
}

// tape is a connection that keeps what is written, one entry a write.
type tape struct {
	net.Conn
	writes   []string
	deadline time.Time
	fails    error
}

func (c *tape) Write(p []byte) (int, error) {
	if c.fails != nil {
		return 0, c.fails
	}
	c.writes = append(c.writes, string(p))
	return len(p), nil
}

func (c *tape) SetWriteDeadline(at time.Time) error {
	c.deadline = at
	return nil
}

func TestSocket(t *testing.T) {
	piece := func(length int) string { return strings.Repeat("x", length) }
	for name, test := range map[string]struct {
		pieces []string
		want   []string
	}{
		"none":                            {},
		"one":                             {[]string{"a"}, []string{"a"}},
		"a head and a body":               {[]string{"head", "body"}, []string{"headbody"}},
		"as long as the buffer":           {[]string{"a", piece(sharedBuffer - 1)}, []string{"a" + piece(sharedBuffer-1)}},
		"longer than the buffer together": {[]string{"ab", piece(sharedBuffer - 1), "c"}, []string{"ab", piece(sharedBuffer-1) + "c"}},
		"longer than the buffer alone":    {[]string{"a", piece(sharedBuffer), "b"}, []string{"a", piece(sharedBuffer), "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			var c tape
			s := &socket{Conn: &c}
			for range 2 { // the second one finds the buffer as it was
				c.writes = nil
				err := s.message(time.Hour, func() error {
					if c.deadline.IsZero() {
						t.Error("a message has no time limit")
					}
					for _, p := range test.pieces {
						if n, err := s.Write([]byte(p)); n != len(p) || err != nil {
							return fmt.Errorf("Write: %d, %w", n, err)
						}
					}
					return nil
				})
				if err != nil || fmt.Sprint(c.writes) != fmt.Sprint(test.want) || len(c.writes) != len(test.want) {
					t.Errorf("%d writes, %v; want %d", len(c.writes), err, len(test.want))
				}
			}
			if !c.deadline.IsZero() {
				t.Error("the time limit stays: what is written between messages would fail")
			}
			c.writes = nil
			s.Write([]byte("ping"))
			if fmt.Sprint(c.writes) != "[ping]" {
				t.Errorf("between messages %q was written, want a ping at once", c.writes)
			}
		})
	}
}

func TestSocketTellsOfFailure(t *testing.T) {
	c := tape{fails: os.ErrDeadlineExceeded}
	s := &socket{Conn: &c}
	err := s.message(time.Hour, func() error { _, err := s.Write([]byte("gathered")); return err })
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the error is %v, want that of the connection", err)
	}
}
