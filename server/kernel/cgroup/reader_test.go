package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// makeHost writes a v2 host with one container, process 7, that has files.
func makeHost(t *testing.T, files map[string]string) (FS, string) {
	t.Helper()
	tree := t.TempDir()
	write(t, filepath.Join(tree, "proc/self/mountinfo"), "25 24 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n")
	write(t, filepath.Join(tree, "proc/7/cgroup"), "0::/one\n")
	folder := filepath.Join(tree, "cgroup/one")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		write(t, filepath.Join(folder, name), text)
	}
	fs, err := NewFS(filepath.Join(tree, "proc"), filepath.Join(tree, "cgroup"))
	if err != nil {
		t.Fatal(err)
	}
	return fs, folder
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func openOne(t *testing.T, fs FS) *Reader {
	t.Helper()
	reader, err := fs.Open(7)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return reader
}

func TestAbsentStaysAbsent(t *testing.T) {
	fs, folder := makeHost(t, map[string]string{
		// No cpu controller: usage, but no periods.
		"cpu.stat":       "usage_usec 12\nuser_usec 5\nsystem_usec 7\n",
		"memory.current": "4096\n",
		// An older kernel: no line "kernel".
		"memory.stat": "anon 1\ninactive_file 8192\nactive_file 3\n",
		"io.stat":     "",
	})
	reader := openOne(t, fs)
	var got wire.Counters
	if err := reader.Read(&got); err != nil {
		t.Fatal(err)
	}
	want := wire.Counters{
		CPUUsageUsec: wire.Counted(12), MemoryCurrentBytes: wire.Counted(4096), MemoryAnonBytes: wire.Counted(1),
		MemoryActiveFileBytes: wire.Counted(3), MemoryInactiveFileBytes: wire.Counted(8192),
		// More inactive than charged: the two files are read one after the other.
		MemoryWorkingSetBytes: wire.Counted(0),
		// An empty io.stat says that there was no I/O.
		IOReadBytes: wire.Counted(0), IOWriteBytes: wire.Counted(0),
	}
	if got != want {
		t.Errorf("read %+v, want %+v", got, want)
	}
	for field, part := range map[string]string{
		"cpuUsageUsec": "", "cpuPeriods": "no such line", "memoryKernelBytes": "no such line",
		"pidsCurrent": "pids.current", "oomKills": "memory.events", "cpuPressureUsec": "cpu.pressure", "ioReadBytes": "",
	} {
		if reason := reader.Reason(field); (part == "") != (reason == "") || !strings.Contains(reason, part) {
			t.Errorf("%s: reason is %q, want one with %q", field, reason, part)
		}
	}
	// A file that was not there at first is not looked for again.
	write(t, filepath.Join(folder, "pids.current"), "3\n")
	if err := reader.Read(&got); err != nil || !got.PidsCurrent.IsZero() {
		t.Errorf("a file was opened while reading: %v, %v", got.PidsCurrent, err)
	}
	// Without inactive_file there is no working set either.
	write(t, filepath.Join(folder, "memory.stat"), "anon 1\n")
	if err := reader.Read(&got); err != nil || !got.MemoryWorkingSetBytes.IsZero() || reader.Reason("memoryWorkingSetBytes") == "" {
		t.Errorf("a working set was made up: %v, %v, %q", got.MemoryWorkingSetBytes, err, reader.Reason("memoryWorkingSetBytes"))
	}
}

