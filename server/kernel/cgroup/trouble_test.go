package cgroup

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"porthole/server/kernel/internal/dockertest"
	"porthole/server/wire"
)

// A group of the same name as one that was removed is another group, even for
// who still has files of the old one open: a restarted container has its old name.
func TestRecreatedGroup(t *testing.T) {
	fs, err := NewFS("/proc", "/sys/fs/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	controller := "pids"
	if fs.version() == 2 {
		controller = ""
	}
	var folder string
	for _, m := range fs.mounts {
		if m.has(controller) {
			folder = filepath.Join(m.point, dockertest.Prefix+"again-"+strconv.Itoa(os.Getpid()))
			break
		}
	}
	t.Cleanup(func() { _ = os.Remove(folder) })
	// inside starts a process in a new group of that name.
	inside := func() (pid int, end func()) {
		t.Helper()
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		command := exec.Command("sleep", "600")
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		end = func() {
			_ = command.Process.Kill()
			_ = command.Wait()
			// Its last thread leaves the group a moment after it was waited for.
			dockertest.Until(t, "the group is removed", func() bool { return os.Remove(folder) == nil || !exists(folder) })
		}
		t.Cleanup(end)
		if err := os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte(strconv.Itoa(command.Process.Pid)), 0o644); err != nil {
			t.Fatal(err)
		}
		return command.Process.Pid, end
	}
	pid, end := inside()
	old, err := fs.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	mustRead(t, old)
	end()
	pid, _ = inside()
	var counters wire.Counters
	if err := old.Read(&counters); !errors.Is(err, ErrGone) {
		t.Errorf("the removed group's reader: %v, %+v; want %v", err, counters, ErrGone)
	}
	now, err := fs.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	mustRead(t, now)
	if pids, err := now.PIDs(); err != nil || len(pids) != 1 || pids[0] != pid {
		t.Errorf("the new group's processes are %v, %v; want %d alone", pids, err, pid)
	}
	// What the old one reads by name, and not from open files, is the new group's.
	if pids, err := old.PIDs(); !errors.Is(err, ErrGone) {
		t.Errorf("the removed group's reader lists the new one's processes: %v, %v", pids, err)
	}
	if limit := old.Limits().Pids; limit.Reason == "" || limit.Value != nil || limit.Unlimited {
		t.Errorf("the removed group's reader tells the new one's limit: %+v", limit)
	}
	for _, name := range []string{"pidsMax", "pidsCurrent"} {
		if source, err := old.Source(name); err != nil || source.Raw != "" || source.Reason == "" {
			t.Errorf("the removed group's reader explains %s by the new one's file: %+v, %v", name, source, err)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// What no kernel writes into /proc/PID/cgroup is no figure and no crash.
func TestMalformedMembership(t *testing.T) {
	for _, text := range []string{"", "\n", "0", "0::", "0::relative\n", ":::\n", "x:y\n", "0::/no/such/group\n", "0::/../../..\n", "0::/one/../../../etc\n",
		"\x00\xff:\xfe:/\n", strings.Repeat("0::/one/", 10_000), "1:memory:/one\n"} {
		fs, _ := makeHost(t, map[string]string{"memory.current": "4096\n"})
		write(t, filepath.Join(fs.proc, "7/cgroup"), text)
		reader, err := fs.Open(7)
		if err != nil {
			continue // said plainly
		}
		var counters wire.Counters
		if err := reader.Read(&counters); err != nil && !errors.Is(err, ErrGone) {
			t.Errorf("%.40q: %v", text, err)
		}
		if counters != (wire.Counters{}) {
			t.Errorf("%.40q: figures out of nothing: %+v", text, counters)
		}
		if reader.Reason("memoryCurrentBytes") == "" {
			t.Errorf("%.40q: no reason is given for a missing figure", text)
		}
		for name, limit := range map[string]*wire.Limit{"memory": reader.Limits().Memory, "pids": reader.Limits().Pids} {
			if limit.Value != nil || limit.Unlimited || limit.Reason == "" {
				t.Errorf("%.40q: the limit on %s is %+v", text, name, *limit)
			}
		}
		reader.Close()
	}
}

// Pressure that the kernel does not count has a reason; the rest is there.
func TestPressureOff(t *testing.T) {
	fs, _ := makeHost(t, map[string]string{"cpu.stat": "usage_usec 12\n", "memory.current": "4096\n"})
	reader := openOne(t, fs)
	counters := mustRead(t, reader)
	if counters.CPUUsageUsec != wire.Counted(12) || !counters.CPUPressureUsec.IsZero() || reader.Reason("cpuPressureUsec") == "" {
		t.Errorf("read %+v, and of pressure %q", counters, reader.Reason("cpuPressureUsec"))
	}
}
