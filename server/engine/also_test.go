package engine_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"porthole/demos"
	"porthole/server/engine"
)

// theirImage is an image of somebody else: our program without our labels.
func theirImage(t testing.TB, d *engine.Docker, cli *client.Client) string {
	t.Helper()
	ours, err := d.EnsureImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made, err := cli.ContainerCreate(t.Context(), &container.Config{Image: ours}, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	defer cli.ContainerRemove(context.Background(), made.ID, container.RemoveOptions{Force: true})
	files, err := cli.ContainerExport(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	name := "somebody-elses:" + scope + "-" + strings.ToLower(t.Name())
	answer, err := cli.ImageImport(t.Context(), image.ImportSource{Source: files, SourceName: "-"}, name, image.ImportOptions{Changes: []string{`ENTRYPOINT ["/porthole", "workload"]`}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Close()
	if text, err := io.ReadAll(answer); err != nil || strings.Contains(string(text), "error") {
		t.Fatalf("%s, %v", text, err)
	}
	t.Cleanup(func() { cli.ImageRemove(context.Background(), name, image.RemoveOptions{Force: true}) })
	return name
}

// theirs makes a container of somebody else, and starts it.
func theirs(t testing.TB, cli *client.Client, image, name string, labels map[string]string) string {
	t.Helper()
	made, err := cli.ContainerCreate(t.Context(), &container.Config{
		Image: image, Cmd: []string{"idle"}, Env: []string{"PORTHOLE_TTL_SECONDS=300"}, Labels: labels,
	}, &container.HostConfig{NetworkMode: "none"}, nil, nil, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cli.ContainerRemove(context.Background(), made.ID, container.RemoveOptions{Force: true}) })
	if err := cli.ContainerStart(t.Context(), made.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// shown is the running container of others that bears a name now.
func shown(d *engine.Docker, name string) (engine.Container, bool) {
	for _, c := range d.Others() {
		if c.Name == name && c.Running() {
			return c, true
		}
	}
	return engine.Container{}, false
}

// The order of things does not matter: named before there is one, there before
// anybody looks, stopped and started, renamed, with an engine that goes away.
func TestContainersOfOthersComeAndGoAsTheyDo(t *testing.T) {
	through := newProxy(t)
	cli := raw(t)
	name := func(what string) string { return "theirs-" + scope + "-" + what }
	o := options(t, scope)
	o.Address = "unix://" + through.path
	image := theirImage(t, up(t, options(t, scope)), cli)
	byID := theirs(t, cli, image, name("first"), nil)
	theirs(t, cli, image, name("unasked"), nil)
	o.Also = []string{name("late"), byID[:12], name("not"), name("la")}
	d := up(t, o)
	until(t, d, "the one that runs already is seen", func() bool { _, ok := shown(d, name("first")); return ok })
	if len(d.Others()) != 1 {
		t.Errorf("%d are seen, want the one that was asked for: %+v", len(d.Others()), d.Others())
	}

	// Labels are anybody's to write.
	late := theirs(t, cli, image, name("late"), map[string]string{
		engine.LabelTitle: "App A", engine.LabelSubtitle: "isolated", engine.LabelLesson: "architecture", engine.LabelRun: "run",
		engine.LabelKey: "a", engine.LabelCommand: "docker run evil", engine.LabelOrder: "-7", engine.LabelExpires: "1",
	})
	until(t, d, "the late one is seen", func() bool { _, ok := shown(d, name("late")); return ok })
	c, _ := shown(d, name("late"))
	if !c.Foreign || c.ID != late || c.Title+c.Subtitle+c.Lesson+c.Run+c.Key+c.Command != "" || c.Order != 1 || c.Labels != nil || !c.Expires.IsZero() {
		t.Errorf("its labels are believed: %+v", c)
	}
	if len(d.Containers()) != 0 {
		t.Errorf("containers of others are among ours: %+v", d.Containers())
	}

	rename := func(id, to string) {
		t.Helper()
		if err := cli.ContainerRename(t.Context(), id, to); err != nil {
			t.Fatal(err)
		}
	}
	rename(late, name("elsewhere"))
	until(t, d, "the name stands for nobody", func() bool { return len(d.Others()) == 1 })
	rename(byID, name("second"))
	until(t, d, "the one that was asked for by its ID has another name", func() bool { _, ok := shown(d, name("second")); return ok })
	rename(late, name("not"))
	until(t, d, "another of the names stands for it", func() bool { _, ok := shown(d, name("not")); return ok })

	if err := cli.ContainerKill(t.Context(), late, "KILL"); err != nil {
		t.Fatal(err)
	}
	until(t, d, "it runs no more", func() bool { _, ok := shown(d, name("not")); return !ok })
	if err := cli.ContainerStart(t.Context(), late, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, d, "it runs again", func() bool { _, ok := shown(d, name("not")); return ok })

	through.cut()
	until(t, d, "the engine is gone", func() bool { return d.State().State == "down" })
	if len(d.Others()) != 2 {
		t.Errorf("while the engine is away %d are known, want the last word on two", len(d.Others()))
	}
	if err := cli.ContainerRemove(t.Context(), byID, container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	rename(late, name("late"))
	through.listen(t)
	until(t, d, "what changed meanwhile is seen", func() bool { _, ok := shown(d, name("late")); return ok && len(d.Others()) == 1 })
	if err := cli.ContainerRemove(t.Context(), late, container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	until(t, d, "nobody is left", func() bool { return len(d.Others()) == 0 })
}

// A container of others is looked at, and nothing else: each way to act on one
// is refused before the engine hears of it, and all that removes leaves it.
func TestNothingIsDoneToContainersOfOthers(t *testing.T) {
	cli := raw(t)
	var mu sync.Mutex
	var id string
	var done []string
	mine := scope + "-also"
	t.Cleanup(func() { cleanScope(mine) })
	o := options(t, mine)
	o.Address = throughProxy(t, func(w http.ResponseWriter, r *http.Request, proxy http.Handler) {
		mu.Lock()
		if id != "" && strings.Contains(r.URL.Path, id) && r.Method != http.MethodGet || strings.HasSuffix(r.URL.Path, "/logs") {
			done = append(done, r.Method+" "+r.URL.Path)
		}
		mu.Unlock()
		proxy.ServeHTTP(w, r)
	})
	name := "theirs-" + scope + "-untouched"
	o.Also, o.Relist = []string{name}, 50*time.Millisecond
	d := up(t, o)
	made := theirs(t, cli, theirImage(t, d, cli), name, map[string]string{
		// As much like ours as somebody else's can be, and long out of time.
		engine.LabelScope: mine, engine.LabelInstance: "dead", engine.LabelRun: t.Name(), engine.LabelExpires: "1",
	})
	mu.Lock()
	id = made
	mu.Unlock()
	until(t, d, "it is seen", func() bool { _, ok := shown(d, name); return ok })
	before, err := cli.ContainerInspect(t.Context(), made)
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{made, made[:12], name} {
		_, exec := d.Exec(t.Context(), by, []string{"/porthole", "version"})
		_, inspect := d.Inspect(t.Context(), by)
		for what, err := range map[string]error{
			"Start": d.Start(t.Context(), by), "Stop": d.Stop(t.Context(), by, 0), "Kill": d.Kill(t.Context(), by), "Remove": d.Remove(t.Context(), by),
			"Update": d.Update(t.Context(), by, demos.Limits{CPUs: 0.1}), "Exec": exec, "Inspect": inspect,
			"Follow": d.Follow(t.Context(), by, func([]byte) {}),
		} {
			if !errors.Is(err, engine.ErrNotOurs) {
				t.Errorf("%s of %s: %v, want ErrNotOurs", what, by, err)
			}
		}
	}
	if err := d.RemoveRun(t.Context(), t.Name()); err != nil {
		t.Error(err)
	}
	// A server that comes sweeps, and so does each listing of it.
	other := o
	other.Instance = "another"
	up(t, other)
	if report, err := d.Clean(t.Context()); err != nil || len(report.Containers) > 0 {
		t.Errorf("Clean removed %v, %v", report.Containers, err)
	}
	after, err := cli.ContainerInspect(t.Context(), made)
	if err != nil || !after.State.Running || after.State.StartedAt != before.State.StartedAt || after.State.Pid != before.State.Pid || after.HostConfig.NanoCPUs != 0 {
		t.Errorf("it is not as it was: %v, %+v", err, after.State)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, request := range done {
		t.Errorf("the engine was asked to act on it: %s", request)
	}
}
