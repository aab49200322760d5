// Package faultstest runs the whole program while what it stands on breaks: the
// server killed, the engine killed, paused, restarted, without disk, without
// files, and among many containers of others. Each test has an engine of its own.
// It holds tests alone.
package faultstest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"porthole/server/programtest"
	"porthole/server/wire"
)

func TestMain(m *testing.M) {
	os.Exit(programtest.Run(m, func(run func() int) int {
		kept := make(chan struct{})
		go func() { defer close(kept); keeper() }()
		code := run()
		close(starting)
		<-kept
		return code
	}))
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

// slug is the lesson of these tests: two containers that wait.
const slug = "faults"

// server is a running dashboard.
type server struct{ *programtest.Server }

// serve starts a dashboard on the host's engine, with a lesson that lasts for
// longest. before is a command that runs it, such as prlimit.
func (h *host) serve(longest time.Duration, before ...string) *server {
	h.t.Helper()
	command := programtest.Command("--demos", programtest.Lesson(h.t, slug, longest))
	command.Env = append(command.Env, "DOCKER_HOST="+h.address())
	if len(before) > 0 {
		path, err := exec.LookPath(before[0])
		if err != nil {
			h.t.Fatal(err)
		}
		command.Path, command.Args = path, append(before, command.Args...)
	}
	return &server{programtest.Start(h.t, command, begin)}
}

// stop ends the server as Ctrl-C does. A second call does nothing.
func (s *server) stop() { s.Stop(os.Interrupt) }

// kill ends it at once.
func (s *server) kill() { s.Stop(os.Kill) }

// ask sends a request, and returns its status and, where it is a problem, the
// detail. No answer within patience is an error: whatever has become of the
// engine, the server has a word on it.
func (s *server) ask(method, path string, answer any) (status int, detail string, err error) {
	ctx, cancel := context.WithTimeout(s.T.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, s.Address+path, nil)
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
	s.T.Helper()
	until(s.T, "a server that is ready", func() error { return s.wants(http.MethodGet, "/readyz", http.StatusOK, "") })
}

// says waits until the server is not ready, for a reason with these words.
func (s *server) says(words string) {
	s.T.Helper()
	until(s.T, "a server that is not ready", func() error { return s.wants(http.MethodGet, "/readyz", http.StatusServiceUnavailable, words) })
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
	s.T.Helper()
	s.ready()
	until(s.T, "a start of the lesson", func() error {
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
	s.T.Helper()
	until(s.T, what, func() error {
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
	s.T.Helper()
	id := s.begin()
	s.run(id, "the claim of the lesson", held)
	if status, detail, err := s.ask(http.MethodDelete, "/api/v1/runs/"+id, nil); err != nil || status >= 400 {
		s.T.Fatalf("the lesson is not stopped: %d, %q, %v", status, detail, err)
	}
}
