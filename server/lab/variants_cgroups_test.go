package lab_test

import (
	"porthole/demos"
)

// cgroupVariants are those of the lessons on cgroups and of the production
// patterns.
var cgroupVariants = []variant{
	{
		lesson: "cpu-limit", name: "no limit",
		take: func(l *demos.Lesson) {
			unlimited("half")(l)
			works(l, "free", "burn --core-seconds 1.5")
			works(l, "half", "burn --core-seconds 1.5")
		},
		fails: []string{"stays-at-half", "twice-as-long", "throttled-when-limited", "limit-is-in-the-kernel"},
	},
	{
		lesson: "cpu-limit", name: "a limit on both",
		take: func(l *demos.Lesson) {
			container(l, "free").Limits.CPUs = 0.05
			works(l, "free", "burn --core-seconds 0.1")
			works(l, "half", "burn --core-seconds 0.1")
		},
		company: true,
		fails:   []string{"not-throttled-when-free"},
	},
	{
		lesson: "memory-limit", name: "no limits",
		take:  unlimited("file", "over", "child", "roomy"),
		fails: []string{"file-writer-survives", "allocator-killed", "kernel-counts-the-kill", "enough-room"},
	},
	{
		lesson: "memory-limit", name: "a file in memory that cannot be taken back",
		take: func(l *demos.Lesson) {
			container(l, "file").Tmpfs = []string{"/tmp:size=600m"}
		},
		holds: []string{"file-writer-killed"},
		fails: []string{"file-writer-survives"},
	},
	{
		lesson: "cpu-shares", name: "contention where there was none, and a limit where there was contention",
		take: func(l *demos.Lesson) {
			container(l, "lowFree").Limits.CPUSet, container(l, "highFree").Limits.CPUSet = "0", "0"
			container(l, "high").Limits.CPUs = 0.05
			works(l, "low", "burn --seconds 7s")
			works(l, "high", "burn --seconds 7s")
		},
		lost: loss{create: func(c *demos.Container) {
			if c.Key == "low" {
				c.Limits.CPUShares = 250
			}
		}},
		holds: []string{"more-in-any-case"},
		fails: []string{"as-the-weights-say", "four-times", "kept-as-asked"},
	},
	{
		lesson: "cpu-shares", name: "a limit in place of room",
		take:  func(l *demos.Lesson) { container(l, "highFree").Limits.CPUs = 0.5 },
		fails: []string{"more-in-any-case", "equal-with-room"},
	},
	{
		lesson: "block-io", name: "the limit is lost, and the buffered writer is direct",
		take: func(l *demos.Lesson) {
			works(l, "direct", "write-file --path /data/direct --bytes 40m --direct --hold 3s") // to be looked at
			works(l, "buffered", "write-file --path /data/buffered --bytes 40m --direct --hold 0")
		},
		lost: loss{create: func(c *demos.Container) {
			if c.Key == "direct" {
				c.Limits.DeviceWriteBPS = 0
			}
		}},
		company: true,
		fails:   []string{"limit-in-the-kernel"},
		holds:   []string{"buffered-writes-held"},
	},
	{
		lesson: "block-io", name: "the direct writer is buffered, and the buffered one writes to memory",
		take: func(l *demos.Lesson) {
			works(l, "direct", "write-file --path /data/direct --bytes 40m --hold 3s")
			buffered := container(l, "buffered")
			buffered.Volumes, buffered.Tmpfs = nil, []string{"/data"}
			// Memory is so fast that it would be gone before its limit is read.
			works(l, "buffered", "write-file --path /data/buffered --bytes 40m --sync --hold 3s")
		},
		company: true,
		fails:   []string{"direct-at-the-limit", "fsync-held"},
	},
	{
		lesson: "pids-limit", name: "no limit, but on the one that had none",
		take: func(l *demos.Lesson) {
			unlimited("limited")(l)
			container(l, "free").Limits.Pids = 20
		},
		fails: []string{"never-above-ten", "ninety-refused", "kernel-counts-refusals", "fork-says-eagain", "all-without-limit"},
	},
	{
		lesson: "pids-limit", name: "room for ten children",
		take: func(l *demos.Lesson) {
			container(l, "limited").Limits.Pids = 64
			works(l, "limited", "fork --count 10 --pace 20ms --hold 3s")
		},
		holds: []string{"ten-children"},
	},
	{
		lesson: "production-limits", name: "no limits, and no service",
		take: func(l *demos.Lesson) {
			unlimited("web")(l)
			works(l, "web", "idle")
			works(l, "visitors", "load --target localhost:8080 --patience 4s --wait 20s")
		},
		company: true,
		fails:   []string{"cpus", "memory", "memory-reservation", "pids", "answers-meanwhile"},
	},
	{
		lesson: "production-limits", name: "a load that is too much for its limit",
		take: func(l *demos.Lesson) {
			container(l, "web").Limits.CPUs = 0.1
			works(l, "neighbour", "idle")
			works(l, "visitors", "load --target localhost:8080 --seconds 3s --rate 2000 --clients 4")
		},
		fails: []string{"far-from-its-limits"},
	},
	{
		lesson: "cgroup-files", name: "other values",
		take: func(l *demos.Lesson) {
			container(l, "limited").Limits = demos.Limits{
				CPUs: 0.5, CPUShares: 256, CPUSet: "0", Memory: 256 << 20, MemorySwap: 512 << 20, MemoryReservation: 128 << 20, Pids: 32, DeviceWriteBPS: 5 << 20,
			}
		},
		fails: []string{"cpus", "memory", "memory-swap", "memory-reservation", "pids", "cpuset", "cpu-shares", "device-write-bps"},
	},
	{
		lesson: "cgroup-files", name: "no limits",
		take:  unlimited("limited"),
		fails: []string{"cpus", "memory", "memory-reservation", "pids", "cpu-shares", "device-write-bps"},
	},
	{
		lesson: "resource-guarantees", name: "weight in place of limits",
		take: func(l *demos.Lesson) {
			container(l, "web").Limits = demos.Limits{CPUShares: 8192, CPUSet: "0"}
		},
		fails: []string{"cpu-limit", "memory-limit", "memory-reservation", "no-cpu-reservation"},
		holds: []string{"cpu-guaranteed"},
	},
	{
		lesson: "resource-guarantees", name: "memory that is really taken",
		take: func(l *demos.Lesson) {
			works(l, "web", "allocate --bytes 400m --step 400m --hold 20s")
			for _, key := range []string{"plain", "second", "third"} {
				works(l, key, "idle")
			}
		},
		company: true,
		holds:   []string{"memory-set-aside"},
	},
	{
		lesson: "qos-classes", name: "the limits on the wrong ones",
		take: func(l *demos.Lesson) {
			container(l, "guaranteed").Limits = demos.Limits{Memory: 48 << 20, MemorySwap: 48 << 20}
			works(l, "guaranteed", "allocate --delay 1s --bytes 64m --step 8m --pace 50ms --hold 2m")
			unlimited("burstable")(l)
			container(l, "bestEffort").Limits = demos.Limits{CPUs: 1, Memory: 256 << 20, MemorySwap: 256 << 20}
			works(l, "bestEffort", "allocate --bytes 400m --step 16m --pace 100ms --hold 2m")
		},
		fails: []string{"guaranteed-files", "burstable-files", "best-effort-files", "burstable-meets-its-limit", "best-effort-takes-it", "guaranteed-keeps"},
	},
	{
		lesson: "cpu-pinning", name: "the pinned one anywhere, and the other pinned",
		take: func(l *demos.Lesson) {
			unlimited("one")(l)
			container(l, "anywhere").Limits.CPUSet = "0"
		},
		fails: []string{"set-in-the-kernel", "only-in-the-set", "two-threads-share-it"},
		holds: []string{"reserved"},
	},
}

