package main

import (
	"testing"
	"time"

	"porthole/demos"
)

func TestPatienceGivesMoreTimeAndNothingElse(t *testing.T) {
	minutes := func(n int) demos.Duration { return demos.Duration(time.Duration(n) * time.Minute) }
	lesson := demos.Lesson{Slug: "one", Max: minutes(4), Claims: []demos.Claim{{ID: "a", Within: minutes(1)}, {ID: "b", Within: minutes(9)}}}
	given := []demos.Lesson{lesson}
	for _, test := range []struct {
		factor     float64
		most, a, b int
	}{{0, 4, 1, 9}, {1, 4, 1, 9}, {3, 12, 3, 27}, {20, 55, 20, 55}} {
		got := patient(given, test.factor)
		if len(got) != 1 || got[0].Slug != "one" || got[0].Max != minutes(test.most) || got[0].Claims[0].Within != minutes(test.a) || got[0].Claims[1].Within != minutes(test.b) {
			t.Errorf("factor %v: %+v", test.factor, got)
		}
		// The shelf's own stay as they are.
		if given[0].Max != minutes(4) || given[0].Claims[0].Within != minutes(1) {
			t.Fatalf("factor %v changed the lesson itself: %+v", test.factor, given[0])
		}
	}
}
