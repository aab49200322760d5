package site

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// ownBuffer is what each viewer's connection has for reading and for
	// writing, in bytes: enough for a frame's head and a short command. What is
	// longer comes in pieces.
	ownBuffer = 512
	// sharedBuffer is as long as most messages, in bytes. One is taken for the
	// time of a write.
	sharedBuffer = 16 << 10
)

// hijacker is a ResponseWriter whose connection comes with small buffers: those
// of net/http take 8 KiB of each viewer for as long as it stays.
type hijacker struct {
	http.ResponseWriter
	socket *socket // nil before Hijack
}

// Hijack takes the connection over, see http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.socket = &socket{Conn: conn}
	// What the viewer sent behind its request is in the large buffer.
	early, err := buffered.Reader.Peek(buffered.Reader.Buffered())
	if err != nil {
		return nil, nil, err
	}
	h.socket.early = append(h.socket.early, early...)
	return h.socket, bufio.NewReadWriter(bufio.NewReaderSize(h.socket, ownBuffer), bufio.NewWriterSize(h.socket, ownBuffer)), nil
}

// socket is a viewer's connection. A message that the library writes in pieces
// leaves in one system call, and no viewer has a buffer as long as a message.
type socket struct {
	net.Conn
	early []byte // came before the connection was taken over: read first

	mu       sync.Mutex
	gathered *[]byte // nil between messages: what is written leaves at once
}

// shared are the buffers of those who are writing just now.
var shared = sync.Pool{New: func() any {
	buffer := make([]byte, 0, sharedBuffer)
	return &buffer
}}

// Read gives what came early first.
func (s *socket) Read(p []byte) (int, error) {
	if len(s.early) == 0 {
		return s.Conn.Read(p)
	}
	n := copy(p, s.early)
	if s.early = s.early[n:]; len(s.early) == 0 {
		s.early = nil
	}
	return n, nil
}

// Write gathers what belongs to a message, up to the length of a shared buffer.
func (s *socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gathered == nil {
		return s.Conn.Write(p)
	}
	if len(*s.gathered)+len(p) > sharedBuffer {
		if err := s.flush(); err != nil {
			return 0, err
		}
		if len(p) >= sharedBuffer {
			return s.Conn.Write(p)
		}
	}
	*s.gathered = append(*s.gathered, p...)
	return len(p), nil
}

// flush writes what was gathered. s.mu is held.
func (s *socket) flush() error {
	if len(*s.gathered) == 0 {
		return nil
	}
	_, err := s.Conn.Write(*s.gathered)
	*s.gathered = (*s.gathered)[:0]
	return err
}

// message gathers what write writes, and sends it within the limit. A context
// with a time limit for each message would do too, and cost more than the
// message.
func (s *socket) message(limit time.Duration, write func() error) error {
	s.SetWriteDeadline(time.Now().Add(limit))
	defer s.SetWriteDeadline(time.Time{})
	s.mu.Lock()
	s.gathered = shared.Get().(*[]byte)
	s.mu.Unlock()
	err := write()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		err = s.flush()
	}
	*s.gathered = (*s.gathered)[:0]
	shared.Put(s.gathered)
	s.gathered = nil
	return err
}
