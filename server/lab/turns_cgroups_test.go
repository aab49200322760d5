package lab

import (
	"math"
	"time"

	"porthole/server/wire"
)

// turns are, for each claim, changes of its scene that give it the other
// verdict: most take the limit away.
var turns = map[string]map[string][]func(*scene){
	"cpu-shares": {
		"more-in-any-case": { // a kernel in which shares limit
			func(w *scene) { w.boxes["lowFree"].counters = waiting(0.25, 0, 0) },
		},
		"equal-with-room": {
			func(w *scene) { w.boxes["lowFree"].counters = waiting(0.25, 0, 0) },
			func(w *scene) { w.boxes["lowFree"].counters = waiting(0.25, 0.9, 0.7) },
			func(w *scene) { w.boxes["highFree"].counters = waiting(0.25, 0, 0) },
		},
		"as-the-weights-say": {
			func(w *scene) { w.boxes["low"].counters, w.boxes["high"].counters = working(0.5, 0), working(0.5, 0) },
			func(w *scene) { w.boxes["high"].limits.CPUWeight = held("cpu.weight", "500", 500, "") },
		},
		"four-times": {
			func(w *scene) { w.boxes["low"].counters, w.boxes["high"].counters = working(0.2, 0), working(0.8, 0) },
		},
		"kept-as-asked": {
			func(w *scene) {
				w.boxes["low"].limits.CPUWeight = held("cpu.shares", "256", 256, "")
				w.boxes["high"].limits.CPUWeight = held("cpu.shares", "1024", 1024, "")
			},
		},
	},
	"block-io": {
		"limit-in-the-kernel": {
			func(w *scene) { w.boxes["direct"].limits.IO = held("io.max", "", math.Inf(1), "") },
			func(w *scene) { w.boxes["direct"].limits.IO = held("io.max", "8:0 wbps=20971520", 20*mib, "") },
		},
		"direct-at-the-limit":  {func(w *scene) { w.boxes["direct"].reports = wrote(0.3, 0) }, func(w *scene) { w.boxes["direct"].reports = wrote(3.5, 0) }},
		"buffered-writes-held": {func(w *scene) { w.boxes["buffered"].reports = wrote(4.1, 0.1) }},
		"fsync-held":           {func(w *scene) { w.boxes["buffered"].reports = wrote(0.3, 0.2) }},
	},
	"pids-limit": {
		"never-above-ten": {
			func(w *scene) {
				changed(w.boxes["limited"], func(c *wire.Counters) { c.PidsCurrent = wire.Counted(107) })
			},
			func(w *scene) {
				changed(w.boxes["limited"], func(c *wire.Counters) { c.PidsCurrent = wire.Counted(9) })
			},
			func(w *scene) { w.boxes["limited"].limits.Pids = held("pids.max", "max", math.Inf(1), "") },
		},
		"ninety-refused": {
			func(w *scene) { w.boxes["limited"].reports = forked(100, 0, "all 100 children started") },
			func(w *scene) { w.boxes["limited"].reports = forked(5, 90, "5 children started, 90 refused") },
		},
		"ten-children": {func(w *scene) { w.boxes["limited"].reports = forked(10, 90, "10 children started") }},
		"kernel-counts-refusals": {
			func(w *scene) {
				changed(w.boxes["limited"], func(c *wire.Counters) { c.PidsRefused = wire.Counted(0) })
			},
			func(w *scene) {
				changed(w.boxes["limited"], func(c *wire.Counters) { c.PidsRefused = wire.Counted(97) })
			},
		},
		"fork-says-eagain": {
			func(w *scene) { w.boxes["limited"].reports = forked(100, 0, "all 100 children started") },
			func(w *scene) {
				w.boxes["limited"].reports[0].Porthole = wire.ReportFailed
			},
		},
		"all-without-limit": {func(w *scene) { w.boxes["free"].reports = forked(60, 40, "60 children started") }},
	},
	"production-limits": {
		"cpus":               {func(w *scene) { w.boxes["web"].limits.CPU = held("cpu.max", "max 100000", math.Inf(1), "x") }},
		"memory":             {func(w *scene) { w.boxes["web"].limits.Memory = held("memory.max", "max", math.Inf(1), "x") }},
		"memory-reservation": {func(w *scene) { w.boxes["web"].limits.MemoryReservation = held("memory.low", "0", 0, "x") }},
		"pids":               {func(w *scene) { w.boxes["web"].limits.Pids = held("pids.max", "max", math.Inf(1), "x") }},
		"answers-meanwhile": {
			func(w *scene) { w.boxes["visitors"].reports[0].Result.RequestsFailed = wire.Counted(1) },
			func(w *scene) { w.boxes["visitors"].reports[0].Result.RequestsAnswered = wire.Counted(0) },
			func(w *scene) { w.boxes["visitors"].reports[0].Porthole = wire.ReportFailed },
			func(w *scene) { w.boxes["neighbour"].counters = working(0, 0) },
			func(w *scene) { w.boxes["neighbour"].reports = []wire.Report{done(nil)} },
		},
		"far-from-its-limits": {
			func(w *scene) {
				changed(w.boxes["web"], func(c *wire.Counters) { c.MemoryCurrentBytes = wire.Counted(400 * mib) })
			},
			func(w *scene) { changed(w.boxes["web"], func(c *wire.Counters) { c.PidsCurrent = wire.Counted(80) }) },
			func(w *scene) { w.boxes["web"].limits.CPU = held("cpu.max", "1000 100000", 0.01, "x") },
		},
	},
	"cgroup-files": {
		"cpus": {
			func(w *scene) { w.boxes["limited"].limits.CPU = held("cpu.max", "max 100000", math.Inf(1), "x") },
			func(w *scene) { w.boxes["limited"].limits.CPU = held("cpu.cfs_quota_us", "150000", 1.5, "x") },
		},
		"memory": {
			func(w *scene) { w.boxes["limited"].limits.Memory = held("memory.max", "max", math.Inf(1), "x") },
			func(w *scene) { w.boxes["limited"].limits.Memory = held("memory.high", "536870912", 512*mib, "x") },
		},
		"memory-swap":        {func(w *scene) { w.boxes["limited"].limits.MemorySwap = held("memory.swap.max", "1073741824", gib, "x") }},
		"memory-reservation": {func(w *scene) { w.boxes["limited"].limits.MemoryReservation = held("memory.low", "0", 0, "x") }},
		"pids":               {func(w *scene) { w.boxes["limited"].limits.Pids = held("pids.max", "max", math.Inf(1), "x") }},
		"cpuset":             {func(w *scene) { w.boxes["limited"].limits.CPUSet = held("cpuset.cpus.effective", "0-3", 0, "x") }},
		"cpu-shares":         {func(w *scene) { w.boxes["limited"].limits.CPUWeight = held("cpu.shares", "512", 512, "x") }},
		"device-write-bps":   {func(w *scene) { w.boxes["limited"].limits.IO = held("io.max", "", math.Inf(1), "x") }},
		"book-path": {func(w *scene) {
			w.boxes["limited"].limits.Memory.Path = "/sys/fs/cgroup/memory/docker/" + fullID + "/memory.limit_in_bytes"
		}},
		"book-command": {func(w *scene) {
			w.boxes["limited"].limits.Memory.Path = "/sys/fs/cgroup/memory/docker/" + fullID[:12] + "/memory.limit_in_bytes"
		}},
	},
	"resource-guarantees": {
		"cpu-limit":          {func(w *scene) { w.boxes["web"].limits.CPU = held("cpu.max", "max 100000", math.Inf(1), "") }},
		"memory-limit":       {func(w *scene) { w.boxes["web"].limits.Memory = held("memory.max", "max", math.Inf(1), "") }},
		"memory-reservation": {func(w *scene) { w.boxes["web"].limits.MemoryReservation = held("memory.low", "0", 0, "") }},
		"no-cpu-reservation": {
			func(w *scene) { w.boxes["web"].limits.CPUWeight = held("cpu.weight", "50", 50, "") },
			func(w *scene) { w.boxes["web"].limits.CPU = held("cpu.max", "50000 100000", 0.5, "") },
		},
		"cpu-guaranteed": {func(w *scene) { w.boxes["web"].counters = working(0.52, 0) }},
		"memory-set-aside": {func(w *scene) {
			changed(w.boxes["web"], func(c *wire.Counters) { c.MemoryCurrentBytes = wire.Counted(256 * mib) })
		}},
	},
	"qos-classes": {
		"guaranteed-files": {
			func(w *scene) { w.boxes["guaranteed"].limits.CPU = unlimited() },
			func(w *scene) { w.boxes["guaranteed"].limits.Memory = unlimited() },
			func(w *scene) { w.boxes["guaranteed"].limits.MemoryReservation = held("memory.low", "0", 0, "") },
		},
		"burstable-files": {
			func(w *scene) { w.boxes["burstable"].limits.CPU = unlimited() },
			func(w *scene) { w.boxes["burstable"].limits.Memory = unlimited() },
			func(w *scene) { w.boxes["burstable"].limits.MemoryReservation = held("memory.low", "0", 0, "") },
		},
		"best-effort-files": {
			func(w *scene) { w.boxes["bestEffort"].limits.CPU = limit(1) },
			func(w *scene) { w.boxes["bestEffort"].limits.Memory = limit(gib) },
		},
		"burstable-meets-its-limit": {
			func(w *scene) { changed(w.boxes["burstable"], func(c *wire.Counters) { c.OOMKills = wire.Counted(0) }) },
			func(w *scene) {
				changed(w.boxes["burstable"], func(c *wire.Counters) { c.MemoryCurrentBytes = wire.Counted(400 * mib) })
			},
		},
		"best-effort-takes-it": {
			func(w *scene) {
				changed(w.boxes["bestEffort"], func(c *wire.Counters) { c.OOMKills = wire.Counted(1) })
			},
			func(w *scene) {
				changed(w.boxes["bestEffort"], func(c *wire.Counters) { c.MemoryCurrentBytes = wire.Counted(100 * mib) })
			},
		},
		"guaranteed-keeps": {
			func(w *scene) {
				changed(w.boxes["guaranteed"], func(c *wire.Counters) { c.MemoryAnonBytes = wire.Counted(20 * mib) })
			},
			func(w *scene) {
				changed(w.boxes["guaranteed"], func(c *wire.Counters) { c.OOMKills = wire.Counted(1) })
			},
			func(w *scene) { w.boxes["guaranteed"].exit = pointer(0) },
		},
	},
	"cpu-pinning": {
		"set-in-the-kernel": {
			func(w *scene) { w.boxes["both"].limits.CPUSet = held("cpuset.cpus.effective", "0-3", 0, "") },
			func(w *scene) { w.boxes["one"].limits.CPUSet = held("cpuset.cpus.effective", "0-1", 0, "") },
		},
		"only-in-the-set":      {func(w *scene) { w.boxes["both"].reports = ranOn(0, 2) }, func(w *scene) { w.boxes["one"].reports = ranOn(0, 1) }},
		"two-threads-share-it": {func(w *scene) { w.boxes["one"].counters = working(1.9, 0) }},
		"reserved":             {func(w *scene) { w.boxes["anywhere"].reports = ranOn(0) }},
	},
	"oom-killer": {
		"first-exit-code": {
			func(w *scene) { w.boxes["first"].exit = pointer(0) },
			func(w *scene) { w.boxes["first"].reports = []wire.Report{done(nil)} },
		},
		"first-flag": {func(w *scene) { w.boxes["first"].oomKilled = false }},
		"child-container-lives": {
			func(w *scene) { w.boxes["child"].exit, w.boxes["child"].lived = pointer(1), 3*time.Second },
		},
		"child-counter": {
			func(w *scene) { w.boxes["child"].counters = holding(90*mib, 0) },
			func(w *scene) { w.boxes["child"].counters = holding(90*mib, 2) },
		},
		"child-event": {withoutWord(func(c *wire.Container) { c.Events = c.Events[:2] })},
		"child-flag":  {withoutWord(func(c *wire.Container) { c.OOMKilled = pointer(false) })},
		"kernel-log": {
			withoutWord(func(c *wire.Container) { c.KernelLog = nil }),
			func(w *scene) { w.boxes["first"].topology = nil },
		},
		"raised": {func(w *scene) { w.boxes["child"].limits.Memory = held("memory.max", "100663296", 96*mib, "") }},
		"no-new-kill": {
			func(w *scene) { w.actions["again"].exitCode = pointer(137) },
			func(w *scene) { w.boxes["child"].counters = holding(90*mib, 2) },
			func(w *scene) { w.actions["again"].result.AllocatedBytes = wire.Counted(90 * mib) },
		},
	},
	"cpu-throttling": {
		"held-at-half": {
			func(w *scene) { w.boxes["app"].counters = working(1.9, 0.01) },
			func(w *scene) { w.boxes["app"].counters = working(0.3, 0.97) },
		},
		"throttled-before": {func(w *scene) { w.boxes["app"].counters = working(1.9, 0.01) }},
		"update-reaches-the-kernel": {
			func(w *scene) { w.boxes["app"].limits.CPU = held("cpu.max", "50000 100000", 0.5, "") },
			func(w *scene) { w.boxes["app"].exit = pointer(0) },
		},
		"not-throttled-after": {throttledNow},
		"faster-after":        {throttledNow},
	},
	"process-limit": {
		"refused-before": {
			func(w *scene) { w.boxes["app"].reports = forked(60, 0, "all 60 children started") },
			func(w *scene) {
				w.boxes["app"].reports = forked(12, 48, "12 children started, 48 refused: out of luck")
			},
		},
		"full": {
			func(w *scene) { changed(w.boxes["app"], func(c *wire.Counters) { c.PidsCurrent = wire.Counted(67) }) },
			func(w *scene) { changed(w.boxes["app"], func(c *wire.Counters) { c.PidsRefused = wire.Counted(0) }) },
		},
		"update-reaches-the-kernel": {func(w *scene) { w.boxes["app"].limits.Pids = held("pids.max", "20", 20, "") }},
		"accepted-after": {
			func(w *scene) {
				w.actions["again"].result = forked(12, 48, "")[0].Result
			},
			func(w *scene) { w.actions["again"].exitCode = pointer(1) },
		},
	},
	"verify-limits": {
		"dd-killed": {func(w *scene) { w.boxes["dd"].exit = pointer(137) }},
		"dd-copies-all": {
			func(w *scene) { w.boxes["dd"].exit = pointer(1) },
			func(w *scene) { w.boxes["dd"].counters = holding(95*mib, 0) },
			func(w *scene) { w.boxes["dd"].reports[0].Result.CopiedBytes = wire.Counted(100 * mib) },
			func(w *scene) { w.boxes["dd"].limits.Memory = held("memory.max", "max", math.Inf(1), "") },
		},
		"allocation-killed": {
			func(w *scene) { w.boxes["alloc"].exit = pointer(0) },
			func(w *scene) { w.boxes["alloc"].reports = []wire.Report{done(nil)} },
		},
		"stays-below-the-limit": {
			func(w *scene) { w.boxes["alloc"].counters = holding(201*mib, 0) },
			func(w *scene) { w.boxes["alloc"].limits.Memory = held("memory.max", "max", math.Inf(1), "") },
		},
		"capped-at-half": {
			func(w *scene) { w.boxes["hash"].counters = working(1, 0) },
			func(w *scene) { w.boxes["hash"].counters = working(0.3, 0.98) },
		},
	},
}

const fullID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// withoutWord changes what is told of oom-killer's second container.
func withoutWord(change func(*wire.Container)) func(*scene) {
	return func(w *scene) {
		before := w.boxes["child"].topology
		w.boxes["child"].topology = func(c *wire.Container) {
			before(c)
			change(c)
		}
	}
}
