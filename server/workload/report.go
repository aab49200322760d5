package workload

import (
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// reporter prints reports, one JSON object a line.
type reporter struct {
	mu    sync.Mutex
	to    io.Writer
	files []string // touched so far
}

// touched notes paths, each once, at most wire.MaxFiles of them.
func (r *reporter) touched(paths []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, path := range paths {
		if len(r.files) < wire.MaxFiles && !slices.Contains(r.files, path) {
			r.files = append(r.files, path)
		}
	}
}

// send prints one report. Nobody is told when that fails: there is nobody
// left to tell.
func (r *reporter) send(report wire.Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	report.At = time.Now().UnixMilli()
	line, err := json.Marshal(report)
	if err != nil {
		return
	}
	_, _ = r.to.Write(append(line, '\n'))
}

// inside reports what this process sees of itself.
func (r *reporter) inside() {
	view, security := View(), Security()
	r.mu.Lock()
	paths := slices.Clone(r.files)
	r.mu.Unlock()
	for _, path := range paths {
		view.Files = append(view.Files, fileAt(path))
	}
	r.send(wire.Report{Porthole: wire.ReportInside, Says: describe(view), View: view, Security: security})
}

// meter measures a piece of work.
type meter struct {
	began time.Time
	cpu   time.Duration
}

func startMeter() meter { return meter{began: time.Now(), cpu: processorTime()} }

// result holds the time since the start of the meter, and the processors that
// may be used.
func (m meter) result() *wire.Result {
	result := &wire.Result{
		ElapsedUsec: wire.Counted(uint64(time.Since(m.began).Microseconds())),
		CPUUsec:     wire.Counted(uint64((processorTime() - m.cpu).Microseconds())),
	}
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) == nil {
		result.ProcessorsSeen = wire.Counted(uint64(set.Count()))
	}
	return result
}

// processorTime is what this process has used, see getrusage(2).
func processorTime() time.Duration {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
