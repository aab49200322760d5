package builtin_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"porthole/demos"
	"porthole/server/builtin"
	"porthole/server/programtest"
)

// The test binary is also what becomes a container, and the server that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == builtin.ChildCommand {
		os.Exit(builtin.Child(os.Stderr))
	}
	if len(os.Args) > 3 && os.Args[1] == "server-to-be-killed" {
		serverToBeKilled(os.Args[2], os.Args[3], os.Args[4:]...)
	}
	os.Exit(programtest.Run(m, nil))
}

// lesson is what the tests' containers belong to.
var lesson = demos.Lesson{Slug: "builtin-test", Title: "A test"}

// engineIn makes a connected engine, which is closed at the test's end; then
// nothing of it may be left.
func engineIn(t testing.TB, o builtin.Options) *builtin.Engine {
	t.Helper()
	if o.Folder == "" {
		o.Folder = filepath.Join(t.TempDir(), "engine")
	}
	o.Executable = programtest.Program
	before := traces(t, o.Folder)
	e := builtin.New(o)
	if err := e.Connect(t.Context()); err != nil {
		t.Fatalf("these tests are for root with all rights: %v", err)
	}
	t.Cleanup(func() {
		e.Close()
		same(t, before, o.Folder)
	})
	return e
}

// made creates a container.
func made(t testing.TB, e *builtin.Engine, run string, c demos.Container) string {
	t.Helper()
	id, err := e.Create(t.Context(), run, lesson, c, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// started creates a container and starts it.
func started(t testing.TB, e *builtin.Engine, run string, c demos.Container) builtin.Container {
	t.Helper()
	id := made(t, e, run, c)
	if err := e.Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	return inspected(t, e, id)
}

func inspected(t testing.TB, e *builtin.Engine, id string) builtin.Container {
	t.Helper()
	c, err := e.Inspect(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// until waits for a condition.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// traces are all that containers of ours can leave on a machine.
func traces(t testing.TB, folder string) []string {
	t.Helper()
	var all []string
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, folder) {
			all = append(all, "mount "+strings.TrimSpace(line))
		}
	}
	for _, pattern := range []string{"/sys/fs/cgroup/porthole/*", "/sys/fs/cgroup/*/porthole/*", folder + "/*"} {
		found, _ := filepath.Glob(pattern)
		all = append(all, found...)
	}
	links, _ := filepath.Glob("/sys/class/net/*")
	for _, link := range links {
		if name := filepath.Base(link); strings.HasPrefix(name, "porthole") || strings.HasPrefix(name, "ph") {
			all = append(all, "link "+name)
		}
	}
	processes, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range processes {
		text, _ := os.ReadFile(path)
		if words := strings.ReplaceAll(string(text), "\x00", " "); strings.HasPrefix(words, "/porthole workload") || strings.HasPrefix(words, "porthole container") {
			all = append(all, "process "+filepath.Base(filepath.Dir(path))+" "+words)
		}
	}
	slices.Sort(all)
	return all
}

// same waits until nothing is there that was not before: the kernel takes a
// moment to let go of a namespace's cards.
func same(t testing.TB, before []string, folder string) {
	t.Helper()
	var left []string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		left = slices.DeleteFunc(traces(t, folder), func(one string) bool { return slices.Contains(before, one) })
		if len(left) == 0 {
			return
		}
	}
	t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
}

// serverToBeKilled starts two containers, or only gets as far as a step of the
// second one's making; says that it is there, and waits.
func serverToBeKilled(folder, executable string, step ...string) {
	wait := func() {
		fmt.Println("ready")
		bufio.NewReader(os.Stdin).ReadString('\n')
		os.Exit(0)
	}
	second := false
	e := builtin.New(builtin.Options{Folder: folder, Executable: executable, Step: func(_ string, taken builtin.Step, _ string) error {
		if second && slices.Contains(step, taken.Name) {
			wait()
		}
		return nil
	}})
	err := e.Connect(context.Background())
	for _, key := range []string{"one", "two"} {
		var id string
		if err == nil {
			id, err = e.Create(context.Background(), "run", lesson, demos.Container{Key: key, Workload: []string{"idle"}, Tmpfs: []string{"/scratch"}}, time.Minute)
		}
		if err == nil {
			err = e.Start(context.Background(), id)
		}
		second = true
	}
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	wait()
}
