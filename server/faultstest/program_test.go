// Package faultstest runs the whole program while what it stands on breaks: the
// server killed, the engine killed, paused, without disk, without files, and
// among hundreds of containers of others. Each test has an engine of its own.
// It holds tests alone.
package faultstest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"porthole/server/wire"
)

// program is the executable under test.
var program string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "porthole-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = filepath.Join(folder, "porthole")
	build := exec.Command("go", "build", "-o", program, "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the program cannot be built: %v\n%s", err, output)
		os.Exit(1)
	}
	kept := make(chan struct{})
	go func() { defer close(kept); keeper() }()
	code := m.Run()
	close(starting)
	<-kept
	os.RemoveAll(folder)
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// patience is how long anything may take, at most, on a busy machine.
const patience = 100 * time.Second

// until waits for a condition, and says what it lacked when it does not come.
func until(t testing.TB, what string, look func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := look()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s: %v", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// lockedBuffer has no other method of a buffer's: io.Copy would find ReadFrom.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// slug is the lesson of these tests: two containers that wait.
const slug = "faults"

func lesson(t testing.TB, longest time.Duration) (folder string) {
	t.Helper()
	folder = t.TempDir()
	own := filepath.Join(folder, slug)
	text := fmt.Sprintf(`title: "Faults"
section: Namespaces
order: 99
summary: Two containers that wait.
seconds: 1
max: %s
stays: true
needs: [namespaces]
panels: [namespaces, claims]
containers:
  - key: one
    title: One
    workload: [idle]
  - key: two
    title: Two
    workload: [idle]
claims:
  - id: own
    says: Each has a network of its own.
    holds: distinct(host.ns.net.inode, one.ns.net.inode, two.ns.net.inode)
`, longest)
	if err := errors.Join(os.Mkdir(own, 0o755), os.WriteFile(filepath.Join(own, "demo.yaml"), []byte(text), 0o644),
		os.WriteFile(filepath.Join(own, "lesson.md"), []byte("Two containers.\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	return folder
}

// server is a running dashboard.
type server struct {
	t       testing.TB
	command *exec.Cmd
	address string // http://localhost:PORT
	stderr  *lockedBuffer
	ended   chan struct{}
}

var announced = regexp.MustCompile(`http://localhost:\d+`)

// serve starts a dashboard on the host's engine, with a lesson that lasts for
// longest. before is a command that runs it, such as prlimit.
func (h *host) serve(longest time.Duration, before ...string) *server {
	t := h.t
	t.Helper()
	arguments := append(before, program, "serve", "--listen", "127.0.0.1:0", "--demos", lesson(t, longest))
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "DOCKER_HOST=" + h.address()}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, command: command, stderr: &lockedBuffer{}, ended: make(chan struct{})}
	command.Stderr = s.stderr
	if err := begin(command); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, _ := lines.ReadString('\n')
	go func() {
		defer close(s.ended)
		io.Copy(io.Discard, lines)
		command.Wait()
	}()
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.stderr)
		}
	})
	if s.address = announced.FindString(line); s.address == "" {
		t.Fatalf("the server does not say where it is: %q\n%s", line, s.stderr)
	}
	return s
}

// stop ends the server as Ctrl-C does. A second call does nothing.
func (s *server) stop() {
	s.command.Process.Signal(os.Interrupt)
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Error("the server does not end when it is told to")
		s.kill()
	}
}

// kill ends it at once.
func (s *server) kill() {
	s.command.Process.Kill()
	<-s.ended
}

// ask sends a request, and returns its status and, where it is a problem, the
// detail. No answer within patience is an error: whatever has become of the
// engine, the server has a word on it.
func (s *server) ask(method, path string, answer any) (status int, detail string, err error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, s.address+path, nil)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 {
		var problem wire.Problem
		err = json.NewDecoder(response.Body).Decode(&problem)
		return response.StatusCode, problem.Detail, err
	}
	if answer != nil {
		err = json.NewDecoder(response.Body).Decode(answer)
	}
	return response.StatusCode, "", err
}

// ready waits until the server says that it is.
func (s *server) ready() {
	s.t.Helper()
	until(s.t, "a server that is ready", func() error { return s.wants(http.MethodGet, "/readyz", http.StatusOK, "") })
}

// says waits until the server is not ready, for a reason with these words.
func (s *server) says(words string) {
	s.t.Helper()
	until(s.t, "a server that is not ready", func() error { return s.wants(http.MethodGet, "/readyz", http.StatusServiceUnavailable, words) })
}

// wants compares an answer with what it should be.
func (s *server) wants(method, path string, status int, words string) error {
	got, detail, err := s.ask(method, path, nil)
	if err == nil && (got != status || !strings.Contains(detail, words)) {
		err = fmt.Errorf("%s %s: %d, %q", method, path, got, detail)
	}
	return err
}

// begin starts the lesson, as soon as it can be started.
func (s *server) begin() (id string) {
	s.t.Helper()
	s.ready()
	until(s.t, "a start of the lesson", func() error {
		var run wire.Run
		status, detail, err := s.ask(http.MethodPost, "/api/v1/lessons/"+slug+"/runs", &run)
		if err == nil && status != http.StatusCreated {
			err = fmt.Errorf("%d, %q", status, detail)
		}
		id = run.ID
		return err
	})
	return id
}

// run waits until a run is as wanted.
func (s *server) run(id, what string, wanted func(wire.Run) bool) (run wire.Run) {
	s.t.Helper()
	until(s.t, what, func() error {
		run = wire.Run{}
		if _, detail, err := s.ask(http.MethodGet, "/api/v1/runs/"+id, &run); err != nil || detail != "" {
			return fmt.Errorf("%w, %q", err, detail)
		}
		if !wanted(run) {
			return fmt.Errorf("it is %s (%s; %s), %+v", run.State, run.Progress, run.Problem, run.Containers)
		}
		return nil
	})
	return run
}

// held is a run whose claim holds.
func held(run wire.Run) bool { return run.Claims[0].Verdict == wire.Holds }

// lessonWorks starts the lesson, waits for its verdict, and stops it.
func (s *server) lessonWorks() {
	s.t.Helper()
	id := s.begin()
	s.run(id, "the claim of the lesson", held)
	if status, detail, err := s.ask(http.MethodDelete, "/api/v1/runs/"+id, nil); err != nil || status >= 400 {
		s.t.Fatalf("the lesson is not stopped: %d, %q, %v", status, detail, err)
	}
}
