package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/docker/cli/cli/connhelper"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"

	"porthole/server/wire"
)

// oldestAPI is that of Engine 20.10: private cgroup namespaces and the
// pids limit of docker update came with it.
const oldestAPI = "1.41"

// connectTimeout bounds the questions asked on connecting, together. It is long,
// since a slow machine's engine runs other programs to answer them (Podman's takes
// 20 s under emulation); one that is hung is noticed by the ping, the first of them.
const connectTimeout = time.Minute

// engineInfo is what an engine says of itself on connecting.
type engineInfo struct {
	os, architecture string
	cpus             int
	memory           int64  // bytes
	root             string // where it keeps volumes and layers
	disk             string // the whole disk under root, such as /dev/vda
	diskProblem      error  // why it cannot be told
	local            bool   // on this very machine, as far as its address tells
	hostname, kernel string
	newestAPI        string // that it speaks, as it says to a ping
	observeOnly      string // why nothing may be changed; "" where it may
	cgroupVersion    string
	memoryLimit      bool
	cpuQuota         bool
	pidsLimit        bool
	// quotaOnly: on updating, the engine knows the limit on processors as a
	// quota alone, and passes over NanoCpus without a word (Podman's API).
	quotaOnly bool
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
	asking, cancel := context.WithTimeout(ctx, time.Duration(float64(connectTimeout)*max(d.options.Patience, 1)))
	defer cancel()
	cli, state, info, err := d.ask(asking, address)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		state = judge(err, address)
		d.setState(state)
		return stateError(state, err)
	}
	l := &link{client: cli, info: info, patience: d.options.Patience}
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
		// As the docker command does it: a program ssh for each connection, which
		// asks the engine over there.
		helper, err := connhelper.GetConnectionHelper(address)
		if err != nil {
			return nil, none, engineInfo{}, fail(errAddress, err, "%q is not an engine's address; write it as ssh://user@host (%s)", address, oneLine(err))
		}
		options = []client.Opt{client.WithHost(helper.Host), client.WithDialContext(helper.Dialer), client.WithAPIVersionNegotiation()}
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
	state.ObserveOnly = observeOnly(ctx, cli, address)
	keep = true
	disk, diskProblem := diskUnder(info.DockerRootDir)
	return cli, state, engineInfo{
		disk: disk, diskProblem: diskProblem,
		newestAPI: ping.APIVersion, observeOnly: state.ObserveOnly, hostname: info.Name, kernel: info.KernelVersion,
		os: info.OSType, architecture: info.Architecture, cpus: info.NCPU, memory: info.MemTotal, root: info.DockerRootDir,
		local: strings.HasPrefix(address, "unix://"), cgroupVersion: info.CgroupVersion,
		memoryLimit: info.MemoryLimit, cpuQuota: info.CPUCfsQuota, pidsLimit: info.PidsLimit,
		quotaOnly: state.Name == "podman",
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
	state := judge(err, address)
	d.disconnect(stateError(state, err))
	// Connect has already said why it could not; this is for a link that ended.
	if d.State().State == wire.EngineUp {
		d.setState(state)
	}
}
