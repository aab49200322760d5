package engine_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"porthole/demos"
	"porthole/server/engine"
	"porthole/server/wire"
)

func TestEngineGoesAndComesBack(t *testing.T) {
	p := newProxy(t)
	o := options(t, scope)
	direct := up(t, o)
	o.Address = "unix://" + p.path
	d := up(t, o)
	stays, goes := start(t, direct, idle("stays")), start(t, direct, idle("goes"))
	until(t, d, "both are seen", func() bool { _, a := find(d, stays); _, b := find(d, goes); return a && b })
	if e := d.State(); e.Version == "" || e.APIVersion == "" || e.StorageDriver == "" || e.Runtime == "" || e.Problem != "" || e.Address != o.Address {
		t.Errorf("up: %+v", e)
	}

	p.cut()
	until(t, d, "it is down", func() bool { return d.State().State == wire.EngineDown })
	if e := d.State(); !strings.HasSuffix(e.Problem, ".") || e.Fix == "" {
		t.Errorf("down: %+v; want a sentence and a command", e)
	}
	if _, there := find(d, stays); !there {
		t.Error("the last word about the containers is gone with the engine")
	}
	if err := d.Start(t.Context(), stays); !errors.Is(err, engine.ErrDown) {
		t.Errorf("Start while it is down: %v", err)
	}
	// What happens meanwhile is seen by listing anew.
	if err := direct.Remove(t.Context(), goes); err != nil {
		t.Fatal(err)
	}
	comes := start(t, direct, idle("comes"))
	p.listen(t)
	until(t, d, "the list is right again", func() bool {
		_, a := find(d, stays)
		_, b := find(d, goes)
		c, _ := find(d, comes)
		return d.State().State == wire.EngineUp && a && !b && c.Running()
	})
	// And events flow again.
	if err := direct.Kill(t.Context(), comes); err != nil {
		t.Fatal(err)
	}
	until(t, d, "the end is seen", func() bool { c, _ := find(d, comes); return c.State == "exited" && c.ExitCode == 137 })
}

func TestPausedEngineHangsNothing(t *testing.T) {
	p := newProxy(t)
	o := options(t, scope)
	o.Address, o.PingTimeout = "unix://"+p.path, 1500*time.Millisecond
	d := up(t, o)
	id := start(t, d, idle("hung"))
	followed := make(chan error, 1)
	heard := make(chan struct{}, 1)
	go func() { followed <- d.Follow(t.Context(), id, func([]byte) { heard <- struct{}{} }) }()
	<-heard
	p.stall(true)
	for what, call := range map[string]func(context.Context) error{
		"Exec": func(ctx context.Context) error {
			_, err := d.Exec(ctx, id, []string{"/porthole", "workload", "look"})
			return err
		},
		"Inspect": func(ctx context.Context) error { _, err := d.Inspect(ctx, id); return err },
		"Stop":    func(ctx context.Context) error { return d.Stop(ctx, id, time.Second) },
	} {
		began := time.Now()
		if err := call(t.Context()); !errors.Is(err, engine.ErrDown) {
			t.Errorf("%s: %v; want ErrDown", what, err)
		}
		if time.Since(began) > 9*time.Second {
			t.Errorf("%s hung for %v", what, time.Since(began))
		}
	}
	if err := <-followed; !errors.Is(err, engine.ErrDown) {
		t.Errorf("Follow: %v; want ErrDown", err)
	}
	until(t, d, "it is down", func() bool { return d.State().State == wire.EngineDown })
	if e := d.State(); !strings.Contains(e.Problem, "does not answer") || !strings.Contains(e.Fix, "restart") {
		t.Errorf("paused: %+v", e)
	}
	p.stall(false)
	until(t, d, "it is up again", func() bool { return d.State().State == wire.EngineUp })
	if _, err := d.Exec(t.Context(), id, []string{"/porthole", "workload", "look"}); err != nil {
		t.Errorf("Exec after it came back: %v", err)
	}
}

// fakeEngine answers every request in one way, at a unix socket.
func fakeEngine(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(answer)
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return "unix://" + path
}

