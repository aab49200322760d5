package rightstest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/docker/docker/api/types/container"

	"porthole/server/programtest"
	"porthole/server/wire"
)

// Somebody in the group docker who is not root sees what root sees: the same
// numbers, at the same rate.
func TestNotRoot(t *testing.T) {
	cli := docker(t)
	folder, slug := lessonFolder(t)
	s := serve(t, func(c *exec.Cmd) { student(t, c) }, "--demos", folder)
	ready := s.Topology("that a helper reads", func(t wire.Topology) bool { return t.Host.Reader.Mode == wire.ReaderContainer })
	name := ready.Host.Reader.Container

	// Somebody else's container with a name like ours.
	image := helper(t, cli, name).Config.Image
	theirs, err := cli.ContainerCreate(t.Context(), &container.Config{Image: image, Cmd: []string{"idle"}}, nil, nil, nil, "porthole-reader-theirs"+slug)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cli.ContainerRemove(context.Background(), theirs.ID, container.RemoveOptions{Force: true})
	})

	if status, detail := s.Post("/api/v1/lessons/" + slug + "/runs"); status != http.StatusCreated {
		t.Fatalf("the lesson does not start: %d %s", status, detail)
	}
	running := func(topology wire.Topology) bool {
		known := 0
		for _, c := range topology.Containers {
			if c.Lesson == slug && c.State == "running" && len(c.Namespaces) == 8 && !slices.ContainsFunc(c.Namespaces, func(n wire.Namespace) bool { return n.Relation == wire.RelationUnknown }) {
				known++
			}
		}
		return known == 2
	}
	topology := s.Topology("two containers whose namespaces are known", running)
	for _, c := range topology.Containers {
		if c.Lesson != slug {
			if c.Name == name {
				t.Error("the helper is on the drawing")
			}
			continue
		}
		for _, n := range c.Namespaces {
			link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", c.PID, n.Type))
			if want := fmt.Sprintf("%s:[%d]", n.Type, n.Inode); err != nil || link != want {
				t.Errorf("%s: the page has %s, and root's readlink prints %s (%v)", c.Name, want, link, err)
			}
		}
		var source wire.Provenance
		if status := s.Get("/api/v1/containers/"+c.Name+"/sources/namespace.net", &source); status != http.StatusOK || !strings.HasPrefix(source.Raw, "net:[") {
			t.Errorf("the source of a number is %+v (%d)", source, status)
		}
		if c.Outside == nil || len(c.Outside.Interfaces) != 1 || !strings.HasPrefix(c.Outside.Interfaces[0].Name, "veth") {
			t.Errorf("%s: the host's end of its interface is %+v", c.Name, c.Outside)
		}
		if c.Layers == nil || c.Layers.UpperEntries.IsZero() {
			t.Errorf("%s: its layers are %+v", c.Name, c.Layers)
		}
	}

	// As often as root's: not at the engine's pace of one a second.
	times := s.SampleTimes(topology, slug, 30)
	slices.Sort(times)
	if median := times[len(times)/2]; median < 50 || median > 400 {
		t.Errorf("half of the samples come within %d ms of the one before, where 100 are asked for: %v", median, times)
	}

	// Only the rights that it needs.
	seen := helper(t, cli, name)
	h := seen.HostConfig
	if !slices.Equal(h.CapAdd, []string{"SYS_PTRACE"}) && !slices.Equal(h.CapAdd, []string{"CAP_SYS_PTRACE"}) || !slices.Equal(h.CapDrop, []string{"ALL"}) {
		t.Errorf("its capabilities: added %v, dropped %v", h.CapAdd, h.CapDrop)
	}
	if h.Privileged || !h.ReadonlyRootfs || h.NetworkMode != "none" || h.PidMode != "host" || !slices.Contains(h.SecurityOpt, "no-new-privileges") ||
		h.Memory == 0 || h.PidsLimit == nil || *h.PidsLimit <= 0 || len(h.Devices) > 0 || len(h.Binds) != 1 || !strings.HasSuffix(h.Binds[0], ":ro") {
		t.Errorf("its fences are not as they should be: %+v", h)
	}
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", seen.State.Pid)); err != nil || !strings.Contains(string(status), "CapEff:\t0000000000080000\n") {
		t.Errorf("its capabilities in effect are not CAP_SYS_PTRACE alone (%v):\n%s", err, status)
	}
	if !strings.Contains(ready.Host.Reader.Command, "docker run") || !strings.Contains(ready.Host.Reader.Command, name) {
		t.Errorf("the command said is %q", ready.Host.Reader.Command)
	}
	var report wire.Doctor
	s.Get("/api/v1/host", &report)
	if i := slices.IndexFunc(report.Checks, func(c wire.Check) bool { return c.ID == "reader" }); i < 0 || report.Checks[i].Status != wire.CheckOK || !strings.Contains(report.Checks[i].Means, "docker run") {
		t.Errorf("the doctor says %+v", report.Checks)
	}

	s.Stop(os.Interrupt)
	removed(t, cli, seen.ID)
	if _, err := cli.ContainerInspect(t.Context(), theirs.ID); err != nil {
		t.Errorf("somebody else's container was touched: %v", err)
	}
	left, err := cli.ContainerList(t.Context(), container.ListOptions{All: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range left {
		if c.Labels["porthole.lesson"] == slug {
			t.Errorf("%v is left", c.Names)
		}
	}
}

// A server that is killed takes its helper along, though it cannot remove it.
func TestKilledServer(t *testing.T) {
	cli := docker(t)
	s := serve(t, func(c *exec.Cmd) { student(t, c) })
	ready := s.Topology("that a helper reads", func(t wire.Topology) bool { return t.Host.Reader.Container != "" })
	id := helper(t, cli, ready.Host.Reader.Container).ID
	s.Stop(syscall.SIGKILL)
	removed(t, cli, id)
}

// A helper that is killed is replaced.
func TestKilledHelper(t *testing.T) {
	cli := docker(t)
	s := serve(t, func(c *exec.Cmd) { student(t, c) })
	first := s.Topology("that a helper reads", func(t wire.Topology) bool { return t.Host.Reader.Container != "" }).Host.Reader.Container
	if err := cli.ContainerKill(t.Context(), first, "SIGKILL"); err != nil {
		t.Fatal(err)
	}
	second := s.Topology("another helper", func(t wire.Topology) bool {
		return t.Host.Reader.Container != "" && t.Host.Reader.Container != first
	}).Host.Reader.Container
	s.Stop(os.Interrupt)
	for _, name := range []string{first, second} {
		removed(t, cli, name)
	}
}

// Lessons judge their claims on what a helper sees.
func TestVerifyNotRoot(t *testing.T) {
	docker(t)
	folder, slug := lessonFolder(t)
	command := exec.CommandContext(t.Context(), programtest.Program, "verify", "--json", "--demos", folder, "--lesson", slug)
	student(t, command)
	command.Env = []string{"PATH=" + os.Getenv("PATH")}
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	var report struct {
		Host wire.Host `json:"host"`
		Held int       `json:"held"`
	}
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatal(err)
	}
	if report.Held != 1 || report.Host.Reader.Mode != wire.ReaderContainer {
		t.Errorf("%d claims hold, read by way of %q\n%s", report.Held, report.Host.Reader.Mode, output)
	}
}
