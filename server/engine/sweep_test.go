package engine_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"porthole/server/engine"
)

// serverToBeKilled makes and starts a container, says so, and waits for its end.
func serverToBeKilled(scope string) {
	ctx := context.Background()
	d, err := engine.NewDocker(engine.Options{Scope: scope})
	if err == nil {
		err = d.Connect(ctx)
	}
	c := idle("orphan")
	c.Volumes = []string{"orphaned:/data"}
	id := ""
	if err == nil {
		id, err = d.Create(ctx, "orphans", lesson, c, time.Hour)
	}
	if err == nil {
		err = d.Start(ctx, id)
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(id)
	select {}
}

func TestLeftOversOfAKilledServerAreSwept(t *testing.T) {
	own := scope + "-sweep"
	defer cleanScope(own)
	cli := raw(t)
	server := exec.CommandContext(t.Context(), os.Args[0], "server-to-be-killed", own)
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var id string
	if _, err := fmt.Fscan(stdout, &id); err != nil || len(id) != 64 {
		t.Fatalf("the server said %q, %v", id, err)
	}
	running := func() bool {
		seen, err := cli.ContainerInspect(t.Context(), id)
		return err == nil && seen.State.Running
	}
	// While it lives, another server sees its container and leaves it alone.
	neighbour := up(t, options(t, own))
	until(t, neighbour, "the neighbour sees it", func() bool { c, _ := find(neighbour, id); return c.Running() })
	mine := start(t, neighbour, idle("mine"))
	if !running() {
		t.Fatal("a living server's container was swept")
	}
	server.Process.Kill()
	server.Wait()
	if !running() {
		t.Fatal("the orphan should still run")
	}
	next := up(t, options(t, own))
	until(t, next, "the orphan is gone and the living server's is not", func() bool {
		_, orphan := find(next, id)
		_, living := find(next, mine)
		return living && !orphan
	})
	if running() {
		t.Error("the orphan runs on")
	}
	if _, err := cli.VolumeInspect(t.Context(), "porthole-"+own+"-lesson-orphaned"); err == nil {
		t.Error("the orphan's volume is left")
	}
}
