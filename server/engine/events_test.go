package engine_test

import (
	"slices"
	"strings"
	"testing"

	"porthole/server/engine"
	"porthole/server/wire"
)

func whats(c engine.Container) []string {
	var all []string
	for _, event := range c.Events {
		all = append(all, event.What)
	}
	return all
}

func TestEventsOfAKilledContainerAreRemembered(t *testing.T) {
	d := up(t, options(t, scope))
	c := idle("remembered")
	c.Workload, c.Limits.Memory, c.Limits.MemorySwap = []string{"allocate", "--bytes", "96m", "--pace", "1ms"}, 32<<20, 32<<20
	id, _ := runs(t, d, c, wire.ReportDone)
	until(t, d, "the engine's events are in", func() bool { seen, _ := find(d, id); return slices.Contains(whats(seen), "die") })
	seen, _ := find(d, id)
	for _, what := range []string{"create", "start", "oom", "die"} {
		if !slices.Contains(whats(seen), what) {
			t.Errorf("no event %s among %v", what, whats(seen))
		}
	}
	last := seen.Events[len(seen.Events)-1]
	if last.What != "die" || last.ExitCode == nil || *last.ExitCode != 137 || last.At.IsZero() {
		t.Errorf("the last event is %+v", last)
	}
	if seen.Asked.HostConfig["memory"] != "Memory 33554432" {
		t.Errorf("HostConfig %v", seen.Asked.HostConfig)
	}
}

func TestImagesHaveTheirLayers(t *testing.T) {
	d := up(t, options(t, scope))
	start(t, d, idle("layered"))
	images := d.Images()
	if len(images) != 1 || len(images[0].Layers) != 3 || images[0].Bytes == 0 {
		t.Fatalf("images %+v", images)
	}
	for _, layer := range images[0].Layers {
		if layer.Empty || !strings.HasPrefix(layer.Digest, "sha256:") || layer.Bytes == 0 || !strings.HasPrefix(layer.CreatedBy, "porthole: ") {
			t.Errorf("layer %+v", layer)
		}
	}
}
