package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"porthole/server/wire"
)

// LabelRole is on containers of ours that are no lesson's: they are on no
// drawing, and count for no ceiling.
const LabelRole = "porthole.role"

// roleReader is the role of the helper container that reads the kernel.
const roleReader = "reader"

// The ceilings of a helper.
const (
	helperMemory = 128 << 20 // bytes
	helperPids   = 64        // Go's threads count too
	helperTTL    = 24 * time.Hour
	// helperWrite is how long the engine may take to pass on one message.
	helperWrite = 5 * time.Second
)

// Helper is a running container of ours that reads the engine's kernel for us.
// Read gives what it prints; Write is its standard input. It ends when it is
// closed, when its link does, or when its server is gone: its input closes
// then, and it removes itself.
type Helper struct {
	// Name is the engine's name for it.
	Name string
	// Command is the docker run that would start one like it.
	Command string

	link     *link
	id       string
	attached types.HijackedResponse
	output   *io.PipeReader
	stderr   bounded // whole once copied is closed
	copied   chan struct{}
	unlink   func() bool
	once     sync.Once
}

// helperRights are what a helper may do, as docker run's flags; StartHelper asks
// the engine for the same.
func helperRights(state wire.Engine) []string {
	flags := []string{
		// The machine's processes by the machine's numbers, and its own name.
		"--pid", "host", "--uts", "host",
		// Paths in /proc/PID/cgroup from the machine's root, and all groups.
		"--cgroupns", "host", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:ro",
		// Of root's capabilities the one that /proc/PID/ns asks for.
		"--cap-drop", "ALL", "--cap-add", "SYS_PTRACE", "--security-opt", "no-new-privileges",
		"--network", "none", "--read-only", "--log-driver", "none",
		"--memory", strconv.Itoa(helperMemory>>20) + "m", "--pids-limit", strconv.Itoa(helperPids),
	}
	if _, on := has(state, "userns"); on {
		// A remapped root may not look at the machine's processes.
		flags = append(flags, "--userns", "host")
	}
	for _, option := range helperSecurity(state) {
		flags = append(flags, "--security-opt", option)
	}
	return flags
}

// helperSecurity lifts the profiles that forbid looking at other processes in
// spite of the capability, where the engine has them.
func helperSecurity(state wire.Engine) (options []string) {
	if _, on := has(state, "apparmor"); on {
		options = append(options, "apparmor=unconfined")
	}
	if _, on := has(state, "selinux"); on {
		options = append(options, "label=disable")
	}
	return options
}

