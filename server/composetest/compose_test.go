// Package composetest holds the tests of the way in that the README gives to
// those who have Docker: it builds the real Dockerfile, runs the real
// docker-compose.yml on a real engine, and holds what the composed server says
// of the kernel against what the kernel says.
package composetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"porthole/server/wire"
)

func TestCompose(t *testing.T) {
	p := newProject(t)
	p.useBases(standIn(t))
	p.compose("build")
	checkImage(t, p.image)

	p.compose("up", "--detach", "--no-build")
	eventually(t, 30*time.Second, func() string {
		status, body, err := p.request(http.MethodGet, "/readyz", nil)
		if err != nil || status != http.StatusOK {
			return fmt.Sprintf("/readyz answers %d %v: %s", status, err, body)
		}
		return ""
	})
	server := output(t, "docker", "ps", "--quiet", "--filter", "label=com.docker.compose.project="+p.name)
	checkFences(t, p, server)
	output(t, "docker", "exec", server, "/porthole", "healthcheck")

	var started wire.Started
	if status, body, err := p.request(http.MethodPost, "/api/v1/lessons/architecture/runs", &started); status != http.StatusCreated || err != nil {
		t.Fatalf("the lesson cannot be started from the composed server: %d %v: %s", status, err, body)
	}
	topology := running(t, p, started.ID)
	t.Run("namespaces", func(t *testing.T) { checkNamespaces(t, topology) })
	t.Run("counters", func(t *testing.T) { checkCounters(t, p, topology) })

	// With the lesson still under way: stopping the server ends it.
	p.compose("down", "--timeout", "60")
	for what, left := range map[string][]string{
		"containers of the lesson": lines(t, "docker", "ps", "--all", "--quiet", "--filter", "label=porthole.run="+started.ID),
		"containers of compose":    lines(t, "docker", "ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project="+p.name),
		"networks of compose":      lines(t, "docker", "network", "ls", "--quiet", "--filter", "label=com.docker.compose.project="+p.name),
		"volumes of the lesson":    lines(t, "docker", "volume", "ls", "--quiet", "--filter", "label=porthole.run="+started.ID),
	} {
		if len(left) > 0 {
			t.Errorf("after docker compose down there are still %s: %q", what, left)
		}
	}
}

// checkFences: the composed server has the rights that docker-compose.yml
// explains, and no others.
func checkFences(t *testing.T, p *project, server string) {
	t.Helper()
	var found []struct {
		HostConfig struct {
			Privileged, ReadonlyRootfs bool
			CapAdd, CapDrop            []string
			SecurityOpt, Binds         []string
			PidMode, NetworkMode       string
			PortBindings               map[string][]struct{ HostIP string }
		}
		Mounts []struct{ Source string }
	}
	if err := json.Unmarshal([]byte(output(t, "docker", "inspect", server)), &found); err != nil || len(found) != 1 {
		t.Fatalf("docker inspect does not tell of the server: %v", err)
	}
	host := found[0].HostConfig
	if host.Privileged || !host.ReadonlyRootfs || !slices.Equal(host.CapDrop, []string{"ALL"}) ||
		len(host.CapAdd) != 1 || strings.TrimPrefix(host.CapAdd[0], "CAP_") != "SYS_PTRACE" {
		t.Errorf("the server has other rights than those explained: %+v", host)
	}
	if host.NetworkMode == "host" || host.PidMode != "host" {
		t.Errorf("the server is in other namespaces than those explained: %+v", host)
	}
	published := 0
	for port, places := range host.PortBindings {
		for _, place := range places {
			published++
			if place.HostIP != "127.0.0.1" {
				t.Errorf("port %s is published on %q, and not on this machine's loopback alone", port, place.HostIP)
			}
		}
	}
	if published != 1 {
		t.Errorf("%d ports are published, and not 1", published)
	}
	var sources []string
	for _, mount := range found[0].Mounts {
		sources = append(sources, mount.Source)
	}
	slices.Sort(sources)
	if !slices.Equal(sources, []string{"/sys/fs/cgroup", "/var/run/docker.sock"}) && !slices.Equal(sources, []string{"/run/docker.sock", "/sys/fs/cgroup"}) {
		t.Errorf("the server sees other files of the machine than those explained: %q", sources)
	}
}

// running waits until the lesson's three containers run, and returns the
// topology that the server tells of.
func running(t *testing.T, p *project, run string) wire.Topology {
	t.Helper()
	var topology wire.Topology
	eventually(t, 2*time.Minute, func() string {
		var whole wire.Topology
		if status, body, err := p.request(http.MethodGet, "/api/v1/topology", &whole); status != http.StatusOK || err != nil {
			return fmt.Sprintf("/api/v1/topology answers %d %v: %s", status, err, body)
		}
		topology = whole
		topology.Containers = slices.DeleteFunc(topology.Containers, func(c wire.Container) bool {
			return c.Run != run || c.State != "running" || c.PID == 0
		})
		if len(topology.Containers) != 3 {
			var progress wire.Run
			_, _, _ = p.request(http.MethodGet, "/api/v1/runs/"+run, &progress)
			return fmt.Sprintf("%d of the lesson's 3 containers run (the run is %s: %s%s)", len(topology.Containers), progress.State, progress.Progress, progress.Problem)
		}
		return ""
	})
	return topology
}

