package composetest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"porthole/server/wire"
)

// What the test reads of the kernel itself, from outside of any container. It
// is written apart from the server's readers on purpose, and plainly: two
// hands that come to the same number.

// namespaceOf is one namespace's inode, from its link.
func namespaceOf(t *testing.T, pid int, kind string) uint64 {
	t.Helper()
	link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
	if err != nil {
		t.Fatalf("this test compares namespaces, and may not read them itself (run it as root): %v", err)
	}
	number, ok := strings.CutPrefix(strings.TrimSuffix(link, "]"), kind+":[")
	inode, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil {
		t.Fatalf("%s is not a namespace link: %v", link, err)
	}
	return inode
}

// counter says where one field of wire.Counters is kept, on v2 and on v1.
type counter struct {
	field      string
	get        func(wire.Counters) wire.Count
	rises      bool // never falls; else it is a level
	file2      string
	key2       string // the line's first word, where the file has several
	controller string
	file1      string
	key1       string
	divide1    uint64 // v1 counts some times in nanoseconds
}

var counters = []counter{
	{"cpuUsageUsec", func(c wire.Counters) wire.Count { return c.CPUUsageUsec }, true, "cpu.stat", "usage_usec", "cpuacct", "cpuacct.usage", "", 1000},
	{"cpuPeriods", func(c wire.Counters) wire.Count { return c.CPUPeriods }, true, "cpu.stat", "nr_periods", "cpu", "cpu.stat", "nr_periods", 1},
	{"cpuThrottledPeriods", func(c wire.Counters) wire.Count { return c.CPUThrottledPeriods }, true, "cpu.stat", "nr_throttled", "cpu", "cpu.stat", "nr_throttled", 1},
	{"cpuThrottledUsec", func(c wire.Counters) wire.Count { return c.CPUThrottledUsec }, true, "cpu.stat", "throttled_usec", "cpu", "cpu.stat", "throttled_time", 1000},
	{"memoryCurrentBytes", func(c wire.Counters) wire.Count { return c.MemoryCurrentBytes }, false, "memory.current", "", "memory", "memory.usage_in_bytes", "", 1},
	{"memoryAnonBytes", func(c wire.Counters) wire.Count { return c.MemoryAnonBytes }, false, "memory.stat", "anon", "memory", "memory.stat", "total_rss", 1},
	{"memoryInactiveFileBytes", func(c wire.Counters) wire.Count { return c.MemoryInactiveFileBytes }, false, "memory.stat", "inactive_file", "memory", "memory.stat", "total_inactive_file", 1},
	{"oomKills", func(c wire.Counters) wire.Count { return c.OOMKills }, true, "memory.events", "oom_kill", "memory", "memory.oom_control", "oom_kill", 1},
	{"pidsCurrent", func(c wire.Counters) wire.Count { return c.PidsCurrent }, false, "pids.current", "", "pids", "pids.current", "", 1},
	{"pidsRefused", func(c wire.Counters) wire.Count { return c.PidsRefused }, true, "pids.events", "max", "pids", "pids.events", "max", 1},
}

// cgroupOf finds the folder of a process' cgroup: with a controller on v1, or
// the v2 one for "".
func cgroupOf(t *testing.T, pid int, controller string) (folder string, ok bool) {
	t.Helper()
	mount, ok := cgroupMount(t, controller)
	if !ok {
		return "", false
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // number, controllers, path
		for _, name := range strings.Split(parts[1], ",") {
			if name == controller {
				return filepath.Join(mount, parts[2]), true
			}
		}
	}
	return "", false
}

// cgroupMount finds where this machine has mounted a controller's tree.
func cgroupMount(t *testing.T, controller string) (string, bool) {
	t.Helper()
	mounts, err := os.Open("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	defer mounts.Close()
	scanner := bufio.NewScanner(mounts)
	for scanner.Scan() {
		words := strings.Fields(scanner.Text()) // device, place, type, options
		switch {
		case controller == "" && words[2] == "cgroup2":
			return words[1], true
		case controller != "" && words[2] == "cgroup" && strings.Contains(","+words[3]+",", ","+controller+","):
			return words[1], true
		}
	}
	return "", false
}

// read is the counter as the kernel has it now. It is absent where this kernel
// has no such file or line.
func (c counter) read(t *testing.T, pid int) wire.Count {
	t.Helper()
	folder, ok := cgroupOf(t, pid, c.controller)
	file, key, divide := c.file1, c.key1, c.divide1
	if !ok {
		if folder, ok = cgroupOf(t, pid, ""); !ok {
			return wire.Count{}
		}
		file, key, divide = c.file2, c.key2, 1
	}
	text, err := os.ReadFile(filepath.Join(folder, file))
	if errors.Is(err, os.ErrNotExist) {
		return wire.Count{}
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if key != "" && (len(words) != 2 || words[0] != key) {
			continue
		}
		value, err := strconv.ParseUint(words[len(words)-1], 10, 64)
		if err != nil {
			t.Fatalf("%s holds %q: %v", filepath.Join(folder, file), line, err)
		}
		return wire.Counted(value / divide)
	}
	return wire.Count{}
}
