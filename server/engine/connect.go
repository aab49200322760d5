package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"

	"porthole/server/wire"
)

// oldestAPI is that of Engine 20.10: private cgroup namespaces and the
// pids limit of docker update came with it.
const oldestAPI = "1.41"

// connectTimeout bounds the questions asked on connecting, together.
const connectTimeout = 15 * time.Second

// engineInfo is what an engine says of itself on connecting.
type engineInfo struct {
	os, architecture string
	cpus             int
	memory           int64  // bytes
	root             string // where it keeps volumes and layers
	local            bool   // on this very machine, as far as its address tells
	cgroupVersion    string
	warnings         []string
	memoryLimit      bool
	cpuQuota         bool
	pidsLimit        bool
	minimumAPI       string
}

// Run connects to the engine and stays with it until ctx ends: it keeps State
// and Containers, sweeps what dead servers left behind, and begins anew, with
// growing waits, whenever the engine goes away. It returns nil when ctx ends,
// and may be called once at a time.
func (d *Docker) Run(ctx context.Context) error {
	if !d.running.CompareAndSwap(false, true) {
		return errors.New("the engine is already being followed")
	}
	defer d.running.Store(false)
	defer d.disconnect(errors.New("Porthole is stopping"))
	wait := d.options.BackoffFirst
	for ctx.Err() == nil {
		began := time.Now()
		err := d.Connect(ctx)
		if err == nil {
			err = d.follow(ctx, d.current())
		}
		if ctx.Err() != nil {
			break
		}
		d.lost(err)
		if time.Since(began) > time.Minute {
			wait = d.options.BackoffFirst // it had been well
		}
		// At random, so that several viewers of one engine do not knock together.
		pause := wait/2 + rand.N(wait/2+1)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		wait = min(2*wait, d.options.BackoffLongest)
	}
	return nil
}

// Connect reaches the engine once, without following it: enough for commands
// that do one thing and end; call Close after. Run calls it by itself.
func (d *Docker) Connect(ctx context.Context) error {
	address := d.options.Address
	if address == "" {
		var err error
		if address, err = FindAddress(d.options.Getenv); err != nil {
			d.setState(wire.Engine{Name: "docker", State: wire.EngineDown, Problem: sentence(err.Error()), Fix: "docker context use default"})
			return fail(ErrDown, err, "%s", err)
		}
	}
	asking, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	cli, state, info, err := d.ask(asking, address)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		state = judge(err, address, d.options.Getenv)
		d.setState(state)
		return stateError(state, err)
	}
	l := &link{client: cli, info: info}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	d.mu.Lock()
	old := d.link
	d.link = l
	d.mu.Unlock()
	if old != nil {
		old.cancel(errors.New("another connection was made"))
		old.client.Close()
	}
	d.setState(state)
	return nil
}

// Close ends a connection made by Connect.
func (d *Docker) Close() { d.disconnect(errors.New("the connection was closed")) }

// ask makes a client for the address and learns who is there.
func (d *Docker) ask(ctx context.Context, address string) (*client.Client, wire.Engine, engineInfo, error) {
	var none wire.Engine
	options := []client.Opt{client.WithHost(address), client.WithAPIVersionNegotiation()}
	if strings.HasPrefix(address, "tcp://") {
		options = append([]client.Opt{client.WithTLSClientConfigFromEnv()}, options...)
	}
	if strings.HasPrefix(address, "ssh://") {
		return nil, none, engineInfo{}, fail(errAddress, nil, "%s cannot be used: Porthole reads the kernel under the engine, so it must run on the engine's own machine and not reach it over ssh", address)
	}
	if network, place, ok := strings.Cut(address, "://"); ok && (network == "unix" || network == "tcp") {
		// Before anything can hang: our own dialler, which knows of deadlines.
		place, _, _ = strings.Cut(place, map[string]string{"unix": "\x00", "tcp": "/"}[network])
		options = append(options, client.WithDialContext(dial(network, place)))
	}
	cli, err := client.NewClientWithOpts(options...)
	if err != nil {
		return nil, none, engineInfo{}, fail(errAddress, err, "%q is not an engine's address; write it as unix:///var/run/docker.sock (%s)", address, oneLine(err))
	}
	keep := false
	defer func() {
		if !keep {
			cli.Close()
		}
	}()
	pinging, cancel := context.WithTimeout(ctx, d.options.PingTimeout)
	defer cancel()
	ping, err := cli.Ping(pinging)
	if err != nil {
		return nil, none, engineInfo{}, err
	}
	cli.NegotiateAPIVersionPing(ping)
	if versions.LessThan(cli.ClientVersion(), oldestAPI) {
		return nil, none, engineInfo{}, fail(ErrTooOld, nil, "API %s", cli.ClientVersion())
	}
	version, err := cli.ServerVersion(ctx)
	if err != nil {
		return nil, none, engineInfo{}, err
	}
	info, err := cli.Info(ctx)
	if err != nil {
		return nil, none, engineInfo{}, err
	}
	state := wire.Engine{
		Name: "docker", State: wire.EngineUp, Address: address,
		Version: version.Version, APIVersion: cli.ClientVersion(),
		StorageDriver: info.Driver, CgroupDriver: info.CgroupDriver,
		Runtime: info.DefaultRuntime,
	}
	for _, part := range version.Components {
		if strings.Contains(strings.ToLower(part.Name), "podman") {
			state.Name = "podman"
		}
		if part.Name == info.DefaultRuntime && part.Version != "" {
			state.Runtime += " " + part.Version
		}
	}
	for _, option := range info.SecurityOptions {
		state.SecurityOptions = append(state.SecurityOptions, strings.TrimPrefix(option, "name="))
	}
	keep = true
	return cli, state, engineInfo{
		os: info.OSType, architecture: info.Architecture, cpus: info.NCPU, memory: info.MemTotal, root: info.DockerRootDir,
		local: strings.HasPrefix(address, "unix://"), cgroupVersion: info.CgroupVersion, warnings: info.Warnings,
		memoryLimit: info.MemoryLimit, cpuQuota: info.CPUCfsQuota, pidsLimit: info.PidsLimit, minimumAPI: version.MinAPIVersion,
	}, nil
}

