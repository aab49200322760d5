package rightstest

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"porthole/server/programtest"
	"porthole/server/wire"
)

// A file system over /sys/fs/cgroup, as some sandboxes have it: what needs no
// cgroups works, counters are absent with a reason and not 0, and a lesson that
// needs them says so before it starts.
func TestMaskedCgroups(t *testing.T) {
	docker(t)
	shell, err := exec.LookPath("unshare")
	if err != nil {
		t.Fatalf("this test needs the command unshare of util-linux: %v", err)
	}
	folder, slug := lessonFolder(t)
	s := serve(t, func(c *exec.Cmd) {
		c.Args = append([]string{shell, "--mount", "sh", "-c", `mount -t tmpfs none /sys/fs/cgroup && exec "$0" "$@"`, c.Path}, c.Args[1:]...)
		c.Path = shell
	}, "--demos", folder)
	topology := s.Topology("the engine", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineUp })
	if topology.Host.CgroupMode != wire.CgroupUnknown {
		t.Errorf("the cgroup mode is %q", topology.Host.CgroupMode)
	}
	var report wire.Doctor
	s.Get("/api/v1/host", &report)
	if i := slices.IndexFunc(report.Checks, func(c wire.Check) bool { return c.ID == "cgroup-mode" }); i < 0 || report.Checks[i].Status != wire.CheckMissing || !strings.Contains(report.Checks[i].Fix, "mount") {
		t.Errorf("the doctor says %+v", report.Checks)
	}
	var lessons []wire.Lesson
	s.Get("/api/v1/lessons", &lessons)
	if i := slices.IndexFunc(lessons, func(l wire.Lesson) bool { return l.Slug == "cpu-limit" }); i < 0 || lessons[i].Unavailable == "" {
		t.Error("a lesson on a limit does not say that it cannot be run here")
	}
	if status, detail := s.Post("/api/v1/lessons/cpu-limit/runs"); status != http.StatusUnprocessableEntity || detail == "" {
		t.Errorf("starting it answers %d: %s", status, detail)
	}

	s.StartLesson(slug)
	topology = s.Topology("two containers", func(t wire.Topology) bool { return programtest.BothRun(t, slug) })
	for _, c := range topology.Containers {
		if c.Lesson != slug {
			continue
		}
		if slices.ContainsFunc(c.Namespaces, func(n wire.Namespace) bool { return n.Inode == 0 }) {
			t.Errorf("namespaces need no cgroups: %+v", c.Namespaces)
		}
		var source wire.Provenance
		if status := s.Get("/api/v1/containers/"+c.Name+"/sources/memoryCurrentBytes", &source); status != http.StatusOK || source.Raw != "" || !strings.Contains(source.Reason, "not mounted here") {
			t.Errorf("the source of a figure that cannot be read: %d, %+v", status, source)
		}
	}
	sampled(s, func(sample wire.Sample) bool {
		own := 0
		for _, c := range topology.Containers {
			if counters, there := sample.Containers[c.Name]; there && c.Lesson == slug {
				own++
				if counters != (wire.Counters{}) {
					t.Errorf("%s has figures out of nothing: %+v", c.Name, counters)
				}
			}
		}
		return own == 2
	})
}

// sampled waits for a sample that is as wanted.
func sampled(s *server, wanted func(wire.Sample) bool) {
	s.T.Helper()
	found := false
	s.Stream(s.T.Context(), func(message []byte) bool {
		var sample wire.Sample
		if json.Unmarshal(message, &sample) == nil && sample.Type == wire.TypeSample {
			found = wanted(sample)
		}
		return !found
	})
	if !found {
		s.T.Fatalf("no such sample came\n%s", s.Log)
	}
}
