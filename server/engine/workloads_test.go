package engine_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"porthole/demos"
	"porthole/server/engine"
	"porthole/server/wire"
)

// runs starts a container and returns its reports when it has said what is
// waited for, or ended.
func runs(t *testing.T, d *engine.Docker, c demos.Container, last wire.ReportKind) (id string, reports []wire.Report) {
	t.Helper()
	id = start(t, d, c)
	stop := make(chan struct{})
	ended := make(chan error, 1)
	lines := make(chan wire.Report, 1000)
	go func() {
		ended <- d.Follow(t.Context(), id, func(line []byte) {
			var report wire.Report
			if json.Unmarshal(line, &report) == nil {
				select {
				case lines <- report:
				case <-stop:
				}
			}
		})
	}()
	defer close(stop)
	deadline := time.After(time.Minute)
	for {
		select {
		case report := <-lines:
			reports = append(reports, report)
			if report.Porthole == last {
				return id, reports
			}
		case err := <-ended:
			if err != nil {
				t.Errorf("Follow: %v", err)
			}
			for len(lines) > 0 {
				reports = append(reports, <-lines)
			}
			return id, reports
		case <-deadline:
			t.Fatalf("%s said only %+v", c.Key, reports)
		}
	}
}

func exited(t *testing.T, d *engine.Docker, id string) engine.Container {
	t.Helper()
	until(t, d, "it has exited", func() bool { c, _ := find(d, id); return c.State == "exited" })
	c, _ := find(d, id)
	return c
}

func TestInsideOfAContainer(t *testing.T) {
	d := up(t, options(t, scope))
	c := idle("secure")
	c.Hostname, c.User, c.ReadOnly, c.CapDrop, c.NoNewPrivileges, c.Network = "my-container", "1000:1000", true, []string{"ALL"}, true, "none"
	_, reports := runs(t, d, c, wire.ReportInside)
	if len(reports) != 1 {
		t.Fatalf("reports %+v", reports)
	}
	view, security := reports[0].View, reports[0].Security
	if view.PID != 1 || view.Hostname != "my-container" || *view.UID != 1000 || len(view.Processes) != 1 || len(view.Interfaces) != 1 || view.Interfaces[0].Name != "lo" {
		t.Errorf("view %+v", view)
	}
	if security.CapEff != "0000000000000000" || *security.Capabilities != 0 || *security.NoNewPrivs != 1 || !*security.ReadOnlyRoot {
		t.Errorf("security %+v", security)
	}
}

func TestMemoryLimitKillsTheAllocator(t *testing.T) {
	d := up(t, options(t, scope))
	c := idle("allocator")
	c.Workload, c.Limits.Memory, c.Limits.MemorySwap = []string{"allocate", "--bytes", "96m", "--pace", "1ms"}, 48<<20, 48<<20
	id, reports := runs(t, d, c, wire.ReportDone)
	if ended := exited(t, d, id); ended.ExitCode != 137 || slices.ContainsFunc(reports, func(r wire.Report) bool { return r.Porthole == wire.ReportDone }) {
		t.Errorf("exit %d, reports %+v; want it killed", ended.ExitCode, reports)
	}
	// A killed child leaves its container running.
	c.Key, c.Workload = "parent", append(slices.Clone(c.Workload), "--child", "--wait", "1m")
	id, reports = runs(t, d, c, wire.ReportFailed)
	if seen, err := d.Inspect(t.Context(), id); err != nil || !seen.Running() || reports[len(reports)-1].Porthole != wire.ReportFailed {
		t.Errorf("the parent: %+v, %v, reports %+v; want it alive, and the child's end told", seen.State, err, reports)
	}
	// A file writer is not killed: the kernel takes its page cache back.
	c.Key, c.Workload = "writer", []string{"write-file", "--bytes", "96m", "--hold", "0"}
	id, reports = runs(t, d, c, wire.ReportDone)
	if ended := exited(t, d, id); ended.ExitCode != 0 {
		t.Errorf("the writer: exit %d, reports %+v", ended.ExitCode, reports)
	}
}

