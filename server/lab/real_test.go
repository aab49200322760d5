package lab_test

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"porthole/demos"
	"porthole/server/wire"
)

// busy is in the reason of a verdict that only says that this machine had other
// work to do meanwhile, as it may in a test.
const busy = "Run it again on a quieter machine"

// chance is in the reason of a verdict that another run may well give.
const chance = "Run it again"

// attempts is how often a lesson is run of which this machine cannot tell
// enough, having other work, or by a chance that the claim tells of.
const attempts = 3

// quietRun is judgedRun, again where not all claims are right and the machine
// may have been too busy for it, or a claim asks for it. After some attempts a
// busy machine's answer is taken: the claims' own tests (claims_test.go) show both
// verdicts of each on any machine.
func (h *house) quietRun(t *testing.T, slug string, alone bool, right func(wire.Claim) bool) {
	t.Helper()
	for attempt := 1; ; attempt++ {
		var wrong []wire.Claim
		again := false
		for _, c := range h.judgedRun(t, slug) {
			if !right(c) {
				wrong = append(wrong, c)
				again = again || alone || byChance(c)
			}
		}
		if again && attempt < attempts {
			continue
		}
		busy := alone && len(wrong) > 0 && (slices.ContainsFunc(wrong, tooBusy) || otherWork())
		for _, c := range wrong {
			if tooBusy(c) || busy {
				t.Logf("this machine has other work, so claim %s could not be seen: %s %s %s", c.ID, c.Verdict, c.Measured, c.Reason)
				continue
			}
			t.Errorf("claim %s is %q: %s %s", c.ID, c.Verdict, c.Measured, c.Reason)
		}
		return
	}
}

// otherWork reports whether somebody else keeps the processors busy: a program
// that wants all of them for a moment, some moments in a row, once does not get
// them.
func otherWork() bool {
	for range 8 {
		if !allOurs(150 * time.Millisecond) {
			return true
		}
	}
	return false
}

func allOurs(moment time.Duration) bool {
	var all sync.WaitGroup
	var used atomic.Int64
	began := time.Now()
	for range runtime.NumCPU() {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for time.Since(began) < moment {
			}
			var spent unix.Timespec
			if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &spent) == nil {
				used.Add(spent.Nano())
			}
		})
	}
	all.Wait()
	wanted := time.Duration(runtime.NumCPU()) * time.Since(began)
	return time.Duration(used.Load()) > wanted*85/100
}

func tooBusy(c wire.Claim) bool {
	return c.Verdict == wire.Unknown && strings.Contains(c.Reason, busy)
}

func byChance(c wire.Claim) bool {
	return c.Verdict == wire.Unknown && strings.Contains(c.Reason, chance)
}

// Each lesson of the chapter on the real engine gives the verdicts that it
// expects.
func TestLessonsOnTheRealEngine(t *testing.T) {
	const chapter = 26 // demonstrations
	h := newHouse(t)
	// Those that only the built-in engine can run are in scratch_test.go.
	h.lessons = slices.DeleteFunc(h.lessons, onBuiltinAlone)
	if len(h.lessons) != chapter {
		t.Errorf("there are %d lessons, and must be %d", len(h.lessons), chapter)
	}
	sideBySide(t, h.lessons, func(l demos.Lesson) (string, bool) { return l.Slug, l.Quiet }, func(t *testing.T, lesson demos.Lesson) {
		h.quietRun(t, lesson.Slug, lesson.Quiet, func(c wire.Claim) bool { return c.Verdict == c.Expected && c.Measured != "" })
	})
}

// together is how many runs go on at once, of those that do not disturb each
// other.
const together = 4

// sideBySide tests first those that do not mind company, some at once, and then
// the others one by one, as porthole verify does.
func sideBySide[T any](t *testing.T, all []T, what func(T) (name string, alone bool), test func(*testing.T, T)) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(together)
	for _, one := range all {
		if name, alone := what(one); !alone {
			group.Go(func() error {
				t.Run(name, func(t *testing.T) { test(t, one) })
				return nil
			})
		}
	}
	_ = group.Wait()
	for _, one := range all {
		if name, alone := what(one); alone {
			t.Run(name, func(t *testing.T) { test(t, one) })
		}
	}
}
