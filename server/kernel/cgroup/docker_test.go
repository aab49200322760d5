package cgroup

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"porthole/server/kernel/internal/dockertest"
	"porthole/server/wire"
)

// openContainer opens a running container on this machine.
func openContainer(t testing.TB, container dockertest.Container) *Reader {
	t.Helper()
	fs, err := NewFS("/proc", "/sys/fs/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	reader, err := fs.Open(container.PID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return reader
}

func mustRead(t testing.TB, reader *Reader) wire.Counters {
	t.Helper()
	var counters wire.Counters
	if err := reader.Read(&counters); err != nil {
		t.Fatal(err)
	}
	return counters
}

// All limits that docker run can set, held against what docker inspect says and
// against the file as the source's own command prints it.
func TestDockerLimits(t *testing.T) {
	container := dockertest.Run(t, []string{"--cpus", "0.5", "--cpu-shares", "512", "--cpuset-cpus", "0",
		"--memory", "64m", "--memory-reservation", "32m", "--pids-limit", "40"}, "ready")
	reader := openContainer(t, container)
	limits := reader.Limits()
	value := func(name string, limit *wire.Limit, want float64) {
		t.Helper()
		if limit.Value == nil || *limit.Value != want {
			t.Errorf("%s is %+v, want %v", name, *limit, want)
		}
	}
	inspected := func(field string) float64 {
		t.Helper()
		number, err := strconv.ParseFloat(dockertest.Inspect(t, container.Name, "{{.HostConfig."+field+"}}"), 64)
		if err != nil {
			t.Fatal(err)
		}
		return number
	}
	value("cpu", limits.CPU, inspected("NanoCpus")/1e9)
	value("memory", limits.Memory, inspected("Memory"))
	value("memory reservation", limits.MemoryReservation, inspected("MemoryReservation"))
	value("pids", limits.Pids, inspected("PidsLimit"))
	if reader.version == 1 {
		value("weight", limits.CPUWeight, inspected("CpuShares"))
	} else if limits.CPUWeight.Value == nil || *limits.CPUWeight.Value == 100 {
		// The runtime chose the number; it must not be the default.
		t.Errorf("weight is %+v, want another than 100", *limits.CPUWeight)
	}
	if limits.CPUSet.Raw != "0" {
		t.Errorf("cpuset is %+v, want processor 0", *limits.CPUSet)
	}
	if asked := dockertest.Inspect(t, container.Name, "{{.HostConfig.MemorySwap}}"); reader.version == 1 && limits.MemorySwap.Raw != asked {
		t.Errorf("swap is %+v, want %s", *limits.MemorySwap, asked)
	}
	for _, spec := range limitSpecs {
		source, err := reader.Source(spec.source)
		if err != nil {
			t.Fatal(err)
		}
		checkCommand(t, source)
	}
	cpus := []string{"--cpus", "1.5"}
	if dockertest.Podman(t) {
		// It passes over --cpus without a word.
		cpus = []string{"--cpu-period", "100000", "--cpu-quota", "150000"}
	}
	dockertest.Docker(t, slices.Concat([]string{"update", "--pids-limit", "500"}, cpus, []string{container.Name})...)
	limits = reader.Limits()
	value("cpu after docker update", limits.CPU, 1.5)
	value("pids after docker update", limits.Pids, 500)
}

// checkCommand runs a source's command, which must print the source's text.
func checkCommand(t *testing.T, source wire.Provenance) {
	t.Helper()
	if source.Reason != "" {
		t.Logf("%s: %s", source.Field, source.Reason)
		return
	}
	text, err := exec.Command("sh", "-c", source.Command).Output()
	if err != nil {
		t.Errorf("%s: %s: %v", source.Field, source.Command, err)
	}
	if !strings.HasPrefix(string(text), source.Raw) {
		t.Errorf("%s: %s printed %q, and the raw text is %q", source.Field, source.Command, text, source.Raw)
	}
}

func TestDockerUnlimited(t *testing.T) {
	limits := openContainer(t, dockertest.Run(t, nil, "ready")).Limits()
	for name, limit := range map[string]*wire.Limit{"cpu": limits.CPU, "memory": limits.Memory, "pids": limits.Pids, "io": limits.IO, "cpuset": limits.CPUSet} {
		if !limit.Unlimited || limit.Value != nil || limit.Reason != "" {
			t.Errorf("%s is %+v, want unlimited", name, *limit)
		}
	}
}

// Throttling, refused forks, a killed child and page cache, each brought about.
func TestDockerCounters(t *testing.T) {
	container := dockertest.Run(t, []string{"--cpus", "0.3", "--memory", "48m", "--memory-swap", "48m", "--pids-limit", "20", "--volume", "/data"},
		"write", "/data/file", "8388608", "oom", "100000000", "fork", "30", "burn")
	reader := openContainer(t, container)
	var counters wire.Counters
	least := func(count wire.Count, least uint64) bool {
		value, present := count.Get()
		return present && value >= least
	}
	dockertest.Until(t, "a kill, a refusal, and ten throttled periods", func() bool {
		counters = mustRead(t, reader)
		return least(counters.OOMKills, 1) && least(counters.PidsRefused, 1) && least(counters.CPUThrottledPeriods, 10)
	})
	if !least(counters.PidsCurrent, 10) {
		t.Errorf("tasks: %v, want at least 10", counters.PidsCurrent)
	}
	for name, count := range map[string]wire.Count{
		"cpuUsageUsec": counters.CPUUsageUsec, "cpuThrottledUsec": counters.CPUThrottledUsec, "cpuPeriods": counters.CPUPeriods,
		"memoryCurrentBytes": counters.MemoryCurrentBytes, "memoryAnonBytes": counters.MemoryAnonBytes, "memoryKernelBytes": counters.MemoryKernelBytes,
	} {
		if !least(count, 1) {
			t.Errorf("%s is %v, want more than 0 (%s)", name, count, reader.Reason(name))
		}
	}
	sum := func(counts ...wire.Count) (total uint64) {
		for _, count := range counts {
			value, _ := count.Get()
			total += value
		}
		return total
	}
	// The parts are no more than the whole, give or take what moved between
	// the two reads.
	if parts, whole := sum(counters.MemoryAnonBytes, counters.MemoryActiveFileBytes, counters.MemoryInactiveFileBytes), sum(counters.MemoryCurrentBytes); parts > whole+8<<20 {
		t.Errorf("memory's parts are %d bytes, and the whole %d", parts, whole)
	}
	for _, named := range fieldNames {
		source, err := reader.Source(named.name)
		if err != nil {
			t.Fatal(err)
		}
		// Every figure that is absent says why, and every other has its file.
		absent := strings.Contains(absentNames(t, counters), " "+named.name+" ")
		if absent != (reader.Reason(named.name) != "") {
			t.Errorf("%s: absent is %v, and the reason %q", named.name, absent, reader.Reason(named.name))
		}
		if !absent && (source.Raw == "" && !strings.HasPrefix(named.name, "io") || source.Reason != "") {
			t.Errorf("%s is there, and its source is %+v", named.name, source)
		}
	}
}

// A container at rest, held against docker stats. While one side moves between
// the two readings they may differ, so they are asked again until they agree.
func TestDockerStats(t *testing.T) {
	container := dockertest.Run(t, []string{"--volume", "/data"}, "write", "/data/file", "8388608", "fork", "3", "ready")
	reader, podman := openContainer(t, container), dockertest.Podman(t)
	dockertest.Until(t, "docker stats shows the same tasks and memory", func() bool {
		stats := strings.Fields(dockertest.Docker(t, "stats", "--no-stream", "--format", "{{.PIDs}} {{.MemUsage}}", container.Name))
		counters := mustRead(t, reader)
		tasks, err := strconv.ParseUint(stats[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		memory, present := counters.MemoryWorkingSetBytes.Get()
		if podman && reader.version == 2 {
			// There it shows anon of memory.stat alone, and not the working set.
			memory, present = counters.MemoryAnonBytes.Get()
		}
		ours, shown := float64(memory)/(1<<20), mebibytes(t, stats[1])
		t.Logf("docker stats shows %d tasks and %.2f MiB, we %v and %.2f MiB", tasks, shown, counters.PidsCurrent, ours)
		return present && counters.PidsCurrent == wire.Counted(tasks) && ours > shown*0.98-0.1 && ours < shown*1.02+0.1
	})
}

// absentNames are the counters that are not there, in blanks.
func absentNames(t *testing.T, counters wire.Counters) string {
	t.Helper()
	names := " "
	values := []wire.Count{counters.CPUUsageUsec, counters.CPUPeriods, counters.CPUThrottledPeriods, counters.CPUThrottledUsec,
		counters.MemoryCurrentBytes, counters.MemoryAnonBytes, counters.MemoryActiveFileBytes, counters.MemoryInactiveFileBytes,
		counters.MemoryKernelBytes, counters.MemoryWorkingSetBytes, counters.OOMKills, counters.PidsCurrent, counters.PidsRefused,
		counters.IOReadBytes, counters.IOWriteBytes, counters.CPUPressureUsec, counters.MemoryPressureUsec, counters.IOPressureUsec}
	for i, value := range values {
		if value.IsZero() {
			names += fieldNames[i].name + " "
		}
	}
	return names
}

// mebibytes reads what docker stats prints: "12.3MiB".
func mebibytes(t *testing.T, text string) float64 {
	t.Helper()
	for unit, factor := range map[string]float64{"GiB": 1024, "MiB": 1, "KiB": 1.0 / 1024} {
		if digits, ok := strings.CutSuffix(text, unit); ok {
			value, err := strconv.ParseFloat(digits, 64)
			if err != nil {
				t.Fatal(err)
			}
			return value * factor
		}
	}
	t.Fatalf("docker stats printed %q for memory", text)
	return 0
}

func TestDockerPIDs(t *testing.T) {
	container := dockertest.Run(t, nil, "fork", "3")
	reader := openContainer(t, container)
	var pids []int
	dockertest.Until(t, "four processes are there", func() bool {
		var err error
		if pids, err = reader.PIDs(); err != nil {
			t.Fatal(err)
		}
		return len(pids) == 4
	})
	if !slices.Contains(pids, container.PID) {
		t.Errorf("the processes %v are without the first one, %d", pids, container.PID)
	}
	top := dockertest.Processes(t, container.Name)
	slices.Sort(top)
	if !slices.Equal(top, pids) {
		t.Errorf("docker top lists %v, and we %v", top, pids)
	}
}

// A container that is killed under a reader, and one that is gone before.
func TestDockerGone(t *testing.T) {
	container := dockertest.Run(t, nil, "ready")
	reader := openContainer(t, container)
	last := mustRead(t, reader)
	dockertest.Remove(t, container.Name)
	got := last
	dockertest.Until(t, "the group is gone", func() bool {
		err := reader.Read(&got)
		if err != nil && !errors.Is(err, ErrGone) {
			t.Fatal(err)
		}
		if err == nil {
			last = got
		}
		return err != nil
	})
	if got != last {
		t.Errorf("the last counters were overwritten: %+v, want %+v", got, last)
	}
	if source, err := reader.Source("cpuPeriods"); err != nil || source.Raw != "" || source.Reason == "" {
		t.Errorf("the source of a container that is gone is %+v, %v", source, err)
	}
	if limit := reader.Limits().Memory; limit.Reason == "" || limit.Value != nil {
		t.Errorf("a limit of a container that is gone is %+v", limit)
	}
	if _, err := reader.PIDs(); !errors.Is(err, ErrGone) {
		t.Errorf("listing a container that is gone: %v, want %v", err, ErrGone)
	}
	fs, err := NewFS("/proc", "/sys/fs/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Open(container.PID); !errors.Is(err, ErrGone) {
		t.Errorf("opening a container that is gone: %v, want %v", err, ErrGone)
	}
}

// Block I/O: direct writes to a volume are counted, or the reason is told.
func TestDockerIO(t *testing.T) {
	container := dockertest.Run(t, []string{"--volume", "/data"}, "direct", "/data/file", "8388608", "ready")
	dockertest.Until(t, "the file is written", func() bool {
		return strings.Contains(dockertest.Docker(t, "logs", container.Name), "ready")
	})
	reader := openContainer(t, container)
	counters := mustRead(t, reader)
	written, present := counters.IOWriteBytes.Get()
	reason := reader.Reason("ioWriteBytes")
	switch {
	case present && written < 8<<20 && reader.version == 2:
		t.Errorf("%d bytes were written, and 8 MiB should have been", written)
	case !present && reason == "":
		t.Error("the figure is absent without a reason")
	case !present && reader.version == 2:
		t.Errorf("the figure is absent on v2: %s", reason)
	}
	t.Logf("%v bytes written, %s", counters.IOWriteBytes, reason)
}

// Our own process is in root groups on most machines; there the host's counters
// must not pass for a container's.
func TestRootGroupIsNoContainer(t *testing.T) {
	fs, err := NewFS("/proc", "/sys/fs/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	groups, err := fs.locate(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for controller, group := range groups {
		for _, m := range fs.mounts {
			if group.path != "" && filepath.Clean(group.path) == m.point && m.root == "/" {
				t.Errorf("the root group of %q passes for a container's", controller)
			}
		}
	}
}

// A process that has ended and was not yet waited for. In cgroup v1 the kernel
// shows it in the root group.
func TestADyingProcessIsGoneAndNotInTheRootGroup(t *testing.T) {
	fs, err := NewFS("/proc", "/sys/fs/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	if fs.version() == 2 {
		t.Skip("cgroup v2 shows a zombie in its own group")
	}
	child := exec.Command("true")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	dockertest.Until(t, "the child to end", func() bool { return fs.exiting(child.Process.Pid) })
	if reader, err := fs.Open(child.Process.Pid); !errors.Is(err, ErrGone) {
		t.Errorf("opening a zombie: %+v, %v, want %v", reader, err, ErrGone)
	}
	if fs.exiting(os.Getpid()) {
		t.Error("a living process passes for a dying one")
	}
}
