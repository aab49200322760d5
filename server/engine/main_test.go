package engine_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/client"
	"go.uber.org/goleak"

	"porthole/demos"
	"porthole/server/engine"
	"porthole/server/wire"
	"porthole/server/workload"
)

// scope keeps this run of the tests apart from others on the same engine.
var scope = "test-" + strings.ToLower(rand.Text()[:8])

// The test binary is also the workload inside the containers, and the server
// that gets killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "workload" {
		os.Exit(workload.Main(context.Background(), os.Args[2:], os.Stdout, os.Stderr))
	}
	if len(os.Args) > 2 && os.Args[1] == "server-to-be-killed" {
		serverToBeKilled(os.Args[2])
	}
	if len(os.Args) > 2 && os.Args[1] == "connect-to" {
		d, err := engine.NewDocker(engine.Options{Address: os.Args[2]})
		if err == nil {
			err = d.Connect(context.Background())
		}
		fmt.Println(errors.Is(err, engine.ErrForbidden), d.State().Problem, d.State().Fix)
		os.Exit(0)
	}
	code := m.Run()
	cleanScope(scope)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func cleanScope(scope string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := engine.NewDocker(engine.Options{Scope: scope})
	if err == nil && d.Connect(ctx) == nil {
		_, _ = d.Clean(ctx)
		d.Close()
	}
}

// address is the real engine's. The tests need one, and fail without.
func address(t testing.TB) string {
	t.Helper()
	found, err := engine.FindAddress(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	if path, ok := strings.CutPrefix(found, "unix://"); ok {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("these tests need a Docker engine, and there is none at %s; start one, for example with: sudo dockerd", path)
		}
	}
	return found
}

func options(t testing.TB, scope string) engine.Options {
	level := slog.LevelWarn
	if testing.Verbose() {
		level = slog.LevelDebug
	}
	return engine.Options{
		Address: address(t), Scope: scope, Log: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: level})),
		PingEvery: 50 * time.Millisecond, PingTimeout: 4 * time.Second, BackoffFirst: 20 * time.Millisecond, BackoffLongest: 100 * time.Millisecond,
	}
}

type testWriter struct{ testing.TB }

func (w testWriter) Write(line []byte) (int, error) {
	w.Logf("%s", strings.TrimSpace(string(line)))
	return len(line), nil
}

// follow returns a Docker that follows the engine until the test ends.
func follow(t testing.TB, o engine.Options) *engine.Docker {
	t.Helper()
	d, err := engine.NewDocker(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return d
}

// up is follow, once the engine answers; all that the test's run makes is
// removed at the end.
func up(t testing.TB, o engine.Options) *engine.Docker {
	t.Helper()
	d := follow(t, o)
	until(t, d, "the engine answers", func() bool { return d.State().State == wire.EngineUp })
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := d.RemoveRun(ctx, t.Name()); err != nil {
			t.Errorf("RemoveRun: %v", err)
		}
	})
	return d
}

// until waits for a condition that changes only when d says that something did.
func until(t testing.TB, d *engine.Docker, what string, holds func() bool) {
	t.Helper()
	changes, stop := d.Changes()
	defer stop()
	deadline := time.After(40 * time.Second)
	for !holds() {
		select {
		case <-changes:
		case <-deadline:
			t.Fatalf("waited in vain until %s; state %+v, containers %+v", what, d.State(), d.Containers())
		}
	}
}

func find(d *engine.Docker, id string) (engine.Container, bool) {
	for _, c := range d.Containers() {
		if c.ID == id {
			return c, true
		}
	}
	return engine.Container{}, false
}

var lesson = demos.Lesson{Slug: "lesson", Title: "A lesson for tests"}

func idle(key string) demos.Container {
	return demos.Container{Key: key, Title: "App " + key, Subtitle: "for a test", Order: 1, Workload: []string{"idle"}}
}

func create(t testing.TB, d *engine.Docker, c demos.Container) string {
	t.Helper()
	id, err := d.Create(t.Context(), t.Name(), lesson, c, 2*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func start(t testing.TB, d *engine.Docker, c demos.Container) string {
	t.Helper()
	id := create(t, d, c)
	if err := d.Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	until(t, d, c.Key+" has started", func() bool { seen, _ := find(d, id); return seen.State != "" && seen.State != "created" })
	return id
}

// raw is the client itself, to look past our own code.
func raw(t testing.TB) *client.Client {
	t.Helper()
	cli, err := client.NewClientWithOpts(client.WithHost(address(t)), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cli.Close() })
	return cli
}

// proxy stands between a client and the engine, and can be cut and stalled.
type proxy struct {
	path, target string
	mu           sync.Mutex
	changed      *sync.Cond
	stalled      bool
	listener     net.Listener
	open         map[net.Conn]bool
	work         sync.WaitGroup
}

func newProxy(t testing.TB) *proxy {
	t.Helper()
	target, ok := strings.CutPrefix(address(t), "unix://")
	if !ok {
		t.Fatalf("this test needs an engine at a unix socket, not at %s", target)
	}
	p := &proxy{path: filepath.Join(t.TempDir(), "s"), target: target, open: map[net.Conn]bool{}}
	p.changed = sync.NewCond(&p.mu)
	p.listen(t)
	t.Cleanup(func() { p.stall(false); p.cut(); p.work.Wait() })
	return p
}

func (p *proxy) listen(t testing.TB) {
	listener, err := net.Listen("unix", p.path)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.listener = listener
	p.mu.Unlock()
	p.work.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", p.target)
			if err != nil {
				near.Close()
				continue
			}
			p.mu.Lock()
			p.open[near], p.open[far] = true, true
			p.mu.Unlock()
			p.work.Go(func() { p.pump(near, far) })
			p.work.Go(func() { p.pump(far, near) })
		}
	})
}

func (p *proxy) pump(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		for p.stalled {
			p.changed.Wait()
		}
		p.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

// cut ends all connections and takes the socket away.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
	for c := range p.open {
		c.Close()
	}
	clear(p.open)
}

// stall lets connections be, but nothing through, as a paused engine does.
func (p *proxy) stall(yes bool) {
	p.mu.Lock()
	p.stalled = yes
	p.mu.Unlock()
	p.changed.Broadcast()
}

var _ io.Writer = testWriter{}
