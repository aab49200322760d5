package lab

import (
	"encoding/json"
	"testing"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

// Whoever comes when the containers are gone still gets what was last seen of
// them, the moment of it, and the end of the curve.
func TestWhatWasSeenIsKept(t *testing.T) {
	exit := 137
	r := world(t, lesson(t, simple), map[string]*box{
		"one": {
			pid: 71, limits: wire.Limits{Memory: limit(64)}, counters: holding(1<<20, 1), lived: 10 * time.Second, exit: &exit, oomKilled: true,
			topology: func(c *wire.Container) {
				c.Events, c.Image = []wire.Event{{What: "oom"}}, "flat"
			},
			outside: &wire.View{PID: 71},
			reports: []wire.Report{inside(wire.View{PID: 1, Hostname: "in"})},
		},
		"two": {pid: 72, counters: holding(2<<20, 0), lived: longAgo},
	})
	// As a container dies, the readers lose sight of it.
	r.observe(Observation{Topology: &wire.Topology{Header: wire.Header{At: time.Now().UnixMilli()}, Containers: []wire.Container{{Name: demos.ContainerName("simple", "one"), Key: "one", Run: r.id, State: "exited", Events: []wire.Event{{What: "oom"}, {What: "die"}}}}}})
	if r.whole().Seen != nil {
		t.Error("something was kept before anything ended")
	}
	if r.ends() == 0 {
		t.Error("the end of a container is no reason to keep what was seen")
	}
	r.keep()
	r.publish()
	seen := r.whole().Seen
	if seen == nil || len(seen.Containers) != 2 {
		t.Fatalf("kept is %+v", seen)
	}
	one := seen.Containers[0]
	c := one.Container
	if c.State != "exited" || c.PID != 71 || c.Outside.PID != 71 || c.Inside.Hostname != "in" || c.Limits.Memory == nil || len(c.Namespaces) != 8 || len(c.Events) != 2 || c.OOMKilled == nil || !*c.OOMKilled {
		t.Errorf("of the one that was killed is kept %+v", c)
	}
	if kills, _ := one.Last.OOMKills.Get(); kills != 1 {
		t.Errorf("its last counters are %+v", one.Last)
	}
	if lived := one.At - r.startedAt.UnixMilli(); lived != 10_000 {
		t.Errorf("it was last seen alive %d ms after the start, and it lived for 10 s", lived)
	}
	if len(seen.Images) != 0 {
		t.Errorf("an image is kept that no topology of its life told of: %+v", seen.Images)
	}
	if state := seen.Containers[1].Container.State; state != "running" {
		t.Errorf("the other was last seen %s", state)
	}
	if n := len(seen.Samples); n < 80 || n > 140 {
		t.Errorf("%d samples are kept of 30 s at ten a second", n)
	}
	for i, sample := range seen.Samples[1:] {
		if sample.At <= seen.Samples[i].At {
			t.Fatal("the samples are not in their order")
		}
	}
	if last := seen.Samples[len(seen.Samples)-1]; last.At != r.startedAt.Add(longAgo).UnixMilli() {
		t.Errorf("the curve ends at %d", last.At)
	}
	// The stream's message stays small.
	message, err := json.Marshal(r.snapshot())
	if err != nil || json.Valid(message) && len(message) > 4096 {
		t.Errorf("the run's message is %d bytes (%v)", len(message), err)
	}
}
