package lab

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

// subject is one container of a run, with all that is known of it.
type subject struct {
	spec  *demos.Container
	gates *gates
	// asked are the limits asked for so far.
	asked demos.Limits
	name  string
	id    string

	state                 string // as wire.RunContainer has it
	startedAt, finishedAt time.Time
	createdIn             time.Duration // that the engine took to create it
	startAsked            time.Time     // when the engine was asked to start it
	making                bool          // its start waits for its steps to be asked for
	firstWord             int64         // of its workload, Unix milliseconds
	exitCode              *int
	oomKilled             *bool
	exitSeen              time.Time // when the engine said that it had exited
	gone                  bool      // the kernel readers have said their last word
	final                 bool      // exited, and nothing more is to be expected
	// interfered says how somebody else ended it, for example "was stopped
	// from outside (exit 137)"; empty where nobody did.
	interfered string
	cutOff     bool      // the engine went away while it ran
	backAt     time.Time // when that engine answered again
	lost       bool      // the engine ended it on its way back

	says         string
	view         *wire.View
	security     *wire.Security // by its own report, where the host's is absent
	result       *wire.Result
	done, failed bool
	doneAt       int64 // Unix milliseconds, by its own report

	steps    []wire.MakingStep // of its making, where that is step by step
	topology *wire.Container   // the latest in which it was alive
	seenAt   int64             // when it was last seen alive, Unix milliseconds
	// word is what the latest topology says of it beside that, dead or alive.
	word word
	line timeline
}

// word is what is said of a container by others than its own processes.
type word struct {
	there     bool
	events    []wire.Event
	kernelLog []wire.KernelLine
	// mute says why the kernel's log cannot be read.
	mute      string
	oomKilled *bool
	image     *wire.Image
}

// complete reports whether the engine's events are in to the end, for a
// container that has exited: die comes a moment after the exit is to be seen.
// Where none were seen at all, none are waited for.
func (w word) complete() bool {
	return len(w.events) == 0 || slices.ContainsFunc(w.events, func(e wire.Event) bool { return e.What == "die" })
}

func newSubject(spec *demos.Container, slug string) *subject {
	return &subject{spec: spec, gates: newGates(), asked: spec.Limits, name: demos.ContainerName(slug, spec.Key), state: "waiting"}
}

func (s *subject) created(id string) { s.id, s.state = id, "created" }

func (s *subject) started(at time.Time) {
	if s.state == "created" {
		s.state, s.startedAt, s.making = "running", at, false
	}
}

// held reports whether its making waits for somebody to ask for the next step.
func (s *subject) held() bool { return s.state == "created" && s.making }

func (s *subject) running() bool { return s.state == "running" }

// over reports whether it has exited and nothing more is to be expected.
func (s *subject) over() bool { return s.final }

// stopped reports whether somebody else ended it, who may have been the engine on
// its way out: by itself one without work to do never ends.
func (s *subject) stopped() bool {
	return s.interfered != "" || s.final && s.exitCode != nil && *s.exitCode == 0 && !s.done && !s.failed
}

// inspected takes the engine's word on a container that was started.
func (s *subject) inspected(i Inspection) {
	if i.Name != "" {
		s.name = i.Name
	}
	if !i.StartedAt.IsZero() {
		s.startedAt = i.StartedAt
	}
}

// reported takes in a report of its workload.
func (s *subject) reported(report wire.Report) {
	s.says = cmp.Or(report.Says, s.says)
	s.firstWord = cmp.Or(s.firstWord, report.At)
	if report.View != nil {
		s.view = report.View
	}
	if report.Security != nil {
		s.security = report.Security
	}
	if report.Result != nil {
		s.result = report.Result
	}
	switch report.Porthole {
	case wire.ReportDone:
		s.done, s.doneAt = true, report.At
		s.line.freeze()
	case wire.ReportFailed:
		s.failed = true
	}
}

