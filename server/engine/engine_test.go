package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/volume"

	"porthole/demos"
	"porthole/server/engine"
	"porthole/server/wire"
)

func TestLifeOfAContainer(t *testing.T) {
	d := up(t, options(t, scope))
	ctx := t.Context()
	spec := idle("life")
	spec.Limits = demos.Limits{CPUs: 0.5, Memory: 64 << 20}
	id := create(t, d, spec)
	until(t, d, "it is created", func() bool { c, _ := find(d, id); return c.State == "created" })
	if err := d.Start(ctx, id); err != nil {
		t.Fatal(err)
	}
	until(t, d, "it runs", func() bool { c, _ := find(d, id); return c.Running() })
	c, _ := find(d, id)
	if c.PID <= 0 || c.StartedAt.IsZero() || !c.FinishedAt.IsZero() || c.Lesson != "lesson" || c.Run != t.Name() || c.Key != "life" ||
		c.Title != "App life" || c.Order != 1 || c.Name != "porthole-"+scope+"-lesson-life" || len(c.Address) != 1 ||
		c.Asked.CPU != "--cpus 0.5" || c.Asked.Memory != "--memory 64m" || c.Asked.MemorySwap != "" || c.Asked.Pids != "" {
		t.Errorf("it is seen as %+v", c)
	}
	if left := time.Until(c.Expires); left < time.Minute || left > 2*time.Minute+time.Second {
		t.Errorf("it expires in %v, want 2m", left)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", c.PID)); err != nil {
		t.Errorf("its process is not there: %v", err)
	}

	before := d.Containers()
	copied := slices.Clone(before)
	if err := d.Update(ctx, id, demos.Limits{CPUs: 1, Pids: 50}); err != nil {
		t.Fatal(err)
	}
	until(t, d, "the update is seen", func() bool {
		c, _ := find(d, id)
		return c.Asked.CPU == "--cpus 1" && c.Asked.Pids == "--pids-limit 50"
	})
	if !reflect.DeepEqual(before[0].Asked, copied[0].Asked) {
		t.Error("a snapshot changed after it was given out")
	}

	result, err := d.Exec(ctx, id, []string{"/porthole", "workload", "look"})
	if err != nil || result.ExitCode != 0 {
		t.Fatalf("exec: %v, exit %d, stderr %s", err, result.ExitCode, result.Stderr)
	}
	var report wire.Report
	if err := json.Unmarshal(result.Stdout, &report); err != nil || !slices.ContainsFunc(report.View.Processes, func(p wire.Process) bool { return p.PID == 1 && p.Command == "/porthole workload idle" }) {
		t.Errorf("exec printed %s (%v); want process 1 to be the workload", result.Stdout, err)
	}
	if result, err := d.Exec(ctx, id, []string{"/porthole", "workload", "nonsense"}); err != nil || result.ExitCode != 2 || !bytes.Contains(result.Stderr, []byte("nonsense")) {
		t.Errorf("exec of nonsense: %v, exit %d, stderr %s", err, result.ExitCode, result.Stderr)
	}

	began := time.Now()
	if err := d.Stop(ctx, id, 30*time.Second); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("it did not end on SIGTERM, but after %v", took)
	}
	until(t, d, "it has exited", func() bool { c, _ := find(d, id); return c.State == "exited" })
	if c, _ := find(d, id); c.ExitCode != 0 || c.FinishedAt.IsZero() || c.Running() {
		t.Errorf("it is seen as %+v after its end", c)
	}
	if err := d.Kill(ctx, id); !errors.Is(err, engine.ErrNotRunning) {
		t.Errorf("Kill after its end: %v", err)
	}
	if _, err := d.Exec(ctx, id, []string{"/porthole"}); !errors.Is(err, engine.ErrNotRunning) {
		t.Errorf("Exec after its end: %v", err)
	}
	for range 2 {
		if err := d.Remove(ctx, id); err != nil {
			t.Error(err)
		}
	}
	until(t, d, "it is gone", func() bool { _, there := find(d, id); return !there })
	if _, err := d.Inspect(ctx, id); !errors.Is(err, engine.ErrNoSuchContainer) {
		t.Errorf("Inspect after its removal: %v", err)
	}
}

