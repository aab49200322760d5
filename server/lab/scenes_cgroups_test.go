package lab

import (
	"math"
	"time"

	"porthole/server/wire"
)

const mib = 1 << 20

// held is a limit with all that is known of its file.
func held(file, raw string, value float64, hostConfig string) *wire.Limit {
	l := &wire.Limit{File: file, Path: "/sys/fs/cgroup/system.slice/docker-1.scope/" + file, Raw: raw, HostConfig: hostConfig}
	if math.IsInf(value, 1) {
		l.Unlimited = true
	} else {
		l.Value = &value
	}
	return l
}

// waiting adds a share of time in which it waited for a processor.
func waiting(cores, throttled, share float64) func(time.Duration) wire.Counters {
	return func(at time.Duration) wire.Counters {
		c := working(cores, throttled)(at)
		c.CPUPressureUsec = wire.Counted(uint64(share * float64(at.Microseconds())))
		return c
	}
}

// level is a container whose figures stay as they are.
func level(c wire.Counters) func(time.Duration) wire.Counters {
	return func(time.Duration) wire.Counters { return c }
}

// changed puts a change over a container's counters.
func changed(b *box, change func(*wire.Counters)) {
	before := b.counters
	b.counters = func(at time.Duration) wire.Counters {
		c := before(at)
		change(&c)
		return c
	}
}

// forked is a workload that tried to start children.
func forked(started, refused uint64, says string) []wire.Report {
	report := done(&wire.Result{ProcessesStarted: wire.Counted(started), ProcessesRefused: wire.Counted(refused)})
	report.Says = says
	return []wire.Report{report}
}

func wrote(seconds, fsync float64) []wire.Report {
	rate := 40 * mib / seconds
	result := &wire.Result{WrittenBytes: wire.Counted(40 * mib), ElapsedUsec: wire.Counted(uint64(seconds * 1e6)), BytesPerSecond: wire.Counted(uint64(rate))}
	if fsync > 0 {
		result.SyncUsec = wire.Counted(uint64(fsync * 1e6))
	}
	return []wire.Report{done(result)}
}

func ranOn(processors ...int) []wire.Report {
	return []wire.Report{done(&wire.Result{ProcessorsUsed: processors})}
}

