package builtin

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// Version is this engine's own.
const Version = "1.0"

// Options say where things are kept. The zero value is good.
type Options struct {
	// Folder is where layers and volumes are kept (default DefaultFolder; in a
	// user namespace a folder of the user's own). It may not be on an overlay filesystem: the kernel lays none on another.
	Folder string
	// Executable is the program for the image. Empty: our own.
	Executable string
	// Environment is set in every container.
	Environment map[string]string
	// Step is called after each step in the making of a container, with its
	// ID and what was done; an error of it stops there and undoes all. Nil:
	// nobody wants to know.
	Step func(id string, step Step, detail string) error
	Log  *slog.Logger
}

// Engine makes containers. Its methods may be called from any goroutine.
type Engine struct {
	options  Options
	log      *slog.Logger
	instance string // random; in the names of all that we make
	net      *bridge
	// delegation is where control groups can be made.
	delegation delegation
	ours       map[string]string // see ownSpaces; read once, before any thread is elsewhere

	spawning chan func() // run by the thread that every container dies with
	spawners sync.WaitGroup
	closing  sync.Once
	closed   chan struct{}

	mu       sync.Mutex
	state    wire.Engine
	boxes    map[string]*box // by ID
	watchers map[chan struct{}]struct{}
	lock     *os.File // on our folder, while we live
	image    *image
}

// New returns an engine that has not made anything yet.
func New(o Options) *Engine {
	o.Folder = cmp.Or(o.Folder, ownFolder())
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var random [4]byte
	rand.Read(random[:])
	instance := hex.EncodeToString(random[:])
	return &Engine{
		options: o, log: o.Log, instance: instance, net: &bridge{name: bridgeName(instance), apart: Rootless()}, delegation: delegated(), ours: ownSpaces(),
		closed: make(chan struct{}), boxes: map[string]*box{}, watchers: map[chan struct{}]struct{}{},
		state: wire.Engine{Name: "builtin", State: wire.EngineConnecting, Address: "builtin:" + o.Folder},
	}
}

func bridgeName(instance string) string { return "porthole" + instance[:6] } // 15 letters at most

func (e *Engine) folder(parts ...string) string {
	return filepath.Join(append([]string{e.options.Folder, e.instance}, parts...)...)
}

// Connect looks whether this machine lets us make containers. Call Close after.
func (e *Engine) Connect(context.Context) error {
	state := wire.Engine{
		Name: "builtin", State: wire.EngineUp, Address: "builtin:" + e.options.Folder, Version: Version,
		StorageDriver: "overlayfs", CgroupDriver: "cgroupfs", Runtime: "porthole " + Version,
		SecurityOptions: []string{"name=seccomp,profile=builtin"},
	}
	if Rootless() {
		state.SecurityOptions = append(state.SecurityOptions, "name=rootless")
	}
	if len(e.delegation.trees()) == 0 {
		state.CgroupDriver = "none"
	}
	problem, fix := missingRight(e.options.Folder)
	if problem != "" {
		state = wire.Engine{Name: "builtin", State: wire.EngineForbidden, Address: state.Address, Problem: problem, Fix: fix}
	}
	e.mu.Lock()
	before := e.state.State
	e.state = state
	if problem == "" && e.spawning == nil {
		e.spawning = make(chan func())
		e.spawners.Go(e.spawner)
	}
	e.mu.Unlock()
	e.nudge()
	if problem != "" {
		return fail(ErrForbidden, nil, "%s", problem)
	}
	if before != wire.EngineUp {
		e.log.Info("the built-in engine is ready", "folder", e.options.Folder)
	}
	return nil
}

// spawner is the thread that starts every process, and lives until Close has
// removed them all: the kernel kills them with it.
func (e *Engine) spawner() {
	runtime.LockOSThread() // and never unlocked: the thread ends with us
	for {
		select {
		case start := <-e.spawning:
			start()
		case <-e.closed:
			return
		}
	}
}

// oomEvery is how often the kernel's counts of kills are looked at: nothing
// tells of them on every version of cgroups alike.
const oomEvery = 100 * time.Millisecond

