package rightstest

import (
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"porthole/server/wire"
)

// readOnly is what a socket proxy does that lets nobody write.
func readOnly(r *http.Request) int {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return http.StatusForbidden
	}
	return 0
}

// Behind a proxy that forbids writes everything is shown and nothing started:
// that is said once, everywhere the same.
func TestBehindAReadOnlyProxy(t *testing.T) {
	docker(t)
	f := newFront(t, readOnly, unedited)
	folder, slug := lessonFolder(t)
	s := serve(t, func(c *exec.Cmd) { c.Env = append(c.Env, "DOCKER_HOST="+f.address) }, "--demos", folder)
	topology := s.Topology("the engine", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineUp })
	says := topology.Host.Engine.ObserveOnly
	if !strings.Contains(says, "forbids to start any") || strings.Count(says, "\n") > 0 || !strings.HasSuffix(says, ".") {
		t.Errorf("the page says %q", says)
	}
	var lessons []wire.Lesson
	s.Get("/api/v1/lessons", &lessons)
	for _, lesson := range lessons {
		if lesson.Unavailable != says {
			t.Errorf("the lesson %s says %q, and not why it cannot start", lesson.Slug, lesson.Unavailable)
		}
	}
	if len(lessons) == 0 {
		t.Error("there are no lessons")
	}
	for range 20 {
		if status, detail := s.Post("/api/v1/lessons/" + slug + "/runs"); status != http.StatusUnprocessableEntity || !strings.Contains(detail, says) {
			t.Fatalf("starting a lesson answers %d: %s", status, detail)
		}
	}
	var report wire.Doctor
	s.Get("/api/v1/host", &report)
	if i := slices.IndexFunc(report.Checks, func(c wire.Check) bool { return c.ID == "engine" }); i < 0 || report.Checks[i].Status != wire.CheckLimited || report.Checks[i].Means != says {
		t.Errorf("the doctor says %+v", report.Checks)
	}
	// No storm: neither at the proxy nor in the log.
	if writes := f.wrote(); writes > 2 {
		t.Errorf("the proxy had to refuse %d requests", writes)
	}
	log := s.Log.String()
	if lines := linesWith(log, "forbids to start any"); len(lines) != 1 {
		t.Errorf("the log has it %d times:\n%s", len(lines), log)
	}
	if lines := append(linesWith(log, "level=ERROR"), linesWith(log, "level=WARN")...); len(lines) > 1 {
		t.Errorf("the log has %d lines that complain:\n%s", len(lines), log)
	}
}

// Not root, and no helper may be started: counters are read, namespaces are
// unknown, and the page says why.
func TestNotRootBehindAReadOnlyProxy(t *testing.T) {
	docker(t)
	f := newFront(t, readOnly, unedited)
	s := serve(t, func(c *exec.Cmd) {
		student(t, c)
		c.Env = append(c.Env, "DOCKER_HOST="+f.address)
	})
	topology := s.Topology("the engine", func(t wire.Topology) bool { return t.Host.Engine.ObserveOnly != "" })
	reader := topology.Host.Reader
	if reader.Mode != wire.ReaderDirect || !strings.Contains(reader.Problem, "Namespaces stay unknown") {
		t.Errorf("the page says %+v", reader)
	}
	if log := s.Log.String(); strings.Count(log, "\n") > 6 {
		t.Errorf("the log has %d lines:\n%s", strings.Count(log, "\n"), log)
	}
}

// The engine's API alone, of a machine that is not ours: labelled, at its pace.
func TestTheAPIAlone(t *testing.T) {
	cli := docker(t)
	folder, slug := lessonFolder(t)
	// Another server, which may, starts the lesson.
	full := serve(t, nil, "--demos", folder)
	full.Topology("the engine", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineUp })
	if status, detail := full.Post("/api/v1/lessons/" + slug + "/runs"); status != http.StatusCreated {
		t.Fatalf("the lesson does not start: %d %s", status, detail)
	}
	s := serve(t, nil, "--reader", "none", "--demos", folder)
	both := s.Topology("both containers", func(t wire.Topology) bool {
		running := 0
		for _, c := range t.Containers {
			if c.Lesson == slug && c.State == "running" {
				running++
			}
		}
		return running == 2
	})
	if r := both.Host.Reader; r.Mode != wire.ReaderEngine || !strings.Contains(r.Says, "engine's API") || r.Problem == "" {
		t.Errorf("it is not labelled: %+v", r)
	}
	times := s.SampleTimes(both, slug, 3)
	if slices.Min(times) < 500 {
		t.Errorf("samples come every %v ms, more often than the engine has news", times)
	}
	name := ""
	for _, c := range both.Containers {
		if c.Lesson == slug {
			name = c.Name
		}
	}
	var source wire.Provenance
	if status := s.Get("/api/v1/containers/"+name+"/sources/memoryCurrentBytes", &source); status != http.StatusOK || !strings.Contains(source.Raw, "memory_stats") {
		t.Errorf("the source is %+v (%d)", source, status)
	}
	if _, err := cli.ContainerInspect(t.Context(), name); err != nil {
		t.Error(err)
	}
}