func TestCreateMapsEveryField(t *testing.T) {
	d := up(t, options(t, scope))
	partner := idle("partner")
	partner.IPCNamespace = "shareable"
	partnerID := start(t, d, partner)
	one := demos.Container{
		Key: "all", Title: "A", Subtitle: "b", Order: 3, Workload: []string{"idle", "--pulse"}, Hostname: "my-container", User: "1000:1000",
		Network: "none", PIDNamespace: "container:partner", IPCNamespace: "container:partner", CgroupNamespace: "host",
		ReadOnly: true, CapDrop: []string{"ALL"}, CapAdd: []string{"NET_RAW"}, NoNewPrivileges: true, SecurityOpt: []string{"seccomp=unconfined"},
		Env: map[string]string{"COLOUR": "green"}, Volumes: []string{"data:/data:ro"}, Tmpfs: []string{"/scratch:size=1m"},
		Limits: demos.Limits{CPUs: 0.25, CPUShares: 512, CPUSet: "0", Memory: 128 << 20, MemoryReservation: 64 << 20, MemorySwap: 128 << 20, Pids: 30},
	}
	id := create(t, d, one)
	seen, err := raw(t).ContainerInspect(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	h, c := seen.HostConfig, seen.Config
	info, err := raw(t).Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	swap, swapFlag := int64(128<<20), "--memory-swap 128m"
	if !info.SwapLimit { // such an engine lifts the limit, with a warning
		swap, swapFlag = -1, "--memory-swap -1"
	}
	for what, ok := range map[string]bool{
		"image":          strings.HasPrefix(c.Image, "porthole-workload:"),
		"entrypoint":     slices.Equal(c.Entrypoint, []string{"/porthole", "workload"}) && slices.Equal(c.Cmd, []string{"idle", "--pulse"}),
		"hostname":       c.Hostname == "my-container",
		"user":           c.User == "1000:1000",
		"env":            slices.Contains(c.Env, "COLOUR=green") && slices.Contains(c.Env, "PORTHOLE_TTL_SECONDS=120"),
		"network":        h.NetworkMode == "none",
		"pid":            string(h.PidMode) == "container:"+partnerID,
		"ipc":            string(h.IpcMode) == "container:"+partnerID,
		"cgroupns":       h.CgroupnsMode == "host",
		"read-only":      h.ReadonlyRootfs,
		"caps":           slices.Equal(h.CapDrop, []string{"ALL"}) && len(h.CapAdd) == 1 && strings.HasSuffix(h.CapAdd[0], "NET_RAW"),
		"security":       slices.Contains(h.SecurityOpt, "no-new-privileges") && slices.Contains(h.SecurityOpt, "seccomp=unconfined"),
		"volume":         len(h.Mounts) == 1 && h.Mounts[0].Source == "porthole-"+scope+"-lesson-data" && h.Mounts[0].Target == "/data" && h.Mounts[0].ReadOnly && h.Mounts[0].VolumeOptions.Labels[engine.LabelManaged] == "true",
		"tmpfs":          h.Tmpfs["/scratch"] == "size=1m",
		"cpus":           h.NanoCPUs == 250_000_000 && h.CPUShares == 512 && h.CpusetCpus == "0",
		"memory":         h.Memory == 128<<20 && h.MemoryReservation == 64<<20 && h.MemorySwap == swap,
		"pids":           h.PidsLimit != nil && *h.PidsLimit == 30,
		"oom score":      h.OomScoreAdj == 500,
		"no restart":     !h.AutoRemove && (h.RestartPolicy.Name == "no" || h.RestartPolicy.Name == ""),
		"no init":        h.Init != nil && !*h.Init,
		"bounded log":    h.LogConfig.Type == "json-file" && h.LogConfig.Config["max-size"] == "1m" && h.LogConfig.Config["max-file"] == "1",
		"ulimits":        len(h.Ulimits) == 4,
		"instance":       c.Labels[engine.LabelInstance] == d.Instance(),
		"command":        strings.HasPrefix(c.Labels[engine.LabelCommand], "docker run --detach --name porthole-lesson-all"),
		"lesson and key": c.Labels[engine.LabelLesson] == "lesson" && c.Labels[engine.LabelKey] == "all" && c.Labels[engine.LabelOrder] == "3",
	} {
		if !ok {
			t.Errorf("%s is not as asked: %+v %+v", what, c, h)
		}
	}
	ours, err := d.Inspect(t.Context(), id)
	if err != nil || ours.Asked.MemorySwap != swapFlag || ours.Asked.CPUWeight != "--cpu-shares 512" || ours.Asked.CPUSet != "--cpuset-cpus 0" || !ours.ReadOnlyRoot {
		t.Errorf("Inspect: %+v, %v", ours.Asked, err)
	}
}

func TestUnlimitedIsUnlimited(t *testing.T) {
	d := up(t, options(t, scope))
	id := create(t, d, idle("free"))
	seen, err := raw(t).ContainerInspect(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	h := seen.HostConfig
	if h.Memory != 0 || h.NanoCPUs != 0 || h.CPUQuota != 0 || h.MemorySwap > 0 || h.PidsLimit != nil && *h.PidsLimit > 0 {
		t.Errorf("a container without limits has some: %+v", h.Resources)
	}
	if c, err := d.Inspect(t.Context(), id); err != nil || !reflect.DeepEqual(c.Asked, engine.Asked{HostConfig: map[string]string{}}) {
		t.Errorf("asked: %+v, %v; want nothing", c.Asked, err)
	}
}

func TestFollow(t *testing.T) {
	d := up(t, options(t, scope))
	spec := idle("burner")
	spec.Workload = []string{"burn", "--work", "20"}
	id := start(t, d, spec)
	var kinds []wire.ReportKind
	err := d.Follow(t.Context(), id, func(line []byte) {
		var report wire.Report
		if err := json.Unmarshal(line, &report); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		kinds = append(kinds, report.Porthole)
	})
	if err != nil || len(kinds) < 2 || kinds[0] != wire.ReportInside || kinds[len(kinds)-1] != wire.ReportDone {
		t.Errorf("reports %v, %v; want inside … done", kinds, err)
	}
	// Of one that goes on, until we have heard enough.
	id = start(t, d, idle("endless"))
	ctx, cancel := context.WithCancel(t.Context())
	err = d.Follow(ctx, id, func([]byte) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Follow after cancel: %v", err)
	}
	if err := d.Follow(t.Context(), strings.Repeat("0", 64), func([]byte) {}); !errors.Is(err, engine.ErrNoSuchContainer) {
		t.Errorf("Follow of nobody: %v", err)
	}
}

func TestCeilings(t *testing.T) {
	d := up(t, options(t, scope))
	refused := func(what string, c demos.Container, ttl time.Duration, kind error) {
		t.Helper()
		if _, err := d.Create(t.Context(), t.Name(), lesson, c, ttl); !errors.Is(err, kind) {
			t.Errorf("%s: %v; want %v", what, err, kind)
		}
	}
	c := idle("big")
	c.Limits.Memory = 1 << 50
	refused("more memory than there is", c, time.Minute, engine.ErrRefused)
	c = idle("fast")
	c.Limits.CPUs = 10_000
	refused("more cores than there are", c, time.Minute, engine.ErrRefused)
	refused("too long", idle("long"), 2*time.Hour, engine.ErrRefused)
	refused("no time at all", idle("short"), 0, engine.ErrRefused)
	c = idle("mount")
	c.Volumes = []string{"/etc:/host"}
	refused("a folder of the host", c, time.Minute, engine.ErrRefused)
	for i := range engine.MaxContainersPerRun {
		create(t, d, idle(fmt.Sprint("many", i)))
	}
	refused("one too many", idle("many"), time.Minute, engine.ErrRefused)
	refused("twice the same", idle("many3"), time.Minute, engine.ErrNameTaken)
	if err := d.RemoveRun(t.Context(), t.Name()); err != nil {
		t.Fatal(err)
	}
	until(t, d, "all are gone", func() bool {
		return !slices.ContainsFunc(d.Containers(), func(c engine.Container) bool { return c.Run == t.Name() })
	})
}

func TestFailedCreateLeavesNothing(t *testing.T) {
	d, cli := up(t, options(t, scope)), raw(t)
	foreign := "porthole-" + scope + "-lesson-taken"
	if _, err := cli.VolumeCreate(t.Context(), volume.CreateOptions{Name: foreign}); err != nil {
		t.Fatal(err)
	}
	defer cli.VolumeRemove(context.Background(), foreign, true)
	c := idle("half")
	c.Volumes = []string{"first:/a", "taken:/b"}
	if _, err := d.Create(t.Context(), t.Name(), lesson, c, time.Minute); !errors.Is(err, engine.ErrNameTaken) {
		t.Errorf("a volume of somebody else's: %v", err)
	}
	c.Volumes, c.PIDNamespace = []string{"first:/a"}, "container:nobody"
	if _, err := d.Create(t.Context(), t.Name(), lesson, c, time.Minute); err == nil {
		// Some engines look only when it starts.
		t.Log("this engine creates what joins nobody")
		d.RemoveRun(t.Context(), t.Name())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.PIDNamespace = ""
	if _, err := d.Create(ctx, t.Name(), lesson, c, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
	if _, err := cli.VolumeInspect(t.Context(), "porthole-"+scope+"-lesson-first"); err == nil {
		t.Error("the first volume is left")
	}
	if _, err := cli.VolumeInspect(t.Context(), foreign); err != nil {
		t.Errorf("the foreign volume is gone: %v", err)
	}
	if _, err := cli.ContainerInspect(t.Context(), "porthole-"+scope+"-lesson-half"); err == nil {
		t.Error("the container is left")
	}
}

func TestNamesThatAreTaken(t *testing.T) {
	own := scope + "-names"
	defer cleanScope(own)
	d, other, cli := up(t, options(t, own)), up(t, options(t, own)), raw(t)
	// An older run of ours: replaced.
	old, err := d.Create(t.Context(), "an older run", lesson, idle("name"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	id := create(t, d, idle("name"))
	if _, err := cli.ContainerInspect(t.Context(), old); err == nil {
		t.Error("the old one is still there")
	}
	// Another living server's: not touched. (Both are this process, which lives.)
	if _, err := other.Create(t.Context(), "another's", lesson, idle("name"), time.Minute); !errors.Is(err, engine.ErrNameTaken) || !strings.Contains(err.Error(), "another Porthole") {
		t.Errorf("another server's name: %v", err)
	}
	if _, err := cli.ContainerInspect(t.Context(), id); err != nil {
		t.Errorf("the other server's is gone: %v", err)
	}
	// Somebody else's: not touched.
	seen, _ := d.Inspect(t.Context(), id)
	foreign, err := cli.ContainerCreate(t.Context(), &container.Config{Image: seen.Image, Cmd: []string{"idle"}}, nil, nil, nil, "porthole-"+own+"-lesson-foreign")
	if err != nil {
		t.Fatal(err)
	}
	defer cli.ContainerRemove(context.Background(), foreign.ID, container.RemoveOptions{Force: true})
	if _, err := d.Create(t.Context(), t.Name(), lesson, idle("foreign"), time.Minute); !errors.Is(err, engine.ErrNameTaken) || !strings.Contains(err.Error(), "docker rm --force") {
		t.Errorf("a foreign name: %v", err)
	}
}

func TestCleanRemovesOursAndNothingElse(t *testing.T) {
	own := scope + "-clean"
	defer cleanScope(own)
	d, other, cli := up(t, options(t, own)), up(t, options(t, own)), raw(t)
	c := idle("one")
	c.Volumes = []string{"data:/data"}
	first := start(t, d, c)
	if _, err := other.Create(t.Context(), "another's", lesson, idle("two"), time.Minute); err != nil {
		t.Fatal(err)
	}
	elsewhere := up(t, options(t, scope))
	theirs := start(t, elsewhere, idle("other-scope"))
	seen, _ := d.Inspect(t.Context(), first)
	// By hand, from our very image, whose labels it inherits.
	byHand, err := cli.ContainerCreate(t.Context(), &container.Config{Image: seen.Image, Cmd: []string{"idle"}, Env: []string{"PORTHOLE_TTL_SECONDS=300"}}, nil, nil, nil, "porthole-"+own+"-by-hand")
	if err != nil {
		t.Fatal(err)
	}
	removeByHand := func() { cli.ContainerRemove(context.Background(), byHand.ID, container.RemoveOptions{Force: true}) }
	defer removeByHand()
	if err := cli.ContainerStart(t.Context(), byHand.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"Stop": d.Stop(t.Context(), byHand.ID, 0), "Kill": d.Kill(t.Context(), byHand.ID), "Remove": d.Remove(t.Context(), byHand.ID),
		"Update": d.Update(t.Context(), byHand.ID, demos.Limits{CPUs: 0.1}),
	} {
		if !errors.Is(err, engine.ErrNotOurs) {
			t.Errorf("%s of a foreign container: %v", what, err)
		}
	}
	report, err := d.Clean(t.Context())
	if err == nil || len(report.Containers) != 2 || len(report.Volumes) != 1 || len(report.Images) != 0 {
		t.Errorf("cleaned %+v, %v; want two containers, a volume, and an image that is in use", report, err)
	}
	for _, id := range []string{byHand.ID, theirs} {
		if seen, err := cli.ContainerInspect(t.Context(), id); err != nil || !seen.State.Running {
			t.Errorf("a container that is not ours was harmed: %v %+v", err, seen.State)
		}
	}
	removeByHand()
	if report, err := d.Clean(t.Context()); err != nil || len(report.Images) != 1 || report.Images[0] != seen.Image {
		t.Errorf("cleaned %+v, %v; want the image %s", report, err, seen.Image)
	}
	if report, err := d.Clean(t.Context()); err != nil || !report.Empty() {
		t.Errorf("cleaned %+v, %v; want nothing left", report, err)
	}
	// It is made again when it is needed.
	start(t, d, idle("again"))
}
