package lab_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"porthole/server/engine"
	"porthole/server/lab"
	"porthole/server/wire"
)

func running(r wire.Run) bool {
	for _, c := range r.Containers {
		if c.State != "running" {
			return false
		}
	}
	return true
}

// ofRun are the containers that the engine has for a run, once it has told of
// all of them: a run may know of its containers a moment before.
func (h *house) ofRun(t *testing.T, id string, count int) (all []engine.Container) {
	t.Helper()
	changes, stop := h.docker.Changes()
	defer stop()
	deadline := time.After(20 * time.Second)
	for {
		all = nil
		for _, c := range h.docker.Containers() {
			if c.Run == id {
				all = append(all, c)
			}
		}
		if len(all) == count {
			return all
		}
		select {
		case <-changes:
		case <-deadline:
			t.Fatalf("the engine told of %d containers of the run, and not of %d", len(all), count)
		}
	}
}

// Somebody removes or kills a container by hand in the middle of a lesson.
func TestKilledByHand(t *testing.T) {
	h := newHouse(t)
	tests := map[string]struct {
		kill func(ctx context.Context, id string) error
		says string
	}{
		"killed":  {h.docker.Kill, "was stopped from outside (exit 137"},
		"removed": {h.docker.Remove, "was removed from outside"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			id := h.start(t, "cpu-limit")
			h.until(t, id, "the free container runs", func(r wire.Run) bool { return r.Containers[0].State == "running" })
			for _, c := range h.ofRun(t, id, 2) {
				if c.Key == "free" {
					if err := test.kill(t.Context(), c.ID); err != nil {
						t.Fatal(err)
					}
				}
			}
			r := h.until(t, id, "the claim is given up", func(r wire.Run) bool { return r.Claims[1].Verdict != wire.Pending })
			if got := r.Claims[1]; got.Verdict != wire.Unknown || !strings.Contains(got.Reason, test.says) {
				t.Errorf("%s: %s %s", got.ID, got.Verdict, got.Reason)
			}
			// What does not need that container goes on.
			r = h.until(t, id, "the other container runs", func(r wire.Run) bool { return r.Containers[1].State == "running" })
			if r.State != wire.RunRunning {
				t.Errorf("the run is %s", r.State)
			}
			if err := h.lab.Stop(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Two people start one lesson at once: one of them does.
func TestTwoStartsAtOnce(t *testing.T) {
	h := newHouse(t)
	id := h.start(t, "pid-namespace")
	var both sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		both.Go(func() { _, errs[i] = h.lab.Start(t.Context(), "pid-namespace") })
	}
	both.Wait()
	for _, err := range errs {
		var already *lab.AlreadyRunning
		if !errors.As(err, &already) || already.ID != id {
			t.Errorf("a second start: %v", err)
		}
	}
	h.until(t, id, "it runs", running)
	containers := h.ofRun(t, id, 1)
	if err := h.lab.Stop(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if r, _ := h.lab.Get(id); r.State != wire.RunStopped {
		t.Errorf("the run is %s", r.State)
	}
	h.removed(t, containers)
}

// removed asks the engine itself, and not what it said last.
func (h *house) removed(t *testing.T, containers []engine.Container) {
	t.Helper()
	for _, c := range containers {
		if _, err := h.docker.Inspect(t.Context(), c.ID); !errors.Is(err, engine.ErrNoSuchContainer) {
			t.Errorf("%s is still there: %v", c.Name, err)
		}
	}
}

// The connection to the engine is cut in the middle of a lesson, and comes
// back later.
func TestEngineCutOff(t *testing.T) {
	p := newProxy(t)
	h := newHouseOf(t, building{address: "unix://" + p.path})
	id := h.start(t, "pid-namespace")
	h.until(t, id, "it runs", running)
	containers := h.ofRun(t, id, 1)
	p.cut()
	r := h.until(t, id, "the run is given up", func(r wire.Run) bool { return r.State == wire.RunFailed })
	if !strings.Contains(r.Problem, "went away in the middle of the run") || !strings.Contains(r.Progress, "remove what is left") {
		t.Errorf("problem %q, progress %q", r.Problem, r.Progress)
	}
	if _, err := h.lab.Start(t.Context(), "net-namespace"); !errors.Is(err, lab.ErrNoEngine) {
		t.Errorf("a start without an engine: %v", err)
	}
	p.listen(t)
	h.until(t, id, "the left-overs are removed", func(r wire.Run) bool { return r.State == wire.RunFailed && r.EndedAt > 0 })
	h.removed(t, containers)
}

// proxy stands between the lab and the engine, and can be cut.
type proxy struct {
	path, target string
	mu           sync.Mutex
	listener     net.Listener
	open         map[net.Conn]bool
	work         sync.WaitGroup
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	address, err := engine.FindAddress(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	target, ok := strings.CutPrefix(address, "unix://")
	if !ok {
		t.Fatalf("this test needs an engine at a unix socket, not at %s", address)
	}
	p := &proxy{path: filepath.Join(t.TempDir(), "s"), target: target, open: map[net.Conn]bool{}}
	p.listen(t)
	t.Cleanup(func() { p.cut(); p.work.Wait() })
	return p
}

func (p *proxy) listen(t *testing.T) {
	t.Helper()
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
			far, err := net.DialTimeout("unix", p.target, 5*time.Second)
			if err != nil {
				near.Close()
				continue
			}
			p.mu.Lock()
			p.open[near], p.open[far] = true, true
			p.mu.Unlock()
			p.work.Go(func() { pump(far, near) })
			p.work.Go(func() { pump(near, far) })
		}
	})
}

// pump copies one direction, and passes its end on.
func pump(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener.Close()
	for connection := range p.open {
		connection.Close()
	}
	clear(p.open)
}
