package faultstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"porthole/server/programtest"
	"porthole/server/wire"
)

// ours are the containers that run and that Porthole has made, looked at past
// its code: whoever uses the workload image has the image's labels, and a run only
// Porthole gives. ever counts those that do not run as well.
func (h *host) ours(ever bool) (names []string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	all, err := h.client.ContainerList(ctx, container.ListOptions{All: ever, Filters: filters.NewArgs(filters.Arg("label", "porthole.run"))})
	for _, c := range all {
		names = append(names, c.Names[0]+" "+c.State)
	}
	return names, err
}

// none waits until there is no container of Porthole's any more.
func (h *host) none(ever bool) {
	h.t.Helper()
	until(h.t, "an engine without left-overs", func() error {
		names, err := h.ours(ever)
		if len(names) > 0 {
			err = fmt.Errorf("%s", strings.Join(names, ", "))
		}
		return err
	})
}

// The server is killed in mid-lesson: its containers end by themselves when
// their time is over, and the next start removes what has not.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	h := newHost(t, 0)
	s := h.serve(10 * time.Second)
	s.run(s.begin(), "the lesson's containers", func(r wire.Run) bool {
		return !slices.ContainsFunc(r.Containers, func(c wire.RunContainer) bool { return c.State != "running" })
	})
	s.kill()
	if names, err := h.ours(false); err != nil || len(names) != 2 {
		t.Fatalf("after the server's death there run %v, %v", names, err)
	}
	h.none(false)

	s = h.serve(10 * time.Minute)
	s.run(s.begin(), "the lesson", held)
	s.kill()
	s = h.serve(10 * time.Minute)
	s.ready()
	h.none(true)
	s.lessonWorks()
}

// The engine is killed in mid-lesson and started again: the run is given up
// with a reason, nothing of it stays, and lessons work again. Then the same of
// its containerd.
func TestEngineKilled(t *testing.T) {
	t.Parallel()
	h := newHost(t, 0)
	s := h.serve(10 * time.Minute)
	id := s.begin()
	s.run(id, "the lesson", held)
	h.kill()
	s.says("engine")
	if err := s.wants(http.MethodPost, "/api/v1/lessons/"+slug+"/runs", http.StatusServiceUnavailable, "engine"); err != nil {
		t.Error(err)
	}
	h.start()
	s.run(id, "the end of the run", func(r wire.Run) bool { return r.State == wire.RunFailed && r.EndedAt > 0 && r.Problem != "" })
	s.ready()
	h.none(true)
	s.lessonWorks()

	// Killed while it makes a container: however far that came, nothing stays.
	id = s.begin()
	h.kill()
	h.start()
	s.run(id, "the end of the run", func(r wire.Run) bool { return r.EndedAt > 0 })
	s.ready()
	h.none(true)

	id = s.begin()
	s.run(id, "the lesson", held)
	before := h.containerd()
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "another containerd", func() error {
		if now := h.containerd(); now == before {
			return errors.New("it is still the old one")
		}
		return nil
	})
	if err := h.answers(); err != nil {
		t.Fatal(err)
	}
	if status, detail, err := s.ask(http.MethodDelete, "/api/v1/runs/"+id, nil); err != nil || status >= 400 {
		t.Fatalf("the lesson is not stopped: %d, %q, %v", status, detail, err)
	}
	h.none(true)
	s.lessonWorks()
}

// The engine is paused: nothing waits for ever, everybody is told, and all
// comes back when it goes on.
func TestEnginePaused(t *testing.T) {
	t.Parallel()
	h := newHost(t, 0)
	s := h.serve(10 * time.Minute)
	id := s.begin()
	s.run(id, "the lesson", held)
	if err := h.daemon.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	// Each has an answer while nobody has noticed yet, and afterwards.
	for _, path := range []string{"/", "/healthz", "/api/v1/host", "/api/v1/lessons", "/api/v1/runs/" + id, "/api/v1/topology"} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Address+path, nil)
		response, err := (&http.Client{Timeout: patience}).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
	s.says("does not answer; it is paused, hung or overloaded")
	if err := s.wants(http.MethodPost, "/api/v1/lessons/"+slug+"/runs", http.StatusServiceUnavailable, "does not answer"); err != nil {
		t.Error(err)
	}
	s.run(id, "a reason why the run is given up", func(r wire.Run) bool { return r.State == wire.RunFailed && r.Problem != "" })
	// A server that is started now says it too, and ends when it is told to.
	other := h.serve(time.Minute)
	other.says("does not answer")
	other.stop()
	if err := h.daemon.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.run(id, "the end of the run", func(r wire.Run) bool { return r.EndedAt > 0 })
	h.none(true)
	s.lessonWorks()
}

