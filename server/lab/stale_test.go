package lab

import (
	"testing"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

// A workload's word that its child was killed can be here before the kernel's
// count is read again: the old count must not decide.
func TestAnOlderReadingDoesNotDecide(t *testing.T) {
	lesson := builtin(t, "memory-limit")
	r := world(t, lesson, map[string]*box{
		"file": {}, "over": {}, "roomy": {},
		"child": {counters: holding(gib/4, 0), lived: longAgo},
	})
	child := r.subject("child")
	points := child.line.points
	last := time.UnixMilli(points[len(points)-1].at)
	child.reported(wire.Report{Porthole: wire.ReportFailed, At: last.Add(50 * time.Millisecond).UnixMilli(), Says: "the child was killed"})

	r.judge(last.Add(60 * time.Millisecond))
	if c := r.verdict(t, "kernel-counts-the-kill"); c.Verdict != wire.Pending {
		t.Fatalf("judged on a reading from before the kill: %s, %s", c.Verdict, c.Measured)
	}
	sample := wire.Sample{Containers: map[string]wire.Counters{demos.ContainerName(lesson.Slug, "child"): holding(gib/4, 1)(0)}}
	sample.At = last.Add(100 * time.Millisecond).UnixMilli()
	r.observe(Observation{Sample: &sample})
	r.judge(last.Add(100 * time.Millisecond))
	if c := r.verdict(t, "kernel-counts-the-kill"); c.Verdict != wire.Holds {
		t.Errorf("after the next reading it is %s: %s %s", c.Verdict, c.Measured, c.Reason)
	}
}