// StartHelper starts our own program, with arguments of its own, in a container
// that sees the machine's processes and cgroups and may change nothing. The
// caller closes the Helper. ErrForbidden or ErrRefused where the engine does
// not let us.
func (d *Docker) StartHelper(ctx context.Context, arguments ...string) (*Helper, error) {
	image, err := d.EnsureImage(ctx)
	if err != nil {
		return nil, err
	}
	l := d.current()
	if l == nil {
		return nil, stateError(d.State(), nil)
	}
	if err := l.mayChange(); err != nil {
		return nil, err
	}
	state := d.State()
	// A name that nobody else has: there is never one to make room for.
	name := "porthole-reader-" + strings.ToLower(rand.Text()[:8])
	config := &container.Config{
		Image: image, Entrypoint: []string{"/porthole"}, Cmd: arguments,
		OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
		// It stays within its memory, and is quick on two processors.
		Env: []string{"GOMEMLIMIT=96MiB", "GOMAXPROCS=2"},
		Labels: map[string]string{
			LabelManaged: "true", LabelInstance: d.options.Instance, LabelServer: serverMark(), LabelScope: d.options.Scope,
			LabelRole: roleReader, LabelExpires: strconv.FormatInt(d.options.Now().Add(helperTTL).Unix(), 10),
		},
	}
	pids := int64(helperPids)
	host := &container.HostConfig{
		PidMode: "host", UTSMode: "host", CgroupnsMode: "host", NetworkMode: "none",
		Binds:   []string{"/sys/fs/cgroup:/sys/fs/cgroup:ro"},
		CapDrop: []string{"ALL"}, CapAdd: []string{"SYS_PTRACE"},
		SecurityOpt:    append([]string{"no-new-privileges"}, helperSecurity(state)...),
		ReadonlyRootfs: true, AutoRemove: true,
		LogConfig: container.LogConfig{Type: "none"}, // nobody reads ten frames a second again
		Resources: container.Resources{Memory: helperMemory, MemorySwap: helperMemory, PidsLimit: &pids},
	}
	if _, on := has(state, "userns"); on {
		host.UsernsMode = "host"
	}
	h := &Helper{Name: name, link: l, copied: make(chan struct{})}
	h.Command = strings.Join(append(append([]string{"docker run --rm --interactive --name", name}, helperRights(state)...),
		append([]string{"--entrypoint /porthole", image}, arguments...)...), " ")
	err = l.callMaking(ctx, "create the reader container", func(ctx context.Context, cli *client.Client) error {
		answer, err := cli.ContainerCreate(ctx, config, host, nil, nil, name)
		h.id = answer.ID
		return err
	})
	if err != nil {
		if ctx.Err() != nil {
			d.undo(ctx, l, name, "") // the engine may have made it all the same
		}
		return nil, err
	}
	if err := h.attach(ctx); err != nil {
		h.remove(ctx)
		return nil, err
	}
	err = l.call(ctx, timeoutChange, "start the reader container", func(ctx context.Context, cli *client.Client) error {
		return cli.ContainerStart(ctx, h.id, container.StartOptions{})
	})
	if err != nil {
		h.Close(ctx)
		return nil, err
	}
	return h, nil
}

// attach takes over a connection for the container's input and output.
func (h *Helper) attach(ctx context.Context) error {
	return h.link.call(ctx, timeoutRead, "attach to the reader container", func(ctx context.Context, cli *client.Client) error {
		// The connection outlives this call; it ends with the call only while
		// the engine has not answered.
		waiting, answered := context.WithCancel(ctx)
		guard := context.WithoutCancel(ctx)
		guard, cut := context.WithCancel(guard)
		stop := context.AfterFunc(waiting, cut)
		attached, err := cli.ContainerAttach(context.WithValue(ctx, hijacked{}, guard), h.id,
			container.AttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
		stop()
		answered()
		if err != nil {
			cut()
			return firstOf(ctx.Err(), err)
		}
		h.attached = attached
		output, input := io.Pipe()
		h.output = output
		h.unlink = context.AfterFunc(h.link.ctx, attached.Close)
		go func() { // ends when the connection is closed, by Close or by the engine
			defer close(h.copied)
			defer cut()
			_, err := stdcopy.StdCopy(input, &h.stderr, attached.Reader)
			input.CloseWithError(err)
		}()
		return nil
	})
}

// Read gives what the helper prints on its standard output.
func (h *Helper) Read(p []byte) (int, error) { return h.output.Read(p) }

// Write passes on to the helper's standard input, within five seconds where
// the connection knows of deadlines.
func (h *Helper) Write(p []byte) (int, error) {
	_ = h.attached.Conn.SetWriteDeadline(time.Now().Add(helperWrite))
	return h.attached.Conn.Write(p)
}

// Close ends the connection and removes the container. A second call does
// nothing.
func (h *Helper) Close(ctx context.Context) {
	h.once.Do(func() {
		h.unlink()
		h.attached.Close()
		h.output.Close()
		<-h.copied
		h.remove(ctx)
	})
}

// Complaint is what the helper printed on its standard error; "" until it has
// been closed.
func (h *Helper) Complaint() string {
	select {
	case <-h.copied:
		return oneLine(fmt.Errorf("%s", bytes.TrimSpace(h.stderr.Bytes())))
	default:
		return ""
	}
}

// remove is done also where ctx has ended: nothing of ours may stay. Where the
// engine is away, the helper ends by itself as its input closes.
func (h *Helper) remove(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	_ = h.link.removeContainer(ctx, h.id)
}
