package lab_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"porthole/server/wire"
)

// madeUpAlone are the verdicts that no real engine shows here, each with the
// reason. They are seen on made-up timelines (claims_test.go and its
// neighbours), or by the lesson itself on hosts of another kind.
var madeUpAlone = map[string]string{
	"container-vs-vm/same-kernel fails":             "every container is on the host's kernel, and nothing that can be taken away gives it another",
	"mnt-namespace/tables-are-apart fails":          "the engine has no flag with which two containers, or one and the host, share a mount namespace",
	"user-namespace/root-is-unprivileged holds":     "it takes an engine that remaps users or runs without root; there the lesson itself holds",
	"image-layers/image-has-layers fails":           "all lessons run the one workload image, and it has three layers",
	"cgroup-files/book-path fails":                  "where the folder is, the engine and the kernel choose: elsewhere than here the lesson itself fails",
	"cgroup-files/book-path holds":                  "where the folder is, the engine and the kernel choose: on cgroup v1 with cgroupfs the lesson itself holds",
	"cgroup-files/book-command holds":               "every engine names the folder by the whole ID",
	"cgroup-files/cpu-shares holds":                 "under cgroup v2 no file holds shares; under v1 the lesson itself holds",
	"cpu-shares/kept-as-asked holds":                "under cgroup v2 no file holds shares; under v1 the lesson itself holds",
	"cpu-shares/four-times holds":                   "a newer runtime under cgroup v2 converts 1024 and 256 to less than that; with any other the lesson itself holds",
	"container-from-scratch/root-until-pivot fails": "without pivot_root the program of the image is not there to be started, and nothing runs",
	"container-from-scratch/program-last fails":     "which program stands for the image's, the engine and not the lesson chooses",
	"container-from-scratch/quick fails":            "the time in which nobody asks does not count, and nothing else makes a step slow",
	"oom-killer/child-flag holds":                   "engines before 23 never set the flag while the container runs; with later ones the lesson itself holds",
}

// Each claim of each lesson is seen to hold and to fail: by the lesson itself
// (TestLessonsOnTheRealEngine), by a variant of it on the real engine, or, with a
// reason, on a made-up timeline alone.
func TestEachClaimIsSeenToHoldAndToFail(t *testing.T) {
	shown := map[string][]string{} // where, by "lesson/claim verdict"
	for _, v := range variants() {
		noteSeen(shown, v, v.title())
	}
	for _, v := range untruths {
		noteSeen(shown, v, v.title()+": on a host that is said to be another")
	}
	for _, v := range scratchVariants {
		noteSeen(shown, v, v.title()+": on the built-in engine")
	}
	titles := map[string]bool{}
	for _, v := range variants() {
		if titles[v.title()] {
			t.Errorf("there are two variants %q", v.title())
		}
		titles[v.title()] = true
	}
	h := newHouse(t)
	expected := map[string]wire.Verdict{} // of the lesson itself, on this host
	for _, lesson := range h.lab.Catalogue() {
		for _, claim := range lesson.Claims {
			expected[lesson.Slug+"/"+claim.ID] = claim.Expected
		}
	}
	known := map[string]bool{}
	real, alone := 0, 0
	for _, lesson := range h.lessons {
		for i := range lesson.Claims {
			claim := &lesson.Claims[i]
			for _, verdict := range []wire.Verdict{wire.Holds, wire.Fails} {
				depends := !slices.Contains([]string{"", "holds", "fails"}, claim.Expect)
				key := fmt.Sprintf("%s/%s %s", lesson.Slug, claim.ID, verdict)
				known[key] = true
				where := shown[key]
				if expected[lesson.Slug+"/"+claim.ID] == verdict {
					where = append([]string{"the lesson itself"}, where...)
				}
				reason, excepted := madeUpAlone[key]
				switch {
				case len(where) == 0 && !excepted:
					t.Errorf("%s: no variant shows it on the real engine, and no reason says why not", key)
				case len(where) > 0 && excepted && !depends:
					t.Errorf("%s: %s shows it, so it needs no reason why not", key, where[0])
				case len(where) == 0:
					alone++
					t.Logf("%s: on a made-up timeline, since %s", key, reason)
				default:
					real++
					t.Logf("%s: %s", key, strings.Join(where, "; "))
				}
			}
		}
	}
	t.Logf("%d verdicts are seen on the real engine of this host, %d are not", real, alone)
	for key, reason := range madeUpAlone {
		if !known[key] || len(reason) < 20 {
			t.Errorf("%q is no claim with a verdict, or has no reason", key)
		}
	}
	for key, where := range shown {
		if !known[key] {
			t.Errorf("%s names %q, which is no claim with a verdict", where[0], key)
		}
	}
}

func noteSeen(shown map[string][]string, v variant, where string) {
	for verdict, ids := range map[wire.Verdict][]string{wire.Fails: v.fails, wire.Holds: v.holds} {
		for _, id := range slices.Compact(ids) {
			key := fmt.Sprintf("%s/%s %s", v.lesson, id, verdict)
			shown[key] = append(shown[key], where)
		}
	}
}