// seen takes in what the topology says of it. As a container dies, more and
// more of the kernel's word on it is missing: the last that was there is kept.
func (s *subject) seen(c *wire.Container, at int64) {
	s.name = c.Name
	if len(c.Namespaces) == 0 {
		return
	}
	s.seenAt = max(s.seenAt, at)
	now := *c
	if before := s.topology; before != nil && before.StartedAt == now.StartedAt {
		now.PID = cmp.Or(now.PID, before.PID)
		now.Security = cmp.Or(now.Security, before.Security)
		now.Outside = cmp.Or(now.Outside, before.Outside)
		now.Layers = cmp.Or(now.Layers, before.Layers)
		now.Namespaces = slices.Clone(now.Namespaces)
		for i, link := range now.Namespaces {
			if link.Inode == 0 && i < len(before.Namespaces) && before.Namespaces[i].Type == link.Type {
				now.Namespaces[i] = before.Namespaces[i]
			}
		}
		for _, limit := range []struct {
			now    **wire.Limit
			before *wire.Limit
		}{
			{&now.Limits.CPU, before.Limits.CPU}, {&now.Limits.CPUWeight, before.Limits.CPUWeight},
			{&now.Limits.CPUSet, before.Limits.CPUSet}, {&now.Limits.Memory, before.Limits.Memory},
			{&now.Limits.MemorySwap, before.Limits.MemorySwap}, {&now.Limits.MemoryReservation, before.Limits.MemoryReservation},
			{&now.Limits.Pids, before.Limits.Pids}, {&now.Limits.IO, before.Limits.IO},
		} {
			// Without a text, the file was not read.
			if limit.before != nil && (*limit.now == nil || (*limit.now).Raw == "") {
				*limit.now = limit.before
			}
		}
	}
	s.topology = &now
}

// sampled takes in its counters at one moment, as the steady clock and as the
// machine's tells it: the start is told by the machine's as it was then.
func (s *subject) sampled(at, machine int64, counters wire.Counters) {
	// The name may be that of a container of an earlier run, still there.
	if s.startedAt.IsZero() || max(at, machine) < s.startedAt.UnixMilli() || s.final {
		return
	}
	s.seenAt = max(s.seenAt, at)
	s.line.add(at, counters, s.done)
}

// goneWith takes in the kernel readers' last word.
func (s *subject) goneWith(gone *wire.Gone) {
	s.gone = true
	s.line.finish(gone.Last)
}

// exited takes in the engine's word on how it ended.
func (s *subject) exited(i Inspection, now time.Time) {
	s.inspected(i)
	s.state, s.finishedAt, s.exitSeen = "exited", i.FinishedAt, now
	s.exitCode, s.oomKilled = &i.ExitCode, &i.OOMKilled
}

// vanished: the engine does not know it any more, though we did not remove it.
func (s *subject) vanished(now time.Time) {
	s.state, s.exitSeen, s.gone = "removed", now, true
	s.interfered = "was removed from outside"
}

// engineTurned notes that the engine has gone away, or is back.
func (s *subject) engineTurned(away bool, now time.Time) {
	if away {
		s.cutOff = s.state == "running" && s.exitSeen.IsZero()
	} else if s.cutOff {
		s.backAt = now
	}
}

// tick decides what only the passing of time decides: when an exited
// container's last counters are in, and what they say of its end.
func (s *subject) tick(now time.Time) {
	if s.final || s.exitSeen.IsZero() || !s.gone && now.Sub(s.exitSeen) < farewell {
		return
	}
	if s.exitCode != nil && !s.word.complete() && now.Sub(s.exitSeen) < lastEvent {
		return
	}
	s.final = true
	if s.exitCode == nil {
		return
	}
	kills, _ := s.line.latest.OOMKills.Get()
	killed := kills > 0 || *s.oomKilled
	// An engine that comes back ends what it finds running before it answers. The
	// exit code does not tell: 0 where the process ends when it is asked to.
	s.lost = s.cutOff && !s.finishedAt.After(s.backAt) && !s.done && !s.failed && !killed
	if s.lost || s.spec.MayBeKilled {
		return
	}
	switch *s.exitCode {
	case 128 + 2, 128 + 9, 128 + 15: // SIGINT, SIGKILL, SIGTERM
		if !killed {
			s.interfered = fmt.Sprintf("was stopped from outside (exit %d, and the kernel counts no kill for want of memory)", *s.exitCode)
		}
	}
}

// removed: the run is over, and its containers with it.
func (s *subject) removed(really bool) {
	if really && s.state != "waiting" {
		s.state = "removed"
	}
}

func (s *subject) message(lesson demos.Lesson, image, disk string) wire.RunContainer {
	return wire.RunContainer{
		Key: s.spec.Key, Name: s.name, Title: s.spec.Title, State: s.state, ExitCode: s.exitCode,
		Says: s.says, Command: demos.WithDisk(s.spec.Command(lesson, image), disk),
		CreatedInUsec: micros(s.createdIn), StartedInUsec: micros(s.startedIn()),
	}
}

// startedIn is how long the engine took to create it and to start it, up to
// its first word; 0 where it has not said one.
func (s *subject) startedIn() time.Duration {
	if s.firstWord == 0 || s.startAsked.IsZero() || s.createdIn == 0 {
		return 0
	}
	return s.createdIn + max(0, time.UnixMilli(s.firstWord).Sub(s.startAsked))
}

func micros(length time.Duration) wire.Count {
	if length <= 0 {
		return wire.Count{}
	}
	return wire.Counted(uint64(length.Microseconds()))
}
