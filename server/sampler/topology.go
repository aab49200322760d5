package sampler

import (
	"reflect"
	"slices"
	"time"

	"porthole/server/kernel/namespace"
	"porthole/server/kernel/process"
	"porthole/server/wire"
)

// refresh takes the engine's list, opens who came, says goodbye to who went,
// reads the slow facts again, and publishes the topology if it changed.
// Namespaces are read of all containers, or else of those whose turn it is.
func (s *Sampler) refresh(now time.Time, all bool) {
	engine := s.Engine.State()
	here := map[string]bool{}
	// What is said of them last comes after the topology with how they ended.
	var leaving []*subject
	for _, one := range s.Engine.Subjects() {
		k := key(one.Container)
		known := s.subjects[k]
		if one.Container.Foreign && !alive(one.Container) {
			// It goes when it ends, whether its owner removes it or not.
			if known != nil {
				known.exitCode, known.oomKilled = one.ExitCode, one.OOMKilled
			}
			continue
		}
		here[k] = true
		// One that is made step by step was known before it had a process.
		if known == nil || known.waitsForFiles() || halfMade(one.Container) && alive(one.Container) && known.neverRan() {
			s.subjects[k] = s.open(one)
			continue
		}
		wasAlive := alive(known.container)
		if !reflect.DeepEqual(known.container, one.Container) {
			known.described = time.Time{} // an update, say: look at once
		}
		known.container, known.exitCode, known.oomKilled = one.Container, one.ExitCode, one.OOMKilled
		if wasAlive && !alive(one.Container) {
			leaving = append(leaving, known)
			known.close()
		}
	}
	for k, sub := range s.subjects {
		if !here[k] && halfMade(sub.container) && s.madeSince(sub.container.ID) {
			sub.close() // it goes on under the key that has its start
			delete(s.subjects, k)
			continue
		}
		// While the engine is away its list is old: only the kernel can say
		// that a container has gone.
		if !here[k] && (engine.State == wire.EngineUp || !sub.endedAt.IsZero()) {
			leaving = append(leaving, sub)
			sub.close()
			delete(s.subjects, k)
		}
	}
	s.publishTopology(now, engine, all)
	for _, sub := range leaving {
		s.sayGone(sub)
	}
}

// madeSince reports whether a container that was half made has been started.
func (s *Sampler) madeSince(id string) bool {
	for _, sub := range s.subjects {
		if sub.container.ID == id && !halfMade(sub.container) {
			return true
		}
	}
	return false
}

// patience is how long the engine may take to say how a container ended
// whose kernel files are gone already.
const patience = 3 * time.Second

// endTheGone says goodbye to containers of which the engine says nothing.
func (s *Sampler) endTheGone(now time.Time) {
	for _, sub := range s.subjects {
		if !sub.endedAt.IsZero() && now.Sub(sub.endedAt) > patience {
			s.sayGone(sub)
		}
	}
}

func (s *Sampler) sayGone(sub *subject) {
	// One that was never seen alive has no last counters to tell.
	if sub.said || sub.neverRan() {
		return
	}
	sub.said = true
	gone := wire.Gone{
		Header: wire.Header{Type: wire.TypeGone, At: s.Now().UnixMilli()},
		Name:   sub.container.Name, ID: sub.container.ID,
		Lesson: sub.container.Lesson, Run: sub.container.Run,
		ExitCode: sub.exitCode, OOMKilled: sub.oomKilled,
		Last: sub.last,
	}
	s.Publisher.Gone(gone)
	s.Watchers.Tell(Observation{Gone: &gone})
}

func (s *Sampler) publishTopology(now time.Time, engine wire.Engine, all bool) {
	subjects := s.inOrder()
	due := dueOf(subjects)
	host := s.namespaces.Initial()
	var running []*subject
	var members []namespace.Member
	for _, sub := range subjects {
		if alive(sub.container) {
			if all || slices.Contains(due, sub) {
				sub.links = s.namespaces.Process(sub.container.PID, sub.identity.StartTime)
			}
			if sub.links.Exited() && !slices.Contains(due, sub) {
				due = append(due, sub) // what was read of it holds no more
			}
			running = append(running, sub)
			members = append(members, namespace.Member{Name: sub.container.Name, Links: sub.links})
		}
	}
	hosts, related := namespace.Relate(host, members)

	topology := wire.Topology{
		Header: wire.Header{Type: wire.TypeTopology},
		Host:   wire.TopologyHost{Host: s.host, Namespaces: hosts, CgroupFiles: s.limitFiles, CounterFiles: s.counterFiles},
		// A page with no containers gets [], not null.
		Containers: []wire.Container{},
	}
	topology.Host.Engine = engine
	if s.Reader != nil {
		topology.Host.Reader = s.Reader()
	}
	if s.KernelLog != nil {
		topology.Host.KernelLogReason = s.KernelLog.Reason()
	} else {
		topology.Host.KernelLogReason = "the kernel's log is not followed"
	}
	if s.Images != nil {
		topology.Images = s.Images()
	}
	s.describeAll(due, now)
	namespaces := map[*subject][]wire.Namespace{}
	for i, sub := range running {
		namespaces[sub] = related[i]
	}
	for _, sub := range subjects {
		c := sub.container
		c.Namespaces = namespaces[sub]
		if c.Namespaces == nil {
			c.Namespaces = []wire.Namespace{}
		}
		if s.Inside != nil && !c.Foreign {
			c.Inside = s.Inside(c.Name)
		}
		if alive(c) {
			c.Limits, c.Security, c.Outside = sub.facts.limits, sub.facts.security, sub.facts.outside
		}
		// The engine keeps an exited container's files until it is removed.
		c.Layers = sub.facts.layers
		if s.KernelLog != nil {
			c.KernelLog = s.KernelLog.Lines(c.ID)
		}
		topology.Containers = append(topology.Containers, c)
	}

	s.mu.Lock()
	clear(s.readers)
	for _, sub := range subjects {
		s.readers[sub.container.Name] = sub
	}
	before := s.topology
	topology.Seq, topology.At = before.Seq, before.At
	if before.Seq > 0 && reflect.DeepEqual(before, topology) {
		s.mu.Unlock()
		return
	}
	topology.Seq, topology.At = before.Seq+1, s.Now().UnixMilli()
	s.topology = topology
	s.mu.Unlock()
	s.Publisher.Topology(topology)
	s.Watchers.Tell(Observation{Topology: &topology})
}

