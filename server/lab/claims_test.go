package lab

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"porthole/server/wire"
)

const gib = 1 << 30

// good are worlds in which each lesson goes as it does on a healthy host.
var good = map[string]func() map[string]*box{
	"architecture": func() map[string]*box {
		zero, one, two, user := 0, 1, 2, 1000
		yes := true
		return map[string]*box{
			"a": {pid: 100, counters: working(0.1, 0), lived: longAgo},
			"b": {pid: 101, counters: working(0.5, 0.9), lived: longAgo, limits: wire.Limits{CPU: limit(0.5), Memory: limit(gib / 4), Pids: limit(64)}},
			"c": {pid: 102, counters: working(0.05, 0), lived: longAgo,
				security: &wire.Security{CapEff: "0000000000000000", Capabilities: &zero, NoNewPrivs: &one, Seccomp: &two, ReadOnlyRoot: &yes},
				reports:  []wire.Report{inside(wire.View{PID: 1, UID: &user})}},
		}
	},
	"pid-namespace": func() map[string]*box {
		return map[string]*box{"app": {
			pid: 500,
			reports: []wire.Report{
				inside(wire.View{PID: 1, Processes: []wire.Process{{PID: 1}, {PID: 7}, {PID: 8}, {PID: 9}}}), done(nil),
			},
			outside: &wire.View{PID: 500, Processes: []wire.Process{
				{PID: 500, NSpid: []int{500, 1}}, {PID: 510, NSpid: []int{510, 7}}, {PID: 511, NSpid: []int{511, 8}}, {PID: 512, NSpid: []int{512, 9}},
			}},
		}}
	},
	"net-namespace": func() map[string]*box {
		lo := wire.Interface{Name: "lo", Addresses: []string{"127.0.0.1/8"}}
		tunnel := wire.Interface{Name: "tunl0"}
		eth0 := wire.Interface{Name: "eth0", Addresses: []string{"172.17.0.2/16"}}
		hosts := []wire.Interface{lo, {Name: "eth0", Addresses: []string{"192.168.1.5/24"}}, {Name: "docker0", Addresses: []string{"172.17.0.1/16"}}}
		return map[string]*box{
			"bridge": {reports: []wire.Report{inside(wire.View{Interfaces: []wire.Interface{lo, tunnel, eth0}})}},
			"lonely": {reports: []wire.Report{inside(wire.View{Interfaces: []wire.Interface{lo, tunnel}})}},
			"shared": {reports: []wire.Report{inside(wire.View{Interfaces: hosts})}, namespaces: map[string]uint64{"net": hostNamespaces["net"]}},
		}
	},
	"cpu-limit": func() map[string]*box {
		return map[string]*box{
			"free": {counters: working(1, 0), lived: 4 * time.Second, exit: pointer(0), limits: wire.Limits{CPU: unlimited()},
				reports: []wire.Report{done(&wire.Result{ElapsedUsec: wire.Counted(4_000_000), CPUUsec: wire.Counted(3_980_000)})}},
			"half": {counters: working(0.5, 0.99), lived: 8 * time.Second, limits: wire.Limits{CPU: limit(0.5)}, exit: pointer(0),
				reports: []wire.Report{done(&wire.Result{ElapsedUsec: wire.Counted(8_100_000), CPUUsec: wire.Counted(4_000_000)})}},
		}
	},
	"memory-limit": func() map[string]*box {
		return map[string]*box{
			"file": {counters: holding(gib/4, 0), lived: 3 * time.Second, exit: pointer(0),
				reports: []wire.Report{done(&wire.Result{WrittenBytes: wire.Counted(gib / 2)})}},
			"over": {counters: holding(gib/4, 0), lived: time.Second, exit: pointer(137)},
			"child": {counters: holding(gib/4, 1), lived: 3 * time.Second, exit: pointer(1),
				reports: []wire.Report{{Porthole: wire.ReportFailed, Says: "the child was killed"}}},
			"roomy": {counters: holding(gib/2, 0), lived: 3 * time.Second, exit: pointer(0), limits: wire.Limits{Memory: limit(gib)},
				reports: []wire.Report{done(&wire.Result{AllocatedBytes: wire.Counted(gib / 2)})}},
		}
	},
}