// Run sweeps what dead servers have left, and then looks after the containers
// until ctx ends; then it removes them all. It returns nil.
func (e *Engine) Run(ctx context.Context) error {
	defer e.Close()
	for e.Connect(ctx) != nil {
		select { // somebody may grant the right, or mount what is missing
		case <-ctx.Done():
			return nil
		case <-time.After(5 * time.Second):
		}
	}
	if swept, err := e.sweep(); err != nil {
		e.log.Warn("left-overs of an earlier Porthole could not be removed", "error", err)
	} else if len(swept.Containers) > 0 {
		e.log.Info("left-overs of an earlier Porthole are removed", "containers", len(swept.Containers))
	}
	ticker := time.NewTicker(oomEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			for _, b := range e.all() {
				b.lookForKills()
			}
		}
	}
}

// Close removes every container and all else that we made.
func (e *Engine) Close() {
	e.closing.Do(func() {
		for _, b := range e.all() {
			if err := e.remove(b); err != nil {
				e.log.Warn("a container could not be removed", "container", b.name, "error", err)
			}
		}
		left := e.net.down()
		if isForbidden(left) {
			left = nil // then no bridge could be made either
		}
		e.mu.Lock()
		lock := e.lock
		e.lock, e.image = nil, nil
		e.state.State, e.state.Problem = wire.EngineDown, "The engine has been closed; start Porthole again."
		e.mu.Unlock()
		if lock != nil {
			_, groups := removeGroups(e.delegation.trees(), "/porthole/"+e.instance)
			left = errors.Join(left, groups, e.delegation.giveBack(e.instance))
			if left == nil { // else it stays, so that the next sweep knows of the rest
				left = os.RemoveAll(e.folder())
			}
			if left != nil {
				e.log.Warn("not all could be removed; 'porthole clean' tries again", "folder", e.folder(), "error", left)
			}
			os.Remove(e.options.Folder) // where others still use it, it stays
			lock.Close()
		}
		close(e.closed)
		e.spawners.Wait()
	})
}

// begin makes our folder, and locks it so that others know that we live.
func (e *Engine) begin() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state.State != wire.EngineUp {
		return fail(ErrDown, nil, "%s", cmp.Or(e.state.Problem, "The engine is not up yet; try again in a moment."))
	}
	if e.lock != nil {
		return nil
	}
	if err := os.MkdirAll(e.folder(), 0o711); err != nil {
		return fail(ErrRefused, err, "the folder %s cannot be made (%s); make room, or mount it writable", e.folder(), err)
	}
	lock, err := os.OpenFile(e.folder("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		return fail(ErrRefused, err, "the folder %s cannot be locked: %s", e.folder(), err)
	}
	if err := e.delegation.room(e.instance); err != nil {
		lock.Close()
		return fail(ErrRefused, err, "no room can be made for control groups with limits (%s); start Porthole in a control group of its own: %s", err, e.delegation.fix)
	}
	if !e.delegation.whole { // who removes what we leave may be in another group by then
		if err := os.WriteFile(e.folder("trees"), []byte(strings.Join(e.delegation.trees(), "\n")), 0o600); err != nil {
			lock.Close()
			return fail(ErrRefused, err, "the folder %s cannot be written: %s", e.folder(), err)
		}
	}
	e.lock = lock
	return nil
}

// State is whether containers can be made, and if not, which right is missing.
func (e *Engine) State() wire.Engine {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

// Changes returns a channel that gets a value after State or Containers
// changed. Call stop when done.
func (e *Engine) Changes() (changes <-chan struct{}, stop func()) {
	channel := make(chan struct{}, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.watchers[channel] = struct{}{}
	return channel, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.watchers, channel)
	}
}

func (e *Engine) nudge() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for channel := range e.watchers {
		select {
		case channel <- struct{}{}:
		default: // it has one waiting already
		}
	}
}

// all are the containers that there are.
func (e *Engine) all() []*box {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Values(e.boxes))
}

// Containers are all that are not removed yet, by their order on the drawing.
func (e *Engine) Containers() []Container {
	var all []Container
	for _, b := range e.all() {
		all = append(all, b.word())
	}
	slices.SortFunc(all, func(a, b Container) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// find returns a container by its ID.
func (e *Engine) find(id string) (*box, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if b := e.boxes[id]; b != nil {
		return b, nil
	}
	return nil, fail(ErrNoSuchContainer, nil, "there is no container %.12s any more; start the lesson again", id)
}

// Disk is the disk under the volumes, such as /dev/vda.
func (e *Engine) Disk() (string, error) {
	name, _, err := diskUnder(existing(e.options.Folder))
	return name, err
}

// existing is the folder, or the nearest above it that is there.
func existing(folder string) string {
	for {
		if _, err := os.Stat(folder); err == nil || folder == "/" {
			return folder
		}
		folder = filepath.Dir(folder)
	}
}
