package faultstest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"porthole/server/programtest"
	"porthole/server/wire"
)

// numbers are the PID and the links of the lesson's containers.
func numbers(topology wire.Topology) string {
	var found []string
	for _, c := range topology.Containers {
		if c.Lesson != slug {
			continue
		}
		one := fmt.Sprintf("%s %d", c.Name, c.PID)
		for _, n := range c.Namespaces {
			one += fmt.Sprintf(" %s %d", n.Type, n.Inode)
		}
		found = append(found, one)
	}
	slices.Sort(found)
	return fmt.Sprint(found)
}

func bothRun(t wire.Topology) bool  { return programtest.BothRun(t, slug) }
func engineUp(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineUp }

// runsAgain runs the lesson on the new engine, and ends the server.
func (h *host) runsAgain(s *server, before wire.Topology) {
	h.t.Helper()
	id := s.begin()
	again := s.Topology("two new containers", bothRun)
	if numbers(again) == numbers(before) {
		h.t.Errorf("the page still has the old containers: %s", numbers(again))
	}
	s.run(id, "the lesson", held)
	s.stop()
	if left, err := h.ours(true); err != nil || len(left) > 0 {
		h.t.Errorf("on the engine are left %v, %v", left, err)
	}
}

// An engine is upgraded by stopping it and starting another on the same files.
// With live-restore its containers run on meanwhile: the kernel is read all the
// while, the run that cannot steer them is given up, with the reason, and the new
// engine is asked to remove what it left.
func TestRestartedEngineThatKeepsItsContainers(t *testing.T) {
	t.Parallel()
	h := newHost(t, 0, "--live-restore")
	s := h.serve(10 * time.Minute)
	id := s.begin()
	before := s.Topology("two containers", bothRun)
	s.run(id, "the lesson", held)

	h.stop()
	down := s.Topology("that the engine is down", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineDown })
	if numbers(down) != numbers(before) {
		t.Errorf("while the engine is down the page has %s, before %s", numbers(down), numbers(before))
	}
	s.SampleTimes(down, slug, 5)
	s.run(id, "the run is given up", func(r wire.Run) bool {
		return r.State == wire.RunFailed && strings.Contains(r.Problem, "The engine went away")
	})
	s.SampleTimes(down, slug, 5) // they run on, and nobody can remove them

	h.start()
	s.Topology("the engine again, and that nothing is left of the run", func(t wire.Topology) bool {
		return engineUp(t) && numbers(t) == "[]"
	})
	h.none(true)
	h.runsAgain(s, before)
}

// Without live-restore an engine ends its containers with itself: the page says
// so, the run ends and says why, and the next run on the new engine is a whole one.
func TestRestartedEngineThatEndsItsContainers(t *testing.T) {
	t.Parallel()
	h := newHost(t, 0)
	s := h.serve(10 * time.Minute)
	id := s.begin()
	before := s.Topology("two containers", bothRun)

	h.stop()
	s.Topology("that the engine is down", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineDown })
	h.start()
	s.Topology("the engine again, without what it ended", func(t wire.Topology) bool {
		return engineUp(t) && !slices.ContainsFunc(t.Containers, func(c wire.Container) bool { return c.State == "running" })
	})
	// An engine may tell of its containers' ends before its own.
	s.run(id, "the run's end, with the reason", func(r wire.Run) bool {
		return r.EndedAt > 0 && (r.State == wire.RunFailed && strings.Contains(r.Problem, "The engine went away") ||
			r.State == wire.RunStopped && strings.Contains(r.Problem, "Stopped from outside: One and Two."))
	})
	h.runsAgain(s, before)
}
