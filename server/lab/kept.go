package lab

import (
	"cmp"
	"slices"

	"porthole/server/wire"
)

const (
	// keptApart is the least distance of two samples that are kept of a run,
	// and keptFor how much of its end is, both in milliseconds.
	keptApart = 250
	keptFor   = 60 * 1000
)

// ends counts the ends of containers, and those of which nothing more is to
// be expected: when it rises, there is something new to keep.
func (r *run) ends() int {
	count := 0
	for _, c := range r.containers {
		if !c.exitSeen.IsZero() {
			count++
		}
		if c.final {
			count++
		}
	}
	return count
}

// keep puts by what is known of the containers now, for those who come when
// they are gone.
func (r *run) keep() {
	seen := &wire.Seen{Containers: []wire.SeenContainer{}}
	for _, c := range r.containers {
		if c.topology == nil {
			continue // never seen alive
		}
		seen.Containers = append(seen.Containers, wire.SeenContainer{At: c.seenAt, Container: c.lastWord(), Last: c.line.latest})
		if image := c.word.image; image != nil && !slices.ContainsFunc(seen.Images, func(other wire.Image) bool { return other.Name == image.Name }) {
			seen.Images = append(seen.Images, *image)
		}
	}
	seen.Samples = r.past()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = seen
}

// lastWord is the container as it was when it was last seen alive, with what
// its own report, the engine and the kernel's log have said of it.
func (s *subject) lastWord() wire.Container {
	c := *s.topology
	c.Inside = cmp.Or(s.view, c.Inside)
	c.Security = cmp.Or(c.Security, s.security)
	c.OOMKilled = cmp.Or(s.oomKilled, s.word.oomKilled, c.OOMKilled)
	if s.word.there {
		c.Events, c.KernelLog = s.word.events, s.word.kernelLog
	}
	if !s.exitSeen.IsZero() {
		c.State = "exited"
	}
	return c
}

// past are the samples of the run's last minute, thinned.
func (r *run) past() []wire.Sample {
	var last int64
	at := map[int64]wire.Sample{}
	for _, c := range r.containers {
		before := int64(0)
		for i, p := range c.line.points {
			// The last one is the end of the curve.
			if p.at-before < keptApart && i < len(c.line.points)-1 {
				continue
			}
			before = p.at
			sample, there := at[p.at]
			if !there {
				sample = wire.Sample{Header: wire.Header{Type: wire.TypeSample, At: p.at}, Containers: map[string]wire.Counters{}}
				at[p.at] = sample
			}
			sample.Containers[c.name] = p.counters
			last = max(last, p.at)
		}
	}
	var samples []wire.Sample
	for when, sample := range at {
		if when >= last-keptFor {
			samples = append(samples, sample)
		}
	}
	slices.SortFunc(samples, func(a, b wire.Sample) int { return cmp.Compare(a.At, b.At) })
	return samples
}

// whole is the run as it stands, with what was kept of it.
func (r *run) whole() wire.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	whole := r.latest
	whole.Seen = r.kept
	return whole
}
