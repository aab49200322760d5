package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// observeOnly says in a sentence why nothing may be changed through this
// client; "" where it may. It asks for a container of no image and no command,
// which no engine makes: it answers that something is missing, while a proxy
// in front of it that lets nobody write does not even let that through.
func observeOnly(ctx context.Context, cli *client.Client, address string) string {
	_, err := cli.ContainerCreate(ctx, &container.Config{}, &container.HostConfig{}, nil, nil, "")
	switch {
	case err == nil:
		return ""
	case errdefs.IsPermissionDenied(err), errdefs.IsUnauthorized(err), strings.Contains(err.Error(), "Method Not Allowed"):
		why := oneLine(err)
		if strings.Contains(why, "<") { // a proxy's page, which is for browsers
			why = "403 Forbidden"
		}
		return fmt.Sprintf("The engine at %s forbids to start any container (%s), so lessons cannot start and only what runs already is shown; allow writes in the proxy before it, or set DOCKER_HOST.", address, why)
	}
	return ""
}

// mayChange is ErrForbidden where the engine can only be observed, so that
// nobody asks it again and again for what it forbids.
func (l *link) mayChange() error {
	if l.info.observeOnly == "" {
		return nil
	}
	return fail(ErrForbidden, nil, "%s", l.info.observeOnly)
}

// maximumStats bounds one message of a container's statistics, in bytes.
const maximumStats = 256 << 10

// Stats calls each with every message of a container's statistics, as GET
// /containers/ID/stats streams them about once a second, until the container
// or ctx ends. each may not keep what it gets.
func (d *Docker) Stats(ctx context.Context, id string, each func(message []byte)) error {
	return d.call(ctx, 0, "follow the container's statistics", func(ctx context.Context, cli *client.Client) error {
		answer, err := cli.ContainerStats(ctx, id, true)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		var message bytes.Buffer
		part := make([]byte, 16<<10)
		for {
			n, err := answer.Body.Read(part)
			for rest := part[:n]; len(rest) > 0; {
				piece, after, ended := bytes.Cut(rest, []byte("\n"))
				if message.Len()+len(piece) > maximumStats {
					return fmt.Errorf("a message of statistics is longer than %d bytes", maximumStats)
				}
				message.Write(piece)
				if ended {
					each(message.Bytes())
					message.Reset()
				}
				rest = after
			}
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return firstOf(ctx.Err(), err)
			}
		}
	})
}

// Machine is what the engine says of the machine that it runs on.
type Machine struct {
	// Hostname is the machine's name, Kernel the release as uname -r has it.
	Hostname, Kernel string
	CPUs             int
	MemoryBytes      int64
	// CgroupVersion is "1" or "2".
	CgroupVersion string
	// Socket is true where the engine is reached by a socket of this machine's
	// file system. It may still be another machine's, passed on.
	Socket bool
	// Limits are the controllers of memory, cpu and pids that the engine has.
	Limits []string
}

// Machine is where the engine runs, by its own word; false while it does not
// answer.
func (d *Docker) Machine() (Machine, bool) {
	l := d.current()
	if l == nil {
		return Machine{}, false
	}
	m := Machine{
		Hostname: l.info.hostname, Kernel: l.info.kernel, CPUs: l.info.cpus, MemoryBytes: l.info.memory,
		CgroupVersion: l.info.cgroupVersion, Socket: l.info.local,
	}
	for name, there := range map[string]bool{"memory": l.info.memoryLimit, "cpu": l.info.cpuQuota, "pids": l.info.pidsLimit} {
		if there {
			m.Limits = append(m.Limits, name)
		}
	}
	return m, true
}
