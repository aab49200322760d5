package sampler

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"porthole/server/kernel/cgroup"
	"porthole/server/kernel/layer"
	"porthole/server/kernel/namespace"
	"porthole/server/kernel/process"
	"porthole/server/wire"
)

// subject is a container with its open kernel files.
type subject struct {
	container wire.Container
	exitCode  *int
	oomKilled *bool
	said      bool // the last word about it is out
	facts     slowFacts
	links     namespace.Links
	layers    *layer.Reader
	used      []int     // processors on which its processes were seen
	described time.Time // when facts were read; zero: they are to be read at once

	mu       sync.Mutex // Source reads from other goroutines
	identity process.Identity
	reader   *cgroup.Reader
	trouble  error // why there is no reader
	last     wire.Counters
	endedAt  time.Time // when the kernel's files were found gone
}

// slowFacts are what seldom changes and costs more to read than a sample.
type slowFacts struct {
	limits   wire.Limits
	security *wire.Security
	outside  *wire.View
	layers   *wire.Layers
}

// key tells containers apart over time: names, PIDs and inodes are all used
// again, an ID with its start is not.
func key(c wire.Container) string { return fmt.Sprintf("%s %d", c.ID, c.StartedAt) }

// alive reports whether a container has processes, be they paused or half made.
func alive(c wire.Container) bool {
	return c.PID != 0 && (c.State == "running" || c.State == "paused" || halfMade(c))
}

// halfMade reports whether a container waits for the next step of its making.
func halfMade(c wire.Container) bool { return c.State == "created" && len(c.Steps) > 0 }

// noGroup is the trouble with a half-made container: what its process uses is
// still counted with the server's own.
var noGroup = errors.New("the process is not in a control group of its own yet")

// compareContainers keeps the containers of a run together, in the order that
// the lesson gives them. Those of others come last.
func compareContainers(a, b wire.Container) int {
	if a.Foreign != b.Foreign {
		if a.Foreign {
			return 1
		}
		return -1
	}
	return cmp.Or(
		cmp.Compare(a.Run, b.Run),
		cmp.Compare(a.Order, b.Order),
		cmp.Compare(a.StartedAt, b.StartedAt),
		cmp.Compare(a.Name, b.Name),
	)
}

// open finds the container's kernel files. A container that cannot be read is
// still a subject: the drawing says why it has no numbers.
func (s *Sampler) open(one Subject) *subject {
	sub := &subject{container: one.Container, exitCode: one.ExitCode, oomKilled: one.OOMKilled}
	if !alive(one.Container) {
		return sub
	}
	identity, err := s.processes.Identity(one.Container.PID)
	if err != nil {
		sub.trouble = err
		return sub
	}
	sub.identity = identity
	if !one.Container.Foreign { // which files others have written is theirs
		sub.layers = s.layers.Open(identity.PID)
	}
	if s.cgroupErr != nil {
		sub.trouble = s.cgroupErr
		return sub
	}
	if halfMade(one.Container) && !one.Container.Made("cgroup") {
		sub.trouble = noGroup
		return sub
	}
	sub.reader, sub.trouble = s.cgroups.Open(one.Container.PID)
	if sub.trouble == nil {
		// The PID may have been used again while its cgroup was being found.
		if err := s.processes.Check(identity); err != nil {
			sub.reader.Close()
			sub.reader, sub.trouble = nil, err
		}
	}
	return sub
}

// waitsForFiles reports whether a living container's files could not be opened
// when it was last tried: it may just have been starting.
func (sub *subject) waitsForFiles() bool {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	return alive(sub.container) && sub.reader == nil && sub.trouble != nil && sub.endedAt.IsZero() && !sub.said
}

// hasEnded reports whether its kernel files were found gone.
func (sub *subject) hasEnded() bool {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	return !sub.endedAt.IsZero()
}

// read refreshes the counters; false where there are none to show.
func (sub *subject) read() bool {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if sub.reader == nil || !sub.endedAt.IsZero() {
		return false
	}
	var counters wire.Counters
	err := sub.reader.Read(&counters)
	if errors.Is(err, cgroup.ErrGone) {
		sub.endedAt = time.Now()
		return false
	}
	if err != nil {
		return false
	}
	sub.last = counters
	return true
}

func (sub *subject) close() {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if sub.reader != nil {
		sub.reader.Close()
		sub.reader = nil
	}
}

