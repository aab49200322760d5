package lab_test

import (
	"testing"

	"porthole/demos"
	"porthole/server/wire"
	"porthole/server/workload"
)

// The lessons in testdata/plumbing are for no reader: each claim in them takes a
// figure that lessons can look at, on the real engine.
func TestEveryKindOfFigure(t *testing.T) {
	h := newHouse(t)
	lessons, problems := demos.Loader{CheckWorkload: workload.Check}.LoadDir("testdata/plumbing")
	if len(problems) > 0 || len(lessons) == 0 {
		t.Fatal(len(lessons), problems)
	}
	h.lessons = lessons
	for _, lesson := range lessons {
		t.Run(lesson.Slug, func(t *testing.T) {
			for id, claim := range h.judgedRun(t, lesson.Slug) {
				if claim.Verdict != claim.Expected && !(id == "absent" && claim.Verdict == wire.Unknown) {
					t.Errorf("%s is %s, expected %s: %s %s", id, claim.Verdict, claim.Expected, claim.Measured, claim.Reason)
				}
			}
		})
	}
}
