package rightstest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"porthole/server/wire"
)

// ownEngine is a Docker engine that a test may stop and start. It stays in one
// mount and one network namespace of its own, so that it touches nothing of the
// machine's engine.
type ownEngine struct {
	t       *testing.T
	folder  string
	flags   []string
	keeper  int // the process that keeps the namespaces
	running *exec.Cmd
	client  *client.Client
}

func newEngine(t *testing.T, flags ...string) *ownEngine {
	t.Helper()
	folder, err := os.MkdirTemp("", "porthole-engine-")
	if err != nil {
		t.Fatal(err)
	}
	e := &ownEngine{t: t, folder: folder, flags: flags}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	keeper := exec.Command("sleep", "1200")
	keeper.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := keeper.Start(); err != nil {
		t.Fatalf("no namespaces can be made for an engine: run this test as root (%v)", err)
	}
	e.keeper = keeper.Process.Pid
	t.Cleanup(func() {
		_ = keeper.Process.Kill()
		_ = keeper.Wait()
	})
	if e.client, err = client.NewClientWithOpts(client.WithHost(e.address()), client.WithAPIVersionNegotiation()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.client.Close() })
	e.start()
	t.Cleanup(func() {
		if e.running == nil {
			e.start()
		}
		e.empty()
		e.stop()
	})
	return e
}

func (e *ownEngine) address() string { return "unix://" + filepath.Join(e.folder, "socket") }

// start starts the engine and waits until it answers.
func (e *ownEngine) start() {
	e.t.Helper()
	inside := func(name string) string { return filepath.Join(e.folder, name) }
	log, err := os.OpenFile(inside("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.t.Fatal(err)
	}
	defer log.Close()
	if err := os.WriteFile(inside("settings.json"), []byte("{}"), 0o600); err != nil {
		e.t.Fatal(err)
	}
	e.running = exec.Command("nsenter", append([]string{"--target", strconv.Itoa(e.keeper), "--mount", "--net", "--",
		"dockerd", "--config-file", inside("settings.json"), "--data-root", inside("data"), "--exec-root", inside("run"),
		"--pidfile", inside("number"), "--host", e.address()}, e.flags...)...)
	e.running.Stdout, e.running.Stderr = log, log
	if err := e.running.Start(); err != nil {
		e.t.Fatal(err)
	}
	e.until("the engine answers", func(ctx context.Context) bool {
		_, err := e.client.Ping(ctx)
		return err == nil
	})
}

// stop ends the engine as a service manager does, and waits for it.
func (e *ownEngine) stop() {
	e.t.Helper()
	_ = e.running.Process.Signal(syscall.SIGTERM)
	if err := e.running.Wait(); err != nil {
		e.t.Errorf("the engine ended with: %v", err)
	}
	e.running = nil
}

// containers are all that it has.
func (e *ownEngine) containers(ctx context.Context) []container.Summary {
	found, err := e.client.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		e.t.Errorf("the engine does not list its containers: %v", err)
	}
	return found
}

func (e *ownEngine) empty() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, one := range e.containers(ctx) {
		_ = e.client.ContainerRemove(ctx, one.ID, container.RemoveOptions{Force: true})
	}
}

func (e *ownEngine) until(what string, condition func(context.Context) bool) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	for !condition(ctx) {
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(e.folder, "log"))
			e.t.Fatalf("after 90 seconds still not: %s\n%s", what, log[max(0, len(log)-4000):])
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// known reports whether both containers of a lesson run and all their links are read.
func known(topology wire.Topology, slug string) bool {
	count := 0
	for _, c := range topology.Containers {
		if c.Lesson == slug && c.State == "running" && c.PID > 0 && len(c.Namespaces) == 8 {
			count++
		}
	}
	return count == 2
}

// numbers are the PID and the links of a lesson's containers.
func numbers(topology wire.Topology, slug string) string {
	var found []string
	for _, c := range topology.Containers {
		if c.Lesson != slug {
			continue
		}
		one := fmt.Sprintf("%s %d", c.Name, c.PID)
		for _, n := range c.Namespaces {
			one += fmt.Sprintf(" %s %d", n.Type, n.Inode)
		}
		found = append(found, one)
	}
	slices.Sort(found)
	return fmt.Sprint(found)
}

