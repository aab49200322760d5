package site

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"porthole/server/stream"
	"porthole/server/wire"
	"porthole/static"
	"porthole/templates"
)

var (
	errRunning     = errors.New("the lesson cpu-limit runs already: stop it first")
	errUnavailable = errors.New("this host has no cpu controller")
	errTooMany     = errors.New("as many lessons run as may: stop one first")
	errNoEngine    = errors.New("no engine answers")
	errNoField     = errors.New("no field of this name: the fields are cpuUsageUsec and pidsCurrent")
)

// cannedLab answers without an engine: what is tested here is the edge.
type cannedLab struct {
	mu   sync.Mutex
	runs []wire.Run
}

func (l *cannedLab) Catalogue() []wire.Lesson {
	lessons := []wire.Lesson{{
		Slug: "cpu-limit", Title: "CPU limit", Section: "Cgroups", Question: "How <much> longer does it take?",
		Answers:    []wire.Answer{{ID: "twice", Says: "Twice as long", Right: true}},
		Containers: []wire.LessonContainer{{Key: "half", Title: "Half", Command: "docker run --cpus 0.5 x"}},
		Panels:     []string{"cpu"},
		Claims:     []wire.Claim{{ID: "half", Says: "It stays at half a core", Verdict: wire.Pending}},
		Actions:    []wire.Action{{ID: "raise", Title: "Raise", Command: "docker update --cpus 2 x"}},
	}}
	for _, slug := range []string{"unavailable", "crowded", "engineless", "broken", "panics", "slow"} {
		lessons = append(lessons, wire.Lesson{Slug: slug, Title: slug})
	}
	return lessons
}

func (l *cannedLab) Start(ctx context.Context, slug string) (wire.Run, error) {
	switch slug {
	case "unavailable":
		return wire.Run{}, fmt.Errorf("start %s: %w", slug, errUnavailable)
	case "crowded":
		return wire.Run{}, errTooMany
	case "engineless":
		return wire.Run{}, errNoEngine
	case "broken":
		return wire.Run{}, errors.New("a secret path /root/x is broken")
	case "panics":
		panic("on purpose")
	case "slow":
		return wire.Run{}, fmt.Errorf("start: %w", context.DeadlineExceeded)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, run := range l.runs {
		if run.Lesson == slug {
			return wire.Run{}, errRunning
		}
	}
	run := wire.Run{
		Header: wire.Header{Type: wire.TypeRun}, ID: "run-1", Lesson: slug, State: wire.RunRunning,
		Claims: []wire.Claim{{ID: "half", Says: "It stays at half a core", Verdict: wire.Holds, Measured: "0.50 cores"}},
	}
	l.runs = append(l.runs, run)
	return run, nil
}

func (l *cannedLab) Get(id string) (wire.Run, bool) {
	for _, run := range l.Runs() {
		if run.ID == id {
			return run, true
		}
	}
	return wire.Run{}, false
}

func (l *cannedLab) Runs() []wire.Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]wire.Run(nil), l.runs...)
}

func (l *cannedLab) Stop(context.Context, string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs = nil
	return nil
}

func (l *cannedLab) Act(context.Context, string, string, *float64) error { return nil }

type cannedSources struct{}

func (cannedSources) Source(container, field string) (wire.Provenance, error) {
	if field != "cpuUsageUsec" {
		return wire.Provenance{}, fmt.Errorf("%s: %w", field, errNoField)
	}
	return wire.Provenance{
		Container: container, Field: field, Path: "/sys/fs/cgroup/x/cpu.stat", Raw: "usage_usec 7\n",
		Command: "cat /sys/fs/cgroup/x/cpu.stat", Unit: "microseconds", ReadAt: 5,
	}, nil
}