// A hybrid host whose container is in the root of the v2 tree, and whose kernel
// does not count block I/O until a throttle is set.
func TestHybridTraps(t *testing.T) {
	tree := t.TempDir()
	write(t, filepath.Join(tree, "proc/self/mountinfo"), `30 29 0:25 / /sys/fs/cgroup/unified rw - cgroup2 cgroup rw
31 29 0:26 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio
`)
	write(t, filepath.Join(tree, "proc/7/cgroup"), "1:blkio:/docker/one\n0::/\n")
	write(t, filepath.Join(tree, "cgroup/unified/cpu.pressure"), "some avg10=0.00 avg60=0.00 avg300=0.00 total=12199\n")
	const name = "blkio.throttle.io_service_bytes"
	top := filepath.Join(tree, "cgroup/blkio", name)
	write(t, top, "Total 0\n")
	write(t, filepath.Join(tree, "cgroup/blkio/docker/one", name), "Total 0\n")
	fs, err := NewFS(filepath.Join(tree, "proc"), filepath.Join(tree, "cgroup"))
	if err != nil {
		t.Fatal(err)
	}
	if fs.Mode() != wire.CgroupHybrid {
		t.Errorf("mode is %q", fs.Mode())
	}
	clock := time.Now()
	fs.top.now = func() time.Time { return clock }
	reader := openOne(t, fs)
	var got wire.Counters
	if err := reader.Read(&got); err != nil || got != (wire.Counters{}) {
		t.Errorf("read %+v, %v; want nothing", got, err)
	}
	for field, want := range map[string]string{"cpuPressureUsec": reasonRoot, "ioWriteBytes": reasonUncounted, "ioReadBytes": reasonUncounted,
		"memoryCurrentBytes": "this kernel has no memory controller in cgroup v1"} {
		if reason := reader.Reason(field); reason != want {
			t.Errorf("%s: reason is %q, want %q", field, reason, want)
		}
	}
	// Some group's throttle made the kernel count: now nothing is 0.
	write(t, top, "254:0 Read 4096\n254:0 Write 0\nTotal 4096\n")
	if err := reader.Read(&got); err != nil || !got.IOReadBytes.IsZero() {
		t.Errorf("within one sample: read %v, %v; want what was found for the one before", got.IOReadBytes, err)
	}
	clock = clock.Add(topFresh)
	if err := reader.Read(&got); err != nil || got.IOReadBytes != wire.Counted(0) || reader.Reason("ioReadBytes") != "" {
		t.Errorf("read %v, %v, %q; want 0", got.IOReadBytes, err, reader.Reason("ioReadBytes"))
	}
	if source, err := reader.Source("cpuPressureUsec"); err != nil || source.Raw != "" || source.Reason != reasonRoot || source.Path != "" {
		t.Errorf("source of what is not there: %+v, %v", source, err)
	}
}

func TestLimitsWithoutFiles(t *testing.T) {
	fs, _ := makeHost(t, map[string]string{"memory.max": "max\n", "pids.max": "12\n", "cpu.max": "150000 100000\n", "io.max": "", "memory.low": "0\n", "cpu.weight": "x\n"})
	limits := openOne(t, fs).Limits()
	if !limits.Memory.Unlimited || limits.Memory.Value != nil {
		t.Errorf("memory is %+v, want unlimited", limits.Memory)
	}
	if limits.Pids.Value == nil || *limits.Pids.Value != 12 || limits.Pids.Raw != "12" || limits.Pids.File != "pids.max" {
		t.Errorf("pids is %+v", limits.Pids)
	}
	if limits.CPU.Value == nil || *limits.CPU.Value != 1.5 {
		t.Errorf("cpu is %+v", limits.CPU)
	}
	if !limits.IO.Unlimited || limits.IO.Raw != "" {
		t.Errorf("io is %+v, want unlimited", limits.IO)
	}
	if limits.MemoryReservation.Unlimited || *limits.MemoryReservation.Value != 0 {
		t.Errorf("reservation is %+v, want 0", limits.MemoryReservation)
	}
	if limits.CPUWeight.Reason == "" || limits.CPUWeight.Value != nil {
		t.Errorf("weight is %+v, want a reason", limits.CPUWeight)
	}
	if limits.MemorySwap.Reason == "" || limits.MemorySwap.Unlimited || limits.MemorySwap.Value != nil || limits.MemorySwap.Source != "memorySwapMax" {
		t.Errorf("swap is %+v, want a reason", limits.MemorySwap)
	}
	if limits.CPUSet.Reason == "" || limits.CPUSet.Unlimited {
		t.Errorf("cpuset is %+v, want a reason", limits.CPUSet)
	}
}

func TestNoSuchProcess(t *testing.T) {
	fs, folder := makeHost(t, nil)
	if _, err := fs.Open(8); !errors.Is(err, ErrGone) {
		t.Errorf("opening a process that is not there: %v, want %v", err, ErrGone)
	}
	// The group is removed after its path was read, and the process with it.
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	reader, err := fs.Open(7)
	if err != nil {
		t.Fatal(err) // the process is still there, only nothing can be read
	}
	defer reader.Close()
	if _, err := reader.PIDs(); !errors.Is(err, ErrGone) {
		t.Errorf("listing a removed group: %v, want %v", err, ErrGone)
	}
}

