package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/client"

	"porthole/server/wire"
)

// Options say which engine, and who we are. The zero value is good.
type Options struct {
	// Address is the engine's, for example unix:///var/run/docker.sock or
	// tcp://127.0.0.1:2375. Empty: as the docker command finds it (see
	// FindAddress).
	Address string
	// Instance names this server process on what it makes. Empty: random.
	Instance string
	// Scope keeps apart what has nothing to do with each other on one engine,
	// such as parallel tests: this Docker sees, sweeps and cleans only what was
	// made under the same one. Letters, digits and dashes; empty is a scope too.
	Scope string
	// Also are containers of others that are to be seen too, at most
	// wire.MaxForeign: each by its name, or by the first 12 digits of its ID or
	// more. See Others.
	Also []string
	// Executable is the program for the workload image. Empty: our own.
	Executable string
	// Environment is set in every container, beside what the lesson asks for,
	// for example how fast this machine computes.
	Environment map[string]string
	// Log receives what happens. Empty: nothing is said.
	Log *slog.Logger
	// Getenv reads the environment. Empty: os.Getenv.
	Getenv func(string) string
	// Now is the clock for times to live. Empty: time.Now.
	Now func() time.Time
	// PingEvery is the time between two questions whether the engine still
	// answers (default 2 s), PingTimeout how long it may take to say so
	// (default 4 s): together the longest for which a paused engine is not
	// noticed.
	PingEvery, PingTimeout time.Duration
	// Patience is how many times as long every answer may take, the ping's too,
	// on a slow machine; less than 1 is 1.
	Patience float64
	// Backoff is the first and the longest wait between two attempts to
	// connect (default 250 ms and 5 s); each is shortened at random by up to half.
	BackoffFirst, BackoffLongest time.Duration
	// Relist is the time between two full listings while events flow, as a
	// net under them (default 30 s).
	Relist time.Duration
}

// Docker is a container engine that speaks Docker's API. Its methods may be
// called from any goroutine; those that need the engine return ErrDown until
// Run (or Connect) has reached it.
type Docker struct {
	options Options
	log     *slog.Logger

	lookTimeout time.Duration // timeoutLook, less in tests

	state      atomic.Pointer[wire.Engine]
	containers atomic.Pointer[[]Container]
	others     atomic.Pointer[[]Container] // apart from ours: nothing that acts looks there
	missed     string                      // what sayMissed said last
	described  atomic.Pointer[wire.Image]  // the workload image, as the engine has it
	running    atomic.Bool                 // Run is under way

	mu       sync.Mutex
	link     *link // nil while the engine does not answer
	watchers map[chan struct{}]struct{}

	imageGate chan struct{}  // holds one value while somebody makes or loads the image
	image     *workloadImage // made once per process
}

// NewDocker returns a Docker that has not yet asked anything of anybody: Run
// or Connect does. It fails on options that cannot be.
func NewDocker(options Options) (*Docker, error) {
	if strings.Trim(options.Scope, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return nil, errors.New("the engine's scope may hold only small letters, digits and dashes")
	}
	if len(options.Also) > wire.MaxForeign {
		return nil, fmt.Errorf("at most %d containers of others can be seen", wire.MaxForeign)
	}
	options.Instance = cmp.Or(options.Instance, strings.ToLower(rand.Text()[:12]))
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Getenv == nil {
		options.Getenv = os.Getenv
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	options.PingEvery = cmp.Or(options.PingEvery, 2*time.Second)
	options.PingTimeout = cmp.Or(options.PingTimeout, 4*time.Second)
	options.PingTimeout = time.Duration(float64(options.PingTimeout) * max(options.Patience, 1))
	options.BackoffFirst = cmp.Or(options.BackoffFirst, 250*time.Millisecond)
	options.BackoffLongest = cmp.Or(options.BackoffLongest, 5*time.Second)
	options.Relist = cmp.Or(options.Relist, 30*time.Second)
	d := &Docker{options: options, log: options.Log, lookTimeout: timeoutLook, watchers: map[chan struct{}]struct{}{}, imageGate: make(chan struct{}, 1)}
	d.state.Store(&wire.Engine{Name: "docker", State: wire.EngineConnecting, Address: options.Address})
	d.containers.Store(&[]Container{})
	d.others.Store(&[]Container{})
	return d, nil
}

// Instance is the name of this server process on what it makes.
func (d *Docker) Instance() string { return d.options.Instance }

// State is the current word about the engine.
func (d *Docker) State() wire.Engine { return *d.state.Load() }

// Containers are ours (of any server under our scope), running or not, as of
// the last event; those that are not removed yet are kept even when they have
// exited. By order on the drawing, then by name. The slice is shared: do not
// change it. It is empty while the engine does not answer and none was seen;
// when an engine goes away, the last word stands.
func (d *Docker) Containers() []Container { return *d.containers.Load() }

// Changes returns a channel that gets a value after State or Containers
// changed; values that nobody fetched in time become one. Call stop when done.
func (d *Docker) Changes() (changes <-chan struct{}, stop func()) {
	channel := make(chan struct{}, 1)
	d.mu.Lock()
	d.watchers[channel] = struct{}{}
	d.mu.Unlock()
	return channel, func() {
		d.mu.Lock()
		delete(d.watchers, channel)
		d.mu.Unlock()
	}
}

func (d *Docker) nudge() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for channel := range d.watchers {
		select {
		case channel <- struct{}{}:
		default: // it has one waiting already
		}
	}
}

// setState publishes the word about the engine, and says it once in the log.
func (d *Docker) setState(state wire.Engine) {
	before := d.state.Swap(&state)
	if reflect.DeepEqual(*before, state) {
		return
	}
	// Where only the wait goes on, the log has it already.
	if before.State == state.State && before.Problem == state.Problem && before.Version == state.Version && before.APIVersion == state.APIVersion && before.ObserveOnly == state.ObserveOnly {
		d.nudge()
		return
	}
	if state.ObserveOnly != "" {
		d.log.Warn("the engine can only be observed", "problem", state.ObserveOnly)
	}
	if state.State == wire.EngineUp {
		d.log.Info("the engine answers", "engine", state.Name, "address", state.Address, "version", state.Version, "api", state.APIVersion)
	} else if state.Problem != "" {
		d.log.Warn("the engine cannot be used", "state", state.State, "problem", state.Problem, "fix", state.Fix)
	}
	d.nudge()
}

// link is one connection to an engine, from the first answer to the last.
type link struct {
	client *client.Client
	ctx    context.Context // ends with the link; its cause says why
	cancel context.CancelCauseFunc
	info   engineInfo
	// patience is Options.Patience.
	patience float64
	// foreign is the disk under the engine's files where they are on another
	// machine, once it is known.
	foreign atomic.Pointer[foreignDisk]
}

type foreignDisk struct {
	disk    string
	problem error
}

// disk is the whole disk under the engine's files, or why it cannot be told.
func (l *link) disk() (string, error) {
	if other := l.foreign.Load(); other != nil {
		return other.disk, other.problem
	}
	return l.info.disk, l.info.diskProblem
}

// UseDisk tells which disk is under the engine's files, or why that cannot be
// told, by somebody who looked on the engine's own machine.
func (d *Docker) UseDisk(disk string, problem error) {
	if l := d.current(); l != nil {
		l.foreign.Store(&foreignDisk{disk, problem})
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func slowest(devices []*blkiodev.ThrottleDevice) uint64 {
	var rate uint64
	for _, d := range devices {
		if rate == 0 || d.Rate < rate {
			rate = d.Rate
		}
	}
	return rate
}
