package reader

import (
	"testing"

	"porthole/server/sampler"
	"porthole/server/wire"
)

// Whoever reads the kernel, the arguments of other people's processes are not
// read, and a container of theirs goes when it ends.
func TestContainersOfOthersOnEachWay(t *testing.T) {
	subject := child(t)
	subject.Container.Foreign = true
	for _, mode := range []Mode{Direct, Container, None} {
		s := newScene(t, mode, func(e *engine) { e.subjects = []sampler.Subject{subject} })
		s.run(t)
		s.audience.await(t, "the container", func() bool {
			all := s.audience.topology.Containers
			return len(all) == 1 && all[0].Foreign && (mode == None || all[0].Outside != nil)
		})
		s.audience.mu.Lock()
		c := s.audience.topology.Containers[0]
		s.audience.mu.Unlock()
		if mode != None {
			if got := commandOf(c); got != "sleep" {
				t.Errorf("%s: its process is %q, want its name alone", mode, got)
			}
		}
		ended := subject
		ended.Container.State, ended.Container.PID = "exited", 0
		s.engine.change(func() { s.engine.subjects = []sampler.Subject{ended} })
		s.audience.await(t, "its end", func() bool { return len(s.audience.gone) == 1 && len(s.audience.topology.Containers) == 0 })
	}
}

func commandOf(c wire.Container) string {
	for _, p := range c.Outside.Processes {
		if p.PID == c.PID {
			return p.Command
		}
	}
	return "not among its processes"
}
