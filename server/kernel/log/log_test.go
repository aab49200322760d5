package log

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"porthole/server/kernel/internal/dockertest"
	"porthole/server/wire"
)

func TestMain(m *testing.M) { os.Exit(dockertest.Main(m)) }

const (
	one = "0a6a08f10a6b721fdb0b8d19e51031f76035d9a0447fce40fba9991f385ddcf1"
	two = "4e123a5af244cc7fc325a8b3e62deb8f5020902579f97da361363daf6976cf35"
)

// records gives a captured log one record at a read, as the kernel does.
type records struct{ lines [][]byte }

func (r *records) Read(buffer []byte) (int, error) {
	if len(r.lines) == 0 {
		return 0, io.EOF
	}
	n := copy(buffer, r.lines[0])
	r.lines = r.lines[1:]
	return n, nil
}

func captured(t *testing.T, name string) *records {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return &records{slices.Collect(bytes.Lines(text))}
}

// hybrid.kmsg is what a host with kernel 6.18 wrote of two kills.
func TestCapturedLog(t *testing.T) {
	r := New("unused")
	if err := r.follow(captured(t, "hybrid.kmsg")); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	for id, want := range map[string]wire.KernelLine{one: {PID: 11166, Task: "porthole"}, two: {PID: 11361, Task: "exe"}} {
		lines := r.Lines(id)
		if len(lines) != 2 || lines[0].Kind != "oomKill" || lines[1].Kind != "killed" {
			t.Fatalf("%.12s has %+v", id, lines)
		}
		for _, line := range lines {
			if line.PID != want.PID || line.Task != want.Task || line.At == 0 {
				t.Errorf("%.12s: %+v", id, line)
			}
		}
		if !strings.HasPrefix(lines[1].Text, fmt.Sprintf("Memory cgroup out of memory: Killed process %d (%s)", want.PID, want.Task)) {
			t.Errorf("text %q", lines[1].Text)
		}
	}
	if lines := r.Lines(strings.Repeat("0", 64)); lines != nil {
		t.Errorf("a container that nobody killed has %+v", lines)
	}
}

// v2.kmsg is what a host with kernel 6.12 and cgroup v2 wrote, put into this
// form from what dmesg printed.
func TestCapturedLogOfV2(t *testing.T) {
	r := New("unused")
	if err := r.follow(captured(t, "v2.kmsg")); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	lines := r.Lines("75d1d30545c37539b43633a93c9bcc93c4d18a8a5f81d3072bf20ae6165ea51f")
	if len(r.lines) != 2 || len(lines) != 2 || lines[0].PID != 770 || lines[1].Kind != "killed" {
		t.Errorf("%d containers, %+v", len(r.lines), lines)
	}
}

