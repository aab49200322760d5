package rightstest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"porthole/server/programtest"
	"porthole/server/wire"
)

// What a sample of one container costs, in processor time, on the ways that read
// the kernel: of the server with one viewer, of the helper, and of those of the
// engine who pass on what the helper says. Others on the engine make its part
// uncertain: it is what it took more than without a helper.
//
//	go test ./server/rightstest -run - -bench Ways -benchtime 1x
func BenchmarkWays(b *testing.B) {
	for b.Loop() {
		for _, way := range []string{"direct", "container", "direct", "container"} {
			b.Run(way, func(b *testing.B) { measureWay(b, way) })
		}
	}
}

const measuredFor = 20 * time.Second

func measureWay(b *testing.B, way string) {
	folder, slug := crowd(b)
	command := programtest.Command("--reader", way, "--demos", folder)
	s := programtest.Start(b, command, nil)
	ready := s.Topology("the engine", func(t wire.Topology) bool {
		return t.Host.Engine.State == wire.EngineUp && string(t.Host.Reader.Mode) == way
	})
	if status, detail := s.Post("/api/v1/lessons/" + slug + "/runs"); status != http.StatusCreated {
		b.Fatalf("the lesson does not start: %d %s", status, detail)
	}
	s.Topology("all containers", func(t wire.Topology) bool {
		running := 0
		for _, c := range t.Containers {
			if c.Lesson == slug && c.State == "running" {
				running++
			}
		}
		return running == crowded
	})
	processes := map[string]int{"server": command.Process.Pid, "engine": pidOf("dockerd")}
	if way == "container" {
		seen, err := exec.Command("docker", "inspect", "--format", "{{.State.Pid}}", ready.Host.Reader.Container).Output()
		if err != nil {
			b.Fatal(err)
		}
		processes["helper"], _ = strconv.Atoi(strings.TrimSpace(string(seen)))
		processes["shim"] = parentOf(processes["helper"])
	}
	ctx, cancel := context.WithTimeout(b.Context(), measuredFor)
	defer cancel()
	before := map[string]time.Duration{}
	containers := 0
	first := true
	s.Stream(ctx, func(message []byte) bool {
		var sample wire.Sample
		if json.Unmarshal(message, &sample) != nil || sample.Type != wire.TypeSample {
			return true
		}
		if first { // the viewer is there, and its history is out
			first = false
			for name, pid := range processes {
				before[name] = spent(pid)
			}
			return true
		}
		containers += len(sample.Containers)
		return true
	})
	for name, pid := range processes {
		b.ReportMetric(float64((spent(pid)-before[name]).Nanoseconds())/1000/float64(containers), name+"-µs")
	}
	b.ReportMetric(float64(containers)/measuredFor.Seconds(), "containers/s")
	b.ReportMetric(0, "ns/op")
}

// crowded is how many containers the lesson of crowd has: as many as one may.
const crowded = 12

func crowd(b *testing.B) (folder, slug string) {
	folder, slug = lessonFolder(b)
	path := filepath.Join(folder, slug, "demo.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	var more strings.Builder
	for n := range crowded - 2 {
		fmt.Fprintf(&more, "  - key: more%d\n    title: More\n    workload: [idle]\n", n)
	}
	text = bytes.Replace(text, []byte("claims:\n"), []byte(more.String()+"claims:\n"), 1)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		b.Fatal(err)
	}
	return folder, slug
}

// spent is the processor time of a process' threads, see the kernel's
// Documentation/scheduler/sched-stats.rst.
func spent(pid int) (sum time.Duration) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		first, _, _ := strings.Cut(string(text), " ")
		nanoseconds, _ := strconv.ParseInt(first, 10, 64)
		sum += time.Duration(nanoseconds)
	}
	return sum
}

func parentOf(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	parent, _ := strconv.Atoi(fields[1])
	return parent
}

func pidOf(name string) int {
	files, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(text)) == name {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			return pid
		}
	}
	return 0
}
