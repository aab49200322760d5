package engine_test

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkCreateAndStart measures what a student waits for: from the request
// until the first process of the container runs, and then its removal.
func BenchmarkCreateAndStart(b *testing.B) {
	d := up(b, options(b, scope))
	if _, err := d.EnsureImage(b.Context()); err != nil {
		b.Fatal(err)
	}
	var creating, starting, removing time.Duration
	n := 0
	for b.Loop() {
		began := time.Now()
		id, err := d.Create(b.Context(), b.Name(), lesson, idle(fmt.Sprint("bench", n)), time.Minute)
		if err != nil {
			b.Fatal(err)
		}
		created := time.Now()
		if err := d.Start(b.Context(), id); err != nil {
			b.Fatal(err)
		}
		started := time.Now()
		if err := d.Remove(b.Context(), id); err != nil {
			b.Fatal(err)
		}
		creating += created.Sub(began)
		starting += started.Sub(created)
		removing += time.Since(started)
		n++
	}
	ms := func(total time.Duration) float64 { return float64(total.Milliseconds()) / float64(n) }
	b.ReportMetric(ms(creating), "create-ms")
	b.ReportMetric(ms(starting), "start-ms")
	b.ReportMetric(ms(removing), "remove-ms")
}

// BenchmarkContainers measures what the sampler asks every tick.
func BenchmarkContainers(b *testing.B) {
	d := up(b, options(b, scope))
	for b.Loop() {
		_ = d.Containers()
	}
}
