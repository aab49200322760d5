package cgroup

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

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

// Where the tree is masked, the reason is that, and not that the kernel has no
// such controller.
func TestMaskedTree(t *testing.T) {
	for membership, want := range map[string]string{
		"0::/one\n":                             "the cgroup v2 tree is not mounted here",
		"4:memory:/one\n3:pids:/one\n0::/one\n": "the memory controller's hierarchy is not mounted here",
	} {
		proc := t.TempDir()
		write(t, filepath.Join(proc, "self/mountinfo"), mountTables["masked"])
		write(t, filepath.Join(proc, "7/cgroup"), membership)
		fs, err := NewFS(proc, "/sys/fs/cgroup")
		if err != nil {
			t.Fatal(err)
		}
		reader := openOne(t, fs)
		counters := mustRead(t, reader)
		if reason := reader.Reason("memoryCurrentBytes"); counters != (wire.Counters{}) || reason != want {
			t.Errorf("%q: %+v, because of %q; want %q", membership, counters, reason, want)
		}
		if limit := reader.Limits().Memory; limit.Reason != want || limit.Value != nil || limit.Unlimited {
			t.Errorf("%q: the limit is %+v", membership, limit)
		}
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

// Pressure that is turned off while the container runs, by cgroup.pressure, takes
// the kernel's files away from under who has them open: neither has the container
// exited, nor is the last figure the one of now. Turned on, it is counted again.
func TestPressureTurnedOff(t *testing.T) {
	fs, err := NewFS("/proc", "/sys/fs/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	folder, pid := ownUnifiedGroup(t, fs)
	if folder == "" {
		reader, err := fs.Open(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		if counters := mustRead(t, reader); !counters.CPUPressureUsec.IsZero() || reader.Reason("cpuPressureUsec") == "" {
			t.Errorf("pressure without a v2 tree: %v, %q", counters.CPUPressureUsec, reader.Reason("cpuPressureUsec"))
		}
		return
	}
	reader, err := fs.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if counters := mustRead(t, reader); counters.CPUPressureUsec.IsZero() {
		// psi=0, or a kernel before Linux 6.1: there is nothing to turn off.
		if reader.Reason("cpuPressureUsec") == "" || exists(filepath.Join(folder, "cgroup.pressure")) {
			t.Errorf("pressure is absent, because of %q", reader.Reason("cpuPressureUsec"))
		}
		return
	}
	for _, turn := range []struct{ word, reason string }{{"0", reasonNoPSI}, {"1", ""}, {"0", reasonNoPSI}} {
		if err := os.WriteFile(filepath.Join(folder, "cgroup.pressure"), []byte(turn.word), 0o644); err != nil {
			t.Fatal(err)
		}
		counters := mustRead(t, reader)
		for name, count := range map[string]wire.Count{"cpuPressureUsec": counters.CPUPressureUsec, "memoryPressureUsec": counters.MemoryPressureUsec, "ioPressureUsec": counters.IOPressureUsec} {
			if count.IsZero() != (turn.reason != "") || reader.Reason(name) != turn.reason {
				t.Errorf("with %s in cgroup.pressure %s is %v, because of %q", turn.word, name, count, reader.Reason(name))
			}
		}
		if fs.version() == 2 && counters.CPUUsageUsec.IsZero() {
			t.Errorf("with %s in cgroup.pressure the other counters are gone: %+v", turn.word, counters)
		}
	}
}

// A kernel that was built with pressure and started without it answers a reading
// with EOPNOTSUPP: so does the one that we have, of a threaded group's processes.
func TestPressureNotSupported(t *testing.T) {
	real, err := NewFS("/proc", "/sys/fs/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	group, _ := ownUnifiedGroup(t, real)
	if group == "" {
		if reasonOf(unix.EOPNOTSUPP, "cpu.pressure") != reasonNoPSI {
			t.Error("the error has no reason of its own")
		}
		return
	}
	threaded := filepath.Join(group, "threaded")
	if err := os.Mkdir(threaded, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(threaded) })
	if err := os.WriteFile(filepath.Join(threaded, "cgroup.type"), []byte("threaded"), 0o644); err != nil {
		t.Fatal(err)
	}
	fs, folder := makeHost(t, map[string]string{"cpu.stat": "usage_usec 12\n"})
	for _, name := range []string{"cpu.pressure", "memory.pressure", "io.pressure"} {
		if err := os.Symlink(filepath.Join(threaded, "cgroup.procs"), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	reader := openOne(t, fs)
	counters := mustRead(t, reader)
	if counters != (wire.Counters{CPUUsageUsec: wire.Counted(12)}) {
		t.Errorf("read %+v, want the usage alone", counters)
	}
	source, err := reader.Source("cpuPressureUsec")
	if err != nil {
		t.Fatal(err)
	}
	for what, reason := range map[string]string{"processors": reader.Reason("cpuPressureUsec"), "memory": reader.Reason("memoryPressureUsec"), "disks": reader.Reason("ioPressureUsec"), "the source": source.Reason} {
		if reason != reasonNoPSI {
			t.Errorf("%s: %q, want %q", what, reason, reasonNoPSI)
		}
	}
}

// ownUnifiedGroup makes a group in the real v2 tree with a process in it; "" where
// this host has no such tree.
func ownUnifiedGroup(t *testing.T, fs FS) (folder string, pid int) {
	t.Helper()
	for _, m := range fs.mounts {
		if m.unified {
			folder = filepath.Join(m.point, dockertest.Prefix+"pressure-"+strconv.Itoa(os.Getpid()))
			break
		}
	}
	if folder == "" {
		return "", 0
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("sleep", "600")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		dockertest.Until(t, "the group is removed", func() bool { return os.Remove(folder) == nil || !exists(folder) })
	})
	if err := os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte(strconv.Itoa(command.Process.Pid)), 0o644); err != nil {
		t.Fatal(err)
	}
	return folder, command.Process.Pid
}
