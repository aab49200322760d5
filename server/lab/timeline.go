package lab

import (
	"reflect"
	"time"

	"porthole/server/wire"
)

// timeline keeps one container's samples: all of the last minute, and before
// that one a second, so that the longest run stays small.
type timeline struct {
	points []point
	// latest are the newest counters, the last word on an exited container.
	latest wire.Counters
	// highest are the highest readings ever; highestAtWork those until the
	// workload reported that it was done. Thinning loses no peak this way.
	highest, highestAtWork wire.Counters
	frozen                 bool
	thinAt                 int
}

// point is one sample.
type point struct {
	at       int64 // Unix milliseconds
	counters wire.Counters
}

const (
	detailed = 60 * 1000 // milliseconds that are kept in full
	coarse   = 1000      // milliseconds between older points
	thinning = 256       // points between two thinnings
)

// add takes in a sample; done says that the workload's work is complete.
func (t *timeline) add(at int64, counters wire.Counters, done bool) {
	if n := len(t.points); n > 0 && at <= t.points[n-1].at {
		return
	}
	t.points = append(t.points, point{at, counters})
	t.latest = counters
	raise(&t.highest, counters)
	if !done && !t.frozen {
		raise(&t.highestAtWork, counters)
	}
	if t.thinAt++; t.thinAt >= thinning {
		t.thinAt = 0
		t.thin(at)
	}
}

// freeze: the work is complete.
func (t *timeline) freeze() { t.frozen = true }

// finish takes in the last counters of an exited container.
func (t *timeline) finish(last wire.Counters) {
	if last == (wire.Counters{}) {
		return
	}
	t.latest = last
	raise(&t.highest, last)
	if !t.frozen {
		raise(&t.highestAtWork, last)
	}
}

func (t *timeline) thin(now int64) {
	kept := t.points[:0]
	for _, p := range t.points {
		if n := len(kept); n > 0 && p.at < now-detailed && p.at-kept[n-1].at < coarse {
			continue
		}
		kept = append(kept, p)
	}
	t.points = kept
}

// raise puts the higher of each two counters into highest.
func raise(highest *wire.Counters, counters wire.Counters) {
	to, from := reflect.ValueOf(highest).Elem(), reflect.ValueOf(counters)
	for i := range to.NumField() {
		value, present := from.Field(i).Interface().(wire.Count).Get()
		before, known := to.Field(i).Interface().(wire.Count).Get()
		if present && (!known || value > before) {
			to.Field(i).Set(reflect.ValueOf(wire.Counted(value)))
		}
	}
}

// until are the points up to a moment, in Unix milliseconds.
func (t *timeline) until(at int64) []point {
	for i, p := range t.points {
		if p.at > at {
			return t.points[:i]
		}
	}
	return t.points
}

// last are the points of the last stretch, from the one that stood when it
// began. whole is false where the samples do not go back that far.
func (t *timeline) last(length time.Duration) (points []point, whole bool) {
	if len(t.points) == 0 {
		return nil, false
	}
	begin := t.points[len(t.points)-1].at - length.Milliseconds()
	for i := len(t.points) - 1; i >= 0; i-- {
		if t.points[i].at <= begin {
			return t.points[i:], true
		}
	}
	return t.points, false
}
