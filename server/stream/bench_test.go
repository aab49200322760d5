package stream

import (
	"fmt"
	"testing"
)

// twenty containers are what the project's figures are stated for.
func twenty() []string {
	names := make([]string, 20)
	for i := range names {
		names[i] = fmt.Sprintf("porthole-architecture-%02d", i)
	}
	return names
}

// BenchmarkPublish is the cost of one sample of 20 containers to the sampler.
func BenchmarkPublish(b *testing.B) {
	for _, viewers := range []int{0, 1, 200, 1000} {
		b.Run(fmt.Sprintf("viewers=%d", viewers), func(b *testing.B) {
			hub := NewHub(Options{})
			for range viewers {
				defer hub.Subscribe().Close()
			}
			message := sample(1, twenty()...)
			b.ReportAllocs()
			for b.Loop() {
				message.At += 100
				hub.Sample(message)
			}
		})
	}
}

// BenchmarkDeliver is the cost of one sample to one viewer, but for the
// transport's.
func BenchmarkDeliver(b *testing.B) {
	for _, narrowed := range []bool{false, true} {
		b.Run(fmt.Sprintf("narrowed=%v", narrowed), func(b *testing.B) {
			hub := NewHub(Options{})
			s := hub.Subscribe()
			defer s.Close()
			if narrowed {
				s.Narrow(twenty()[:3])
			}
			hub.Sample(sample(1, twenty()...))
			shared := hub.sample
			b.ReportAllocs()
			for b.Loop() {
				s.put(shared)
				s.take()
				if narrowed {
					shared.narrowed(s.wanted)
				} else {
					_ = shared.Frame
				}
			}
		})
	}
}

// BenchmarkHistory is what the first of those pays who join between two
// samples, after a minute of 20 containers at 10 Hz.
func BenchmarkHistory(b *testing.B) {
	hub := NewHub(Options{})
	for i := range 600 {
		hub.Sample(sample(int64(i)*100, twenty()...))
	}
	b.ReportAllocs()
	for b.Loop() {
		hub.mu.Lock()
		hub.historyMade = nil
		frame := hub.historyFrame()
		hub.mu.Unlock()
		b.SetBytes(int64(len(frame.Data)))
	}
}
