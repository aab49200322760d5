package reader

import (
	"encoding/json"
	"reflect"
	"strings"

	"porthole/server/wire"
)

// stats is the part of an engine's statistics that has a counter of ours. What
// is not in the message stays nil, and absent. The engine's own types would make
// it 0.
type stats struct {
	Read string `json:"read"`
	CPU  struct {
		Usage struct {
			Total *uint64 `json:"total_usage"` // nanoseconds
		} `json:"cpu_usage"`
		Throttling struct {
			Periods   *uint64 `json:"periods"`
			Throttled *uint64 `json:"throttled_periods"`
			Time      *uint64 `json:"throttled_time"` // nanoseconds
		} `json:"throttling_data"`
	} `json:"cpu_stats"`
	Memory struct {
		Usage *uint64            `json:"usage"`
		Stats map[string]*uint64 `json:"stats"`
	} `json:"memory_stats"`
	Pids struct {
		Current *uint64 `json:"current"`
	} `json:"pids_stats"`
	IO struct {
		Bytes []struct {
			Op    string `json:"op"`
			Value uint64 `json:"value"`
		} `json:"io_service_bytes_recursive"`
	} `json:"blkio_stats"`
}

// statsKey is where a counter comes from.
type statsKey struct{ unit string }

// statsKeys are the counters that an engine may tell.
var statsKeys = map[string]statsKey{
	"cpuUsageUsec": {"nanoseconds (cpu_stats.cpu_usage.total_usage)"}, "cpuPeriods": {"periods (cpu_stats.throttling_data.periods)"},
	"cpuThrottledPeriods": {"periods (cpu_stats.throttling_data.throttled_periods)"}, "cpuThrottledUsec": {"nanoseconds (cpu_stats.throttling_data.throttled_time)"},
	"memoryCurrentBytes": {"bytes (memory_stats.usage)"}, "memoryAnonBytes": {"bytes (memory_stats.stats)"},
	"memoryActiveFileBytes": {"bytes (memory_stats.stats)"}, "memoryInactiveFileBytes": {"bytes (memory_stats.stats)"},
	"memoryWorkingSetBytes": {"bytes (memory_stats.usage less inactive_file)"}, "pidsCurrent": {"tasks (pids_stats.current)"},
	"ioReadBytes": {"bytes (blkio_stats.io_service_bytes_recursive)"}, "ioWriteBytes": {"bytes (blkio_stats.io_service_bytes_recursive)"},
}

// isCounter reports whether a name is that of a counter in JSON.
func isCounter(name string) bool {
	for field := range reflect.TypeFor[wire.Counters]().Fields() {
		if json, _, _ := strings.Cut(field.Tag.Get("json"), ","); json == name {
			return true
		}
	}
	return false
}

// usageAlone is why memory_stats.usage is no counter of ours where its parts do
// not come with it: Podman's is not memory.current under cgroup v2.
const usageAlone = "the engine tells no parts of its memory_stats.usage, so it cannot be told what that counts: Podman's is anon of memory.stat under cgroup v2"

// parseStats reads one message; false where it is of no running container.
func parseStats(message []byte) (wire.Counters, bool) {
	var s stats
	if json.Unmarshal(message, &s) != nil || strings.HasPrefix(s.Read, "0001-") {
		return wire.Counters{}, false
	}
	var c wire.Counters
	set := func(to *wire.Count, value *uint64, divisor uint64) {
		if value != nil {
			*to = wire.Counted(*value / divisor)
		}
	}
	set(&c.CPUUsageUsec, s.CPU.Usage.Total, 1000)
	// An engine without the cpu controller tells three zeros.
	if t := s.CPU.Throttling; t.Periods != nil && *t.Periods > 0 {
		set(&c.CPUPeriods, t.Periods, 1)
		set(&c.CPUThrottledPeriods, t.Throttled, 1)
		set(&c.CPUThrottledUsec, t.Time, 1000)
	}
	if len(s.Memory.Stats) > 0 {
		set(&c.MemoryCurrentBytes, s.Memory.Usage, 1)
	}
	first := func(names ...string) *uint64 {
		for _, name := range names {
			if value := s.Memory.Stats[name]; value != nil {
				return value
			}
		}
		return nil
	}
	// The names of cgroup v2, and of v1.
	set(&c.MemoryAnonBytes, first("anon", "total_rss"), 1)
	set(&c.MemoryActiveFileBytes, first("total_active_file", "active_file"), 1)
	inactive := first("total_inactive_file", "inactive_file")
	set(&c.MemoryInactiveFileBytes, inactive, 1)
	if !c.MemoryCurrentBytes.IsZero() && inactive != nil {
		c.MemoryWorkingSetBytes = wire.Counted(*s.Memory.Usage - min(*s.Memory.Usage, *inactive))
	}
	set(&c.PidsCurrent, s.Pids.Current, 1)
	var read, written uint64
	for _, each := range s.IO.Bytes {
		switch strings.ToLower(each.Op) {
		case "read":
			read += each.Value
		case "write":
			written += each.Value
		}
	}
	if len(s.IO.Bytes) > 0 {
		c.IOReadBytes, c.IOWriteBytes = wire.Counted(read), wire.Counted(written)
	}
	return c, true
}
