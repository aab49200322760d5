package lab

import (
	"reflect"
	"testing"

	"porthole/demos"
	"porthole/server/wire"
)

// A container of others is no part of a lesson, whatever it is called and says:
// no figure of it comes into what claims are judged on.
func TestNothingIsJudgedOnContainersOfOthers(t *testing.T) {
	lesson := builtin(t, "cpu-limit")
	l := New(Options{Engine: &scriptedEngine{}, Lessons: func() []demos.Lesson { return nil }, Host: healthy, Publish: func(wire.Run) {}})
	r := l.newRun(lesson)
	for _, s := range r.containers {
		s.created("id-of-ours")
	}
	before := r.env(demos.Window{}).Containers
	topology := wire.Topology{Host: wire.TopologyHost{Host: healthy()}}
	counters := map[string]wire.Counters{}
	for _, c := range lesson.Containers {
		name := demos.ContainerName(lesson.Slug, c.Key)
		topology.Containers = append(topology.Containers, wire.Container{
			Foreign: true, Name: name, Key: c.Key, Run: r.id, Lesson: lesson.Slug, State: "running", PID: 7, StartedAt: 1,
		})
		counters[name] = working(1, 0)(longAgo)
	}
	r.observe(Observation{Topology: &topology})
	r.observe(Observation{Sample: &wire.Sample{Header: wire.Header{At: 1000}, Containers: counters}})
	for _, c := range lesson.Containers {
		s := r.subject(c.Key)
		if s.topology != nil || len(s.line.points) > 0 || s.word.there {
			t.Errorf("%s was seen: %+v, %d samples", c.Key, s.topology, len(s.line.points))
		}
		if after := r.env(demos.Window{}).Containers; !reflect.DeepEqual(after[c.Key], before[c.Key]) {
			t.Errorf("the figures of %s were %+v, and are %+v", c.Key, before[c.Key], after[c.Key])
		}
	}
}
