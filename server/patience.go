//go:build linux

package main

import (
	"slices"
	"time"

	"porthole/demos"
	"porthole/server/engine"
)

// patient gives lessons more time, for a machine on which everything takes
// longer: each claim's longest wait and each run's longest time, times factor.
// What a claim measures, and over which window, stays as it is.
func patient(lessons []demos.Lesson, factor float64) []demos.Lesson {
	if factor <= 1 {
		return lessons
	}
	longer := func(d demos.Duration, most time.Duration) demos.Duration {
		return max(d, demos.Duration(min(time.Duration(float64(d)*factor), most)))
	}
	// The engine's containers end themselves after this and a little.
	const most = engine.MaxTTL - 5*time.Minute
	lessons = slices.Clone(lessons)
	for i := range lessons {
		l := &lessons[i]
		l.Max = longer(l.Max, most)
		l.Claims = slices.Clone(l.Claims)
		for j := range l.Claims {
			l.Claims[j].Within = longer(l.Claims[j].Within, most)
		}
	}
	return lessons
}
