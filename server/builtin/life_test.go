package builtin_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"porthole/demos"
	"porthole/server/builtin"
	"porthole/server/programtest"
)

func TestLifeOfAContainer(t *testing.T) {
	e := engineIn(t, builtin.Options{})
	c := started(t, e, "run", demos.Container{Key: "a", Workload: []string{"idle"}, Hostname: "named", Limits: demos.Limits{Memory: 64 << 20, Pids: 50}})
	if c.State != "running" || c.PID == 0 {
		t.Fatalf("it is %s, with process %d", c.State, c.PID)
	}
	for _, kind := range []string{"pid", "mnt", "net", "uts", "ipc"} {
		inside, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", c.PID, kind))
		ours, _ := os.Readlink("/proc/self/ns/" + kind)
		if err != nil || inside == ours {
			t.Errorf("its %s namespace is %s, and ours %s (%v)", kind, inside, ours, err)
		}
	}
	if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/root/etc/hostname", c.PID)); string(name) != "named\n" {
		t.Errorf("its /etc/hostname says %q", name)
	}
	limit := map[bool]string{true: "pids.max", false: "pids/pids.max"}[onlyV2()]
	if seen, err := os.ReadFile(fmt.Sprintf("/proc/%d/root/sys/fs/cgroup/%s", c.PID, limit)); string(seen) != "50\n" {
		t.Errorf("it reads %q as its limit in /sys/fs/cgroup/%s (%v)", seen, limit, err)
	}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.PID))
	for _, line := range []string{"CapEff:\t00000000a80425fb\n", "Seccomp:\t2\n"} {
		if !strings.Contains(string(status), line) {
			t.Errorf("its status lacks %q", line)
		}
	}
	var lines []string
	done := make(chan error, 1)
	go func() {
		done <- e.Follow(t.Context(), c.ID, func(line []byte) { lines = append(lines, string(line)) })
	}()
	result, err := e.Exec(t.Context(), c.ID, []string{"/porthole", "workload", "look"})
	if err != nil || result.ExitCode != 0 || !json.Valid(result.Stdout) {
		t.Errorf("looking from inside: %v, exit code %d: %.200s", err, result.ExitCode, result.Stdout)
	}
	if err := e.Update(t.Context(), c.ID, demos.Limits{Pids: 77}); err != nil {
		t.Error(err)
	}
	if got := limitFile(t, c.PID, "pids", "pids.max"); got != "77" {
		t.Errorf("pids.max says %q after the update, want 77", got)
	}
	if err := e.RemoveRun(t.Context(), "run"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || len(lines) == 0 {
		t.Errorf("following it ended with %v after %d lines", err, len(lines))
	}
	if _, err := e.Inspect(t.Context(), c.ID); !errors.Is(err, builtin.ErrNoSuchContainer) {
		t.Errorf("asked for what was removed: %v", err)
	}
}

// onlyV2 reports whether this host has cgroup v2 alone.
func onlyV2() bool {
	_, err := os.Stat("/sys/fs/cgroup/cgroup.controllers")
	return err == nil
}

// limitFile reads a control file of a process' group, on either version.
func limitFile(t *testing.T, pid int, controller, name string) string {
	t.Helper()
	membership, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(membership)) {
		words := strings.SplitN(strings.TrimSpace(line), ":", 3)
		folder := filepath.Join("/sys/fs/cgroup", words[1], words[2])
		if words[1] != "" && !slices.Contains(strings.Split(words[1], ","), controller) {
			continue
		}
		if text, err := os.ReadFile(filepath.Join(folder, name)); err == nil {
			return strings.TrimSpace(string(text))
		}
	}
	return "no such file"
}

func TestKilledForMemory(t *testing.T) {
	e := engineIn(t, builtin.Options{})
	c := started(t, e, "run", demos.Container{Key: "a", Workload: []string{"allocate", "--bytes", "400m", "--step", "16m", "--pace", "1ms"}, Limits: demos.Limits{Memory: 64 << 20, MemorySwap: 64 << 20}})
	until(t, "its end", func() bool { return inspected(t, e, c.ID).Ended() })
	if c = inspected(t, e, c.ID); c.ExitCode != 137 || c.OOMKilled == nil || !*c.OOMKilled {
		t.Errorf("it ended with %d, killed for memory: %v", c.ExitCode, c.OOMKilled)
	}
}

