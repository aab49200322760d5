package site

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// doorman is a listener that lets in only so many connections at a time: they
// cost files, and without those nobody else could be served. One that is too
// many is closed at once, without a word. One that says nothing is closed by
// the server's own time limit.
type doorman struct {
	net.Listener
	most           int // of all, and of this machine itself
	mostPerAddress int // of each other address

	log *slog.Logger // may be nil
	// said is when it was last logged that there are no files; for Accept alone.
	said time.Time

	mu        sync.Mutex
	all       int
	byAddress map[string]int
}

func newDoorman(l net.Listener, most, mostPerAddress int) *doorman {
	return &doorman{Listener: l, most: most, mostPerAddress: mostPerAddress, byAddress: map[string]int{}}
}

// Accept returns the next connection that may come in.
func (d *doorman) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			d.explain(err)
			return nil, err
		}
		address, loopback := remoteIP(conn)
		if d.admit(address, loopback) {
			return &guest{Conn: conn, leave: func() { d.leave(address) }}, nil
		}
		conn.Close()
	}
}

// sayAgain is the time between two words in the log on the same lack.
const sayAgain = time.Minute

// explain says in the log that nobody can come in for want of files. The HTTP
// server tries again by itself, so that all goes on when there are some.
func (d *doorman) explain(err error) {
	if d.log == nil || !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) || time.Since(d.said) < sayAgain {
		return
	}
	d.said = time.Now()
	d.log.Warn("nobody new can be served for now: too many open files; raise the limit with ulimit -n", "error", err)
}

func (d *doorman) admit(address string, loopback bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all >= d.most || !loopback && d.byAddress[address] >= d.mostPerAddress {
		return false
	}
	d.all++
	d.byAddress[address]++
	return true
}

func (d *doorman) leave(address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all--
	if d.byAddress[address]--; d.byAddress[address] == 0 {
		delete(d.byAddress, address)
	}
}

func remoteIP(conn net.Conn) (address string, loopback bool) {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.IP.String(), tcp.IP.IsLoopback()
	}
	return conn.RemoteAddr().String(), false
}

// guest is a connection that the doorman has counted in.
type guest struct {
	net.Conn
	once  sync.Once
	leave func()
}

// Close counts it out, once.
func (g *guest) Close() error {
	g.once.Do(g.leave)
	return g.Conn.Close()
}

// CloseWrite ends our side only. net/http does that after an answer to a
// request that it has not read to its end, and waits a moment: by a full close
// the client would get a reset in place of the answer.
func (g *guest) CloseWrite() error {
	if half, ok := g.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
