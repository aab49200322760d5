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

// throttledNow is a container before its limit is raised.
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
		{"block-io/buffered-writes-held", nil, []wire.Host{older(), debian, modern()}},
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
		"cpu-throttling/held-at-half":      func(w *scene) { w.boxes["app"].counters = working(0.3, 0.2) },
		"cpu-throttling/throttled-before":  func(w *scene) { w.boxes["app"].counters = working(0.3, 0.2) },
		"cpu-throttling/faster-after":      func(w *scene) { w.boxes["app"].counters = working(0.4, 0.01) },
		"cpu-pinning/two-threads-share-it": func(w *scene) { w.boxes["one"].counters = working(0.5, 0) },
		"verify-limits/capped-at-half":     func(w *scene) { w.boxes["hash"].counters = working(0.3, 0.2) },
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

// Each lesson of the chapter has a made-up world, and so each of its claims is
// played both ways.
func TestEachLessonHasAMadeUpWorld(t *testing.T) {
	for _, lesson := range loaded() {
		worlds := 0
		for _, there := range []bool{good[lesson.Slug] != nil, goodNamespaces[lesson.Slug] != nil, scenes[lesson.Slug] != nil, scratchScenes[lesson.Slug] != nil} {
			if there {
				worlds++
			}
		}
		if worlds != 1 {
			t.Errorf("%s has %d made-up worlds", lesson.Slug, worlds)
		}
	}
}

// One thread is held back by a limit below one processor, whatever is done.
func TestALimitThatIsRaisedTooLittleDecidesNothing(t *testing.T) {
	for value, want := range map[float64]wire.Verdict{0.8: wire.Unknown, 1: wire.Unknown, 1.1: wire.Holds, 2: wire.Holds} {
		s := scenes["cpu-throttling"]()
		s.actions["raise"].value = &value
		got := s.play(t, modern(), "cpu-throttling").verdict(t, "not-throttled-after")
		if got.Verdict != want || want == wire.Unknown && !strings.Contains(got.Reason, "Choose more than 1") {
			t.Errorf("raised to %v: %s %s %s", value, got.Verdict, got.Measured, got.Reason)
		}
	}
}
