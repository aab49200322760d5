package cgroup

import "porthole/server/wire"

// field is one counter of wire.Counters.
type field int

const (
	cpuUsageUsec field = iota
	cpuPeriods
	cpuThrottledPeriods
	cpuThrottledUsec
	memoryCurrentBytes
	memoryAnonBytes
	memoryActiveFileBytes
	memoryInactiveFileBytes
	memoryKernelBytes
	memoryWorkingSetBytes
	oomKills
	pidsCurrent
	pidsRefused
	ioReadBytes
	ioWriteBytes
	cpuPressureUsec
	memoryPressureUsec
	ioPressureUsec
	fieldCount
)

// Documents that define the figures.
const (
	documentV2        = "kernel: Documentation/admin-guide/cgroup-v2.rst"
	documentV1Memory  = "kernel: Documentation/admin-guide/cgroup-v1/memory.rst"
	documentV1Pids    = "kernel: Documentation/admin-guide/cgroup-v1/pids.rst"
	documentV1Blkio   = "kernel: Documentation/admin-guide/cgroup-v1/blkio-controller.rst"
	documentV1Cpuset  = "kernel: Documentation/admin-guide/cgroup-v1/cpusets.rst"
	documentV1Usage   = "kernel: Documentation/admin-guide/cgroup-v1/cpuacct.rst"
	documentBandwidth = "kernel: Documentation/scheduler/sched-bwc.rst"
	documentShares    = "kernel: Documentation/scheduler/sched-design-CFS.rst"
	documentPressure  = "kernel: Documentation/accounting/psi.rst"
)

// fieldNames are the names of wire.Counters in JSON, with what each means in
// one sentence.
var fieldNames = [fieldCount]struct{ name, means string }{
	cpuUsageUsec:            {"cpuUsageUsec", "The time that the container's tasks have spent on a processor, all processors together."},
	cpuPeriods:              {"cpuPeriods", "The enforcement periods (usually 100 ms each) that have passed while the container had work to do."},
	cpuThrottledPeriods:     {"cpuThrottledPeriods", "The periods in which the container used up its CPU quota and was held back."},
	cpuThrottledUsec:        {"cpuThrottledUsec", "The time for which the container was held back by its CPU quota, summed over processors."},
	memoryCurrentBytes:      {"memoryCurrentBytes", "All memory charged to the container now: its own, its page cache, and the kernel's on its behalf."},
	memoryAnonBytes:         {"memoryAnonBytes", "Heap, stack and other memory that no file stands behind: it cannot be dropped, only swapped."},
	memoryActiveFileBytes:   {"memoryActiveFileBytes", "Page cache that was used more than once of late: reclaimed last."},
	memoryInactiveFileBytes: {"memoryInactiveFileBytes", "Page cache that was not used again of late: reclaimed first."},
	memoryKernelBytes:       {"memoryKernelBytes", "The kernel's own memory on the container's behalf: page tables, stacks, inodes and the like."},
	memoryWorkingSetBytes:   {"memoryWorkingSetBytes", "What docker stats shows: all memory charged less the page cache that is reclaimed first, not below 0."},
	oomKills:                {"oomKills", "The processes of the container that the kernel has killed for want of memory."},
	pidsCurrent:             {"pidsCurrent", "The tasks (processes and threads) in the container now."},
	pidsRefused:             {"pidsRefused", "How often a new task was refused because of the limit."},
	ioReadBytes:             {"ioReadBytes", "What the container has read from block devices, all of them together."},
	ioWriteBytes:            {"ioWriteBytes", "What the container has written to block devices, all of them together."},
	cpuPressureUsec:         {"cpuPressureUsec", "The time in which at least one task of the container waited for a processor."},
	memoryPressureUsec:      {"memoryPressureUsec", "The time in which at least one task of the container waited for memory."},
	ioPressureUsec:          {"ioPressureUsec", "The time in which at least one task of the container waited for a block device."},
}

// kind is a file's format.
type kind int

const (
	kindNumber kind = iota
	kindKeyed
	kindPressure
	kindIOStat
	kindServiceBytes
)

// figure is where one field stands in a file.
type figure struct {
	field field
	// key is the line's first word in a keyed file.
	key string
	// divisor turns the file's unit into the field's; 0 is 1.
	divisor uint64
	// unit is the file's.
	unit string
}

// source is one kernel file that holds counters.
type source struct {
	// controller finds the folder; "" is the v2 tree's.
	controller string
	// names are the file's, the first that exists counts.
	names    []string
	kind     kind
	document string
	figures  []figure
	// keys are those of figures, in their order, for parseKeyed.
	keys []string
}

// psi are the files of pressure, in the v2 tree on v2 and hybrid hosts.
var psi = []source{
	{"", []string{"cpu.pressure"}, kindPressure, documentPressure, []figure{{cpuPressureUsec, "some", 0, "microseconds"}}, nil},
	{"", []string{"memory.pressure"}, kindPressure, documentPressure, []figure{{memoryPressureUsec, "some", 0, "microseconds"}}, nil},
	{"", []string{"io.pressure"}, kindPressure, documentPressure, []figure{{ioPressureUsec, "some", 0, "microseconds"}}, nil},
}

