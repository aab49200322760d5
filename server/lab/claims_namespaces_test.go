package lab

import (
	"strings"
	"testing"
	"time"

	"porthole/server/wire"
)

// goodNamespaces are the worlds of the lessons on namespaces, layers and the
// container itself, as they are on a healthy host.
var goodNamespaces = map[string]func() map[string]*box{
	"container-vs-vm": func() map[string]*box {
		idle := func(pid int) *box {
			return &box{
				pid: pid, lived: longAgo, known: startedIn(400), counters: costing(4<<20, 1<<19),
				reports: []wire.Report{inside(wire.View{PID: 1, Kernel: "6.18.0"})},
				outside: &wire.View{PID: pid, Processes: []wire.Process{{PID: pid, NSpid: []int{pid, 1}}}},
			}
		}
		return map[string]*box{
			"first": idle(100), "second": idle(101), "third": idle(102),
			"yardstick": {lived: longAgo, known: startedIn(400), exit: pointer(0), reports: []wire.Report{done(&wire.Result{ElapsedUsec: wire.Counted(510_000), CPUUsec: wire.Counted(500_000)})}},
			"forks":     {lived: longAgo, known: startedIn(400), exit: pointer(0), reports: []wire.Report{done(&wire.Result{CPUUsec: wire.Counted(37_000), ProcessesStarted: wire.Counted(100)})}},
		}
	},
	"namespace-ids": func() map[string]*box {
		// The host is one of cgroup v2 with an engine before 29.5.
		shared := func() map[string]uint64 {
			return map[string]uint64{"user": hostNamespaces["user"], "time": hostNamespaces["time"]}
		}
		joined := shared()
		joined["pid"] = 4026540000 // that of one
		return map[string]*box{
			"one":    {namespaces: shared()},
			"two":    {namespaces: shared()},
			"joined": {namespaces: joined, reports: []wire.Report{inside(wire.View{PID: 8, Processes: []wire.Process{{PID: 1}, {PID: 8}}})}},
		}
	},
	"mnt-namespace": func() map[string]*box {
		const own, both, folder = "/written-inside.txt", "/shared/on-both-sides.txt", "/var/lib/engine"
		yes, no := true, false
		file := func(path string, exists *bool, digest string) wire.File {
			return wire.File{Path: path, Exists: exists, Digest: digest}
		}
		overlay := []wire.Mount{{Path: "/", Type: "overlay", Source: "overlay"}}
		kept, inVolume := file(own, &no, "aaaaaaaaaaaaaaaa"), file(both, &no, "bbbbbbbbbbbbbbbb")
		kept.HostPath, inVolume.HostPath, inVolume.InVolume = folder+"/upper"+own, folder+"/volume/on-both-sides.txt", true
		return map[string]*box{
			"app": {
				reports: []wire.Report{
					inside(wire.View{Mounts: overlay, Files: []wire.File{file(own, &yes, "aaaaaaaaaaaaaaaa"), file(both, &yes, "bbbbbbbbbbbbbbbb")}}), done(nil),
				},
				outside: &wire.View{Mounts: overlay, Files: []wire.File{kept, inVolume}},
			},
			"other": {reports: []wire.Report{
				inside(wire.View{Mounts: overlay, Files: []wire.File{file(own, &no, ""), file(both, &yes, "bbbbbbbbbbbbbbbb")}}), done(nil),
			}},
		}
	},
	"uts-namespace": func() map[string]*box {
		called := func(name string) []wire.Report { return []wire.Report{inside(wire.View{Hostname: name})} }
		return map[string]*box{
			"named":   {reports: called("my-container"), outside: &wire.View{Hostname: "machine"}},
			"unnamed": {reports: called("0123456789ab")},
			"shared":  {reports: called("machine"), namespaces: map[string]uint64{"uts": hostNamespaces["uts"]}},
		}
	},
	"ipc-namespace": func() map[string]*box {
		made := []wire.Segment{{Key: 4242, Bytes: 65536, Attached: 1}}
		found := func(yes bool, digest string) wire.Report { return done(&wire.Result{Found: &yes, Digest: digest}) }
		return map[string]*box{
			"writer": {
				namespaces: map[string]uint64{"ipc": 77},
				reports:    []wire.Report{done(&wire.Result{WrittenBytes: wire.Counted(65536), Digest: "cccccccccccccccc"})},
				outside:    &wire.View{SegmentsKnown: true},
			},
			"stranger": {reports: []wire.Report{inside(wire.View{SegmentsKnown: true}), found(false, "")}},
			"joined": {
				namespaces: map[string]uint64{"ipc": 77},
				reports:    []wire.Report{inside(wire.View{SegmentsKnown: true, Segments: made}), found(true, "cccccccccccccccc")},
			},
		}
	},
	"user-namespace": func() map[string]*box {
		hosts := map[string]uint64{"user": hostNamespaces["user"]}
		return map[string]*box{
			"root": {
				namespaces: hosts, outside: &wire.View{UID: pointer(0)},
				security: &wire.Security{UIDMap: "0 0 4294967295", Seccomp: pointer(2)},
				reports:  []wire.Report{inside(wire.View{PID: 1, UID: pointer(0)}), done(&wire.Result{Refused: "EPERM"})},
			},
			"nested": {
				namespaces: hosts,
				reports: []wire.Report{inside(wire.View{PID: 1, UID: pointer(1000)}), done(&wire.Result{
					Inner: &wire.Inner{UID: pointer(0), UIDMap: "0 1000 1", UserNamespace: wire.Counted(4026541234)},
				})},
			},
		}
	},
	"image-layers": func() map[string]*box {
		written := stacked(14, 1, wire.LayerEntry{Path: "/tmp/new.txt", Kind: "added", Bytes: wire.Counted(14)})
		return map[string]*box{
			"writer": {topology: written, reports: []wire.Report{done(&wire.Result{WrittenBytes: wire.Counted(14)})}},
			"one":    {topology: stacked(0, 0)},
			"two":    {topology: stacked(0, 0)},
		}
	},
	"copy-on-write": func() map[string]*box {
		edited := stacked(77, 1, wire.LayerEntry{Path: "/srv/edit-me.txt", Kind: "changed", Bytes: wire.Counted(77)})
		removed := stacked(0, 1, wire.LayerEntry{Path: "/srv/delete-me.txt", Kind: "removed", Whiteout: "device"})
		sized := func(bytes uint64) wire.Report {
			yes := true
			return inside(wire.View{Files: []wire.File{{Path: "/srv/edit-me.txt", Exists: &yes, Bytes: wire.Counted(bytes)}}})
		}
		yes := true
		return map[string]*box{
			"edits":   {topology: edited, reports: []wire.Report{sized(77), done(&wire.Result{WrittenBytes: wire.Counted(14)})}},
			"deletes": {topology: removed, reports: []wire.Report{done(nil)}},
			"reads":   {topology: stacked(0, 0), reports: []wire.Report{sized(63), done(&wire.Result{Found: &yes})}},
		}
	},
	"verify-isolation": func() map[string]*box {
		lo := wire.Interface{Name: "lo", Addresses: []string{"127.0.0.1/8"}}
		eth0 := wire.Interface{Name: "eth0", Addresses: []string{"172.17.0.2/16"}}
		hosts := []wire.Interface{lo, {Name: "eth0", Addresses: []string{"192.168.1.5/24"}}}
		var all []wire.Process
		for pid := range 60 {
			all = append(all, wire.Process{PID: pid + 1})
		}
		three := func(pid, inner int) *wire.View {
			v := &wire.View{PID: pid}
			for i := range 3 {
				v.Processes = append(v.Processes, wire.Process{PID: pid + i, NSpid: []int{pid + i, inner + i}})
			}
			return v
		}
		return map[string]*box{
			"app": {outside: three(500, 1), reports: []wire.Report{done(nil), inside(wire.View{
				PID: 1, Interfaces: []wire.Interface{lo, eth0}, Mounts: []wire.Mount{{Path: "/", Type: "overlay"}},
				Processes: []wire.Process{{PID: 1, Command: "/porthole workload spawn --count 2"}, {PID: 2}, {PID: 3}},
			})}},
			"bare": {
				outside: three(700, 700), namespaces: map[string]uint64{"pid": hostNamespaces["pid"], "net": hostNamespaces["net"]},
				reports: []wire.Report{done(nil), inside(wire.View{PID: 700, Interfaces: hosts, Processes: all})},
			},
		}
	},
}