func TestClosed(t *testing.T) {
	fs, _ := makeHost(t, map[string]string{"pids.current": "1\n"})
	reader := openOne(t, fs)
	if err := errors.Join(reader.Close(), reader.Close()); err != nil {
		t.Fatal(err)
	}
	before := wire.Counters{PidsCurrent: wire.Counted(5)}
	got := before
	if err := reader.Read(&got); !errors.Is(err, ErrGone) || got != before {
		t.Errorf("reading after Close: %v, %+v", err, got)
	}
}

func TestPermissionDenied(t *testing.T) {
	fs, folder := makeHost(t, map[string]string{"pids.current": "1\n", "memory.current": "1\n", "memory.max": "1\n"})
	for _, name := range []string{"memory.current", "memory.max"} {
		if err := os.Chmod(filepath.Join(folder, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	asNobody(t, filepath.Dir(filepath.Dir(folder)), func() {
		reader, err := fs.Open(7)
		if err != nil {
			t.Error(err)
			return
		}
		defer reader.Close()
		var got wire.Counters
		if err := reader.Read(&got); err != nil || !got.MemoryCurrentBytes.IsZero() || got.PidsCurrent != wire.Counted(1) {
			t.Errorf("read %+v, %v", got, err)
		}
		source, err := reader.Source("memoryCurrentBytes")
		if err != nil {
			t.Error(err)
		}
		for what, reason := range map[string]string{
			"counter": reader.Reason("memoryCurrentBytes"), "limit": reader.Limits().Memory.Reason, "source": source.Reason,
		} {
			if reason != reasonForbidden {
				t.Errorf("the %s's reason is %q, want %q", what, reason, reasonForbidden)
			}
		}
	})
}

// asNobody runs a function on a thread without root's rights, where we have them.
func asNobody(t *testing.T, tree string, run func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		run()
		return
	}
	// Temporary folders are root's alone.
	for folder := tree; folder != os.TempDir() && folder != "/"; folder = filepath.Dir(folder) {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		onOwnThread(t, run)
	}()
	<-done
}

// errors of the kernel and what they mean for a reading.
func TestErrors(t *testing.T) {
	for err, gone := range map[error]bool{unix.ENOENT: true, unix.ENODEV: true, unix.ESRCH: true, unix.EACCES: false, unix.EIO: false, unix.EOPNOTSUPP: false} {
		if isGone(err) != gone {
			t.Errorf("isGone(%v) is %v", err, !gone)
		}
		if reasonOf(err, "file") == "" {
			t.Errorf("%v has no reason", err)
		}
	}
}

// A file larger than the buffer is read whole.
func TestLargeFile(t *testing.T) {
	fs, _ := makeHost(t, map[string]string{"memory.stat": strings.Repeat("other 1\n", 5000) + "anon 77\n"})
	reader := openOne(t, fs)
	var got wire.Counters
	if err := reader.Read(&got); err != nil || got.MemoryAnonBytes != wire.Counted(77) {
		t.Errorf("read %v, %v; want 77", got.MemoryAnonBytes, err)
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	for _, host := range []string{"hybrid", "v1", "v2"} {
		_, reader := openFixture(t, host, "limited")
		var counters wire.Counters
		if got := testing.AllocsPerRun(100, func() {
			if err := reader.Read(&counters); err != nil {
				t.Fatal(err)
			}
		}); got != 0 {
			t.Errorf("%s: %v allocations a reading, want none", host, got)
		}
	}
}

// Readings, explanations and the end may come at the same time.
func TestConcurrentUse(t *testing.T) {
	_, reader := openFixture(t, "hybrid", "limited")
	done := make(chan struct{})
	go func() {
		defer close(done)
		var counters wire.Counters
		for range 200 {
			if err := reader.Read(&counters); err != nil && !errors.Is(err, ErrGone) {
				t.Error(err)
			}
		}
	}()
	for i := range 50 {
		if _, err := reader.Source("cpuPeriods"); err != nil {
			t.Error(strconv.Itoa(i), err)
		}
		reader.Reason("cpuPeriods")
	}
	reader.Close()
	<-done
}