func TestEachClaimOnAHealthyHost(t *testing.T) { eachAsExpected(t, good) }

func eachAsExpected(t *testing.T, good map[string]func() map[string]*box) {
	t.Helper()
	for slug, make := range good {
		r := world(t, builtin(t, slug), make())
		for _, j := range r.claims {
			if j.message.Verdict != j.message.Expected || j.message.Measured == "" {
				t.Errorf("%s, %s: %s, expected %s: %s %s", slug, j.claim.ID, j.message.Verdict, j.message.Expected, j.message.Measured, j.message.Reason)
			}
		}
	}
}

// Every claim can have the other verdict, each for a change of the world that
// makes it so.
func TestEachClaimCanTurnOut(t *testing.T) {
	shared := func(slug, key, kind string) func(map[string]*box) {
		return func(w map[string]*box) { w[key].namespaces = map[string]uint64{kind: hostNamespaces[kind]} }
	}
	one := 1
	changes := map[string]map[string][]func(map[string]*box){
		"architecture": {
			"each-isolated": {
				shared("architecture", "a", "pid"), shared("architecture", "b", "net"), shared("architecture", "c", "mnt"),
				shared("architecture", "a", "uts"), shared("architecture", "b", "ipc"),
				func(w map[string]*box) { // not the host's, but each other's
					w["a"].namespaces = map[string]uint64{"pid": 7}
					w["b"].namespaces = map[string]uint64{"pid": 7}
				},
			},
			"b-has-its-limits": {
				func(w map[string]*box) { w["b"].limits.CPU = unlimited() },
				func(w map[string]*box) { w["b"].limits.Memory = limit(gib) },
				func(w map[string]*box) { w["b"].limits.Pids = unlimited() },
			},
			"b-is-held-back": {
				func(w map[string]*box) { w["b"].counters = working(0.9, 0) },
				func(w map[string]*box) { w["b"].counters = working(0.9, 0.5) },
			},
			"c-has-no-rights": {
				func(w map[string]*box) { w["c"].security.Capabilities = &one },
				func(w map[string]*box) { w["c"].security.NoNewPrivs = pointer(0) },
				func(w map[string]*box) { w["c"].security.Seccomp = pointer(0) },
			},
			"c-cannot-write": {
				func(w map[string]*box) { w["c"].security.ReadOnlyRoot = pointer(false) },
				func(w map[string]*box) { w["c"].reports[0].View.UID = pointer(0) },
			},
		},
		"pid-namespace": {
			"first-inside":    {func(w map[string]*box) { w["app"].reports[0].View.PID = 500 }},
			"another-outside": {func(w map[string]*box) { w["app"].pid = 1 }, func(w map[string]*box) { w["app"].reports[0].View.PID = 500 }},
			"sees-only-its-own": {
				func(w map[string]*box) {
					v := w["app"].reports[0].View
					v.Processes = append(v.Processes, wire.Process{PID: 4711})
				},
				func(w map[string]*box) { w["app"].reports[0].View.Processes[3].PID = 4711 },
			},
			"own-namespace": {shared("pid-namespace", "app", "pid")},
		},
		"net-namespace": {
			"bridge-has-eth0": {
				func(w map[string]*box) {
					v := w["bridge"].reports[0].View
					v.Interfaces = v.Interfaces[:2]
				},
				func(w map[string]*box) { w["bridge"].reports[0].View.Interfaces[1].Addresses = []string{"10.0.0.1/8"} },
			},
			"own-address": {
				func(w map[string]*box) {
					w["bridge"].reports[0].View.Interfaces[2].Addresses = []string{"192.168.1.5/24"}
				},
				func(w map[string]*box) { w["bridge"].reports[0].View.Interfaces[2].Addresses = nil },
			},
			"none-has-lo-alone": {func(w map[string]*box) { w["lonely"].reports[0].View.Interfaces[1].Addresses = []string{"10.0.0.1/8"} }},
			"host-is-the-hosts": {func(w map[string]*box) { w["shared"].namespaces = nil }},
			"others-have-their-own": {
				shared("net-namespace", "bridge", "net"), shared("net-namespace", "lonely", "net"),
			},
		},
		"cpu-limit": {
			"stays-at-half": {
				func(w map[string]*box) { w["half"].counters = working(1, 0) },
				func(w map[string]*box) { w["half"].counters = working(0.3, 0.99) },
			},
			"twice-as-long": {
				func(w map[string]*box) { w["half"].reports[0].Result.ElapsedUsec = wire.Counted(4_100_000) },
				func(w map[string]*box) { w["half"].reports[0].Result.ElapsedUsec = wire.Counted(9_900_000) },
			},
			"throttled-when-limited":  {func(w map[string]*box) { w["half"].counters = working(0.5, 0) }},
			"not-throttled-when-free": {func(w map[string]*box) { w["free"].counters = working(0.5, 0.9) }},
			"limit-is-in-the-kernel":  {func(w map[string]*box) { w["half"].limits.CPU = unlimited() }, func(w map[string]*box) { w["half"].limits.CPU = limit(1) }},
		},
		"memory-limit": {
			// The one that a healthy host does not bear out.
			"file-writer-killed": {func(w map[string]*box) { w["file"].exit, w["file"].counters = pointer(137), holding(gib/4, 1) }},
			"file-writer-survives": {
				func(w map[string]*box) { w["file"].exit = pointer(1) },
				func(w map[string]*box) { w["file"].counters = holding(gib/2, 0) },
				func(w map[string]*box) { w["file"].counters = holding(gib/4, 1) },
				func(w map[string]*box) { w["file"].reports[0].Result.WrittenBytes = wire.Counted(gib / 4) },
			},
			"allocator-killed": {
				func(w map[string]*box) { w["over"].exit = pointer(0) },
				func(w map[string]*box) { w["over"].reports = []wire.Report{done(nil)} },
			},
			"kernel-counts-the-kill": {func(w map[string]*box) { w["child"].counters = holding(gib/2, 0) }},
			"enough-room": {
				func(w map[string]*box) { w["roomy"].exit, w["roomy"].counters = pointer(137), holding(gib/2, 1) },
				func(w map[string]*box) { w["roomy"].limits.Memory = unlimited() },
			},
		},
	}
	eachCanTurnOut(t, good, changes)
}

