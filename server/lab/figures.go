package lab

import (
	"fmt"
	"reflect"

	"porthole/demos"
	"porthole/server/wire"
)

// counterFacts gives each counter that is present.
func counterFacts(c wire.Counters) demos.CounterFacts {
	var f demos.CounterFacts
	to, from := reflect.ValueOf(&f).Elem(), reflect.ValueOf(c)
	for i := range from.NumField() {
		if value, present := from.Field(i).Interface().(wire.Count).Get(); present {
			to.FieldByName(from.Type().Field(i).Name).Set(reflect.ValueOf(pointer(float64(value))))
		}
	}
	return f
}

// windowFacts are the figures of samples: as they stand, and over the window.
func (s *subject) windowFacts(f *demos.Facts, window demos.Window) {
	if len(s.line.points) == 0 {
		for _, group := range []string{"now", "window", "grown", "highest"} {
			f.Explain(group, "no sample of the container was taken")
		}
	}
	// Said last, so that a nearer reason stands before it.
	defer func() {
		for _, group := range []string{"now", "grown", "highest"} {
			f.Explain(group, "this kernel does not keep the counter, or its file cannot be read")
		}
	}()
	f.Now = counterFacts(s.line.latest)
	var points []point
	switch window.Kind {
	case demos.WindowNow:
		const why = "the claim looks at the reading at the end, and not over a stretch of time"
		f.Explain("window", why)
		f.Explain("grown", why)
		f.Explain("highest", why)
		return
	case demos.WindowRun:
		points = s.line.points
		f.Highest, f.Grown = counterFacts(s.line.highest), counterFacts(s.line.latest)
	case demos.WindowWork:
		points = s.line.points
		if s.done {
			points = s.line.until(s.doneAt)
		}
		f.Highest = counterFacts(s.line.highestAtWork)
		if n := len(points); n > 0 {
			f.Grown = counterFacts(points[n-1].counters)
		}
	case demos.WindowLast:
		last, whole := s.line.last(window.Length)
		if !whole {
			why := fmt.Sprintf("there are not yet samples over %s", window.Length)
			f.Explain("window", why)
			f.Explain("grown", why)
			f.Explain("highest", why)
			return
		}
		points = last
		var highest wire.Counters
		for _, p := range points {
			raise(&highest, p.counters)
		}
		f.Highest = counterFacts(highest)
		f.Grown = grown(points[0].counters, points[len(points)-1].counters)
	}
	f.Window = rates(points)
	f.Explain("window", "fewer than two samples were taken in it")
}

// grown is by how much each counter rose.
func grown(first, last wire.Counters) demos.CounterFacts {
	var f demos.CounterFacts
	to, from, before := reflect.ValueOf(&f).Elem(), reflect.ValueOf(last), reflect.ValueOf(first)
	for i := range from.NumField() {
		late, there := from.Field(i).Interface().(wire.Count).Get()
		early, was := before.Field(i).Interface().(wire.Count).Get()
		if there && was {
			to.FieldByName(from.Type().Field(i).Name).Set(reflect.ValueOf(pointer(float64(late) - float64(early))))
		}
	}
	return f
}

// rates are the figures of a stretch of samples.
func rates(points []point) demos.WindowFacts {
	var f demos.WindowFacts
	f.Samples = pointer(float64(len(points)))
	if len(points) < 2 {
		return f
	}
	first, last := points[0], points[len(points)-1]
	f.Seconds = pointer(float64(last.at-first.at) / 1000)
	f.CPUCores = perSecond(first, last, 1e6, func(c wire.Counters) wire.Count { return c.CPUUsageUsec })
	f.WriteBytesPerSecond = perSecond(first, last, 1, func(c wire.Counters) wire.Count { return c.IOWriteBytes })
	f.ReadBytesPerSecond = perSecond(first, last, 1, func(c wire.Counters) wire.Count { return c.IOReadBytes })
	begin := 0
	for end := range points {
		for begin < end && points[end].at-points[begin+1].at >= 1000 {
			begin++ // the shortest stretch of a second or more
		}
		if points[end].at-points[begin].at < 1000 {
			continue
		}
		cores := perSecond(points[begin], points[end], 1e6, func(c wire.Counters) wire.Count { return c.CPUUsageUsec })
		if cores != nil && (f.CPUCoresHighest == nil || *cores > *f.CPUCoresHighest) {
			f.CPUCoresHighest = cores
		}
	}
	growth := grown(first.counters, last.counters)
	if growth.CPUPeriods != nil && growth.CPUThrottledPeriods != nil {
		// Without a limit no periods are counted, and in none it was held back.
		f.ThrottledShare = pointer(*growth.CPUThrottledPeriods / max(1, *growth.CPUPeriods))
	}
	return f
}

// perSecond is a counter's mean growth each second, in parts of unit.
func perSecond(first, last point, unit float64, counter func(wire.Counters) wire.Count) *float64 {
	late, there := counter(last.counters).Get()
	early, was := counter(first.counters).Get()
	if !there || !was || last.at <= first.at {
		return nil
	}
	return pointer((float64(late) - float64(early)) / unit / (float64(last.at-first.at) / 1000))
}