func TestContainerOfAGroup(t *testing.T) {
	for path, want := range map[string]string{
		"/docker/" + one:                                    one,
		"/system.slice/docker-" + one + ".scope":            one,
		"/machine.slice/libpod-" + one + ".scope/container": one,
		"/docker/" + two + "/docker/" + one:                 one, // docker in docker: the inner one
		"/docker/" + one + "/child":                         one,
		"/":                                                 "",
		"/user.slice/user-0.slice":                          "",
		"/docker/" + one + "0":                              "",
	} {
		if got := containerOf([]string{path}); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestParseKill(t *testing.T) {
	for text, want := range map[string]kill{
		"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=0-1,3,cpuset=x,mems_allowed=0-1,3,oom_memcg=/a,task_memcg=/a/b,task=we,pid=1,ird,pid=12,uid=0": {kind: "oomKill", pid: 12, task: "we,pid=1,ird", cgroups: []string{"/a/b", "/a"}},
		"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/a,task=x,pid=7,uid=1":                     {kind: "oomKill", pid: 7, task: "x", cgroups: []string{"/a"}},
		"Memory cgroup out of memory: Killed process 3 (a (b) c) total-vm:1kB":                                                                        {kind: "killed", pid: 3, task: "a (b) c"},
		"Out of memory: Killed process 4 (x) total-vm:1kB":                                                                                            {kind: "killed", pid: 4, task: "x"},
	} {
		got, ok := parseKill(text)
		if !ok || got.kind != want.kind || got.pid != want.pid || got.task != want.task || !slices.Equal(got.cgroups, want.cgroups) {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
	for _, text := range []string{"", "oom-kill:", "oom-kill:task=x,pid=1", "oom-kill:a,task=x,pid=,uid=0", "Killed process 3 (x)", "eth0: link up"} {
		if got, ok := parseKill(text); ok {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}

func TestBounds(t *testing.T) {
	r := New("unused")
	write := func(id string, pid int) {
		r.take(record{text: fmt.Sprintf("oom-kill:constraint=C,oom_memcg=/docker/%s,task_memcg=/docker/%s,task=x,pid=%d,uid=0", id, id, pid)})
		r.take(record{text: fmt.Sprintf("Memory cgroup out of memory: Killed process %d (x) total-vm:%s", pid, strings.Repeat("ä", 400))})
	}
	for i := range 1000 {
		write(fmt.Sprintf("%064x", i), i+1)
		write(one, 5000+i)
	}
	if len(r.lines) > maximumContainers || len(r.order) != len(r.lines) || len(r.pending) > maximumPending || len(r.Lines(one)) > wire.MaxKernelLines {
		t.Errorf("%d containers, %d pending, %d lines of one", len(r.lines), len(r.pending), len(r.Lines(one)))
	}
	for _, line := range r.Lines(one) {
		if len(line.Text) > textLimit {
			t.Errorf("a line of %d bytes", len(line.Text))
		}
	}
}

// A container that the kernel kills for want of memory, by the real log.
func TestRealKill(t *testing.T) {
	if file, err := os.Open("/dev/kmsg"); err != nil {
		t.Fatalf("this test needs the kernel's log: %v", err)
	} else {
		file.Close()
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := New("/dev/kmsg")
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	dockertest.Until(t, "the log is read", func() bool { return r.Reason() == "" })
	began := time.Now().UnixMilli()
	c := dockertest.Run(t, []string{"--memory", "32m", "--memory-swap", "32m"}, "oom", "67108864", "ready")
	dockertest.Until(t, "the kernel has told of the kill", func() bool { return len(r.Lines(c.ID)) >= 2 })
	lines := r.Lines(c.ID)
	if lines[1].Kind != "killed" || lines[1].PID == c.PID || lines[1].PID != lines[0].PID {
		t.Errorf("lines %+v; the first process is %d", lines, c.PID)
	}
	// The kernel's clock since boot and the wall clock drift apart a little.
	if at := lines[1].At; at < began-5000 || at > time.Now().UnixMilli()+5000 {
		t.Errorf("it was at %d, and the test began at %d", at, began)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
}

func TestWithoutTheLog(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := New(filepath.Join(t.TempDir(), "kmsg"))
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	dockertest.Until(t, "the reason is told", func() bool { return strings.Contains(r.Reason(), "missing") })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
}

func FuzzRecord(f *testing.F) {
	text, err := os.ReadFile("testdata/hybrid.kmsg")
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		f.Add(line)
	}
	f.Add([]byte("6,1,2,-;oom-kill:constraint=C,oom_memcg=/system.slice/docker-" + one + ".scope,task_memcg=/system.slice/docker-" + one + ".scope,task=a,pid=1,uid=0\n SUBSYSTEM=x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := New("unused")
		got, ok := parseRecord(data)
		if !ok {
			return
		}
		r.take(got)
		for id, lines := range r.lines {
			if len(id) != 64 || len(lines) != 1 || lines[0].PID <= 0 || len(lines[0].Text) > textLimit {
				t.Errorf("%q: %+v", id, lines)
			}
		}
	})
}
