package composetest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// output runs a program and returns what it prints, without the newline.
func output(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	command := exec.Command(name, arguments...)
	var stderr strings.Builder
	command.Stderr = &stderr
	printed, err := command.Output()
	if err != nil {
		t.Fatalf("%s failed: %v\n%s", strings.Join(command.Args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(printed))
}

// lines are the lines of what a program prints; none when it prints nothing.
func lines(t *testing.T, name string, arguments ...string) []string {
	t.Helper()
	return strings.Fields(output(t, name, arguments...))
}

// project is one use of the repository's docker-compose.yml, under a name of
// its own, with an image and a port that no other use has.
type project struct {
	name  string
	image string
	port  int
	files []string
	// folder is made before the clean-up is asked for, and so outlives it.
	folder string
	t      *testing.T
}

// newProject prepares one, and sees to it that nothing of it outlives the test.
func newProject(t *testing.T) *project {
	t.Helper()
	if err := exec.Command("docker", "version").Run(); err != nil {
		t.Fatalf("this test needs a Docker engine, and none answers 'docker version' (%v): start one, or run make test, which does", err)
	}
	port := freePort(t)
	name := fmt.Sprintf("porthole-composetest-%d", port)
	p := &project{name: name, image: name, port: port, files: []string{filepath.Join("..", "..", "docker-compose.yml")}, folder: t.TempDir(), t: t}
	if err := p.command(t.Context(), "version").Run(); err != nil {
		t.Fatalf("this test needs docker compose, and 'docker compose version' fails (%v): install it, or run make test, which does", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			if logs, err := p.command(context.Background(), "logs", "--no-color", "--tail", "50").CombinedOutput(); err == nil {
				t.Logf("the composed server's last words:\n%s", logs)
			}
		}
		if said, err := p.command(context.Background(), "down", "--volumes", "--remove-orphans", "--timeout", "30").CombinedOutput(); err != nil {
			t.Errorf("docker compose down failed: %v\n%s", err, said)
		}
		_ = exec.Command("docker", "image", "rm", "--force", p.image).Run()
	})
	return p
}

// useBases has the Dockerfile built upon another pair of base images, which
// may reach the network as this machine does.
func (p *project) useBases(image string) {
	p.t.Helper()
	more := filepath.Join(p.folder, "bases.yml")
	text := fmt.Sprintf("services:\n  porthole:\n    build:\n      network: host\n      args: {NODE_IMAGE: %q, GO_IMAGE: %q}\n", image, image)
	if err := os.WriteFile(more, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.files = append(p.files, more)
}

func (p *project) command(ctx context.Context, arguments ...string) *exec.Cmd {
	all := []string{"compose", "--project-name", p.name, "--project-directory", filepath.Join("..", "..")}
	for _, file := range p.files {
		all = append(all, "--file", file)
	}
	command := exec.CommandContext(ctx, "docker", append(all, arguments...)...)
	command.Env = append(os.Environ(), "PORTHOLE_IMAGE="+p.image, fmt.Sprintf("PORTHOLE_PORT=%d", p.port))
	// Where the machine has no docker compose, .ci/setup has made one, in a
	// folder that is no concern of the rest of this machine.
	if config := os.Getenv("PORTHOLE_COMPOSE_CONFIG"); config != "" {
		command.Env = append(command.Env, "DOCKER_CONFIG="+config)
	}
	return command
}

// compose runs docker compose, and fails the test with all that it says.
func (p *project) compose(arguments ...string) string {
	p.t.Helper()
	said, err := p.command(p.t.Context(), arguments...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("docker compose %s failed: %v\n%s", strings.Join(arguments, " "), err, said)
	}
	return strings.TrimSpace(string(said))
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// request asks the composed server, and decodes its answer where it is asked to.
func (p *project) request(method, path string, answer any) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(p.t.Context(), method, fmt.Sprintf("http://localhost:%d%s", p.port, path), nil)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && answer != nil && response.StatusCode < 300 {
		err = json.Unmarshal(text, answer)
	}
	return response.StatusCode, string(text), err
}

// eventually asks again and again until there is nothing left to complain of.
func eventually(t *testing.T, limit time.Duration, complaint func() string) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		says := complaint()
		if says == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s still: %s", limit, says)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
