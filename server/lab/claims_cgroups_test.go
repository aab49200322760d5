package lab

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

const mib = 1 << 20

// modern is the machine of these worlds: cgroup v2, and a runtime of the newer
// kind.
func modern() wire.Host {
	host := healthy()
	host.Engine.Runtime, host.Engine.CgroupDriver = "runc 1.3.6", "systemd"
	return host
}

// older is a machine of cgroup v1.
func older() wire.Host {
	host := healthy()
	host.CgroupMode = wire.CgroupHybrid
	host.Engine.Version, host.Engine.Runtime, host.Engine.CgroupDriver = "20.10.24", "runc 1.1.5", "cgroupfs"
	return host
}

// loaded are the built-in lessons: these tests only read them, and play them
// some hundred times.
var loaded = sync.OnceValue(func() []demos.Lesson {
	lessons, _ := demos.Load(demos.Builtin)
	return lessons
})

func lessonOf(t *testing.T, slug string) demos.Lesson {
	t.Helper()
	all := loaded()
	at := slices.IndexFunc(all, func(l demos.Lesson) bool { return l.Slug == slug })
	if at < 0 {
		return builtin(t, slug) // which says why it is not there
	}
	return all[at]
}

// scene is a made-up world in which a lesson's actions may have been taken.
type scene struct {
	boxes   map[string]*box
	actions map[string]*taken
}

func (s *scene) play(t *testing.T, host wire.Host, slug string) *run {
	t.Helper()
	r := worldOn(t, host, lessonOf(t, slug), s.boxes)
	now := r.startedAt.Add(longAgo)
	for id, action := range s.actions {
		copied := *action
		copied.at = now.Add(-5 * time.Second)
		*r.actions[id] = copied
	}
	r.judge(now)
	return r
}

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
				"first": {lived: 2 * time.Second, exit: pointer(137), oomKilled: true, topology: func(c *wire.Container) { c.KernelLog = line }},
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

// held back, before the limit is raised.
func throttledNow(w *scene) {
	w.boxes["app"].counters = working(0.5, 0.97)
}

// outsideOf are the claims that the lesson's one scene cannot show, since they
// are judged before its action: they are played in a scene changed by this.
var outsideOf = map[string]func(*scene){
	"cpu-throttling/held-at-half":     throttledNow,
	"cpu-throttling/throttled-before": throttledNow,
}

func sceneOf(slug, id string) *scene {
	s := scenes[slug]()
	if change := outsideOf[slug+"/"+id]; change != nil {
		change(s)
	}
	return s
}

func TestEachCgroupClaimOnAHealthyHost(t *testing.T) {
	for slug := range scenes {
		lesson := lessonOf(t, slug)
		for i := range lesson.Claims {
			id := lesson.Claims[i].ID
			got := sceneOf(slug, id).play(t, modern(), slug).verdict(t, id)
			if got.Verdict != got.Expected || got.Measured == "" {
				t.Errorf("%s, %s: %s, expected %s: %s %s", slug, id, got.Verdict, got.Expected, got.Measured, got.Reason)
			}
		}
	}
}

// Every claim can have the other verdict, each for a change of the world that
// makes it so.
func TestEachCgroupClaimCanTurnOut(t *testing.T) {
	for slug := range scenes {
		lesson := lessonOf(t, slug)
		for i := range lesson.Claims {
			id := lesson.Claims[i].ID
			turns := turns[slug][id]
			if len(turns) == 0 {
				t.Errorf("%s, %s: no change is known that turns it", slug, id)
			}
			for n, change := range turns {
				s := sceneOf(slug, id)
				change(s)
				got := s.play(t, modern(), slug).verdict(t, id)
				want := wire.Fails
				if got.Expected == wire.Fails {
					want = wire.Holds
				}
				if got.Verdict != want {
					t.Errorf("%s, %s, change %d: %s, and must be %s: %s %s", slug, id, n, got.Verdict, want, got.Measured, got.Reason)
				}
			}
		}
	}
}

// Where any one figure that a claim looks at is missing, it does not hold.
func TestNoCgroupClaimHoldsOnMissingFigures(t *testing.T) {
	for slug := range scenes {
		lesson := lessonOf(t, slug)
		for i := range lesson.Claims {
			claim := &lesson.Claims[i]
			r := sceneOf(slug, claim.ID).play(t, modern(), slug)
			for _, path := range claim.Touches() {
				env := r.env(claim.Window())
				names := strings.Split(path, ".")
				var root any
				switch names[0] {
				case "host":
					root = &env.Host
				case "actions":
					root, names = env.Actions[names[1]], names[1:]
				default:
					root = env.Containers[names[0]]
				}
				erase(t, reflect.ValueOf(root).Elem(), names[1:])
				got := claim.Judge(env)
				if got.Verdict == wire.Holds || got.Verdict == wire.Unknown && got.Missing != path {
					t.Errorf("%s, %s without %s: %+v", slug, claim.ID, path, got)
				}
				if r.verdict(t, claim.ID).Verdict == wire.Holds && got.Verdict != wire.Unknown {
					t.Errorf("%s, %s without %s: %s, and must be unknown", slug, claim.ID, path, got.Verdict)
				}
			}
		}
	}
}

