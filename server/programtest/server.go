package programtest

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"porthole/server/wire"
)

// Server is a running dashboard.
type Server struct {
	T       testing.TB
	Address string // http://localhost:PORT
	Log     *Log
	command *exec.Cmd
	ended   chan struct{}
}

var announced = regexp.MustCompile(`http://localhost:\d+`)

// patience is how long a server may take to end.
const patience = 40 * time.Second

// Command is porthole serve on a free port of loopback, with next to nothing in
// its environment.
func Command(arguments ...string) *exec.Cmd {
	command := exec.Command(Program, append([]string{"serve", "--listen", "127.0.0.1:0"}, arguments...)...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}
	return command
}

// Start starts a dashboard and waits until it has said its address. It is
// stopped at the end of the test. begin starts the command: nil for its Start.
func Start(t testing.TB, command *exec.Cmd, begin func(*exec.Cmd) error) *Server {
	t.Helper()
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{T: t, command: command, Log: &Log{}, ended: make(chan struct{})}
	command.Stderr = s.Log
	if begin == nil {
		begin = (*exec.Cmd).Start
	}
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
		s.Stop(os.Interrupt)
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.Log)
		}
	})
	if s.Address = announced.FindString(line); s.Address == "" {
		t.Fatalf("the server does not say where it is: %q\n%s", line, s.Log)
	}
	return s
}

// Stop sends a signal and waits for the end, which Ctrl-C brings about without a
// complaint. A second call does nothing.
func (s *Server) Stop(signal os.Signal) {
	select {
	case <-s.ended:
		return
	default:
	}
	_ = s.command.Process.Signal(signal)
	select {
	case <-s.ended:
		if code := s.command.ProcessState.ExitCode(); signal == os.Interrupt && code != 0 {
			s.T.Errorf("the server ended with %d\n%s", code, s.Log)
		}
	case <-time.After(patience):
		s.command.Process.Kill()
		s.T.Errorf("the server does not end on %v\n%s", signal, s.Log)
		<-s.ended
	}
}

// Get reads one address into an answer, and returns the status.
func (s *Server) Get(path string, answer any) int {
	s.T.Helper()
	response, err := http.Get(s.Address + path)
	if err != nil {
		s.T.Fatalf("%s: %v\n%s", path, err, s.Log)
	}
	defer response.Body.Close()
	if answer != nil && response.StatusCode < 300 {
		if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
			s.T.Fatalf("%s: %v", path, err)
		}
	}
	return response.StatusCode
}

// Post starts something, and returns the status and the problem's detail.
func (s *Server) Post(path string) (int, string) {
	s.T.Helper()
	response, err := http.Post(s.Address+path, "application/json", strings.NewReader("{}"))
	if err != nil {
		s.T.Fatal(err)
	}
	defer response.Body.Close()
	var problem wire.Problem
	_ = json.NewDecoder(response.Body).Decode(&problem)
	return response.StatusCode, problem.Detail
}

// Stream gives each message of the websocket to take, until it returns false or
// ctx ends.
func (s *Server) Stream(ctx context.Context, take func(message []byte) bool) {
	s.T.Helper()
	connection, _, err := websocket.Dial(ctx, strings.Replace(s.Address, "http://", "ws://", 1)+"/api/v1/stream", nil)
	if err != nil {
		s.T.Fatalf("the stream cannot be opened: %v\n%s", err, s.Log)
	}
	defer connection.CloseNow()
	connection.SetReadLimit(32 << 20)
	for {
		_, message, err := connection.Read(ctx)
		if err != nil || !take(message) {
			return
		}
	}
}

// Topology waits for one that is as wanted.
func (s *Server) Topology(what string, wanted func(wire.Topology) bool) wire.Topology {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(s.T.Context(), 90*time.Second)
	defer cancel()
	var latest wire.Topology
	found := false
	s.Stream(ctx, func(message []byte) bool {
		var header wire.Header
		if json.Unmarshal(message, &header) != nil || header.Type != wire.TypeTopology {
			return true
		}
		latest = wire.Topology{}
		if err := json.Unmarshal(message, &latest); err != nil {
			s.T.Fatal(err)
		}
		found = wanted(latest)
		return !found
	})
	if !found {
		s.T.Fatalf("never saw %s; the latest is %+v\n%s", what, latest, s.Log)
	}
	return latest
}

// SampleTimes are the times between so many samples that have the lesson's
// containers, in milliseconds.
func (s *Server) SampleTimes(topology wire.Topology, slug string, count int) (between []int64) {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(s.T.Context(), time.Minute)
	defer cancel()
	var last int64
	s.Stream(ctx, func(message []byte) bool {
		var sample wire.Sample
		if json.Unmarshal(message, &sample) != nil || sample.Type != wire.TypeSample {
			return true
		}
		for _, c := range topology.Containers {
			if _, there := sample.Containers[c.Name]; !there && c.Lesson == slug {
				return true
			}
		}
		if last > 0 {
			between = append(between, sample.At-last)
		}
		last = sample.At
		return len(between) < count
	})
	if len(between) < count {
		s.T.Fatalf("only %d samples came", len(between))
	}
	return between
}

// StartLesson starts a lesson that can be started.
func (s *Server) StartLesson(slug string) {
	s.T.Helper()
	if status, detail := s.Post("/api/v1/lessons/" + slug + "/runs"); status != http.StatusCreated {
		s.T.Fatalf("the lesson does not start: %d %s", status, detail)
	}
}

// BothRun reports whether both containers of Lesson run and all their links are read.
func BothRun(topology wire.Topology, slug string) bool {
	count := 0
	for _, c := range topology.Containers {
		if c.Lesson == slug && c.State == "running" && c.PID > 0 && len(c.Namespaces) == 8 {
			count++
		}
	}
	return count == 2
}
