// Package programtest builds the whole program and runs it, for tests of it as
// its user has it. It asks the program's own addresses and nothing else.
package programtest

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Program is the executable under test, from Run on. Every user may run it.
var Program string

// Run builds the program, runs a package's tests, and returns the exit code: 1
// also where a goroutine is left. around, where it is not nil, runs the tests
// themselves.
func Run(m *testing.M, around func(run func() int) int) int {
	folder, err := os.MkdirTemp("", "porthole-program-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	Program = filepath.Join(folder, "porthole")
	build := exec.Command("go", "build", "-o", Program, "porthole/server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // it is in the containers' image too
	output, err := build.CombinedOutput()
	if err == nil {
		err = os.Chmod(folder, 0o755) // a folder of MkdirTemp is its maker's alone
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "the program cannot be built: %v\n%s", err, output)
		return 1
	}
	if around == nil {
		around = func(run func() int) int { return run() }
	}
	code := around(m.Run)
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}

// Log is what a program writes, read while it does. It has no other method of a
// buffer's: io.Copy would find ReadFrom.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Lesson makes a folder for --demos with one lesson, which every user may read:
// two containers that wait, for longest at most. Its slug should be one that no
// other server on the engine runs.
func Lesson(t testing.TB, slug string, longest time.Duration) (folder string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "porthole-lessons-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	own := filepath.Join(folder, slug)
	for _, made := range []error{
		os.Chmod(folder, 0o755), os.Mkdir(own, 0o755),
		os.WriteFile(filepath.Join(own, "demo.yaml"), fmt.Appendf(nil, twoThatWait, longest), 0o644),
		os.WriteFile(filepath.Join(own, "lesson.md"), []byte("Two containers.\n"), 0o644),
	} {
		if made != nil {
			t.Fatal(made)
		}
	}
	return folder
}

const twoThatWait = `title: "Two that wait"
section: Namespaces
order: 99
summary: Two containers that wait.
seconds: 2
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
    within: 1m
    holds: distinct(host.ns.net.inode, one.ns.net.inode, two.ns.net.inode)
`
