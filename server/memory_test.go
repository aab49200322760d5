package main

import (
	"context"
	"errors"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"porthole/server/stream"
)

func TestMemoryIsGivenBackOnceNobodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := stream.NewHub(stream.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var given atomic.Int32
		done := make(chan error, 1)
		go func() { done <- giveBack(ctx, hub.Watched, func() { given.Add(1) }) }()
		after := func(d time.Duration, want int32) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if got := given.Load(); got != want {
				t.Errorf("memory was given back %d times, want %d", got, want)
			}
		}
		after(restAfter-1, 0)
		after(1, 1)
		after(time.Hour, 1) // nothing has been taken since
		viewer := hub.Subscribe()
		after(time.Hour, 1) // somebody looks
		viewer.Close()
		after(restAfter-1, 1)
		viewer = hub.Subscribe() // back in time
		after(time.Hour, 1)
		viewer.Close()
		after(restAfter, 2)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the end is %v", err)
		}
	})
}

func TestGOGCIsTheUsersWord(t *testing.T) {
	before := debug.SetGCPercent(77)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	frugal(func(string) string { return "100" })
	if got := debug.SetGCPercent(77); got != 77 {
		t.Errorf("with GOGC set the collector runs at %d %%, want it left alone", got)
	}
	frugal(func(string) string { return "" })
	if got := debug.SetGCPercent(before); got != collectAt {
		t.Errorf("the collector runs at %d %%, want %d", got, collectAt)
	}
}
