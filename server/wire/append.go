package wire

import "strconv"

// AppendJSON appends to b what json.Marshal makes of c. The encoder asks each
// Count by itself and checks its answer, which costs more than to read the
// counters from the kernel; and there are ten samples a second.
func (c *Counters) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	first := len(b)
	field := func(name string, count Count) {
		if !count.present {
			return
		}
		if len(b) > first {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), name...), '"', ':')
		b = strconv.AppendUint(b, count.value, 10)
	}
	field("cpuUsageUsec", c.CPUUsageUsec)
	field("cpuPeriods", c.CPUPeriods)
	field("cpuThrottledPeriods", c.CPUThrottledPeriods)
	field("cpuThrottledUsec", c.CPUThrottledUsec)
	field("memoryCurrentBytes", c.MemoryCurrentBytes)
	field("memoryAnonBytes", c.MemoryAnonBytes)
	field("memoryActiveFileBytes", c.MemoryActiveFileBytes)
	field("memoryInactiveFileBytes", c.MemoryInactiveFileBytes)
	field("memoryKernelBytes", c.MemoryKernelBytes)
	field("memoryWorkingSetBytes", c.MemoryWorkingSetBytes)
	field("oomKills", c.OOMKills)
	field("pidsCurrent", c.PidsCurrent)
	field("pidsRefused", c.PidsRefused)
	field("ioReadBytes", c.IOReadBytes)
	field("ioWriteBytes", c.IOWriteBytes)
	field("cpuPressureUsec", c.CPUPressureUsec)
	field("memoryPressureUsec", c.MemoryPressureUsec)
	field("ioPressureUsec", c.IOPressureUsec)
	return append(b, '}')
}