// startedIn is a container that took so many milliseconds to its first word,
// a tenth of it to be created.
func startedIn(milliseconds int) func(*subject) {
	return func(s *subject) {
		whole := time.Duration(milliseconds) * time.Millisecond
		s.createdIn, s.startAsked = whole/10, s.startedAt
		s.firstWord = s.startedAt.Add(whole - whole/10).UnixMilli()
	}
}

// costing is a container with so much memory of its own, and of the kernel's.
func costing(own, kernels uint64) func(time.Duration) wire.Counters {
	return func(time.Duration) wire.Counters {
		return wire.Counters{MemoryCurrentBytes: wire.Counted(own + kernels), MemoryAnonBytes: wire.Counted(own), MemoryKernelBytes: wire.Counted(kernels)}
	}
}

// stacked is a container on the three layers of the image layered, with so much in its writable one.
func stacked(bytes, count uint64, entries ...wire.LayerEntry) func(*wire.Container) {
	return func(c *wire.Container) {
		c.Image = "layered"
		c.Layers = &wire.Layers{
			StorageDriver: "overlay", Lower: []wire.LowerLayer{{ID: "c"}, {ID: "b"}, {ID: "a"}}, LowerDigest: "dddddddddddddddddddd",
			UpperBytes: wire.Counted(bytes), UpperEntries: wire.Counted(count), Entries: entries,
		}
	}
}