func TestEnginesThatCannotBeUsed(t *testing.T) {
	status := func(code int, api, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Api-Version", api)
			if !strings.HasSuffix(r.URL.Path, "/_ping") || code == http.StatusForbidden {
				w.WriteHeader(code)
			}
			w.Write([]byte(body))
		}
	}
	for _, test := range []struct {
		name, address string
		state         wire.EngineState
		kind          error
		says, fix     string
	}{
		{"nothing there", "unix://" + filepath.Join(t.TempDir(), "s"), wire.EngineDown, engine.ErrDown, "no socket", "sudo "},
		{"forbidden", fakeEngine(t, status(403, "1.47", `{"message":"no"}`)), wire.EngineForbidden, engine.ErrForbidden, "may not use it", "usermod -aG docker"},
		{"too old", fakeEngine(t, status(200, "1.40", "{}")), wire.EngineTooOld, engine.ErrTooOld, "too old", "upgrade"},
		{"ancient", fakeEngine(t, status(200, "", "{}")), wire.EngineTooOld, engine.ErrTooOld, "too old", "upgrade"},
		{"too new", fakeEngine(t, status(400, "9.9", `{"message":"client version 1.51 is too old. Minimum supported API version is 9.0, please upgrade your client to a newer version"}`)), wire.EngineTooOld, engine.ErrTooOld, "too new", ""},
		{"rubbish", fakeEngine(t, status(200, "1.47", `<html>`)), wire.EngineDown, engine.ErrDown, "no Docker engine", "sudo "},
		{"ssh", "ssh://host", wire.EngineDown, engine.ErrDown, "ssh", ""},
		{"no address", "nonsense", wire.EngineDown, engine.ErrDown, "not an engine's address", ""},
	} {
		o := options(t, scope)
		o.Address = test.address
		d := follow(t, o)
		until(t, d, test.name+" is noticed", func() bool { return d.State().State == test.state })
		e := d.State()
		if !strings.Contains(e.Problem, test.says) || strings.Count(e.Problem, "\n") > 0 || !strings.HasSuffix(e.Problem, ".") || !strings.Contains(e.Fix, test.fix) {
			t.Errorf("%s: problem %q, fix %q", test.name, e.Problem, e.Fix)
		}
		for what, err := range map[string]error{
			"Start": d.Start(t.Context(), "x"), "RemoveRun": d.RemoveRun(t.Context(), "x"), "Update": d.Update(t.Context(), "x", demos.Limits{}),
			"Follow": d.Follow(t.Context(), "x", nil), "Remove": d.Remove(t.Context(), "x"),
		} {
			if !errors.Is(err, test.kind) {
				t.Errorf("%s, %s: %v; want %v", test.name, what, err, test.kind)
			}
		}
		if _, err := d.EnsureImage(t.Context()); !errors.Is(err, test.kind) {
			t.Errorf("%s, EnsureImage: %v; want %v", test.name, err, test.kind)
		}
		if checks := d.Doctor(t.Context()); len(checks) != 1 || checks[0].Status != wire.CheckMissing || checks[0].Means != e.Problem {
			t.Errorf("%s: the doctor says %+v", test.name, checks)
		}
	}
}

// A socket that this user may not open, as before one joins the group docker.
func TestSocketOfAnotherUser(t *testing.T) {
	folder, err := os.MkdirTemp("", "porthole-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	// Root may open everything, so somebody else has to try: this very binary,
	// where nobody else could reach it.
	binary := filepath.Join(folder, "test")
	if data, err := os.ReadFile("/proc/self/exe"); err != nil || os.WriteFile(binary, data, 0o755) != nil {
		t.Fatal("the test binary cannot be copied", err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "connect-to", "unix://"+path)
	cmd.Dir = "/"
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	said, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(said), "true The engine's socket "+path+" is there, but this user may not use it;") || !strings.Contains(string(said), "sudo usermod -aG docker $USER && newgrp docker") {
		t.Errorf("it says %q, %v", said, err)
	}
}

func TestConnectOnceAndDoctor(t *testing.T) {
	d, err := engine.NewDocker(options(t, scope))
	if err != nil {
		t.Fatal(err)
	}
	if d.State().State != wire.EngineConnecting {
		t.Errorf("before anything was asked: %+v", d.State())
	}
	if err := d.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	checks := d.Doctor(t.Context())
	seen := map[string]bool{}
	for _, c := range checks {
		if c.ID == "" || c.Title == "" || c.Found == "" || c.Means == "" || c.Source == "" || seen[c.ID] {
			t.Errorf("the check %+v is not whole", c)
		}
		seen[c.ID] = true
	}
	if !seen["engine"] || !seen["engine-storage"] || !seen["engine-userns"] || checks[0].Status != wire.CheckOK {
		t.Errorf("the doctor says %+v", checks)
	}
}

func TestTwoRunsAtOnce(t *testing.T) {
	d := up(t, options(t, scope))
	if err := d.Run(t.Context()); err == nil {
		t.Error("a second Run began")
	}
}

func TestImageIsTheSameEveryTime(t *testing.T) {
	var names []string
	for range 2 {
		d := up(t, options(t, scope))
		name, err := d.EnsureImage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if names[0] != names[1] {
		t.Errorf("the images are %v", names)
	}
	history, err := raw(t).ImageHistory(t.Context(), names[0])
	if err != nil || len(history) != 3 {
		t.Errorf("history %+v, %v; want three layers", history, err)
	}
}

func TestImageOfAnythingElse(t *testing.T) {
	text := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, "/nonexistent", t.TempDir()} {
		o := options(t, scope)
		o.Executable = path
		d := up(t, o)
		if _, err := d.Create(t.Context(), t.Name(), lesson, idle("none"), time.Minute); !errors.Is(err, engine.ErrImage) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v; want ErrImage with the path", path, err)
		}
	}
}

// A dynamically linked program, as `go run` may make it, must run too.
func TestDynamicProgramRuns(t *testing.T) {
	own := scope + "-dynamic"
	defer cleanScope(own)
	echo, err := exec.LookPath("echo")
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, own)
	o.Executable = echo
	d := up(t, o)
	c := idle("dynamic")
	c.Workload = []string{"hello"}
	id := start(t, d, c)
	until(t, d, "it has ended", func() bool { c, _ := find(d, id); return c.State == "exited" })
	said := ""
	if err := d.Follow(t.Context(), id, func(line []byte) { said += string(line) }); err != nil || said != "workload hello" {
		t.Errorf("it said %q, %v", said, err)
	}
	if c, _ := find(d, id); c.ExitCode != 0 {
		t.Errorf("it ended with %d", c.ExitCode)
	}
}

// An image that somebody removed meanwhile is loaded again.
func TestImageIsLoadedAgain(t *testing.T) {
	own := scope + "-again"
	defer cleanScope(own)
	d, cli := up(t, options(t, own)), raw(t)
	name, err := d.EnsureImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := cli.ImageInspect(t.Context(), name); err == nil {
		t.Fatal("the image is still there")
	}
	start(t, d, idle("again"))
}