// realProgram builds the program as it is shipped. The test binary may have
// the race detector in it, which starts threads when it likes: at its limit of
// tasks such a program dies of that, and the real one does not.
func realProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "porthole")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "porthole/server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the program does not build: %v: %s", err, out)
	}
	return path
}

func TestPidsLimitRefusesForks(t *testing.T) {
	o := options(t, scope+"-forks")
	o.Executable = realProgram(t)
	t.Cleanup(func() { cleanScope(scope + "-forks") })
	d := up(t, o)
	c := idle("forker")
	c.Workload, c.Limits.Pids = []string{"fork", "--count", "40", "--pace", "1ms", "--hold", "1m"}, 16
	id, reports := runs(t, d, c, wire.ReportDone)
	done := reports[len(reports)-1]
	if done.Porthole != wire.ReportDone {
		t.Fatalf("reports %+v", reports)
	}
	started, _ := done.Result.ProcessesStarted.Get()
	refused, _ := done.Result.ProcessesRefused.Get()
	if started+refused != 40 || started < 3 || started > 15 {
		t.Errorf("%d started, %d refused, of 40 under a limit of 16", started, refused)
	}
	t.Logf("under a limit of 16 tasks %d children were started: %d tasks are the workload's own", started, 16-started)
	// It lives on at its limit.
	if now, err := d.Inspect(t.Context(), id); err != nil || !now.Running() {
		t.Errorf("at its limit it is %+v, %v", now, err)
	}
	// And it ends there when asked to, though it is refused any further thread:
	// a Go program that needs one dies of it, with exit code 2.
	began := time.Now()
	if err := d.Stop(t.Context(), id, 30*time.Second); err != nil || time.Since(began) > 25*time.Second {
		t.Errorf("Stop: %v after %v", err, time.Since(began))
	}
	if ended := exited(t, d, id); ended.ExitCode != 0 {
		t.Errorf("it ended with %d", ended.ExitCode)
	}
}

func TestSpawnedProcessesAreSeenInside(t *testing.T) {
	d := up(t, options(t, scope))
	c := idle("spawner")
	c.Workload = []string{"spawn", "--count", "2"}
	_, reports := runs(t, d, c, wire.ReportDone)
	var seen []string
	for _, report := range reports {
		if report.View != nil {
			seen = nil
			for _, p := range report.View.Processes {
				seen = append(seen, p.Command)
			}
		}
	}
	if !slices.Equal(seen, []string{"/porthole workload spawn --count 2", "web workload idle", "worker workload idle"}) {
		t.Errorf("inside are %q", seen)
	}
}

func TestTimeToLiveEndsAnOrphan(t *testing.T) {
	d := up(t, options(t, scope))
	id, err := d.Create(t.Context(), t.Name(), lesson, idle("orphan"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if ended := exited(t, d, id); ended.ExitCode != 0 {
		t.Errorf("it ended with %d", ended.ExitCode)
	}
}

func TestWorkIsTheSameInEachContainer(t *testing.T) {
	o := options(t, scope)
	o.Environment = map[string]string{"PORTHOLE_ROUNDS_PER_CORE_SECOND": "50000000"}
	d := up(t, o)
	for _, cpus := range []float64{0, 0.5} {
		c := idle("burner")
		c.Key += map[bool]string{true: "free", false: "half"}[cpus == 0]
		c.Workload, c.Limits.CPUs = []string{"burn", "--core-seconds", "2"}, cpus
		_, reports := runs(t, d, c, wire.ReportDone)
		if says := reports[len(reports)-1].Says; len(says) < 22 || says[:22] != "all 100 million rounds" {
			t.Errorf("with %v cores it says %q", cpus, says)
		}
	}
}