func TestEachNamespaceClaimOnAHealthyHost(t *testing.T) { eachAsExpected(t, goodNamespaces) }

func TestNoNamespaceClaimHoldsOnMissingFigures(t *testing.T) { noneHoldsOnMissing(t, goodNamespaces) }

func TestEachNamespaceClaimCanTurnOut(t *testing.T) {
	type world = map[string]*box
	joins := func(key, kind string, inode uint64) func(world) {
		return func(w world) {
			if w[key].namespaces == nil {
				w[key].namespaces = map[string]uint64{}
			}
			w[key].namespaces[kind] = inode
		}
	}
	host := func(key, kind string) func(world) { return joins(key, kind, hostNamespaces[kind]) }
	view := func(key string, change func(*wire.View)) func(world) {
		return func(w world) {
			for _, report := range w[key].reports {
				if report.View != nil {
					change(report.View)
				}
			}
		}
	}
	result := func(key string, change func(*wire.Result)) func(world) {
		return func(w world) {
			for _, report := range w[key].reports {
				if report.Result != nil {
					change(report.Result)
				}
			}
		}
	}
	layers := func(key string, change func(*wire.Layers)) func(world) {
		return func(w world) {
			before := w[key].topology
			w[key].topology = func(c *wire.Container) {
				before(c)
				change(c.Layers)
			}
		}
	}
	flat := func(key string) func(world) {
		return func(w world) {
			before := w[key].topology
			w[key].topology = func(c *wire.Container) {
				before(c)
				c.Image = "flat"
			}
		}
	}
	yes, no := true, false
	other := func(l *wire.Layers) { l.LowerDigest = "eeeeeeeeeeeeeeeeeeee" }
	eachCanTurnOut(t, goodNamespaces, map[string]map[string][]func(world){
		"container-vs-vm": {
			"starts-in-a-second": {func(w world) {
				for _, key := range []string{"first", "second", "third", "yardstick", "forks"} {
					w[key].known = startedIn(1300)
				}
			}},
			"costs-megabytes": {
				func(w world) { w["first"].counters = costing(12<<20, 1<<19) },
				func(w world) { w["first"].counters = costing(4<<20, 8<<20) },
			},
			"same-kernel":           {view("first", func(v *wire.View) { v.Kernel = "5.10.0" })},
			"a-process-of-the-host": {func(w world) { w["first"].pid = 99 }, view("first", func(v *wire.View) { v.PID = 5 })},
		},
		"namespace-ids": {
			"five-are-own": {
				host("one", "pid"), host("two", "net"), host("one", "mnt"), host("two", "uts"), host("one", "ipc"),
				joins("two", "net", 4026540001), // that of one
			},
			"joined-shares-pid": {
				joins("joined", "pid", 9), host("joined", "net"), joins("joined", "mnt", 4026540002), host("joined", "uts"), host("joined", "ipc"),
			},
			"joined-sees-its-partner": {
				view("joined", func(v *wire.View) { v.PID = 1 }),
				view("joined", func(v *wire.View) { v.Processes = v.Processes[1:] }),
			},
			"user-as-the-engine":  {joins("one", "user", 9)},
			"cgroup-as-the-mode":  {host("one", "cgroup")},
			"time-as-the-version": {joins("one", "time", 9)},
		},
		"mnt-namespace": {
			"root-is-the-drivers": {view("app", func(v *wire.View) { v.Mounts[0].Type = "ext4" })},
			"tables-are-apart":    {host("app", "mnt"), host("other", "mnt"), joins("other", "mnt", 4026540002)},
			"host-has-no-such-file": {
				func(w world) { w["app"].outside.Files[0].Exists = &yes },
				view("app", func(v *wire.View) { v.Files[0].Exists = &no }),
			},
			"other-has-no-such-file": {view("other", func(v *wire.View) { v.Files[0].Exists = &yes })},
			"volume-on-the-host": {
				func(w world) { w["app"].outside.Files[1].InVolume = false },
				func(w world) { w["app"].outside.Files[1].Digest = "ffffffffffffffff" },
				func(w world) {
					view("app", func(v *wire.View) { v.Files[1].Digest = "" })(w)
					w["app"].outside.Files[1].Digest = ""
				},
			},
			"volume-on-both-sides": {
				view("other", func(v *wire.View) { v.Files[1].Digest = "ffffffffffffffff" }),
				view("other", func(v *wire.View) { v.Files = v.Files[:1] }),
			},
		},
		"uts-namespace": {
			"named-as-asked": {view("named", func(v *wire.View) { v.Hostname = "0123456789ab" })},
			"host-unchanged": {
				func(w world) { w["named"].outside.Hostname = "my-container" },
				view("named", func(v *wire.View) { v.Hostname = "machine" }),
			},
			"unnamed-is-the-id":   {view("unnamed", func(v *wire.View) { v.Hostname = "machine" })},
			"own-numbers":         {host("named", "uts"), host("unnamed", "uts"), joins("unnamed", "uts", 4026540003)},
			"shared-is-the-hosts": {joins("shared", "uts", 9), view("shared", func(v *wire.View) { v.Hostname = "0123456789ab" })},
		},
		"ipc-namespace": {
			"writer-has-it": {
				result("writer", func(r *wire.Result) { r.WrittenBytes = wire.Counted(1) }),
				view("joined", func(v *wire.View) { v.Segments = nil }),
			},
			"stranger-sees-none": {
				result("stranger", func(r *wire.Result) { r.Found = &yes }),
				view("stranger", func(v *wire.View) { v.Segments = []wire.Segment{{Key: 4242}} }),
			},
			"host-sees-none": {func(w world) { w["writer"].outside.Segments = []wire.Segment{{Key: 4242}} }},
			"joined-reads-it": {
				result("joined", func(r *wire.Result) { r.Found = &no }),
				result("joined", func(r *wire.Result) { r.Digest = "ffffffffffffffff" }),
			},
			"numbers-tell": {joins("joined", "ipc", 9), joins("stranger", "ipc", 77), host("writer", "ipc")},
		},
		"user-namespace": {
			// The one that a host as it comes does not bear out.
			"root-is-unprivileged":    {func(w world) { w["root"].outside.UID = pointer(100000) }},
			"uid-as-the-engine":       {func(w world) { w["root"].outside.UID = pointer(100000) }, view("root", func(v *wire.View) { v.UID = pointer(1) })},
			"namespace-as-the-engine": {func(w world) { w["root"].namespaces = map[string]uint64{"user": 9} }},
			"map-as-the-engine":       {func(w world) { w["root"].security.UIDMap = "0 100000 65536" }},
			"filter-forbids": {result("root", func(r *wire.Result) {
				r.Refused, r.Inner = "", &wire.Inner{UID: pointer(0), UIDMap: "0 0 1", UserNamespace: wire.Counted(9)}
			})},
			"nested-makes-its-own": {
				result("nested", func(r *wire.Result) { r.Inner.UserNamespace = wire.Counted(hostNamespaces["user"]) }),
				result("nested", func(r *wire.Result) { r.Inner.UID = pointer(1000) }),
				result("nested", func(r *wire.Result) { r.Inner.UIDMap = "0 0 4294967295" }),
				view("nested", func(v *wire.View) { v.UID = pointer(0) }),
			},
		},
		"image-layers": {
			"image-has-layers": {
				layers("one", func(l *wire.Layers) { l.Lower = l.Lower[:2] }),
				func(w world) {
					flat("one")(w)
					layers("one", func(l *wire.Layers) { l.Lower = l.Lower[:1] })(w)
				},
			},
			"same-layers": {
				layers("one", other), flat("one"), flat("two"),
			},
			"writable-starts-empty": {
				func(w world) { w["one"].topology = stacked(0, 1) }, func(w world) { w["one"].topology = stacked(9, 0) },
				func(w world) { w["two"].topology = stacked(0, 1) }, func(w world) { w["two"].topology = stacked(9, 0) },
			},
			"written-on-top": {
				layers("writer", other), layers("writer", func(l *wire.Layers) { l.Entries[0].Kind = "changed" }),
				layers("writer", func(l *wire.Layers) { l.UpperBytes = wire.Counted(1) }),
				func(w world) { w["writer"].topology = stacked(14, 0) },
			},
		},
		"copy-on-write": {
			"one-image-for-all":        {layers("edits", other), layers("deletes", other), layers("reads", other)},
			"stores-only-differences":  {layers("edits", func(l *wire.Layers) { l.UpperEntries = wire.Counted(2) }), layers("deletes", func(l *wire.Layers) { l.UpperEntries = wire.Counted(0) }), layers("reads", func(l *wire.Layers) { l.UpperEntries = wire.Counted(1) })},
			"edit-copies-the-file":     {layers("edits", func(l *wire.Layers) { l.Entries[0].Bytes = wire.Counted(14) }), layers("edits", func(l *wire.Layers) { l.Entries[0].Kind = "added" }), layers("edits", func(l *wire.Layers) { l.UpperBytes = wire.Counted(0) })},
			"delete-leaves-a-whiteout": {layers("deletes", func(l *wire.Layers) { l.Entries[0].Whiteout = "" }), layers("deletes", func(l *wire.Layers) { l.UpperBytes = wire.Counted(9) })},
			"reading-costs-nothing":    {layers("reads", func(l *wire.Layers) { l.UpperEntries = wire.Counted(1) }), layers("reads", func(l *wire.Layers) { l.UpperBytes = wire.Counted(9) })},
			"image-is-unchanged": {
				view("reads", func(v *wire.View) { v.Files[0].Bytes = wire.Counted(77) }),
				result("reads", func(r *wire.Result) { r.Found = &no }),
			},
		},
		"verify-isolation": {
			"number-one-is-the-program": {
				view("app", func(v *wire.View) { v.PID = 4711 }),
				view("app", func(v *wire.View) { v.Processes[0].Command = "/sbin/init" }),
			},
			"interfaces-are-its-own": {
				host("app", "net"), view("app", func(v *wire.View) { v.Interfaces = v.Interfaces[:1] }),
				view("app", func(v *wire.View) { v.Interfaces[1].Addresses = []string{"192.168.1.5/24"} }),
			},
			"root-is-its-own":             {host("app", "mnt"), view("app", func(v *wire.View) { v.Mounts[0].Type = "ext4" })},
			"sees-no-process-of-the-host": {view("app", func(v *wire.View) { v.Processes[2].PID = 4711 }), view("app", func(v *wire.View) { v.Processes = append(v.Processes, wire.Process{PID: 4}) })},
			"the-tests-can-fail": {
				joins("bare", "pid", 9), joins("bare", "net", 9), view("bare", func(v *wire.View) { v.PID = 1 }),
				view("bare", func(v *wire.View) { v.Processes = v.Processes[:3] }),
			},
		},
	})
}