// withBundle is the static folder as it is after a build.
func withBundle() fstest.MapFS {
	return fstest.MapFS{
		"bundle/porthole.js":  {Data: []byte(strings.Repeat("console.log('porthole');\n", 200))},
		"bundle/porthole.css": {Data: []byte("body{}")},
		"bundle/x.woff2":      {Data: []byte("font")},
		"bundle/.gitkeep":     {},
		"icons/porthole.svg":  {Data: []byte("<svg/>")},
		"css/plain.css":       {Data: []byte("body{}")},
		"js/control.js":       {Data: []byte("//")},
		"js/early.js":         {Data: []byte("// the stream")},
		"js/framed.js":        {Data: []byte("//")},
		"js/panel.js":         {Data: []byte("// porthole-panel")},
		"fs.go":               {Data: []byte("package static")},
	}
}

func baseOptions(hub *stream.Hub) Options {
	return Options{
		Lab: &cannedLab{}, Hub: hub, Sources: cannedSources{},
		Host: func() wire.Host {
			return wire.Host{Kernel: "6.18.0", CgroupMode: wire.CgroupV2, Engine: wire.Engine{Name: "docker", State: wire.EngineUp}}
		},
		Source: map[string]string{"steps.go": "package x\n\ta < b\n", "inside.go": "package x\n"},
		Article: func(slug string) (Article, bool) {
			return Article{Prose: "# Why\n\nA *quota*. <script>alert(1)</script> [x](javascript:alert(2))", Insight: "Time is **given**.", TryIt: []string{"docker ps"}}, slug == "cpu-limit"
		},
		Statuses: []Status{
			{errRunning, 409}, {errUnavailable, 422}, {errTooMany, 429}, {errNoEngine, 503}, {errNoField, 404},
		},
		Templates: templates.FS, Static: static.FS, Version: "1.2.3",
		AllowHosts: []string{"porthole.test"}, AllowEmbed: []string{"https://slides.example"},
	}
}

// server is a Site that serves on loopback for the length of a test.
type server struct {
	*Site
	hub     *stream.Hub
	address string // 127.0.0.1:PORT
	stop    func() // ends Serve and waits for it
	client  *http.Client
}

func serve(t *testing.T, change func(*Options)) *server {
	t.Helper()
	hub := stream.NewHub(stream.Options{})
	o := baseOptions(hub)
	if testing.Verbose() {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	if change != nil {
		change(&o)
	}
	site, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- site.Serve(ctx, listener) }()
	transport := &http.Transport{DisableCompression: true}
	s := &server{
		Site: site, hub: hub, address: listener.Addr().String(),
		client: &http.Client{Transport: transport, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}
	s.stop = sync.OnceFunc(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

// do sends a request; headers alternate name and value, and Host is one.
func (s *server) do(t *testing.T, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			request.Host = headers[i+1]
			continue
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: reading the answer: %v", method, path, err)
	}
	return response, string(data)
}

// sample publishes one of the container porthole-a, and a topology with it.
func (s *server) publish(usage uint64) {
	s.hub.Topology(wire.Topology{
		Host: wire.TopologyHost{
			Host:       wire.Host{Kernel: "6.18.0", Engine: wire.Engine{Name: "docker", State: wire.EngineUp}},
			Namespaces: []wire.Namespace{{Type: "pid", Inode: 4026531836, Relation: wire.RelationHost}},
		},
		Containers: []wire.Container{{
			Name: "porthole-a", Title: "App A", State: "running", PID: 4242,
			Namespaces: []wire.Namespace{{Type: "pid", Inode: 4026532999, Relation: wire.RelationOwn}},
		}, {
			Name: "shop-web", Foreign: true, State: "running", PID: 777,
			Namespaces: []wire.Namespace{{Type: "pid", Inode: 4026533777, Relation: wire.RelationOwn}},
		}},
	})
	s.sample(usage)
}

func (s *server) sample(usage uint64) {
	s.hub.Sample(wire.Sample{Containers: map[string]wire.Counters{
		"porthole-a": {CPUUsageUsec: wire.Counted(usage)},
		"porthole-b": {CPUUsageUsec: wire.Counted(usage + 1)},
	}})
}
