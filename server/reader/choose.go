package reader

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"porthole/server/kernel/namespace"
	"porthole/server/wire"
)

// way is a way to read, and why it was chosen. Ways are compared with ==.
type way struct {
	mode wire.ReaderMode
	// why is a reason, in a part of a sentence; short is true where something
	// cannot be seen on this way.
	why   string
	short bool
	// waits is true where another way may be taken once the engine answers.
	waits bool
}

// mayRead reports whether this process may look into the namespaces of others:
// of the kernel's thread 2, or where there is none, of process 1.
func mayRead(proc string) bool {
	fs, err := namespace.NewFS(cmp.Or(proc, "/proc"))
	if err != nil {
		return false
	}
	links := fs.Initial()
	return links.From != "self" && links.Of("pid").Known()
}

// same reports whether the engine's machine is this one, as far as its own word
// goes: its kernel and its memory are ours, and its name, unless we reach it by
// a socket, as from a container with a name of its own.
func (r *Reader) same(m Machine) bool {
	r.mu.Lock()
	local := r.local
	r.mu.Unlock()
	here := local.Host() // it asks us, too
	if m.Kernel != "" && m.Kernel != here.Kernel {
		return false
	}
	if m.MemoryBytes > 0 {
		// Two readings of one machine's memory can differ where it is resized.
		difference := float64(m.MemoryBytes) - float64(here.MemoryBytes)
		if difference > 0.01*float64(here.MemoryBytes) || difference < -0.01*float64(here.MemoryBytes) {
			return false
		}
	}
	return m.Socket || m.Hostname == here.Hostname
}

// Parts of sentences, each after "because".
const (
	whyRights  = "this user may not look into the namespaces of other processes"
	whyMachine = "the engine's containers run on another machine's kernel, or in a virtual machine"
	whyStrange = "the engine's containers are not among the processes that this server sees"
	whyAsked   = "--reader asks for it"
	whyDown    = "the engine does not answer"
)

// choose says which way to go as things stand.
func (r *Reader) choose() way {
	engine := r.options.Sampler.Engine.State()
	machine, up := r.options.Machine()
	up = up && engine.State == wire.EngineUp
	ours := !up || r.same(machine)

	r.mu.Lock()
	// A new connection, or another engine behind it: all is to be tried anew.
	if epoch := fmt.Sprint(up, engine.Version, engine.APIVersion, engine.ObserveOnly); epoch != r.epoch {
		r.epoch, r.refused, r.strange, r.familiar = epoch, nil, false, false
		r.suspects = nil
	}
	refused, strange := r.refused, r.strange
	r.mu.Unlock()

	switch r.options.Mode {
	case Direct:
		return way{mode: wire.ReaderDirect, why: whyAsked, short: !r.rights}
	case None:
		return way{mode: wire.ReaderEngine, why: whyAsked, short: true}
	}
	why := ""
	switch {
	case !ours:
		why = whyMachine
	case strange:
		why = whyStrange
	case !r.rights:
		why = whyRights
	case r.options.Mode == Container:
		why = whyAsked
	default:
		return way{mode: wire.ReaderDirect, waits: !up}
	}
	obstacle := ""
	switch {
	case !up:
		obstacle = whyDown
	case engine.ObserveOnly != "":
		obstacle = "the engine lets us start no reader container"
	case refused != nil:
		obstacle = "no reader container can be had (" + refused.Error() + ")"
	default:
		return way{mode: wire.ReaderContainer, why: why}
	}
	// What this user may read is more than the engine tells.
	if ours && !strange && r.counters {
		if r.rights {
			return way{mode: wire.ReaderDirect, why: obstacle, waits: !up}
		}
		return way{mode: wire.ReaderDirect, why: why + ", and " + obstacle, short: true, waits: !up}
	}
	return way{mode: wire.ReaderEngine, why: why + ", and " + obstacle, short: true, waits: !up}
}

// describe puts a way in words for the page.
func (r *Reader) describe(w way) wire.Reader {
	said := wire.Reader{Mode: w.mode}
	switch w.mode {
	case wire.ReaderDirect:
		said.Says = "The server reads the kernel's files itself."
		if w.short && w.why == whyAsked {
			said.Problem = "Namespaces stay unknown, because " + whyRights + "; let --reader be auto, or run Porthole as root."
		} else if w.short {
			said.Problem = "Namespaces stay unknown, because " + w.why + "; run Porthole as root to see them all the same."
		}
	case wire.ReaderContainer:
		said.Says = "A helper container reads the kernel's files and streams what it sees, because " + w.why + "."
	case wire.ReaderEngine:
		said.Says = "Figures come from the engine's API, about one a second: nothing reads the kernel here."
		said.Problem = "Namespaces, limits in the kernel's files and some counters stay absent, because " + w.why + "."
		if w.why == whyAsked {
			said.Problem = "Namespaces, limits in the kernel's files and some counters stay absent, because --reader none asks for it; leave it out to see them."
		}
	}
	return said
}

// turnTo makes a way known.
func (r *Reader) turnTo(w way) {
	said := r.describe(w)
	var before wire.Reader
	first := false
	r.change(func() {
		before = r.now
		first = !r.told && !w.waits
		r.told = r.told || first
		if before.Mode == said.Mode { // the same helper goes on
			said.Container, said.Command = before.Container, before.Command
		}
		r.now, r.waiting = said, w.waits
	})
	if w.waits {
		return // that is said already, by the engine
	}
	// That all is as usual need not be said.
	first = first && (said.Mode != wire.ReaderDirect || said.Problem != "")
	if first || before.Mode != said.Mode || before.Says != said.Says || before.Problem != said.Problem {
		if said.Problem != "" {
			r.log.Warn(said.Says, "problem", said.Problem)
		} else {
			r.log.Info(said.Says)
		}
	}
}

// How long a container must not be among the processes that we see until it is
// taken for another machine's. The engine may take seconds to say that one has
// ended, and its number may be used again meanwhile.
const (
	missingFor = 15 * time.Second
	othersFor  = 5 * time.Second
)

// suspect looks whether the engine's containers are among the processes that we
// see. Where the first of them is for long not, its PID is of another machine's;
// once one was, all are. It reports whether it has to look again.
func (r *Reader) suspect(w way) bool {
	if w.mode != wire.ReaderDirect || r.options.Mode != Auto || r.options.Sampler.Engine.State().State != wire.EngineUp {
		return false
	}
	r.mu.Lock()
	familiar := r.familiar
	r.mu.Unlock()
	if machine, up := r.options.Machine(); familiar || up && machine.Own {
		return false
	}
	proc := cmp.Or(r.options.Sampler.Proc, "/proc")
	now := r.clock()
	seen := map[string]time.Time{}
	strange := false
	for _, one := range r.options.Sampler.Engine.Subjects() {
		c := one.Container
		if c.Foreign || c.PID == 0 || c.State != "running" || len(c.ID) < 12 {
			continue // its owner may have given it any group
		}
		text, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(c.PID), "cgroup"))
		if errors.Is(err, os.ErrPermission) {
			continue
		}
		if err == nil && strings.Contains(string(text), c.ID[:12]) {
			familiar = true
			break
		}
		key, long := fmt.Sprint(c.ID, c.StartedAt, c.PID), missingFor
		if err == nil {
			long = othersFor
		}
		seen[key] = now
		if before, ok := r.suspects[key]; ok {
			seen[key] = before
			strange = strange || now.Sub(before) >= long
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.familiar, r.strange, r.suspects = familiar, strange && !familiar, seen
	return !familiar && len(seen) > 0
}