func TestJoinedPIDNamespace(t *testing.T) {
	e := engineIn(t, builtin.Options{})
	first := started(t, e, "run", demos.Container{Key: "a", Workload: []string{"idle"}})
	second := started(t, e, "run", demos.Container{Key: "b", Workload: []string{"idle"}, PIDNamespace: "container:a"})
	link := func(pid int, kind string) string {
		name, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
		return name
	}
	if link(first.PID, "pid") != link(second.PID, "pid") || link(first.PID, "net") == link(second.PID, "net") {
		t.Errorf("pid %s and %s, net %s and %s", link(first.PID, "pid"), link(second.PID, "pid"), link(first.PID, "net"), link(second.PID, "net"))
	}
}

// TestStoppedAfterEachStep lets the making fail after each of its steps: it
// says where, and nothing of it is left.
func TestStoppedAfterEachStep(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "engine")
	var at string
	stop := errors.New("stopped by the test")
	e := engineIn(t, builtin.Options{Folder: folder, Step: func(_ string, step builtin.Step, _ string) error {
		if step.Name == at {
			return stop
		}
		return nil
	}})
	warm := started(t, e, "warm", demos.Container{Key: "warm", Workload: []string{"idle"}}) // bridge and image are there from here on
	before := traces(t, folder)
	for _, step := range builtin.Steps() {
		at = step.Name
		id := made(t, e, "run", demos.Container{Key: "a", Workload: []string{"idle"}})
		if err := e.Start(t.Context(), id); !errors.Is(err, stop) || !strings.Contains(err.Error(), step.Name) {
			t.Errorf("stopped after %s: %v", step.Name, err)
		}
		if err := e.RemoveRun(t.Context(), "run"); err != nil {
			t.Errorf("removed after %s: %v", step.Name, err)
		}
		same(t, before, folder)
	}
	if now := inspected(t, e, warm.ID); now.State != "running" {
		t.Errorf("another container is %s after all that", now.State)
	}
}

// TestKilledServer kills one with kill -9, when its containers run and after
// each step of the making of one: its containers die with it, and the next one
// removes what is left.
func TestKilledServer(t *testing.T) {
	t.Run("at rest", func(t *testing.T) { killed(t) })
	for _, step := range builtin.Steps() {
		t.Run("after the step "+step.Name, func(t *testing.T) { killed(t, step.Name) })
	}
}

func killed(t *testing.T, step ...string) {
	folder := filepath.Join(t.TempDir(), "engine")
	before := traces(t, folder)
	server := exec.Command(os.Args[0], append([]string{"server-to-be-killed", folder, programtest.Program}, step...)...)
	server.Stderr = os.Stderr
	input, _ := server.StdinPipe()
	defer input.Close()
	output, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(output).ReadString('\n')
	server.Process.Kill()
	server.Wait()
	if err != nil || said != "ready\n" {
		t.Fatalf("it says %q, %v", said, err)
	}
	processes := func() (count int) {
		for _, one := range traces(t, folder) {
			if strings.HasPrefix(one, "process ") && !slices.Contains(before, one) {
				count++
			}
		}
		return count
	}
	until(t, "its containers to die with it", func() bool { return processes() == 0 })
	if len(traces(t, folder)) == len(before) {
		t.Error("nothing is left of it, so that the next one has nothing to prove")
	}
	next := builtin.New(builtin.Options{Folder: folder, Executable: programtest.Program})
	defer next.Close()
	if err := next.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err := next.Clean(t.Context())
	if err != nil || len(report.Containers) != 2 {
		t.Errorf("swept %+v, %v", report, err)
	}
	same(t, before, folder)
}

func TestAHundredLeaveNoTrace(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "engine")
	e := engineIn(t, builtin.Options{Folder: folder})
	started(t, e, "warm", demos.Container{Key: "warm", Workload: []string{"idle"}})
	before := traces(t, folder)
	for range 100 {
		started(t, e, "run", demos.Container{Key: "a", Workload: []string{"idle"}})
		if err := e.RemoveRun(t.Context(), "run"); err != nil {
			t.Fatal(err)
		}
	}
	same(t, before, folder)
}

func TestRefusals(t *testing.T) {
	e := engineIn(t, builtin.Options{})
	for want, c := range map[string]demos.Container{
		"folders of the host": {Key: "a", Workload: []string{"idle"}, Volumes: []string{"/etc:/data"}},
		"all capabilities":    {Key: "a", Workload: []string{"idle"}, CapAdd: []string{"ALL"}},
		"which is more than":  {Key: "a", Workload: []string{"idle"}, Limits: demos.Limits{Memory: 1 << 50}},
		"--security-opt":      {Key: "a", Workload: []string{"idle"}, SecurityOpt: []string{"label=user:x"}},
	} {
		if _, err := e.Create(t.Context(), "run", lesson, c, 1<<30); !errors.Is(err, builtin.ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("want a refusal with %q, got %v", want, err)
		}
	}
	if len(e.Containers()) != 0 {
		t.Errorf("what was refused is there: %+v", e.Containers())
	}
}

