package lab

import (
	"testing"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

func TestSteadyClock(t *testing.T) {
	const hour = 3600 * 1000
	start := time.Now()
	var clock steadyClock
	for i, step := range []struct{ after, at, want int64 }{
		{0, 1000, 1000},
		{100, 1100, 1100},
		{200, 1200 + hour, 1200},           // set forward
		{300, 1300 + hour, 1300},           //
		{400, 1400 - hour, 1400},           // and back, past where it was
		{500, 1500 - hour, 1500},           //
		{9000, 1600 - hour, 1600},          // taken late, with those that waited
		{9000, 1700 - hour, 1700},          //
		{9100, 10100 - hour, 10100},        //
		{40000, 41000 - hour, 41000},       // nobody sampled for a while
		{40100, 41100 - hour, 41100},       //
		{40200, 43200 - hour, 43200},       // a little ahead: a late timer, not the clock
		{40300, 43200 - hour, 43200},       // the same again
		{40400, 42200 - hour, 43200 + 100}, // set back by a second
	} {
		if got := clock.sample(step.at, start.Add(time.Duration(step.after)*time.Millisecond)); got != step.want {
			t.Errorf("step %d is told as %d, want %d", i, got, step.want)
		}
	}
}

// The clock is set forward by an hour and then back by two while a container
// works: each sample counts, rates stay what they were, and its end is its end.
func TestClockThatIsSetWhileALessonRuns(t *testing.T) {
	r := &run{}
	s := &subject{name: "a", spec: &demos.Container{}, startedAt: time.UnixMilli(1_000_000_000_000)}
	r.containers = []*subject{s}
	began := time.Now()
	wall := s.startedAt.UnixMilli()
	const samples = 300
	for i := range int64(samples) {
		switch i {
		case 100:
			wall += 3600 * 1000
		case 200:
			wall -= 2 * 3600 * 1000
		}
		sample := wire.Sample{Header: wire.Header{At: wall + i*100}, Containers: map[string]wire.Counters{"a": {CPUUsageUsec: wire.Counted(uint64(i) * 50_000)}}}
		r.observed(Observation{Sample: &sample}, began.Add(time.Duration(i)*100*time.Millisecond))
	}
	points := s.line.points
	if len(points) != samples {
		t.Fatalf("%d samples of %d count", len(points), samples)
	}
	for i, p := range points[1:] {
		if passed := p.at - points[i].at; passed != 100 {
			t.Errorf("between samples %d and %d there are %d ms, want 100", i, i+1, passed)
		}
	}
	// Its workload's word comes by the clock as it is now.
	s.reported(wire.Report{Porthole: wire.ReportDone, At: r.clock.tell(wall + samples*100)})
	if got, want := s.doneAt, points[samples-1].at+100; got != want {
		t.Errorf("its work was done at %d, want %d, right after the last sample", got, want)
	}
}
