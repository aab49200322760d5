package lab_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

// variant is a lesson of the chapter in another form, mostly with its limit
// taken away. It is run on the real engine, and names the claims that then must
// have the verdict that they do not have in the lesson itself.
type variant struct {
	lesson, name string
	// take changes the lesson.
	take func(*demos.Lesson)
	// lost is what does not reach the engine.
	lost loss
	// company is true for one of a quiet lesson where other runs at the same
	// time decide none of the named claims; alone for one of another lesson that
	// would disturb others.
	company, alone bool
	// before, if any, prepares the host and returns what undoes that.
	before func(*testing.T) (after func())
	// fails and holds are the claims, by their IDs.
	fails, holds []string
}

// untruths are lessons that run as they are, while the host is said to be
// another than it is (see otherHost): the claims that compare what the engine
// says of itself with what the kernel has find that out.
var untruths = []variant{
	{lesson: "namespace-ids", fails: []string{"user-as-the-engine", "time-as-the-version"}},
	{lesson: "user-namespace", fails: []string{"uid-as-the-engine", "namespace-as-the-engine", "map-as-the-engine"}},
	{lesson: "mnt-namespace", fails: []string{"root-is-the-drivers"}},
	{lesson: "verify-isolation", fails: []string{"root-is-its-own"}},
}

// otherHost says of a host what is not so.
func otherHost(h *wire.Host) {
	const remaps = "name=userns"
	options := slices.DeleteFunc(slices.Clone(h.Engine.SecurityOptions), func(o string) bool { return o == remaps })
	if len(options) == len(h.Engine.SecurityOptions) {
		options = append(options, remaps)
	}
	h.Engine.SecurityOptions = options
	h.Engine.Version = map[bool]string{true: "20.10.24", false: "29.5.0"}[h.Engine.Version >= "29.5"]
	h.Engine.StorageDriver = map[bool]string{true: "btrfs", false: "overlay2"}[strings.Contains(h.Engine.StorageDriver, "overlay")]
}

// variants are all that are run on the host as it is.
func variants() []variant {
	return slices.Concat(namespaceVariants, cgroupVariants, troubleVariants)
}

// The same lessons with what they show taken away: the claims about it fail, on
// the real engine and with a figure.
func TestLessonsWithoutTheirLimits(t *testing.T) { testVariants(t, variants(), building{}) }

func TestLessonsOnAHostThatIsSaidToBeAnother(t *testing.T) {
	testVariants(t, untruths, building{told: otherHost})
}

func testVariants(t *testing.T, all []variant, b building) {
	b.runs, b.losses = together+1, map[string]loss{}
	lessons := builtins(t)
	slugs := map[string]string{} // by the variant's title
	var changed []demos.Lesson
	for i, v := range all {
		lesson := v.of(t, lessons)
		// The lab runs a lesson once at a time, and several variants of it.
		lesson.Slug = fmt.Sprintf("%s-%d", v.lesson, i+1)
		slugs[v.title()] = lesson.Slug
		changed = append(changed, lesson)
		b.losses[lesson.Slug] = v.lost
	}
	h := newHouseOf(t, b)
	h.lessons = changed
	alone := func(v variant) bool {
		return v.alone || !v.company && slices.ContainsFunc(lessons, func(l demos.Lesson) bool { return l.Slug == v.lesson && l.Quiet })
	}
	sideBySide(t, all, func(v variant) (string, bool) { return v.title(), alone(v) }, func(t *testing.T, v variant) {
		if v.before != nil {
			defer v.before(t)()
		}
		h.quietRun(t, slugs[v.title()], alone(v), func(c wire.Claim) bool {
			want := wire.Holds
			if slices.Contains(v.fails, c.ID) {
				want = wire.Fails
			}
			return c.Verdict == want && c.Measured != ""
		})
	})
}

func (v variant) title() string {
	return strings.TrimSuffix(v.lesson+": "+v.name, ": ")
}

// of is the lesson in the variant's form, with the claims alone that it names:
// the others may wait for what does not come.
func (v variant) of(t *testing.T, lessons []demos.Lesson) demos.Lesson {
	t.Helper()
	at := slices.IndexFunc(lessons, func(l demos.Lesson) bool { return l.Slug == v.lesson })
	if at < 0 {
		t.Fatalf("there is no lesson %s", v.lesson)
	}
	lesson := lessons[at]
	lesson.Containers, lesson.Actions = slices.Clone(lesson.Containers), slices.Clone(lesson.Actions)
	lesson.Claims = slices.DeleteFunc(slices.Clone(lesson.Claims), func(c demos.Claim) bool {
		return !slices.Contains(v.fails, c.ID) && !slices.Contains(v.holds, c.ID)
	})
	if v.take != nil {
		v.take(&lesson)
	}
	return lesson
}

// Helpers to change a lesson with.

func container(l *demos.Lesson, key string) *demos.Container {
	at := slices.IndexFunc(l.Containers, func(c demos.Container) bool { return c.Key == key })
	return &l.Containers[at]
}

// unlimited takes the limits of containers away.
func unlimited(keys ...string) func(*demos.Lesson) {
	return func(l *demos.Lesson) {
		for _, key := range keys {
			container(l, key).Limits = demos.Limits{}
		}
	}
}

// works gives a container other work to do.
func works(l *demos.Lesson, key, workload string) {
	container(l, key).Workload = strings.Fields(workload)
}

// onlyV2 is whether this host has cgroup v2 alone.
func onlyV2() bool {
	_, err := os.Stat("/sys/fs/cgroup/cgroup.controllers")
	return err == nil
}

const second = time.Second
