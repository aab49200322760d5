package engine

import (
	"bytes"
	"context"
	"net"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// maximumOutput is how much of each of a command's outputs is kept.
const maximumOutput = 256 << 10

// ExecResult is what a command inside a container printed, and how it ended.
type ExecResult struct {
	// Stdout and Stderr hold at most 256 KiB each; the rest is dropped.
	Stdout, Stderr []byte
	// Truncated is true where some of it was dropped.
	Truncated bool
	ExitCode  int
}

// Exec runs a command inside one of our running containers, as docker exec
// does, and waits for its end: 30 seconds at most. ErrNotRunning where the
// container does not run. A command that fails, or that the container does not
// have, is no error: it is an exit code.
func (d *Docker) Exec(ctx context.Context, id string, argv []string) (ExecResult, error) {
	var result ExecResult
	if err := d.own(ctx, id); err != nil {
		return result, err
	}
	err := d.call(ctx, timeoutExec, "run a command in the container", func(ctx context.Context, cli *client.Client) error {
		created, err := cli.ContainerExecCreate(ctx, id, container.ExecOptions{Cmd: argv, AttachStdout: true, AttachStderr: true})
		if err != nil {
			return err
		}
		attached, err := cli.ContainerExecAttach(context.WithValue(ctx, hijacked{}, ctx), created.ID, container.ExecAttachOptions{})
		if err != nil {
			return firstOf(ctx.Err(), err)
		}
		defer attached.Close()
		var stdout, stderr bounded
		if _, err := stdcopy.StdCopy(&stdout, &stderr, attached.Reader); err != nil {
			return firstOf(ctx.Err(), err)
		}
		if ctx.Err() != nil {
			return ctx.Err() // a closed connection looks like the end of output
		}
		result.Stdout, result.Stderr = stdout.Bytes(), stderr.Bytes()
		result.Truncated = stdout.dropped || stderr.dropped
		// The output can end a moment before the engine has the exit code.
		for {
			seen, err := cli.ContainerExecInspect(ctx, created.ID)
			if err != nil {
				return err
			}
			if !seen.Running {
				result.ExitCode = seen.ExitCode
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	return result, err
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// bounded keeps the first maximumOutput bytes written to it.
type bounded struct {
	bytes.Buffer
	dropped bool
}

func (b *bounded) Write(data []byte) (int, error) {
	if room := maximumOutput - b.Len(); len(data) > room {
		b.dropped = true
		b.Buffer.Write(data[:room])
		return len(data), nil
	}
	return b.Buffer.Write(data)
}

// hijacked is the key under which a call that takes over its connection keeps
// its own context: the client does not watch it while it waits for the answer,
// so the connection is closed when it ends.
type hijacked struct{}

// dial connects to the engine. address is a path for unix sockets.
func dial(network, address string) func(context.Context, string, string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: timeoutRead}
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		connection, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if call, ok := ctx.Value(hijacked{}).(context.Context); ok {
			context.AfterFunc(call, func() { connection.Close() })
		}
		return connection, nil
	}
}