// What is expected depends on the kind of host.
func TestCgroupClaimsKnowTheHost(t *testing.T) {
	changed := func(change func(*wire.Host)) wire.Host {
		host := modern()
		change(&host)
		return host
	}
	debian := changed(func(h *wire.Host) {
		h.Engine.Version, h.Engine.Runtime, h.Engine.CgroupDriver = "26.1.5", "runc 1.1.15+ds1", "cgroupfs"
	})
	single := changed(func(h *wire.Host) { h.CPUs = 1 })
	for _, c := range []struct {
		claim         string
		holds, doesNo []wire.Host
	}{
		{"cpu-shares/more-in-any-case", []wire.Host{single}, []wire.Host{older(), debian, modern()}},
		{"cpu-shares/four-times", []wire.Host{older(), debian, changed(func(h *wire.Host) { h.Engine.Runtime = "runc 1.3.1" })},
			[]wire.Host{modern(), changed(func(h *wire.Host) { h.Engine.Runtime = "runc 1.4.0" }), changed(func(h *wire.Host) { h.Engine.Runtime = "runc 1.3.10" })}},
		{"cpu-shares/kept-as-asked", []wire.Host{older()}, []wire.Host{debian, modern()}},
		{"block-io/limit-in-the-kernel", []wire.Host{older(), modern()}, []wire.Host{debian}},
		{"cgroup-files/device-write-bps", []wire.Host{older(), modern()}, []wire.Host{debian}},
		{"cgroup-files/cpu-shares", []wire.Host{older()}, []wire.Host{debian, modern()}},
		{"cgroup-files/book-path", []wire.Host{older()}, []wire.Host{debian, modern(), changed(func(h *wire.Host) { h.CgroupMode = wire.CgroupV1 })}},
		{"oom-killer/child-flag", []wire.Host{debian, modern()}, []wire.Host{older()}},
	} {
		slug, id, _ := strings.Cut(c.claim, "/")
		lesson := lessonOf(t, slug)
		at := slices.IndexFunc(lesson.Claims, func(c demos.Claim) bool { return c.ID == id })
		for want, hosts := range map[wire.Verdict][]wire.Host{wire.Holds: c.holds, wire.Fails: c.doesNo} {
			for _, host := range hosts {
				if got := lesson.Claims[at].Expected(hostFacts(host, nil)); got != want {
					t.Errorf("%s on %s, %s, %s: %s is expected, and must be %s", c.claim, host.CgroupMode, host.Engine.Version, host.Engine.Runtime, got, want)
				}
			}
		}
	}
}

// A busy or slow machine makes no claim fail that its limits do not decide.
func TestBusyMachineDecidesNoCgroupClaim(t *testing.T) {
	for claim, change := range map[string]func(*scene){
		"cpu-shares/more-in-any-case": func(w *scene) { w.boxes["lowFree"].counters = waiting(0.3, 0, 0.6) },
		"cpu-shares/equal-with-room":  func(w *scene) { w.boxes["highFree"].counters = waiting(0.7, 0, 0.3) },
		"cpu-shares/as-the-weights-say": func(w *scene) {
			w.boxes["low"].counters, w.boxes["high"].counters = waiting(0.01, 0, 1), waiting(0.09, 0, 1)
		},
		"block-io/direct-at-the-limit": func(w *scene) { w.boxes["direct"].reports = wrote(9, 0) },
		"production-limits/answers-meanwhile": func(w *scene) {
			result := w.boxes["visitors"].reports[0].Result
			result.RequestsFailed, result.LatencyP99Usec = wire.Counted(3), wire.Counted(4_900_000)
		},
		"cpu-throttling/held-at-half":     func(w *scene) { w.boxes["app"].counters = working(0.3, 0.2) },
		"cpu-throttling/throttled-before": func(w *scene) { w.boxes["app"].counters = working(0.3, 0.2) },
		"cpu-throttling/faster-after":     func(w *scene) { w.boxes["app"].counters = working(0.4, 0.01) },
		"verify-limits/capped-at-half":    func(w *scene) { w.boxes["hash"].counters = working(0.3, 0.2) },
	} {
		slug, id, _ := strings.Cut(claim, "/")
		s := sceneOf(slug, id)
		change(s)
		if got := s.play(t, modern(), slug).verdict(t, id); got.Verdict != wire.Unknown || !strings.Contains(got.Reason, "quieter machine") {
			t.Errorf("%s: %s %s %s", claim, got.Verdict, got.Measured, got.Reason)
		}
	}
}

// With the limit absent in the kernel, what follows from it cannot be told.
func TestWithoutTheDisksLimitNothingFollows(t *testing.T) {
	s := scenes["block-io"]()
	for _, key := range []string{"direct", "buffered"} {
		s.boxes[key].limits.IO = held("io.max", "", math.Inf(1), "BlkioDeviceWriteBps")
		s.boxes[key].reports = wrote(0.2, 0.1)
	}
	r := s.play(t, modern(), "block-io")
	for _, id := range []string{"direct-at-the-limit", "buffered-writes-held", "fsync-held"} {
		if got := r.verdict(t, id); got.Verdict != wire.Unknown || !strings.Contains(got.Reason, "holds no such limit") {
			t.Errorf("%s: %s %s", id, got.Verdict, got.Reason)
		}
	}
	if got := r.verdict(t, "limit-in-the-kernel"); got.Verdict != wire.Fails {
		t.Errorf("limit-in-the-kernel: %s %s", got.Verdict, got.Reason)
	}
}