// perLook is how many containers' slow facts are read again in one look. The
// others wait for their turn, so that the cost of a look does not grow with
// the number of containers; as many as the drawing of the book has.
const perLook = 3

// othersPerLook is the same for containers of others, which so take no turn
// from a lesson's.
const othersPerLook = 1

// dueOf are the containers whose slow facts are to be read now: those that need
// it at once, and a few others, the longest unread first.
func dueOf(subjects []*subject) []*subject {
	// The exited have nothing to read again, and must not keep the others waiting.
	turn := slices.DeleteFunc(slices.Clone(subjects), func(sub *subject) bool { return !alive(sub.container) })
	slices.SortStableFunc(turn, func(a, b *subject) int { return a.described.Compare(b.described) })
	left := map[bool]int{false: perLook, true: othersPerLook}
	var due []*subject
	for _, sub := range turn {
		foreign := sub.container.Foreign
		if left[foreign] > 0 || sub.described.IsZero() || sub.hasEnded() {
			due = append(due, sub)
		}
		left[foreign]--
	}
	return due
}

// describeAll reads the slow facts of those that are due.
func (s *Sampler) describeAll(due []*subject, now time.Time) {
	processes := s.processes.Round()
	for _, sub := range due {
		s.describe(sub, processes)
		sub.described = now
	}
}

// describe reads what seldom changes: limits, rights, processes, interfaces.
func (s *Sampler) describe(sub *subject, processes process.FS) {
	pid := sub.container.PID
	facts := slowFacts{limits: sub.container.Limits}
	if processes.Check(sub.identity) == nil {
		facts.limits = sub.limits(sub.container.Limits)
		look := processes
		if sub.container.Foreign {
			look = processes.NamesOnly()
		}
		pids, listed := sub.pids()
		if !listed {
			pids = processes.Family(pid)
		}
		if view, security, err := look.Describe(pid, pids); err == nil {
			facts.security, facts.outside = &security, sub.outside(view, s.touched(sub, processes))
			if sub.facts.outside != nil && look.Exiting(pid) {
				// What is left of it tells less than what was seen before.
				facts.outside, facts.security = sub.facts.outside, sub.facts.security
			}
		}
		if sub.layers != nil {
			facts.layers = sub.layers.Read()
		}
		// Its PID may have been used again while they were read.
		if processes.Check(sub.identity) != nil {
			facts = slowFacts{limits: sub.container.Limits}
		}
	}
	if facts.layers == nil {
		facts.layers = sub.facts.layers // the last that was seen of them
	}
	sub.facts = facts
}

// touched are the files that the container says it has touched, as the host
// has them.
func (s *Sampler) touched(sub *subject, processes process.FS) []wire.File {
	if s.Inside == nil || sub.container.Foreign {
		return nil
	}
	inside := s.Inside(sub.container.Name)
	if inside == nil {
		return nil
	}
	return processes.Files(sub.container.PID, inside.Files)
}

// outside completes a view. The processor on which a process last ran changes
// all the time: alone, that makes no new view, and no new topology.
func (sub *subject) outside(view wire.View, files []wire.File) *wire.View {
	view.Files = files
	for _, p := range view.Processes {
		if p.LastCPU != nil && !slices.Contains(sub.used, *p.LastCPU) {
			// A new list: the old one has been published.
			sub.used = slices.Sorted(slices.Values(append(slices.Clone(sub.used), *p.LastCPU)))
		}
	}
	view.Processors = sub.used
	if before := sub.facts.outside; before != nil {
		still := view
		still.Processes = slices.Clone(view.Processes)
		if len(before.Processes) == len(still.Processes) {
			for i := range still.Processes {
				still.Processes[i].LastCPU = before.Processes[i].LastCPU
			}
		}
		if reflect.DeepEqual(still, *before) {
			return before
		}
	}
	return &view
}