func eachCanTurnOut(t *testing.T, good map[string]func() map[string]*box, changes map[string]map[string][]func(map[string]*box)) {
	t.Helper()
	for slug, make := range good {
		lesson := builtin(t, slug)
		for i := range lesson.Claims {
			id := lesson.Claims[i].ID
			if len(changes[slug][id]) == 0 {
				t.Errorf("%s, %s: no change is known that turns it", slug, id)
			}
			for n, change := range changes[slug][id] {
				boxes := make()
				change(boxes)
				got := world(t, builtin(t, slug), boxes).verdict(t, id)
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

// Where any one figure that a claim looks at is missing, it does not hold, and
// says which.
func TestNoClaimHoldsOnMissingFigures(t *testing.T) { noneHoldsOnMissing(t, good) }

func noneHoldsOnMissing(t *testing.T, good map[string]func() map[string]*box) {
	t.Helper()
	for slug, make := range good {
		r := world(t, builtin(t, slug), make())
		for _, j := range r.claims {
			for _, path := range j.claim.Touches() {
				env := r.env(j.claim.Window())
				names := strings.Split(path, ".")
				root := reflect.ValueOf(&env.Host)
				if names[0] != "host" {
					root = reflect.ValueOf(env.Containers[names[0]])
				}
				erase(t, root.Elem(), names[1:])
				got := j.claim.Judge(env)
				if got.Verdict == wire.Holds || got.Verdict == wire.Unknown && got.Missing != path {
					t.Errorf("%s, %s without %s: %+v", slug, j.claim.ID, path, got)
				}
				// All that it takes to hold was there, so it is this one that lacks.
				if j.message.Verdict == wire.Holds && got.Verdict != wire.Unknown {
					t.Errorf("%s, %s without %s: %s, and must be unknown", slug, j.claim.ID, path, got.Verdict)
				}
			}
		}
	}
}

// erase makes the figure at a path of expr names absent.
func erase(t *testing.T, group reflect.Value, names []string) {
	t.Helper()
	for i := range group.NumField() {
		if group.Type().Field(i).Tag.Get("expr") != names[0] {
			continue
		}
		if len(names) > 1 {
			erase(t, group.Field(i), names[1:])
			return
		}
		group.Field(i).SetZero()
		return
	}
	t.Fatalf("there is no figure %v", names)
}

// A busy machine makes no claim fail that its limits do not decide.
func TestBusyMachineDecidesNothing(t *testing.T) {
	boxes := good["cpu-limit"]()
	boxes["free"].reports[0].Result.ElapsedUsec = wire.Counted(8_000_000)
	boxes["half"].counters = working(0.3, 0.1)
	r := world(t, builtin(t, "cpu-limit"), boxes)
	for _, id := range []string{"stays-at-half", "twice-as-long"} {
		if got := r.verdict(t, id); got.Verdict != wire.Unknown || !strings.HasPrefix(got.Reason, "The machine was busy") {
			t.Errorf("%s: %s %s", id, got.Verdict, got.Reason)
		}
	}
}

// Nor does a processor that was slower the second time, where that alone is
// what is too much.
func TestSlowerProcessorDecidesNothing(t *testing.T) {
	for _, one := range []struct {
		cpu, elapsed uint64
		verdict      wire.Verdict
	}{
		{4_000_000, 9_400_000, wire.Fails},
		{4_400_000, 9_400_000, wire.Unknown},
		{4_400_000, 10_400_000, wire.Fails}, // more than the processor explains
		{4_400_000, 8_800_000, wire.Holds},
		{5_000_000, 8_800_000, wire.Unknown},
	} {
		boxes := good["cpu-limit"]()
		result := boxes["half"].reports[0].Result
		result.CPUUsec, result.ElapsedUsec = wire.Counted(one.cpu), wire.Counted(one.elapsed)
		got := world(t, builtin(t, "cpu-limit"), boxes).verdict(t, "twice-as-long")
		if got.Verdict != one.verdict {
			t.Errorf("%+v: %s %s", one, got.Verdict, got.Reason)
		}
	}
}

// An engine that hears of the kill after the end never sets its flag, which decides nothing; one that hears of it in time has to.
func TestKillHeardTooLateDecidesNothing(t *testing.T) {
	for _, one := range []struct {
		flag    bool
		events  []string
		verdict wire.Verdict
	}{
		{true, []string{"create", "start", "oom", "die"}, wire.Holds},
		{true, []string{"create", "start", "die", "oom"}, wire.Holds},
		{false, []string{"create", "start", "die", "oom"}, wire.Unknown},
		{false, []string{"create", "start", "oom", "die"}, wire.Fails},
		{false, []string{"create", "start", "die"}, wire.Fails},
		{false, nil, wire.Pending}, // which of the two it was is not to be seen
	} {
		w := scenes["oom-killer"]()
		w.boxes["first"].oomKilled = one.flag
		w.boxes["first"].topology = func(c *wire.Container) {
			for _, what := range one.events {
				c.Events = append(c.Events, wire.Event{What: what})
			}
		}
		got := w.play(t, modern(), "oom-killer").verdict(t, "first-flag")
		if got.Verdict != one.verdict {
			t.Errorf("%+v: %s %s", one, got.Verdict, got.Reason)
		}
	}
}

// A container that somebody else kills decides nothing either.
func TestKilledByHandDecidesNothing(t *testing.T) {
	boxes := good["cpu-limit"]()
	boxes["half"].exit, boxes["half"].reports = pointer(137), nil
	r := world(t, builtin(t, "cpu-limit"), boxes)
	for _, id := range []string{"stays-at-half", "twice-as-long", "throttled-when-limited"} {
		got := r.verdict(t, id)
		if got.Verdict != wire.Unknown || !strings.Contains(got.Reason, "stopped from outside (exit 137") {
			t.Errorf("%s: %s %s", id, got.Verdict, got.Reason)
		}
	}
	if got := r.verdict(t, "not-throttled-when-free"); got.Verdict != wire.Holds {
		t.Errorf("a claim that does not need it: %s %s", got.Verdict, got.Reason)
	}
}
