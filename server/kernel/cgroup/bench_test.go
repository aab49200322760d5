package cgroup

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/kernel/internal/dockertest"
	"porthole/server/wire"
)

// BenchmarkRead reads 20 real containers, and reports the processor time (user
// and system) for each container and reading.
func BenchmarkRead(b *testing.B) {
	const containers = 20
	readers := make([]*Reader, containers)
	for i := range readers {
		readers[i] = openContainer(b, dockertest.Run(b, []string{"--cpus", "0.5", "--memory", "64m", "--network", "none"}, "ready"))
	}
	var counters wire.Counters
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		for _, reader := range readers {
			if err := reader.Read(&counters); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N)/containers, "cpu-µs/container")
}

// BenchmarkLimits reads a container's limits, which is done at each change.
func BenchmarkLimits(b *testing.B) {
	reader := openContainer(b, dockertest.Run(b, []string{"--cpus", "0.5"}, "ready"))
	for b.Loop() {
		reader.Limits()
	}
}

// BenchmarkParse parses a captured container's files without reading them.
func BenchmarkParse(b *testing.B) {
	_, reader := openFixture(b, "hybrid", "limited")
	var counters wire.Counters
	b.ReportAllocs()
	for b.Loop() {
		if err := reader.Read(&counters); err != nil {
			b.Fatal(err)
		}
	}
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