func (d *Docker) current() *link {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.link
}

// disconnect ends the link, and with it every call under way.
func (d *Docker) disconnect(cause error) {
	d.mu.Lock()
	l := d.link
	d.link = nil
	d.mu.Unlock()
	if l != nil {
		l.cancel(cause)
		l.client.Close()
	}
}

// lost publishes why the engine cannot be used, after a link ended or could
// not be made.
func (d *Docker) lost(err error) {
	address := d.State().Address
	state := judge(err, address, d.options.Getenv)
	d.disconnect(stateError(state, err))
	// Connect has already said why it could not; this is for a link that ended.
	if d.State().State == wire.EngineUp {
		d.setState(state)
	}
}

// stateError is the error for calls made while the engine is in that state.
func stateError(state wire.Engine, cause error) error {
	kind := ErrDown
	switch state.State {
	case wire.EngineForbidden:
		kind = ErrForbidden
	case wire.EngineTooOld:
		kind = ErrTooOld
	}
	says := state.Problem
	if says == "" {
		says = "The engine has not been reached yet."
	}
	return fail(kind, cause, "%s", says)
}

// judge says in one sentence why the engine cannot be used, and which command
// would mend that.
func judge(err error, address string, getenv func(string) string) wire.Engine {
	state := wire.Engine{Name: "docker", State: wire.EngineDown, Address: address, Fix: startCommand()}
	socket, isSocket := strings.CutPrefix(address, "unix://")
	var said *failure
	switch {
	case errors.Is(err, errAddress) && errors.As(err, &said):
		state.Problem, state.Fix = sentence(said.says), ""
	case errors.Is(err, ErrTooOld):
		state.State = wire.EngineTooOld
		state.Problem = fmt.Sprintf("The engine at %s is too old: it speaks %s, and Porthole needs %s (Docker Engine 20.10) or later; upgrade it.", address, err, oldestAPI)
		state.Fix = "sudo apt-get install --only-upgrade docker.io"
	case err != nil && strings.Contains(err.Error(), "is too old. Minimum supported API version"):
		state.State = wire.EngineTooOld
		state.Problem = fmt.Sprintf("The engine at %s is too new for this Porthole: %s; upgrade Porthole.", address, oneLine(err))
		state.Fix = ""
	case errors.Is(err, fs.ErrPermission), errdefs.IsPermissionDenied(err), errdefs.IsUnauthorized(err):
		state.State = wire.EngineForbidden
		if isSocket {
			state.Problem = fmt.Sprintf("The engine's socket %s is there, but this user may not use it; join the group docker and log in again, or run Porthole as root.", socket)
			state.Fix = "sudo usermod -aG docker $USER && newgrp docker"
		} else {
			state.Problem = fmt.Sprintf("The engine at %s forbids us to use it (%s); give Porthole its TLS certificates with DOCKER_CERT_PATH and DOCKER_TLS_VERIFY.", address, oneLine(err))
			state.Fix = ""
		}
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		state.Problem = fmt.Sprintf("The engine at %s accepts connections but does not answer; it is paused, hung or overloaded.", address)
		state.Fix = restartCommand()
	case isSocket && missing(socket):
		state.Problem = fmt.Sprintf("No Docker engine is running: there is no socket %s; start the engine, or say where it listens with DOCKER_HOST.", socket)
		if !installed() {
			state.Problem = fmt.Sprintf("No Docker engine is installed here: there is no socket %s and no program dockerd; install it, or say where an engine listens with DOCKER_HOST.", socket)
			state.Fix = "sudo apt-get install docker.io"
		}
	case client.IsErrConnectionFailed(err), errors.As(err, new(*net.OpError)):
		state.Problem = fmt.Sprintf("Nobody answers at %s; the engine has stopped, or has not come up yet.", address)
	case errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)):
		state.Problem = fmt.Sprintf("What answers at %s is no Docker engine (%s); say where one listens with DOCKER_HOST.", address, oneLine(err))
	case errors.As(err, &said):
		state.Problem = sentence(said.says)
	default:
		state.Problem = sentence(fmt.Sprintf("The engine at %s was lost (%s)", address, oneLine(err)))
	}
	return state
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// installed reports whether this machine has an engine at all. In a container
// of ours it never does: there, only the socket can be missing.
func installed() bool {
	for _, program := range []string{"dockerd", "podman"} {
		if _, err := exec.LookPath(program); err == nil {
			return true
		}
	}
	return missing("/usr/bin/apt-get")
}

// startCommand is the one that starts the engine on this machine.
// /run/systemd/system is there exactly when systemd runs, see sd_booted(3).
func startCommand() string {
	if missing("/run/systemd/system") && !missing("/etc/init.d/docker") {
		return "sudo service docker start"
	}
	return "sudo systemctl start docker"
}

func restartCommand() string { return strings.Replace(startCommand(), "start", "restart", 1) }

// sentence makes a message begin large and end in a full stop.
func sentence(text string) string {
	if text == "" {
		return text
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
