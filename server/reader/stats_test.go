package reader

import (
	"testing"

	"porthole/server/wire"
)

func TestStatsOfBothVersions(t *testing.T) {
	// As engines 20.10 (v1) and 28.5 (v2) send them, shortened.
	const v1 = `{"read":"2026-11-24T18:00:00Z","pids_stats":{"current":3},
		"blkio_stats":{"io_service_bytes_recursive":[{"major":254,"minor":0,"op":"Read","value":10},{"major":254,"minor":16,"op":"Read","value":5},{"major":254,"minor":0,"op":"Write","value":20},{"major":254,"minor":0,"op":"Total","value":30}]},
		"cpu_stats":{"cpu_usage":{"total_usage":5000999},"throttling_data":{"periods":9,"throttled_periods":4,"throttled_time":7000999}},
		"memory_stats":{"usage":1000,"stats":{"total_rss":300,"rss":1,"active_file":1,"total_active_file":50,"total_inactive_file":400}}}`
	const v2 = `{"read":"2026-11-24T18:00:00Z","pids_stats":{"current":1},"blkio_stats":{"io_service_bytes_recursive":null},
		"cpu_stats":{"cpu_usage":{"total_usage":5000999},"throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}},
		"memory_stats":{"usage":1000,"stats":{"anon":300,"active_file":50,"inactive_file":1400}}}`
	c, ok := parseStats([]byte(v1))
	want := wire.Counters{
		CPUUsageUsec: wire.Counted(5000), CPUPeriods: wire.Counted(9), CPUThrottledPeriods: wire.Counted(4), CPUThrottledUsec: wire.Counted(7000),
		MemoryCurrentBytes: wire.Counted(1000), MemoryAnonBytes: wire.Counted(300), MemoryActiveFileBytes: wire.Counted(50),
		MemoryInactiveFileBytes: wire.Counted(400), MemoryWorkingSetBytes: wire.Counted(600), PidsCurrent: wire.Counted(3),
		IOReadBytes: wire.Counted(15), IOWriteBytes: wire.Counted(20),
	}
	if !ok || c != want {
		t.Errorf("v1: %+v (%v), want %+v", c, ok, want)
	}
	c, ok = parseStats([]byte(v2))
	want = wire.Counters{
		CPUUsageUsec: wire.Counted(5000), MemoryCurrentBytes: wire.Counted(1000), MemoryAnonBytes: wire.Counted(300), MemoryActiveFileBytes: wire.Counted(50),
		MemoryInactiveFileBytes: wire.Counted(1400), MemoryWorkingSetBytes: wire.Counted(0), PidsCurrent: wire.Counted(1),
	}
	if !ok || c != want {
		t.Errorf("v2: %+v (%v), want %+v", c, ok, want)
	}
}

// What is not in the message is absent, and never 0.
func TestStatsThatAreNotThere(t *testing.T) {
	c, ok := parseStats([]byte(`{"read":"2026-11-24T18:00:00Z","pids_stats":{},"memory_stats":{},"cpu_stats":{}}`))
	if !ok || c != (wire.Counters{}) {
		t.Errorf("an engine that tells nothing gives %+v (%v)", c, ok)
	}
	// As Podman tells it: a usage that is not the kernel's.
	c, ok = parseStats([]byte(`{"read":"2026-11-27T03:00:00Z","memory_stats":{"usage":13526630,"limit":3061010432}}`))
	if !ok || c != (wire.Counters{}) {
		t.Errorf("a usage without its parts gives %+v (%v)", c, ok)
	}
	for _, message := range []string{`{"read":"0001-01-01T00:00:00Z","memory_stats":{"usage":1}}`, `{`, ``, `{"memory_stats":{"usage":"many"}}`} {
		if c, ok := parseStats([]byte(message)); ok {
			t.Errorf("%q passes for the statistics of a running container: %+v", message, c)
		}
	}
}

func TestEveryKeyIsACounter(t *testing.T) {
	for name := range statsKeys {
		if !isCounter(name) {
			t.Errorf("there is no counter %q", name)
		}
	}
	if isCounter("nonsense") {
		t.Error("anything passes for a counter")
	}
}
