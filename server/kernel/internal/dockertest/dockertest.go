// Package dockertest starts real containers for the tests of the kernel readers.
// It asks the docker command and nothing else, so that what the readers say can
// be held against what others say.
package dockertest

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Prefix begins the name of everything that is made here.
const Prefix = "porthole-kerneltest-"

// image is made once per test binary.
var image struct {
	once sync.Once
	name string
	err  error
}

// Main runs a package's tests and removes the image after them.
func Main(m *testing.M) int {
	code := m.Run()
	if image.name != "" {
		_, _ = docker(nil, "image", "rm", "-f", image.name)
	}
	return code
}

// Container is a running container.
type Container struct {
	Name, ID string
	// PID is its first process, as the host numbers it.
	PID int
}

// Run starts a container with flags of docker run; steps are those of the
// program inside. It is removed when the test ends.
func Run(t testing.TB, flags []string, steps ...string) Container {
	t.Helper()
	image.once.Do(makeImage)
	if image.err != nil {
		t.Fatalf("this test needs a Docker engine that the docker command reaches, and an image: %v", image.err)
	}
	name := Prefix + rand.Text()[:8]
	t.Cleanup(func() { Remove(t, name) })
	arguments := append([]string{"run", "--detach", "--name", name}, flags...)
	arguments = append(append(arguments, image.name, "/inside"), steps...)
	id, err := docker(nil, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(id)
	container := Container{Name: name, ID: lines[len(lines)-1]}
	container.PID, err = strconv.Atoi(Inspect(t, name, "{{.State.Pid}}"))
	if err != nil || container.PID == 0 {
		logs, _ := docker(nil, "logs", name)
		t.Fatalf("the container %s does not run: %s", name, logs)
	}
	return container
}

// Inspect returns a field of a container, by a template.
func Inspect(t testing.TB, name, template string) string {
	t.Helper()
	text, err := docker(nil, "inspect", "--format", template, name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(text)
}

// Docker runs a docker command and returns what it prints.
func Docker(t testing.TB, arguments ...string) string {
	t.Helper()
	text, err := docker(nil, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Podman reports whether the engine is Podman, which answers some of docker's
// questions in its own way.
func Podman(t testing.TB) bool {
	t.Helper()
	return strings.Contains(Docker(t, "version", "--format", "{{range .Server.Components}}{{.Name}} {{end}}"), "Podman")
}

// Processes are a container's, by the host's numbers, as docker top lists them.
func Processes(t testing.TB, name string) []int {
	t.Helper()
	ask := []string{"top", name, "-o", "pid"}
	if Podman(t) {
		// It would run ps in the container; this is its own word for the host's numbers.
		ask = []string{"top", name, "hpid"}
	}
	var pids []int
	for _, line := range strings.Fields(Docker(t, ask...))[1:] {
		pid, err := strconv.Atoi(line)
		if err != nil {
			t.Fatalf("docker top listed %q", line)
		}
		pids = append(pids, pid)
	}
	return pids
}

// Remove removes a container with its volumes; it need not be there.
func Remove(t testing.TB, name string) {
	t.Helper()
	text, err := docker(nil, "rm", "--force", "--volumes", name)
	if err != nil && !strings.Contains(err.Error(), "No such container") {
		t.Errorf("the container was not removed: %v: %s", err, text)
	}
}

// Until asks condition again and again until it is true, for at most two minutes.
func Until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("after two minutes still not: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// docker runs a docker command. Both streams are bounded by what docker prints
// of containers that print little.
func docker(stdin []byte, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "docker", arguments...)
	command.Stdin = bytes.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return stdout.String(), fmt.Errorf("docker %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// makeImage imports an image with the program inside, and nothing else. The
// program is PORTHOLE_KERNELTEST_INSIDE where that names one (for a machine
// without Go), else built here.
func makeImage() {
	program := os.Getenv("PORTHOLE_KERNELTEST_INSIDE")
	if program == "" {
		folder, err := os.MkdirTemp("", Prefix)
		if err != nil {
			image.err = err
			return
		}
		defer os.RemoveAll(folder)
		program = filepath.Join(folder, "inside")
		_, here, _, _ := runtime.Caller(0)
		build := exec.Command("go", "build", "-o", program, "./inside")
		build.Dir = filepath.Dir(here)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := build.CombinedOutput(); err != nil {
			image.err = fmt.Errorf("the program for the containers was not built: %w: %s", err, text)
			return
		}
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		image.err = err
		return
	}
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, folder := range []string{"tmp/", "data/"} {
		image.err = writer.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o777})
		if image.err != nil {
			return
		}
	}
	if image.err = writer.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "inside", Mode: 0o755, Size: int64(len(binary))}); image.err != nil {
		return
	}
	if _, image.err = writer.Write(binary); image.err != nil {
		return
	}
	if image.err = writer.Close(); image.err != nil {
		return
	}
	name := Prefix + strings.ToLower(rand.Text()[:8]) + ":1"
	if _, image.err = docker(archive.Bytes(), "import", "-", name); image.err == nil {
		image.name = name
	}
}