// sourcesV2 are the files of cgroup v2.
var sourcesV2 = withKeys(append([]source{
	{"", []string{"cpu.stat"}, kindKeyed, documentV2, []figure{
		{cpuUsageUsec, "usage_usec", 0, "microseconds"},
		{cpuPeriods, "nr_periods", 0, "periods"},
		{cpuThrottledPeriods, "nr_throttled", 0, "periods"},
		{cpuThrottledUsec, "throttled_usec", 0, "microseconds"},
	}, nil},
	{"", []string{"memory.current"}, kindNumber, documentV2, []figure{{memoryCurrentBytes, "", 0, "bytes"}}, nil},
	{"", []string{"memory.stat"}, kindKeyed, documentV2, []figure{
		{memoryAnonBytes, "anon", 0, "bytes"},
		{memoryActiveFileBytes, "active_file", 0, "bytes"},
		{memoryInactiveFileBytes, "inactive_file", 0, "bytes"},
		{memoryKernelBytes, "kernel", 0, "bytes"},
	}, nil},
	{"", []string{"memory.events"}, kindKeyed, documentV2, []figure{{oomKills, "oom_kill", 0, "processes"}}, nil},
	{"", []string{"pids.current"}, kindNumber, documentV2, []figure{{pidsCurrent, "", 0, "tasks"}}, nil},
	{"", []string{"pids.events"}, kindKeyed, documentV2, []figure{{pidsRefused, "max", 0, "refusals"}}, nil},
	{"", []string{"io.stat"}, kindIOStat, documentV2, []figure{
		{ioReadBytes, "rbytes", 0, "bytes"}, {ioWriteBytes, "wbytes", 0, "bytes"},
	}, nil},
}, psi...))

// sourcesV1 are the files of cgroup v1, and of the v2 tree beside it.
var sourcesV1 = withKeys(append([]source{
	{"cpuacct", []string{"cpuacct.usage"}, kindNumber, documentV1Usage, []figure{{cpuUsageUsec, "", 1000, "nanoseconds"}}, nil},
	{"cpu", []string{"cpu.stat"}, kindKeyed, documentBandwidth, []figure{
		{cpuPeriods, "nr_periods", 0, "periods"},
		{cpuThrottledPeriods, "nr_throttled", 0, "periods"},
		{cpuThrottledUsec, "throttled_time", 1000, "nanoseconds"},
	}, nil},
	{"memory", []string{"memory.usage_in_bytes"}, kindNumber, documentV1Memory, []figure{{memoryCurrentBytes, "", 0, "bytes"}}, nil},
	{"memory", []string{"memory.stat"}, kindKeyed, documentV1Memory, []figure{
		{memoryAnonBytes, "total_rss", 0, "bytes"},
		{memoryActiveFileBytes, "total_active_file", 0, "bytes"},
		{memoryInactiveFileBytes, "total_inactive_file", 0, "bytes"},
	}, nil},
	{"memory", []string{"memory.kmem.usage_in_bytes"}, kindNumber, documentV1Memory, []figure{{memoryKernelBytes, "", 0, "bytes"}}, nil},
	{"memory", []string{"memory.oom_control"}, kindKeyed, documentV1Memory, []figure{{oomKills, "oom_kill", 0, "processes"}}, nil},
	{"pids", []string{"pids.current"}, kindNumber, documentV1Pids, []figure{{pidsCurrent, "", 0, "tasks"}}, nil},
	{"pids", []string{"pids.events"}, kindKeyed, documentV1Pids, []figure{{pidsRefused, "max", 0, "refusals"}}, nil},
	{"blkio", []string{"blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes"}, kindServiceBytes, documentV1Blkio, []figure{
		{ioReadBytes, "Read", 0, "bytes"}, {ioWriteBytes, "Write", 0, "bytes"},
	}, nil},
}, psi...))

// withKeys fills in each source's keys.
func withKeys(sources []source) []source {
	for i := range sources {
		for _, figure := range sources[i].figures {
			sources[i].keys = append(sources[i].keys, figure.key)
		}
	}
	return sources
}

// counters puts values in their places in the message.
func counters(values *[fieldCount]wire.Count) wire.Counters {
	return wire.Counters{
		CPUUsageUsec:            values[cpuUsageUsec],
		CPUPeriods:              values[cpuPeriods],
		CPUThrottledPeriods:     values[cpuThrottledPeriods],
		CPUThrottledUsec:        values[cpuThrottledUsec],
		MemoryCurrentBytes:      values[memoryCurrentBytes],
		MemoryAnonBytes:         values[memoryAnonBytes],
		MemoryActiveFileBytes:   values[memoryActiveFileBytes],
		MemoryInactiveFileBytes: values[memoryInactiveFileBytes],
		MemoryKernelBytes:       values[memoryKernelBytes],
		MemoryWorkingSetBytes:   values[memoryWorkingSetBytes],
		OOMKills:                values[oomKills],
		PidsCurrent:             values[pidsCurrent],
		PidsRefused:             values[pidsRefused],
		IOReadBytes:             values[ioReadBytes],
		IOWriteBytes:            values[ioWriteBytes],
		CPUPressureUsec:         values[cpuPressureUsec],
		MemoryPressureUsec:      values[memoryPressureUsec],
		IOPressureUsec:          values[ioPressureUsec],
	}
}
