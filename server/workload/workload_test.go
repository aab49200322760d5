package workload_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"porthole/server/wire"
	"porthole/server/workload"
)

// The test binary is also the workload: each test runs it as a real process.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "workload" {
		os.Exit(workload.Main(context.Background(), os.Args[2:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

type ended struct {
	reports []wire.Report
	stderr  string
	code    int
}

func (e ended) last(t *testing.T, kind wire.ReportKind) wire.Report {
	t.Helper()
	for _, report := range slices.Backward(e.reports) {
		if report.Porthole == kind {
			return report
		}
	}
	t.Fatalf("no report %q among %+v; stderr: %s", kind, e.reports, e.stderr)
	return wire.Report{}
}

func command(t *testing.T, env []string, args ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], append([]string{"workload"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	return cmd, &stdout, &stderr
}

func parse(t *testing.T, stdout []byte) (reports []wire.Report) {
	t.Helper()
	for line := range bytes.Lines(stdout) {
		var report wire.Report
		if err := json.Unmarshal(line, &report); err != nil {
			t.Fatalf("the line %q is no report: %v", line, err)
		}
		reports = append(reports, report)
	}
	return reports
}

func run(t *testing.T, env []string, args ...string) ended {
	t.Helper()
	cmd, stdout, stderr := command(t, env, args...)
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return ended{parse(t, stdout.Bytes()), stderr.String(), cmd.ProcessState.ExitCode()}
}

func TestBadUseIsOneLineAndExit2(t *testing.T) {
	for _, args := range [][]string{
		nil, {"dance"}, {"burn"}, {"burn", "--nonsense"}, {"burn", "--core-seconds", "-1"}, {"burn", "--core-seconds", "601"},
		{"burn", "--core-seconds", "NaN"}, {"burn", "--work", "1", "--seconds", "1"}, {"burn", "--threads", "65", "--work", "1"},
		{"idle", "surplus"}, {"idle", "--ttl", "61m"}, {"idle", "--ttl", "yes"}, {"allocate"}, {"allocate", "--bytes", "3g"},
		{"allocate", "--bytes", "99999999999999999999g"}, {"allocate", "--bytes", "12q"}, {"write-file", "--bytes", "1k"},
		{"write-file", "--bytes", "1m", "--path", "x"}, {"write-file", "--bytes", "1m", "--path", "/tmp/../dev/vda"},
		{"fork", "--count", "1001"}, {"fork"}, {"spawn", "--count", "9"}, {"serve", "--port", "0"},
	} {
		if err := workload.Check(args); err == nil {
			t.Errorf("Check(%q) finds nothing wrong", args)
		}
		got := run(t, nil, args...)
		if got.code != 2 || strings.Count(got.stderr, "\n") != 1 || len(got.reports) != 0 {
			t.Errorf("%q: exit %d, stderr %q, reports %v; want exit 2 and one line", args, got.code, got.stderr, got.reports)
		}
	}
	for _, args := range [][]string{{"idle"}, {"idle", "--pulse"}, {"burn", "--core-seconds", "5", "--ttl", "30"}, {"allocate", "--bytes", "512m", "--child"}, {"look"}} {
		if err := workload.Check(args); err != nil {
			t.Errorf("Check(%q): %v", args, err)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"burn", "--help"}} {
		cmd, stdout, stderr := command(t, nil, args...)
		if err := cmd.Run(); err != nil || !strings.Contains(stdout.String(), "burn") || stderr.Len() > 0 {
			t.Errorf("%q: %v, stdout %q, stderr %q", args, err, stdout, stderr)
		}
	}
}

func TestLookReportsThisProcess(t *testing.T) {
	cmd, stdout, _ := command(t, nil, "look")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	reports := parse(t, stdout.Bytes())
	if len(reports) != 1 {
		t.Fatalf("want one report, got %v", reports)
	}
	view, security := reports[0].View, reports[0].Security
	hostname, _ := os.Hostname()
	if view.PID != cmd.Process.Pid || view.Hostname != hostname || *view.UID != os.Getuid() {
		t.Errorf("view %+v; want process %d on %s", view, cmd.Process.Pid, hostname)
	}
	if len(view.Processes) == 0 || len(view.Processes) > 64 || view.Processes[0].PID != 1 {
		t.Errorf("processes %v; want up to 64 from number 1 on", view.Processes)
	}
	if !slices.ContainsFunc(view.Interfaces, func(i wire.Interface) bool { return i.Name == "lo" }) {
		t.Errorf("interfaces %v; want lo among them", view.Interfaces)
	}
	if len(security.CapEff) != 16 || security.Capabilities == nil || security.NoNewPrivs == nil || security.Seccomp == nil || security.ReadOnlyRoot == nil || security.UIDMap == "" {
		t.Errorf("security %+v; want every field that this kernel has", security)
	}
}

func TestFixedWorkIsTheSameWork(t *testing.T) {
	env := []string{workload.EnvRounds + "=40000000"}
	one := run(t, env, "burn", "--core-seconds", "1")
	two := run(t, env, "burn", "--core-seconds", "1", "--threads", "2")
	three := run(t, env, "burn", "--work", "40")
	for _, got := range []ended{one, two, three} {
		done := got.last(t, wire.ReportDone)
		if got.code != 0 || !strings.HasPrefix(done.Says, "all 40 million rounds") {
			t.Errorf("exit %d, says %q; want 40 million rounds", got.code, done.Says)
		}
		cpu, _ := done.Result.CPUUsec.Get()
		elapsed, _ := done.Result.ElapsedUsec.Get()
		processors, _ := done.Result.ProcessorsSeen.Get()
		if cpu == 0 || elapsed == 0 || processors == 0 {
			t.Errorf("result %+v; want figures", done.Result)
		}
	}
}

func TestCalibrateIsSteady(t *testing.T) {
	a, b := workload.Calibrate(), workload.Calibrate()
	if low, high := min(a, b), max(a, b); low < 1e6 || high > 4*low {
		t.Errorf("%d and %d rounds a second on the same machine", a, b)
	}
}

func TestSigtermEndsPromptly(t *testing.T) {
	for _, test := range []struct {
		args  []string
		after wire.ReportKind
		code  int
	}{
		{[]string{"idle"}, wire.ReportInside, 0},
		{[]string{"idle", "--pulse"}, wire.ReportInside, 0},
		{[]string{"burn", "--seconds", "50"}, wire.ReportInside, 143},
		{[]string{"allocate", "--bytes", "64m", "--step", "1m", "--pace", "1s"}, wire.ReportInside, 143},
		{[]string{"allocate", "--bytes", "4m", "--hold", "50s"}, wire.ReportDone, 0},
		{[]string{"fork", "--count", "3", "--hold", "50s"}, wire.ReportDone, 0},
		{[]string{"spawn"}, wire.ReportDone, 0},
		{[]string{"serve", "--port", freePort(t)}, wire.ReportProgress, 0},
		{[]string{"write-file", "--bytes", "64m", "--rate", "1m", "--path", filepath.Join(t.TempDir(), "x")}, wire.ReportInside, 143},
	} {
		cmd, _, stderr := command(t, nil, test.args...)
		cmd.Stdout = nil
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for decoder, reached := json.NewDecoder(stdout), false; !reached; {
			var report wire.Report
			if err := decoder.Decode(&report); err != nil {
				t.Fatalf("%q: %v %s", test.args, err, stderr)
			}
			reached = report.Porthole == test.after
		}
		began := time.Now()
		cmd.Process.Signal(syscall.SIGTERM)
		if _, err := new(bytes.Buffer).ReadFrom(stdout); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != test.code || time.Since(began) > 20*time.Second {
			t.Errorf("%q: exit %d after %v, want %d at once; %s", test.args, code, time.Since(began), test.code, stderr)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

func TestTimeToLive(t *testing.T) {
	if got := run(t, nil, "idle", "--ttl", "100ms"); got.code != 0 {
		t.Errorf("idle: exit %d", got.code)
	}
	got := run(t, []string{workload.EnvTTL + "=1"}, "burn", "--seconds", "50")
	if says := got.last(t, wire.ReportFailed).Says; got.code != 124 || !strings.Contains(says, "time to live") {
		t.Errorf("burn: exit %d, says %q", got.code, says)
	}
}

func TestAllocate(t *testing.T) {
	got := run(t, nil, "allocate", "--bytes", "24m", "--step", "8m", "--pace", "1ms", "--hold", "0")
	if n, _ := got.last(t, wire.ReportDone).Result.AllocatedBytes.Get(); got.code != 0 || n != 24<<20 {
		t.Errorf("exit %d, %d bytes", got.code, n)
	}
	got = run(t, nil, "allocate", "--bytes", "8m", "--pace", "1ms", "--hold", "0", "--child")
	if n, _ := got.last(t, wire.ReportDone).Result.ProcessesStarted.Get(); got.code != 0 || n != 1 {
		t.Errorf("child: exit %d, %d processes", got.code, n)
	}
	if inside := slices.DeleteFunc(got.reports, func(r wire.Report) bool { return r.Porthole != wire.ReportInside }); len(inside) != 1 {
		t.Errorf("%d reports of the inside; want the parent's alone", len(inside))
	}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, flags := range [][]string{nil, {"--sync"}, {"--rate", "64m"}} {
		got := run(t, nil, append([]string{"write-file", "--bytes", "4m", "--path", path, "--hold", "0"}, flags...)...)
		if n, _ := got.last(t, wire.ReportDone).Result.WrittenBytes.Get(); got.code != 0 || n != 4<<20 {
			t.Errorf("%q: exit %d, %d bytes", flags, got.code, n)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("the file is left")
		}
	}
	// What is there already is not ours to overwrite.
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t, nil, "write-file", "--bytes", "1m", "--path", path)
	if data, _ := os.ReadFile(path); got.code != 1 || string(data) != "mine" {
		t.Errorf("exit %d, the file holds %q", got.code, data)
	}
}

func TestForkedChildrenAreOneTaskEachAndEnd(t *testing.T) {
	cmd, _, stderr := command(t, nil, "fork", "--count", "5", "--pace", "1ms", "--hold", "40s")
	cmd.Stdout = nil
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(stdout)
	for {
		var report wire.Report
		if err := decoder.Decode(&report); err != nil {
			t.Fatalf("no report of its end: %v %s", err, stderr)
		}
		if report.Porthole == wire.ReportDone {
			break
		}
	}
	kids := childrenOf(t, cmd.Process.Pid)
	if len(kids) != 5 {
		t.Errorf("%d children, want 5", len(kids))
	}
	for _, kid := range kids {
		tasks, err := os.ReadDir("/proc/" + kid + "/task")
		name, _ := os.ReadFile("/proc/" + kid + "/comm")
		if err != nil || len(tasks) != 1 || strings.TrimSpace(string(name)) != "sleeper" {
			t.Errorf("child %s (%q) has %d tasks, %v; want a sleeper with one", kid, name, len(tasks), err)
		}
	}
	cmd.Process.Kill() // not even a chance to clean up
	cmd.Wait()
	deadline := time.Now().Add(20 * time.Second)
	for _, kid := range kids {
		for alive(kid) {
			if time.Now().After(deadline) {
				t.Fatalf("child %s outlives its parent", kid)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func alive(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func childrenOf(t *testing.T, pid int) (kids []string) {
	t.Helper()
	tasks, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	if err != nil || len(tasks) == 0 {
		t.Fatal("this kernel does not list children", err)
	}
	for _, path := range tasks {
		data, _ := os.ReadFile(path)
		kids = append(kids, strings.Fields(string(data))...)
	}
	return kids
}

func FuzzCheck(f *testing.F) {
	for _, line := range []string{"burn --core-seconds 5", "allocate --bytes 512m --child", "idle --ttl 5s", "write-file --bytes \u0130", "fork --count=3"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if err := workload.Check(strings.Fields(line)); err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Errorf("%q: an error that says nothing", line)
		}
	})
}
