// Package rightstest runs the whole program as users with fewer rights, and
// against engines that are elsewhere or let nobody write. It holds tests alone.
package rightstest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"go.uber.org/goleak"

	"porthole/server/wire"
)

// program is the executable under test.
var program string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "porthole-rights-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Everybody may run it, and what lies beside it is each test's.
	_ = os.Chmod(folder, 0o755)
	program = filepath.Join(folder, "porthole")
	build := exec.Command("go", "build", "-o", program, "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the program cannot be built: %v\n%s", err, output)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(folder)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

const socket = "/var/run/docker.sock"

// docker is the engine's own client, to look past our code.
func docker(t testing.TB) *client.Client {
	t.Helper()
	cli, err := client.NewClientWithOpts(client.WithHost("unix://"+socket), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cli.Close() })
	if _, err := cli.Ping(t.Context()); err != nil {
		t.Fatalf("these tests need a Docker engine at %s: start one, for example with sudo dockerd (%v)", socket, err)
	}
	return cli
}

// student makes a command run as a user who is not root, but in the group that
// may use the engine's socket.
func student(t testing.TB, command *exec.Cmd) {
	t.Helper()
	info, err := os.Stat(socket)
	if err != nil {
		t.Fatal(err)
	}
	group := info.Sys().(*syscall.Stat_t).Gid
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, Groups: []uint32{group}}}
}

// lessonFolder has a lesson that no other server on this engine runs: two
// containers that wait.
func lessonFolder(t testing.TB) (folder, slug string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "porthole-lessons-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	slug = fmt.Sprintf("rights-%d", time.Now().UnixNano()%1_000_000_000)
	own := filepath.Join(folder, slug)
	for _, made := range []error{
		os.Chmod(folder, 0o755), os.Mkdir(own, 0o755),
		os.WriteFile(filepath.Join(own, "demo.yaml"), []byte(`title: "Rights"
section: Namespaces
order: 99
summary: Two containers that wait.
seconds: 2
max: 5m
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
    within: 1m
    holds: distinct(host.ns.net.inode, one.ns.net.inode, two.ns.net.inode)
`), 0o644),
		os.WriteFile(filepath.Join(own, "lesson.md"), []byte("Two containers.\n"), 0o644),
	} {
		if made != nil {
			t.Fatal(made)
		}
	}
	return folder, slug
}

// server is a running dashboard.
type server struct {
	t       testing.TB
	command *exec.Cmd
	address string // http://localhost:PORT
	stderr  *lockedBuffer
	waited  chan error
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

var announced = regexp.MustCompile(`http://localhost:\d+`)

// serve starts a dashboard and waits until it has said its address. It is
// stopped at the end of the test.
func serve(t testing.TB, alter func(*exec.Cmd), arguments ...string) *server {
	t.Helper()
	command := exec.Command(program, append([]string{"serve", "--listen", "127.0.0.1:0"}, arguments...)...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}
	if alter != nil {
		alter(command)
	}
	return start(t, command)
}

// start is serve, of a command that is ready.
func start(t testing.TB, command *exec.Cmd) *server {
	t.Helper()
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, command: command, stderr: &lockedBuffer{}, waited: make(chan error, 1)}
	command.Stderr = s.stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, _ := lines.ReadString('\n')
	go func() {
		io.Copy(io.Discard, lines)
		s.waited <- command.Wait()
	}()
	t.Cleanup(func() {
		s.stop(os.Interrupt)
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.stderr)
		}
	})
	if s.address = announced.FindString(line); s.address == "" {
		t.Fatalf("the server does not say where it is: %q\n%s", line, s.stderr)
	}
	return s
}

// stop ends the server and waits for it. A second call does nothing.
func (s *server) stop(signal os.Signal) {
	_ = s.command.Process.Signal(signal)
	select {
	case err := <-s.waited:
		s.waited <- err
	case <-time.After(40 * time.Second):
		s.command.Process.Kill()
		s.t.Errorf("the server does not end on %v\n%s", signal, s.stderr)
		s.waited <- <-s.waited
	}
}

// get reads one address into an answer.
func (s *server) get(path string, answer any) int {
	s.t.Helper()
	response, err := http.Get(s.address + path)
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", path, err, s.stderr)
	}
	defer response.Body.Close()
	if answer != nil && response.StatusCode < 300 {
		if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
			s.t.Fatalf("%s: %v", path, err)
		}
	}
	return response.StatusCode
}

// post starts something, and returns the status and the problem's detail.
func (s *server) post(path string) (int, string) {
	s.t.Helper()
	response, err := http.Post(s.address+path, "application/json", strings.NewReader("{}"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	var problem wire.Problem
	_ = json.NewDecoder(response.Body).Decode(&problem)
	return response.StatusCode, problem.Detail
}

// topology waits for one that is as wanted.
func (s *server) topology(what string, wanted func(wire.Topology) bool) wire.Topology {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 90*time.Second)
	defer cancel()
	var latest wire.Topology
	found := false
	s.stream(ctx, func(message []byte) bool {
		var header wire.Header
		if json.Unmarshal(message, &header) != nil || header.Type != wire.TypeTopology {
			return true
		}
		latest = wire.Topology{}
		if err := json.Unmarshal(message, &latest); err != nil {
			s.t.Fatal(err)
		}
		found = wanted(latest)
		return !found
	})
	if !found {
		s.t.Fatalf("never saw %s; the latest is %+v\n%s", what, latest, s.stderr)
	}
	return latest
}

// helpers are our reader containers of one name.
func helper(t *testing.T, cli *client.Client, name string) container.InspectResponse {
	t.Helper()
	seen, err := cli.ContainerInspect(t.Context(), name)
	if err != nil {
		t.Fatalf("the reader container is not there: %v", err)
	}
	return seen
}

// removed waits until a container is gone.
func removed(t *testing.T, cli *client.Client, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	done, failed := cli.ContainerWait(ctx, id, container.WaitConditionRemoved)
	select {
	case <-done:
	case err := <-failed:
		if err != nil && !client.IsErrNotFound(err) {
			t.Fatalf("the reader container is still there: %v", err)
		}
	}
	if _, err := cli.ContainerInspect(t.Context(), id); !client.IsErrNotFound(err) {
		t.Errorf("the reader container is still there (%v)", err)
	}
}

// freePort is a TCP port that nobody listens at.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