// The verdicts turn with the host, and stay as expected there.
func TestNamespaceClaimsKnowTheHost(t *testing.T) {
	remapped := func(w map[string]*box) {
		for _, b := range w {
			delete(b.namespaces, "user")
		}
		if root := w["root"]; root != nil {
			root.outside.UID, root.security.UIDMap = pointer(100000), "0 100000 65536"
		}
	}
	cases := map[string]struct {
		slug  string
		host  func(*wire.Host)
		boxes func(map[string]*box)
	}{
		"remapped numbers": {"namespace-ids", func(h *wire.Host) { h.Engine.SecurityOptions = []string{"name=userns"} }, remapped},
		"remapped users":   {"user-namespace", func(h *wire.Host) { h.Engine.SecurityOptions = []string{"name=userns"} }, remapped},
		"without root":     {"user-namespace", func(h *wire.Host) { h.Engine.SecurityOptions = []string{"name=rootless"} }, remapped},
		"cgroup v1": {"namespace-ids", func(h *wire.Host) { h.CgroupMode = wire.CgroupV1 }, func(w map[string]*box) {
			w["one"].namespaces["cgroup"] = hostNamespaces["cgroup"]
		}},
		"hybrid": {"namespace-ids", func(h *wire.Host) { h.CgroupMode = wire.CgroupHybrid }, func(w map[string]*box) {
			w["one"].namespaces["cgroup"] = hostNamespaces["cgroup"]
		}},
		"engine 29.5": {"namespace-ids", func(h *wire.Host) { h.Engine.Version = "29.5.0" }, func(w map[string]*box) { delete(w["one"].namespaces, "time") }},
		"engine 29.4": {"namespace-ids", func(h *wire.Host) { h.Engine.Version = "29.4.1" }, func(map[string]*box) {}},
		"another storage driver": {"mnt-namespace", func(h *wire.Host) { h.Engine.StorageDriver = "btrfs" }, func(w map[string]*box) {
			w["app"].reports[0].View.Mounts[0].Type = "btrfs"
		}},
	}
	for name, c := range cases {
		host, boxes := healthy(), goodNamespaces[c.slug]()
		c.host(&host)
		c.boxes(boxes)
		for _, j := range worldOn(t, host, builtin(t, c.slug), boxes).claims {
			if j.message.Verdict != j.message.Expected {
				t.Errorf("%s, %s: %s: %s %s", name, j.claim.ID, j.message.Verdict, j.message.Measured, j.message.Reason)
			}
		}
		// And where only the host is said to be another, something does not hold.
		if name == "engine 29.4" {
			continue
		}
		fails := 0
		for _, j := range worldOn(t, host, builtin(t, c.slug), goodNamespaces[c.slug]()).claims {
			if j.message.Verdict == wire.Fails {
				fails++
			}
		}
		if fails == 0 {
			t.Errorf("%s: all holds though the containers are as on another host", name)
		}
	}
}