// newest is the latest run of a lesson.
func newest(s *server, slug string) (latest wire.Run) {
	s.t.Helper()
	var runs []wire.Run
	s.get("/api/v1/runs", &runs)
	for _, run := range runs {
		if run.Lesson == slug && run.StartedAt >= latest.StartedAt {
			latest = run
		}
	}
	return latest
}

// holds waits until the claim of a lesson's newest run holds.
func (e *ownEngine) holds(s *server, slug string) {
	e.t.Helper()
	e.until("the claim holds", func(context.Context) bool {
		run := newest(s, slug)
		return len(run.Claims) == 1 && run.Claims[0].Verdict == wire.Holds
	})
}

// runsAgain runs a lesson on the new engine, once the run that lost the old one
// is over, and ends the server.
func (e *ownEngine) runsAgain(s *server, slug string, before wire.Topology) {
	e.t.Helper()
	e.until("the lesson can start again", func(context.Context) bool {
		status, _ := s.post("/api/v1/lessons/" + slug + "/runs")
		return status == http.StatusCreated
	})
	again := s.topology("two new containers", func(t wire.Topology) bool { return known(t, slug) })
	if numbers(again, slug) == numbers(before, slug) {
		e.t.Errorf("the page still has the old containers: %s", numbers(again, slug))
	}
	e.holds(s, slug)
	s.stop(os.Interrupt)
	if left := e.containers(context.Background()); len(left) > 0 {
		e.t.Errorf("%d containers are left on the engine", len(left))
	}
}

func lessonStarts(t *testing.T, s *server, slug string) {
	t.Helper()
	if status, detail := s.post("/api/v1/lessons/" + slug + "/runs"); status != http.StatusCreated {
		t.Fatalf("the lesson does not start: %d %s", status, detail)
	}
}

// An engine is upgraded by stopping it and starting another on the same files.
// With live-restore its containers run on meanwhile: the kernel is read all the
// while, the run that cannot steer them is given up, with the reason, and the new
// engine is asked to remove what it left.
func TestRestartedEngineThatKeepsItsContainers(t *testing.T) {
	e := newEngine(t, "--live-restore")
	folder, slug := lessonFolder(t)
	s := serve(t, func(c *exec.Cmd) { c.Env = append(c.Env, "DOCKER_HOST="+e.address()) }, "--demos", folder)
	s.topology("the engine", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineUp })
	lessonStarts(t, s, slug)
	before := s.topology("two containers", func(t wire.Topology) bool { return known(t, slug) })
	e.holds(s, slug)

	e.stop()
	down := s.topology("that the engine is down", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineDown })
	if numbers(down, slug) != numbers(before, slug) {
		t.Errorf("while the engine is down the page has %s, before %s", numbers(down, slug), numbers(before, slug))
	}
	s.sampleTimes(down, slug, 5)
	e.until("the run is given up", func(context.Context) bool {
		run := newest(s, slug)
		return run.State == wire.RunFailed && strings.Contains(run.Problem, "The engine went away")
	})
	s.sampleTimes(down, slug, 5) // they run on, and nobody can remove them

	e.start()
	s.topology("the engine again, and that nothing is left of the run", func(t wire.Topology) bool {
		return t.Host.Engine.State == wire.EngineUp && numbers(t, slug) == "[]"
	})
	e.until("the run's containers are removed", func(ctx context.Context) bool { return len(e.containers(ctx)) == 0 })
	e.runsAgain(s, slug, before)
}

// Without live-restore an engine ends its containers with itself: the page says
// so, and the next run on the new engine is a whole one.
func TestRestartedEngineThatEndsItsContainers(t *testing.T) {
	e := newEngine(t)
	folder, slug := lessonFolder(t)
	s := serve(t, func(c *exec.Cmd) { c.Env = append(c.Env, "DOCKER_HOST="+e.address()) }, "--demos", folder)
	s.topology("the engine", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineUp })
	lessonStarts(t, s, slug)
	before := s.topology("two containers", func(t wire.Topology) bool { return known(t, slug) })

	e.stop()
	s.topology("that the engine is down", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineDown })
	e.start()
	s.topology("the engine again, without what it ended", func(t wire.Topology) bool {
		return t.Host.Engine.State == wire.EngineUp && !slices.ContainsFunc(t.Containers, func(c wire.Container) bool { return c.State == "running" })
	})
	e.runsAgain(s, slug, before)
}