// TestWhatCannotBeSwept keeps what tells of it, so that the next sweep finds it.
func TestWhatCannotBeSwept(t *testing.T) {
	folder, tree := filepath.Join(t.TempDir(), "engine"), t.TempDir()
	dead, group := filepath.Join(folder, "0badcafe"), filepath.Join(tree, "porthole", "0badcafe", "group")
	for _, each := range []string{dead, group} {
		if err := os.MkdirAll(each, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	held := filepath.Join(group, "held") // so that it cannot be removed
	if err := errors.Join(os.WriteFile(filepath.Join(dead, "trees"), []byte(tree), 0o644), os.WriteFile(held, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	e := builtin.New(builtin.Options{Folder: folder, Executable: programtest.Program})
	defer e.Close()
	if _, err := e.Clean(t.Context()); err == nil || !strings.Contains(err.Error(), "control group") {
		t.Errorf("it says %v", err)
	}
	if _, err := os.Stat(dead); err != nil {
		t.Errorf("nothing tells of what is left: %v", err)
	}
	if err := os.Remove(held); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Clean(t.Context()); err != nil {
		t.Error(err)
	}
	for _, each := range []string{dead, group} {
		if _, err := os.Stat(each); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", each, err)
		}
	}
}

// TestWhatCannotBeRemoved is left by an engine that closes, with what tells of it.
func TestWhatCannotBeRemoved(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "engine")
	e := engineIn(t, builtin.Options{Folder: folder})
	started(t, e, "run", demos.Container{Key: "a", Workload: []string{"idle"}})
	ours, _ := filepath.Glob(folder + "/*")
	if len(ours) != 1 {
		t.Fatalf("its folders are %v", ours)
	}
	var groups []string
	for _, pattern := range []string{"/sys/fs/cgroup/porthole/", "/sys/fs/cgroup/*/porthole/"} {
		found, _ := filepath.Glob(pattern + filepath.Base(ours[0]))
		groups = append(groups, found...)
	}
	if len(groups) == 0 {
		t.Fatal("it has no control group")
	}
	held := filepath.Join(groups[0], "somebody", "elses") // with a process, which is not looked for so deep
	if err := os.MkdirAll(held, 0o755); err != nil {
		t.Fatal(err)
	}
	sleeper := exec.Command("sleep", "600")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	defer sleeper.Wait()
	defer sleeper.Process.Kill()
	if err := os.WriteFile(filepath.Join(held, "cgroup.procs"), []byte(fmt.Sprint(sleeper.Process.Pid)), 0); err != nil {
		t.Fatal(err)
	}
	e.Close()
	if _, err := os.Stat(ours[0]); err != nil {
		t.Errorf("nothing tells of what is left: %v", err)
	}
	sleeper.Process.Kill()
	sleeper.Wait()
	next := engineIn(t, builtin.Options{Folder: folder})
	if _, err := next.Clean(t.Context()); err != nil {
		t.Error(err)
	}
	for _, each := range []string{ours[0], groups[0]} {
		if _, err := os.Stat(each); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", each, err)
		}
	}
}

// BenchmarkStart is from the order to start to the first line that the program
// inside prints, when it has looked around. On the way it notes when the program
// has its first instruction: execve has closed the child's pipe then.
func BenchmarkStart(b *testing.B) {
	e := engineIn(b, builtin.Options{})
	if _, err := e.EnsureImage(b.Context()); err != nil {
		b.Fatal(err)
	}
	var instruction time.Duration
	for b.Loop() {
		b.StopTimer()
		id := made(b, e, "run", demos.Container{Key: "a", Workload: []string{"idle"}})
		b.StartTimer()
		ordered := time.Now()
		if err := e.Start(b.Context(), id); err != nil {
			b.Fatal(err)
		}
		instruction += time.Since(ordered)
		first := make(chan struct{}, 1)
		go e.Follow(b.Context(), id, func([]byte) {
			select {
			case first <- struct{}{}:
			default:
			}
		})
		<-first
		b.StopTimer()
		if err := e.RemoveRun(b.Context(), "run"); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(instruction.Microseconds())/1000/float64(b.N), "ms-to-first-instruction")
}