// troubleVariants are those of the lessons on trouble and on tests.
var troubleVariants = []variant{
	{
		lesson: "oom-killer", name: "nobody is killed",
		take: func(l *demos.Lesson) {
			container(l, "first").Limits = demos.Limits{Memory: 512 << 20}
			unlimited("child")(l)
			works(l, "child", "allocate --child --bytes 160m --step 8m --pace 20ms --hold 0 --wait 13s")
		},
		fails: []string{"first-exit-code", "first-flag", "child-container-lives", "child-counter", "child-event", "child-flag", "kernel-log"},
	},
	{
		lesson: "oom-killer", name: "the container itself in place of its child",
		take: func(l *demos.Lesson) {
			works(l, "child", "allocate --bytes 160m --step 8m --pace 100ms --hold 1s")
			container(l, "child").MayBeKilled = true
		},
		fails: []string{"child-container-lives", "child-flag"},
	},
	{
		lesson: "oom-killer", name: "the higher limit is lost",
		lost:  loss{update: func(l *demos.Limits) { l.Memory, l.MemorySwap = 100<<20, 100<<20 }},
		fails: []string{"raised", "no-new-kill"},
	},
	{
		lesson: "cpu-throttling", name: "no limit",
		take:  unlimited("app"),
		fails: []string{"held-at-half", "throttled-before"},
	},
	{
		lesson: "cpu-throttling", name: "the higher limit is lost",
		lost:  loss{update: func(l *demos.Limits) { l.CPUs = 0.05 }},
		fails: []string{"update-reaches-the-kernel", "not-throttled-after", "faster-after"},
	},
	{
		lesson: "process-limit", name: "no limit",
		take:  unlimited("app"),
		fails: []string{"refused-before", "full"},
	},
	{
		lesson: "process-limit", name: "too little of the higher limit gets through",
		lost:  loss{update: func(l *demos.Limits) { l.Pids = 50 }},
		fails: []string{"update-reaches-the-kernel", "accepted-after"},
	},
	{
		lesson: "verify-limits", name: "no limits",
		take:  unlimited("dd", "alloc", "hash"),
		fails: []string{"dd-copies-all", "allocation-killed", "stays-below-the-limit", "capped-at-half"},
	},
	{
		lesson: "verify-limits", name: "a dd that holds what it copies",
		take: func(l *demos.Lesson) {
			container(l, "dd").Limits = demos.Limits{Memory: 32 << 20, MemorySwap: 32 << 20}
			works(l, "dd", "copy --delay 5s --from /dev/zero --to /dev/null --block 64m --count 3") // to be looked at before its end, on a busy machine too
		},
		company: true,
		holds:   []string{"dd-killed"},
	},
}