// The engine's disk is full: a start fails with that word, and works as soon as
// there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	h := newHost(t, 256<<20)
	s := h.serve(10 * time.Minute)
	s.lessonWorks()
	h.none(true)
	h.inside("sh", "-c", "dd if=/dev/zero of="+h.path("data/full")+" bs=64k 2>/dev/null || true")
	var run wire.Run
	status, detail, err := s.ask(http.MethodPost, "/api/v1/lessons/"+slug+"/runs", &run)
	if err != nil {
		t.Fatal(err)
	}
	if status == http.StatusCreated {
		run = s.run(run.ID, "the end of the run", func(r wire.Run) bool { return r.EndedAt > 0 })
		detail = run.Problem
	}
	if !strings.Contains(detail, "no space left on device") {
		t.Errorf("it answers %d, %q", status, detail)
	}
	h.inside("rm", h.path("data/full"))
	h.none(true)
	s.lessonWorks()
}

// The server has no file left to open: it goes on with what it has, says so,
// and recovers.
func TestNoFilesLeft(t *testing.T) {
	t.Parallel()
	h := newHost(t, 0)
	s := h.serve(10*time.Minute, "prlimit", "--nofile=64:64")
	id := s.begin()
	s.run(id, "the lesson", held)
	var open []net.Conn
	defer func() {
		for _, connection := range open {
			connection.Close()
		}
	}()
	for range 100 {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.Address, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, connection)
	}
	until(t, "a word on it in the log", func() error {
		if !strings.Contains(s.Log.String(), "too many open files") {
			return errors.New(s.Log.String())
		}
		return nil
	})
	for _, connection := range open {
		connection.Close()
	}
	open = nil
	s.ready()
	if status, detail, err := s.ask(http.MethodDelete, "/api/v1/runs/"+id, nil); err != nil || status >= 400 {
		t.Fatalf("the lesson is not stopped: %d, %q, %v", status, detail, err)
	}
	s.lessonWorks()
	h.none(true)
}

// others is how many containers of other people there are.
const others = 30

// Containers of others are not shown, and are all there after a lesson, a
// killed server, the next one's sweep, and porthole clean.
func TestAmongOthers(t *testing.T) {
	t.Parallel()
	h := newHost(t, 0)
	s := h.serve(10 * time.Minute)
	s.lessonWorks() // so that there is an image to make others of
	workload := h.image()
	before := map[string]bool{}
	for i := range others {
		labels := map[string]string{"other": "yes"}
		if i%3 == 0 {
			labels["porthole.managed"] = "almost" // somebody's label that is like ours
		}
		made, err := h.client.ContainerCreate(t.Context(), &container.Config{Image: workload, Cmd: []string{"idle"}, Labels: labels},
			&container.HostConfig{NetworkMode: "none"}, nil, nil, fmt.Sprintf("porthole-other-%d", i))
		if err != nil {
			t.Fatal(err)
		}
		before[made.ID] = i%6 == 0
		if before[made.ID] {
			if err := h.client.ContainerStart(t.Context(), made.ID, container.StartOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	id := s.begin()
	s.run(id, "the lesson", held)
	var shown wire.Topology
	if status, detail, err := s.ask(http.MethodGet, "/api/v1/topology", &shown); err != nil || status != http.StatusOK {
		t.Fatal(status, detail, err)
	}
	if len(shown.Containers) != 2 {
		t.Errorf("%d containers are shown, want the lesson's two", len(shown.Containers))
	}
	s.kill()
	s = h.serve(10 * time.Minute)
	s.ready()
	h.none(true)
	s.stop()
	// The image is Porthole's, and stays because somebody else's containers use it.
	if output, err := h.porthole("clean"); err == nil || !strings.Contains(output, "is using its referenced image") {
		t.Errorf("clean: %v\n%s", err, output)
	}
	for id, ran := range before {
		seen, err := h.client.ContainerInspect(t.Context(), id)
		if err != nil {
			t.Errorf("a container of somebody else is gone: %v", err)
		} else if seen.State.Running != ran {
			t.Errorf("%s runs: %v, and did: %v", seen.Name, seen.State.Running, ran)
		}
	}
}

// image is the workload image as the engine has it.
func (h *host) image() string {
	h.t.Helper()
	images, err := h.client.ImageList(h.t.Context(), image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", "porthole.managed=true"))})
	if err != nil || len(images) == 0 {
		h.t.Fatalf("there is no workload image: %v, %v", images, err)
	}
	return images[0].ID
}

// porthole runs another command of the program to its end.
func (h *host) porthole(arguments ...string) (string, error) {
	command := exec.CommandContext(h.t.Context(), programtest.Program, arguments...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "DOCKER_HOST=" + h.address()}
	output, err := command.CombinedOutput()
	return string(output), err
}
