// Package rightstest runs the whole program as users with fewer rights, and
// against engines that are elsewhere or let nobody write. It holds tests alone.
package rightstest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"porthole/server/programtest"
)

func TestMain(m *testing.M) { os.Exit(programtest.Run(m, nil)) }

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
	slug = fmt.Sprintf("rights-%d", time.Now().UnixNano()%1_000_000_000)
	return programtest.Lesson(t, slug, 5*time.Minute), slug
}

type server = programtest.Server

// serve starts a dashboard, on a command that alter may change.
func serve(t testing.TB, alter func(*exec.Cmd), arguments ...string) *server {
	t.Helper()
	command := programtest.Command(arguments...)
	if alter != nil {
		alter(command)
	}
	return programtest.Start(t, command, nil)
}

// helper is our reader container of a name.
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
