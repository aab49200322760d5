package wire

// Sample holds the counters of every running container at one moment.
type Sample struct {
	Header
	Containers map[string]Counters `json:"containers"`
}

// History is the last 60 seconds of samples, oldest first, so that a panel
// that mounts late has a past.
type History struct {
	Header
	Samples []Sample `json:"samples"`
}

// Gone is the last that is said of a container.
type Gone struct {
	Header
	Name   string `json:"name"`
	ID     string `json:"id"`
	Lesson string `json:"lesson,omitempty"`
	Run    string `json:"run,omitempty"`
	// ExitCode is absent where the engine did not say.
	ExitCode *int `json:"exitCode,omitempty"`
	// OOMKilled is what the engine says. The kernel's own count is in Last.
	OOMKilled *bool `json:"oomKilled,omitempty"`
	// Last are the last counters read before it went.
	Last Counters `json:"last"`
}

// Counters are one container's, cumulative as the kernel keeps them. The
// sources name the v2 file first, then v1's.
type Counters struct {
	// CPUUsageUsec: time on a processor, microseconds.
	// cpu.stat usage_usec; cpuacct.usage (nanoseconds).
	CPUUsageUsec Count `json:"cpuUsageUsec,omitzero"`
	// CPUPeriods: enforcement periods that have passed while it had work.
	// cpu.stat nr_periods, on both.
	CPUPeriods Count `json:"cpuPeriods,omitzero"`
	// CPUThrottledPeriods: periods in which it used up its quota.
	// cpu.stat nr_throttled, on both.
	CPUThrottledPeriods Count `json:"cpuThrottledPeriods,omitzero"`
	// CPUThrottledUsec: time held back, microseconds, summed over processors.
	// cpu.stat throttled_usec; cpu.stat throttled_time (nanoseconds).
	CPUThrottledUsec Count `json:"cpuThrottledUsec,omitzero"`
	// MemoryCurrentBytes: all memory charged.
	// memory.current; memory.usage_in_bytes.
	MemoryCurrentBytes Count `json:"memoryCurrentBytes,omitzero"`
	// MemoryAnonBytes: heap, stack and other anonymous memory.
	// memory.stat anon; memory.stat total_rss.
	MemoryAnonBytes Count `json:"memoryAnonBytes,omitzero"`
	// MemoryActiveFileBytes: page cache in recent use.
	// memory.stat active_file; memory.stat total_active_file.
	MemoryActiveFileBytes Count `json:"memoryActiveFileBytes,omitzero"`
	// MemoryInactiveFileBytes: page cache that is reclaimed first.
	// memory.stat inactive_file; memory.stat total_inactive_file.
	MemoryInactiveFileBytes Count `json:"memoryInactiveFileBytes,omitzero"`
	// MemoryKernelBytes: the kernel's own memory on the container's behalf.
	// memory.stat kernel; memory.kmem.usage_in_bytes.
	MemoryKernelBytes Count `json:"memoryKernelBytes,omitzero"`
	// MemoryWorkingSetBytes: what docker stats shows: memoryCurrentBytes less
	// memoryInactiveFileBytes, not less than 0.
	MemoryWorkingSetBytes Count `json:"memoryWorkingSetBytes,omitzero"`
	// OOMKills: processes killed by the kernel for want of memory.
	// memory.events oom_kill; memory.oom_control oom_kill.
	OOMKills Count `json:"oomKills,omitzero"`
	// PidsCurrent: tasks (processes and threads) now. pids.current, on both.
	PidsCurrent Count `json:"pidsCurrent,omitzero"`
	// PidsRefused: forks refused. pids.events max, on both.
	PidsRefused Count `json:"pidsRefused,omitzero"`
	// IOReadBytes: read from block devices, all of them together.
	// io.stat rbytes; blkio.throttle.io_service_bytes Read.
	IOReadBytes Count `json:"ioReadBytes,omitzero"`
	// IOWriteBytes: written to block devices, all of them together.
	// io.stat wbytes; blkio.throttle.io_service_bytes Write.
	IOWriteBytes Count `json:"ioWriteBytes,omitzero"`
	// CPUPressureUsec: time in which some task waited for a processor.
	// cpu.pressure "some" total. See the kernel's Documentation/accounting/psi.rst.
	CPUPressureUsec Count `json:"cpuPressureUsec,omitzero"`
	// MemoryPressureUsec: time in which some task waited for memory.
	// memory.pressure "some" total.
	MemoryPressureUsec Count `json:"memoryPressureUsec,omitzero"`
	// IOPressureUsec: time in which some task waited for a block device.
	// io.pressure "some" total.
	IOPressureUsec Count `json:"ioPressureUsec,omitzero"`
}

// Provenance says where one number comes from, and how to see it oneself.
type Provenance struct {
	Container string `json:"container"`
	Field     string `json:"field"`
	// Path is the kernel file.
	Path string `json:"path"`
	// Raw is what the file holds, to the byte (at most 64 KiB of it).
	Raw string `json:"raw"`
	// Highlight is the part of Raw that holds the number, for example the
	// line "nr_throttled 204"; absent where it is the whole.
	Highlight string `json:"highlight,omitempty"`
	// Command prints the same on the host.
	Command string `json:"command"`
	// Unit is that of the file, for example "nanoseconds".
	Unit string `json:"unit"`
	// ReadAt is when Raw was read, in Unix milliseconds.
	ReadAt int64 `json:"readAt"`
	// Means says in one sentence what the number is.
	Means string `json:"means,omitempty"`
	// Document is the manual page or kernel document that defines it.
	Document string `json:"document,omitempty"`
	// Reason says why there is no Raw.
	Reason string `json:"reason,omitempty"`
}