// checkNamespaces: eight links for the host and for each container, each with
// the inode that this test reads itself.
func checkNamespaces(t *testing.T, topology wire.Topology) {
	kthreadd := 2 // a thread of the kernel, which is always in the initial namespaces
	compareNamespaces(t, "the host", kthreadd, topology.Host.Namespaces)
	for _, container := range topology.Containers {
		pid, err := strconv.Atoi(output(t, "docker", "inspect", "--format", "{{.State.Pid}}", container.ID))
		if err != nil {
			t.Fatal(err)
		}
		if container.PID != pid {
			t.Errorf("%s: the server says that its process is %d, and the engine says %d", container.Name, container.PID, pid)
		}
		compareNamespaces(t, container.Name, pid, container.Namespaces)
		for _, namespace := range container.Namespaces {
			isHosts := namespace.Inode == namespaceOf(t, kthreadd, namespace.Type)
			if saysHost := namespace.Relation == wire.RelationHost; saysHost != isHosts || namespace.Relation == wire.RelationUnknown {
				t.Errorf("%s: %s is said to be %q, and it is %v that its inode is the host's", container.Name, namespace.Type, namespace.Relation, isHosts)
			}
		}
	}
}

func compareNamespaces(t *testing.T, whose string, pid int, said []wire.Namespace) {
	t.Helper()
	var types []string
	for _, namespace := range said {
		types = append(types, namespace.Type)
		if inode := namespaceOf(t, pid, namespace.Type); namespace.Inode != inode {
			t.Errorf("%s: the server says %s:[%d] (reason: %q), and the kernel %s:[%d]", whose, namespace.Type, namespace.Inode, namespace.Reason, namespace.Type, inode)
		}
	}
	if !slices.Equal(types, wire.NamespaceTypes) {
		t.Errorf("%s: the server tells of %q, and not of %q", whose, types, wire.NamespaceTypes)
	}
}

// checkCounters: each counter of each container is the one in the kernel's
// file. A sample is taken at a moment that is not ours, so each is held
// between two readings and must lie between them. One that only rises always
// does; a level may have been elsewhere in the meantime, and is tried again.
func checkCounters(t *testing.T, p *project, topology wire.Topology) {
	stream := subscribe(t, p)
	compared := 0
	for _, container := range topology.Containers {
		for _, counter := range counters {
			var says string
			deadline := time.Now().Add(20 * time.Second)
			for {
				before := counter.read(t, container.PID)
				sample := stream.sampleAfter(time.Now())
				after := counter.read(t, container.PID)
				inside := counter.get(sample.Containers[container.Name])
				if says = counter.differs(before, inside, after); says == "" {
					if _, present := inside.Get(); present {
						compared++
					}
					break
				}
				if counter.rises || time.Now().After(deadline) {
					t.Errorf("%s: %s: %s", container.Name, counter.field, says)
					break
				}
			}
		}
	}
	t.Logf("%d counters compared", compared)
	if most := len(topology.Containers) * len(counters); compared < most/2 {
		t.Errorf("only %d of %d counters are there to compare: the rest are absent on both sides", compared, most)
	}
}

func (c counter) differs(before, inside, after wire.Count) string {
	b, isBefore := before.Get()
	i, isInside := inside.Get()
	a, isAfter := after.Get()
	switch {
	case isBefore != isInside || isAfter != isInside:
		return fmt.Sprintf("the server says %s, and the kernel %s", inside, before)
	case isInside && (i < min(b, a) || i > max(b, a)):
		return fmt.Sprintf("the server says %d, and the kernel %d before it and %d after it", i, b, a)
	}
	return ""
}

// stream is a websocket to the composed server.
type stream struct {
	t          *testing.T
	connection *websocket.Conn
}

func subscribe(t *testing.T, p *project) *stream {
	t.Helper()
	connection, _, err := websocket.Dial(t.Context(), fmt.Sprintf("ws://localhost:%d/api/v1/stream", p.port), nil)
	if err != nil {
		t.Fatalf("the composed server's stream does not open: %v", err)
	}
	connection.SetReadLimit(16 << 20) // the history of a minute is long
	t.Cleanup(func() { _ = connection.CloseNow() })
	return &stream{t, connection}
}

// sampleAfter is a sample all of which was read after a moment: the second with
// a later time, for the first may have been under way.
func (s *stream) sampleAfter(moment time.Time) wire.Sample {
	s.t.Helper()
	for later := 0; ; {
		_, frame, err := s.connection.Read(s.t.Context())
		if err != nil {
			s.t.Fatalf("the composed server's stream ended: %v", err)
		}
		var header wire.Header
		if err := json.Unmarshal(frame, &header); err != nil {
			s.t.Fatalf("a frame of the stream is not a message: %v", err)
		}
		if header.Type != wire.TypeSample || header.At <= moment.UnixMilli() {
			continue
		}
		if later++; later == 2 {
			var sample wire.Sample
			if err := json.Unmarshal(frame, &sample); err != nil {
				s.t.Fatalf("a sample of the stream is not one: %v", err)
			}
			return sample
		}
	}
}
