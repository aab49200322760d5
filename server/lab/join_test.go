package lab

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// One that joins another's namespace is created only when that one runs, also
// where it waits for the same one with after: the engine would refuse it.
func TestOneThatJoinsIsCreatedWhenItsPartnerRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, `
title: Joined
section: Tests
containers:
  - {key: one, title: One, workload: [idle], ipc: shareable}
  - {key: two, title: Two, workload: [idle], ipc: container:one, after: one, after-state: running}
claims:
  - {id: both-run, says: Both run., when: two.running, holds: one.running, measured: "{one.running}"}
`)
		var mu sync.Mutex
		var order []string
		b.engine.create = func(_ context.Context, key string) error {
			if key == "one" {
				time.Sleep(time.Second) // of the bubble's clock: the engine is slow
			}
			mu.Lock()
			defer mu.Unlock()
			order = append(order, key)
			return nil
		}
		b.begin(t)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(order, []string{"one", "two"}) {
			t.Errorf("created in the order %v", order)
		}
	})
}