// limits puts what was asked beside what the kernel has.
func (sub *subject) limits(asked wire.Limits) wire.Limits {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if sub.reader == nil {
		return asked
	}
	limits := sub.reader.Limits()
	merge := func(kernel **wire.Limit, asked *wire.Limit) {
		switch {
		case asked == nil:
		case *kernel == nil:
			*kernel = asked
		default:
			(*kernel).Asked, (*kernel).HostConfig = asked.Asked, asked.HostConfig
		}
	}
	merge(&limits.CPU, asked.CPU)
	merge(&limits.CPUWeight, asked.CPUWeight)
	merge(&limits.CPUSet, asked.CPUSet)
	merge(&limits.Memory, asked.Memory)
	merge(&limits.MemorySwap, asked.MemorySwap)
	merge(&limits.MemoryReservation, asked.MemoryReservation)
	merge(&limits.Pids, asked.Pids)
	merge(&limits.IO, asked.IO)
	return limits
}

// pids are the processes in the container's cgroup; listed is false where it
// runs without one that could tell.
func (sub *subject) pids() (pids []int, listed bool) {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if sub.reader == nil {
		return nil, true
	}
	pids, err := sub.reader.PIDs()
	return pids, err == nil || errors.Is(err, cgroup.ErrGone)
}

// ErrUnknownSource says that there is no such container or no such field.
var ErrUnknownSource = errors.New("no such number")

// HostName is the name under which the host's own namespaces are explained.
const HostName = wire.HostName

// namespacePrefix begins the fields that explain a namespace's number, for
// example namespace.pid.
const namespacePrefix = "namespace."

// Source explains one number: the kernel file, its text, and the command that
// shows the same. The error is ErrUnknownSource for a container or field that
// does not exist; a file that exists but cannot be read is no error, its
// Reason says why.
func (s *Sampler) Source(name, field string) (wire.Provenance, error) {
	kind, isNamespace := strings.CutPrefix(field, namespacePrefix)
	if name == HostName {
		if !isNamespace {
			return wire.Provenance{}, fmt.Errorf("%w: the host has namespace.pid and its seven siblings", ErrUnknownSource)
		}
		return s.explainNamespace(name, process.Identity{PID: s.namespaces.Initial().PID}, kind)
	}
	s.mu.Lock()
	sub := s.readers[name]
	s.mu.Unlock()
	if sub == nil {
		return wire.Provenance{}, fmt.Errorf("%w: no container named %q is running", ErrUnknownSource, name)
	}
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if isNamespace {
		return s.explainNamespace(name, sub.identity, kind)
	}
	if provenance, err := s.explainProcess(sub, field); !errors.Is(err, process.ErrUnknownField) {
		provenance.Container = name
		return provenance, err
	}
	if sub.reader == nil {
		return wire.Provenance{Container: name, Field: field, ReadAt: time.Now().UnixMilli(),
			Reason: fmt.Sprint(cmp.Or(sub.trouble, errors.New("the container is not running")))}, nil
	}
	provenance, err := sub.reader.Source(field)
	if errors.Is(err, cgroup.ErrUnknownField) {
		return wire.Provenance{}, fmt.Errorf("%w: %q is not a field of a sample or of a process, nor a limit, nor namespace.TYPE", ErrUnknownSource, field)
	}
	provenance.Container = name
	return provenance, err
}

// explainProcess explains what is read from the first process' own files,
// unless its number belongs to another by now.
func (s *Sampler) explainProcess(sub *subject, field string) (wire.Provenance, error) {
	provenance, err := s.processes.Source(sub.identity.PID, field)
	if err != nil {
		return provenance, err
	}
	if gone := s.processes.Check(sub.identity); gone != nil {
		provenance.Raw, provenance.Highlight, provenance.Reason = "", "", gone.Error()
	}
	return provenance, nil
}

func (s *Sampler) explainNamespace(name string, who process.Identity, kind string) (wire.Provenance, error) {
	provenance, err := s.namespaces.Source(who.PID, who.StartTime, kind)
	if errors.Is(err, namespace.ErrUnknownField) {
		return wire.Provenance{}, fmt.Errorf("%w: %v", ErrUnknownSource, err)
	}
	provenance.Container, provenance.Field = name, namespacePrefix+kind
	return provenance, err
}

// neverRan reports whether no process of it was ever found.
func (sub *subject) neverRan() bool { return sub.identity == (process.Identity{}) }