// What a host forbids, or a slow machine blurs, decides nothing.
func TestNamespaceClaimsThatCannotBeTold(t *testing.T) {
	slow := func(key string, result wire.Result) func(map[string]*box) {
		return func(w map[string]*box) {
			for _, key := range []string{"first", "second", "third", "yardstick", "forks"} {
				w[key].known = startedIn(2500)
			}
			w[key].reports = []wire.Report{done(&result)}
		}
	}
	cases := []struct {
		slug, claim, reason string
		change              func(map[string]*box)
	}{
		{"container-vs-vm", "starts-in-a-second", "The machine was busy", slow("yardstick", wire.Result{ElapsedUsec: wire.Counted(900_000), CPUUsec: wire.Counted(500_000)})},
		{"container-vs-vm", "starts-in-a-second", "This machine is slow", slow("forks", wire.Result{CPUUsec: wire.Counted(400_000), ProcessesStarted: wire.Counted(100)})},
		{"user-namespace", "nested-makes-its-own", "This host forbids it", func(w map[string]*box) {
			w["nested"].reports[1].Result = &wire.Result{Refused: "EACCES"}
		}},
		{"user-namespace", "filter-forbids", "This engine runs its containers without", func(w map[string]*box) { w["root"].security.Seccomp = pointer(0) }},
	}
	for _, c := range cases {
		boxes := goodNamespaces[c.slug]()
		c.change(boxes)
		got := world(t, builtin(t, c.slug), boxes).verdict(t, c.claim)
		if got.Verdict != wire.Unknown || !strings.HasPrefix(got.Reason, c.reason) {
			t.Errorf("%s: %s %s %s", c.claim, got.Verdict, got.Measured, got.Reason)
		}
	}
	// One quick start among slow ones is enough.
	boxes := goodNamespaces["container-vs-vm"]()
	for _, key := range []string{"first", "second", "third", "yardstick"} {
		boxes[key].known = startedIn(2500)
	}
	if got := world(t, builtin(t, "container-vs-vm"), boxes).verdict(t, "starts-in-a-second"); got.Verdict != wire.Holds {
		t.Errorf("the quickest of five: %s %s %s", got.Verdict, got.Measured, got.Reason)
	}
}