// scenes are the worlds of the lessons on cgroups as they are on a healthy
// modern host.
var scenes = map[string]func() *scene{
	"cpu-shares": func() *scene {
		busy := func(weight string, value, cores, wait float64) *box {
			return &box{lived: longAgo, counters: waiting(cores, 0, wait), limits: wire.Limits{CPUWeight: held("cpu.weight", weight, value, "")}}
		}
		return &scene{boxes: map[string]*box{
			"lowFree": busy("35", 35, 0.99, 0.01), "highFree": busy("100", 100, 0.99, 0.01),
			"low": busy("35", 35, 0.26, 0.7), "high": busy("100", 100, 0.74, 0.2),
		}}
	},
	"block-io": func() *scene {
		held := func() wire.Limits {
			return wire.Limits{IO: held("io.max", "8:0 rbps=max wbps=10485760 riops=max wiops=max", 10*mib, "BlkioDeviceWriteBps")}
		}
		return &scene{boxes: map[string]*box{
			"free":     {lived: time.Second, exit: pointer(0), reports: wrote(0.2, 0)},
			"direct":   {lived: 4 * time.Second, exit: pointer(0), reports: wrote(4.2, 0), limits: held()},
			"buffered": {lived: 4 * time.Second, exit: pointer(0), reports: wrote(4.1, 4), limits: held()},
		}}
	},
	"pids-limit": func() *scene {
		return &scene{boxes: map[string]*box{
			"limited": {
				lived: longAgo, counters: level(wire.Counters{PidsCurrent: wire.Counted(10), PidsRefused: wire.Counted(98)}),
				limits:  wire.Limits{Pids: held("pids.max", "10", 10, "")},
				reports: forked(2, 98, "2 children started, 98 refused: fork: resource temporarily unavailable"),
			},
			"free": {lived: longAgo, reports: forked(100, 0, "all 100 children started")},
		}}
	},
	"production-limits": func() *scene {
		asked := &wire.Result{RequestsAnswered: wire.Counted(250), RequestsFailed: wire.Counted(0), LatencyP50Usec: wire.Counted(400), LatencyP99Usec: wire.Counted(9000)}
		return &scene{boxes: map[string]*box{
			"web": {
				lived: longAgo, counters: func(at time.Duration) wire.Counters {
					c := working(0.02, 0)(at)
					c.MemoryCurrentBytes, c.PidsCurrent = wire.Counted(6*mib), wire.Counted(8)
					return c
				},
				limits: wire.Limits{
					CPU: held("cpu.max", "100000 100000", 1, "NanoCpus 1000000000"), Memory: held("memory.max", "536870912", 512*mib, "Memory 536870912"),
					MemoryReservation: held("memory.low", "268435456", 256*mib, "MemoryReservation 268435456"), Pids: held("pids.max", "100", 100, "PidsLimit 100"),
				},
			},
			"neighbour": {lived: longAgo, counters: working(1.9, 0)},
			"visitors":  {lived: longAgo, reports: []wire.Report{done(asked)}},
		}}
	},
	"cgroup-files": func() *scene {
		return &scene{boxes: map[string]*box{"limited": {lived: longAgo, limits: wire.Limits{
			CPU: held("cpu.max", "150000 100000", 1.5, "NanoCpus 1500000000"), CPUWeight: held("cpu.weight", "59", 59, "CpuShares 512"),
			CPUSet: held("cpuset.cpus.effective", "0-1", 0, "CpusetCpus 0,1"), Memory: held("memory.max", "536870912", 512*mib, "Memory 536870912"),
			MemorySwap: held("memory.swap.max", "536870912", 512*mib, ""), MemoryReservation: held("memory.low", "268435456", 256*mib, "MemoryReservation 268435456"),
			Pids: held("pids.max", "64", 64, "PidsLimit 64"), IO: held("io.max", "8:0 rbps=max wbps=10485760", 10*mib, "BlkioDeviceWriteBps /dev/sda 10485760"),
		}}}}
	},
	"resource-guarantees": func() *scene {
		quarter := func() *box {
			return &box{lived: longAgo, counters: working(0.25, 0), limits: wire.Limits{CPU: held("cpu.max", "max 100000", math.Inf(1), ""), CPUWeight: held("cpu.weight", "100", 100, "")}}
		}
		web := quarter()
		changed(web, func(c *wire.Counters) { c.MemoryCurrentBytes = wire.Counted(5 * mib) })
		web.limits.CPU = held("cpu.max", "200000 100000", 2, "")
		web.limits.Memory, web.limits.MemoryReservation = held("memory.max", "1073741824", gib, ""), held("memory.low", "268435456", 256*mib, "")
		return &scene{boxes: map[string]*box{"web": web, "plain": quarter(), "second": quarter(), "third": quarter()}}
	},
	"qos-classes": func() *scene {
		class := func(cores, memory, reservation float64, current, anon, kills uint64) *box {
			return &box{
				lived: longAgo, limits: wire.Limits{CPU: held("cpu.max", "", cores, ""), Memory: held("memory.max", "", memory, ""), MemoryReservation: held("memory.low", "", reservation, "")},
				counters: level(wire.Counters{MemoryCurrentBytes: wire.Counted(current), MemoryAnonBytes: wire.Counted(anon), OOMKills: wire.Counted(kills)}),
			}
		}
		all := map[string]*box{
			"guaranteed": class(1, 128*mib, 128*mib, 70*mib, 68*mib, 0),
			"burstable":  class(2, 256*mib, 64*mib, 250*mib, 2*mib, 1),
			"bestEffort": class(math.Inf(1), math.Inf(1), 0, 405*mib, 402*mib, 0),
		}
		all["guaranteed"].reports = []wire.Report{done(nil)}
		all["burstable"].reports = []wire.Report{{Porthole: wire.ReportFailed, Says: "the child was killed"}}
		all["bestEffort"].reports = []wire.Report{done(&wire.Result{AllocatedBytes: wire.Counted(400 * mib)})}
		return &scene{boxes: all}
	},
	"cpu-pinning": func() *scene {
		return &scene{boxes: map[string]*box{
			"both":     {lived: longAgo, reports: ranOn(0, 1), counters: working(1.9, 0), limits: wire.Limits{CPUSet: held("cpuset.cpus.effective", "0-1", 0, "")}},
			"one":      {lived: longAgo, reports: ranOn(1), counters: working(0.98, 0), limits: wire.Limits{CPUSet: held("cpuset.cpus.effective", "1", 0, "")}},
			"anywhere": {lived: longAgo, reports: ranOn(0, 1), counters: working(1.9, 0)},
		}}
	},
	"oom-killer": func() *scene {
		line := []wire.KernelLine{{Kind: "killed", Text: "Memory cgroup out of memory: Killed process 7 (exe)", PID: 7, Task: "exe"}}
		return &scene{
			boxes: map[string]*box{
				"first": {lived: 2 * time.Second, exit: pointer(137), oomKilled: true, topology: func(c *wire.Container) {
					c.KernelLog = line
					c.Events = []wire.Event{{What: "create"}, {What: "start"}, {What: "oom"}, {What: "die"}}
				}},
				"child": {
					lived: longAgo, counters: holding(90*mib, 1), limits: wire.Limits{Memory: held("memory.max", "268435456", 256*mib, "")},
					reports: []wire.Report{{Porthole: wire.ReportFailed, Says: "the child was killed by signal 9 (killed) and I live on"}},
					topology: func(c *wire.Container) {
						c.KernelLog, c.OOMKilled = line, pointer(true)
						c.Events = []wire.Event{{What: "create"}, {What: "start"}, {What: "oom"}}
					},
				},
			},
			actions: map[string]*taken{"raise": {}, "again": {exitCode: pointer(0), result: &wire.Result{AllocatedBytes: wire.Counted(160 * mib)}}},
		}
	},
	"cpu-throttling": func() *scene {
		// Until the action, 5 seconds before the end, it is held back; what the
		// two claims before it need is judged in a world of its own below.
		return &scene{
			boxes: map[string]*box{"app": {lived: longAgo, counters: func(at time.Duration) wire.Counters {
				before := longAgo - 5*time.Second
				c := working(0.5, 0.97)(min(at, before))
				if at > before {
					later := working(1.9, 0)(at - before)
					used, _ := c.CPUUsageUsec.Get()
					more, _ := later.CPUUsageUsec.Get()
					periods, _ := c.CPUPeriods.Get()
					c.CPUUsageUsec, c.CPUPeriods = wire.Counted(used+more), wire.Counted(periods+uint64((at-before).Milliseconds()/100))
				}
				return c
			}, limits: wire.Limits{CPU: held("cpu.max", "200000 100000", 2, "")}}},
			actions: map[string]*taken{"raise": {value: pointer(2.0)}},
		}
	},
	"process-limit": func() *scene {
		return &scene{
			boxes: map[string]*box{"app": {
				lived: longAgo, counters: level(wire.Counters{PidsCurrent: wire.Counted(20), PidsRefused: wire.Counted(48)}),
				limits:  wire.Limits{Pids: held("pids.max", "500", 500, "")},
				reports: forked(12, 48, "12 children started, 48 refused: fork: resource temporarily unavailable"),
			}},
			actions: map[string]*taken{
				"raise": {value: pointer(500.0)},
				"again": {exitCode: pointer(0), result: &wire.Result{ProcessesStarted: wire.Counted(60), ProcessesRefused: wire.Counted(0)}},
			},
		}
	},
	"verify-limits": func() *scene {
		limited := func(b *box) *box {
			b.limits = wire.Limits{Memory: held("memory.max", "104857600", 100*mib, "")}
			return b
		}
		return &scene{boxes: map[string]*box{
			"dd": limited(&box{lived: 3 * time.Second, counters: holding(6*mib, 0), exit: pointer(0),
				reports: []wire.Report{done(&wire.Result{CopiedBytes: wire.Counted(200 * mib)})}}),
			"alloc": limited(&box{lived: 3 * time.Second, counters: holding(98*mib, 0), exit: pointer(137)}),
			"hash":  {lived: longAgo, counters: working(0.5, 0.98)},
		}}
	},
}
