package builtin

import (
	"slices"
	"sync"
	"syscall"
	"time"

	"os/exec"

	"github.com/opencontainers/cgroups"

	"porthole/demos"
	"porthole/server/wire"
)

// Container is one of our containers, as this engine knows it.
type Container struct {
	wire.Container
	// ExitCode means something only once it has exited.
	ExitCode int
	// FinishedAt is zero where it has not.
	FinishedAt time.Time
	StartedOn  time.Time
}

// Ended reports whether its first process has been and gone.
func (c Container) Ended() bool { return c.State == "exited" }

// box is a container and what belongs to it.
type box struct {
	engine     *Engine
	name       string
	run        string
	lesson     string
	spec       demos.Container
	plan       plan
	groups     cgroups.Manager
	resources  *cgroups.Resources
	cgroupPath string
	veth       string // our end of its network cards
	address    string
	ttl        time.Duration
	output     *output
	stepping   *stepping // nil: it is made at once

	mu       sync.Mutex
	says     Container
	limits   demos.Limits
	oomKills uint64
	removing bool

	starting sync.Mutex    // one start, exec or removal at a time
	ended    chan struct{} // closed when the first process has been reaped
	timer    *time.Timer   // its time limit
}

// maximumEvents is how many events of one container are remembered.
const maximumEvents = wire.MaxEvents

// word is what is known of it now; nobody else holds its parts.
func (b *box) word() Container {
	b.mu.Lock()
	defer b.mu.Unlock()
	word := b.says
	word.Events = slices.Clone(b.says.Events)
	return word
}

// change changes what is known of it, and tells everybody.
func (b *box) change(how func(*Container)) {
	b.mu.Lock()
	how(&b.says)
	b.mu.Unlock()
	b.engine.nudge()
}

// note adds an event; beyond the bound, the oldest goes.
func note(c *Container, what string, exitCode *int) {
	events := append(slices.Clone(c.Events), wire.Event{At: time.Now().UnixMilli(), What: what, ExitCode: exitCode})
	c.Events = events[max(0, len(events)-maximumEvents):]
}

// lookForKills tells when the kernel has killed one of its processes for
// memory, be it the first one or another.
func (b *box) lookForKills() {
	b.mu.Lock()
	counts := b.says.State == "running" && b.resources.Memory > 0
	b.mu.Unlock()
	if counts {
		b.countKills()
	}
}

func (b *box) countKills() {
	kills, err := b.groups.OOMKillCount()
	b.mu.Lock()
	news := err == nil && kills > b.oomKills
	if news {
		b.oomKills = kills
	}
	b.mu.Unlock()
	if news {
		b.change(func(c *Container) {
			killed := true
			c.OOMKilled = &killed
			note(c, "oom", nil)
		})
	}
}

// await reaps the first process, and takes with it what it has left.
func (b *box) await(command *exec.Cmd) {
	command.Wait()
	code := command.ProcessState.ExitCode()
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	b.killRest()
	b.countKills()
	b.timer.Stop()
	b.output.finish()
	b.change(func(c *Container) {
		c.State, c.PID, c.ExitCode, c.FinishedAt = "exited", 0, code, time.Now()
		note(c, "die", &code)
	})
	close(b.ended)
}

// killRest kills what outlives the first process, which can be only where it
// has no PID namespace of its own.
func (b *box) killRest() {
	for range 100 {
		pids, err := pidsIn(b.groups)
		if err != nil || len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(2 * time.Millisecond) // a killed process takes a moment to go
	}
}
