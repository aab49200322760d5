package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/procfs"
)

// A lecture hall: the real server, ten containers, and viewers by the hundred.
const hallLesson = `title: Ten containers
section: Measurements
summary: Ten idle containers to look at.
containers:
%spanels: [cpu]
claims:
  - id: running
    says: The first one runs
    holds: c0.running
seconds: 5
max: 10m
stays: true
`

const (
	hallContainers = 10
	// stalledViewers connect and read nothing, as laptops do whose lid is shut.
	stalledViewers = 20
	// The goals, for this many viewers.
	goalAt     = 1000
	goalShare  = 30 // % of a core
	goalMemory = 80 // MB
	goalLag    = 60 // ms
	// arriving is how many come within one second.
	arriving = 200
)

// hall is one server with its lesson running.
type hall struct {
	server  *exec.Cmd
	address string
	folder  string
}

func openHall(ctx context.Context, binary string) (*hall, error) {
	folder, err := os.MkdirTemp("", "porthole-hall-")
	if err != nil {
		return nil, err
	}
	h := &hall{folder: folder}
	lesson := filepath.Join(folder, "hall")
	var containers strings.Builder
	for i := range hallContainers {
		fmt.Fprintf(&containers, "  - key: c%d\n    title: C%d\n    workload: [idle]\n    limits: {memory: 64m, cpus: 0.5, pids-limit: 32}\n", i, i)
	}
	if err := errors.Join(os.Mkdir(lesson, 0o755),
		os.WriteFile(filepath.Join(lesson, "demo.yaml"), fmt.Appendf(nil, hallLesson, containers.String()), 0o644),
		os.WriteFile(filepath.Join(lesson, "lesson.md"), []byte("Ten idle containers.\n"), 0o644)); err != nil {
		return nil, err
	}
	h.server = exec.CommandContext(ctx, binary, "serve", "--listen", "127.0.0.1:0", "--demos", folder)
	h.server.Cancel = func() error { return h.server.Process.Signal(os.Interrupt) }
	h.server.WaitDelay = 30 * time.Second
	h.server.Stderr = os.Stderr
	out, err := h.server.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := h.server.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		h.close()
		return nil, errors.New("the server did not start")
	}
	h.address = strings.Replace(regexp.MustCompile(`//([^/]+)/`).FindStringSubmatch(lines.Text())[1], "localhost", "127.0.0.1", 1)
	go func() { // its last words; ends with the server, which close waits for
		for lines.Scan() {
		}
	}()
	if err := h.start(ctx); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *hall) close() {
	h.server.Process.Signal(os.Interrupt)
	h.server.Wait()
	os.RemoveAll(h.folder)
}

// start starts the lesson as soon as the engine answers.
func (h *hall) start(ctx context.Context) error {
	for deadline := time.Now().Add(time.Minute); ; {
		response, err := http.Post("http://"+h.address+"/api/v1/lessons/hall/runs", "", nil)
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode == http.StatusCreated {
			return pause(ctx, 5*time.Second) // all ten are there, and looked at
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the lesson cannot be started: %s", response.Status)
		}
		if err := pause(ctx, 250*time.Millisecond); err != nil {
			return err
		}
	}
}

// seen is what one size of audience costs.
type seen struct {
	viewers int
	share   float64 // of a core, by the server
	memory  float64 // MB, resident
	lag     float64 // ms, 99th percentile
	bytes   float64 // per viewer and second
	missed  float64 // of the samples that were due, in percent
	others  float64 // cores used by all else on the machine
}

// seat brings viewers in, watches them for a while, and sends them home.
func (h *hall) seat(ctx context.Context, count, stalled int, each time.Duration) (seen, error) {
	var t tally
	var all sync.WaitGroup
	var viewers []*viewer
	defer func() {
		for _, v := range viewers {
			v.conn.Close()
		}
		all.Wait()
	}()
	for i := range count + stalled {
		v, err := connect(h.address)
		if err != nil {
			return seen{}, fmt.Errorf("viewer %d cannot connect: %w", i+1, err)
		}
		viewers = append(viewers, v)
		if i < count {
			all.Go(func() { v.watch(&t) })
		}
	}
	if err := pause(ctx, 3*time.Second); err != nil { // their histories are out
		return seen{}, err
	}
	pids := []int{h.server.Process.Pid}
	before, err := cpuOf(pids)
	if err != nil {
		return seen{}, err
	}
	busy, err := machineWork()
	if err != nil {
		return seen{}, err
	}
	own := ownCPU()
	samples, bytes := t.samples.Load(), t.bytes.Load()
	for i := range t.lags {
		t.lags[i].Store(0)
	}
	began := time.Now()
	if err := pause(ctx, each); err != nil {
		return seen{}, err
	}
	after, err := cpuOf(pids)
	if err != nil {
		return seen{}, err
	}
	took := time.Since(began).Seconds()
	worked, err := machineWork()
	if err != nil {
		return seen{}, err
	}
	others := max(0, worked-busy-(after-before)-(ownCPU()-own).Seconds()) / took
	process, err := procfs.NewProc(h.server.Process.Pid)
	if err != nil {
		return seen{}, err
	}
	stat, err := process.Stat()
	if err != nil {
		return seen{}, err
	}
	due := took * 10 * float64(count)
	return seen{
		viewers: count, share: (after - before) / took, memory: float64(stat.ResidentMemory()) / 1e6,
		lag: t.percentile(0.99), bytes: float64(t.bytes.Load()-bytes) / took / float64(count),
		others: others,
		missed: 100 * max(0, 1-float64(t.samples.Load()-samples)/due),
	}, nil
}

// arrive lets many come at once, and returns the time until the last of them
// has been greeted.
func (h *hall) arrive(ctx context.Context, count int) (time.Duration, error) {
	var t tally
	var all sync.WaitGroup
	defer all.Wait()
	began := time.Now()
	for range count {
		v, err := connect(h.address)
		if err != nil {
			return 0, err
		}
		defer v.conn.Close()
		all.Go(func() { v.watch(&t) })
	}
	for t.hellos.Load() < int64(count) {
		if err := pause(ctx, time.Millisecond); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

// measureHall prints how cost grows with the audience, and returns the figures
// that have goals. picture, if not empty, is the file to draw the growth into.
func measureHall(ctx context.Context, sizes []int, each time.Duration, picture string) ([]figure, error) {
	binary, err := buildServer(ctx)
	if err != nil {
		return nil, err
	}
	defer os.Remove(binary)
	h, err := openHall(ctx, binary)
	if err != nil {
		return nil, err
	}
	defer h.close()
	var figures []figure
	var all []seen
	fmt.Println("viewers  server, % of a core  memory, MB   p99 lag, ms  bytes per viewer and s  samples missed, %  others, cores")
	for _, size := range sizes {
		s, err := h.seat(ctx, size, 0, each)
		if err != nil {
			return nil, err
		}
		s.print()
		all = append(all, s)
		if size == goalAt {
			figures = append(figures,
				figure{Name: "processor used by the server for 1,000 viewers at 10 Hz with 10 containers", Got: s.share * 100, Unit: "% of a core", Goal: goalShare},
				figure{Name: "99th percentile of the lag from sample to viewer", Got: s.lag, Unit: "ms", Goal: goalLag},
				figure{Name: "resident memory of the server", Got: s.memory, Unit: "MB", Goal: goalMemory},
				figure{Name: "bytes to each viewer and second", Got: s.bytes, Unit: "bytes"})
			s, err := h.seat(ctx, size, stalledViewers, each)
			if err != nil {
				return nil, err
			}
			figures = append(figures, figure{Name: fmt.Sprintf("99th percentile of the lag when %d more viewers are stalled", stalledViewers), Got: s.lag, Unit: "ms", Goal: goalLag})
		}
	}
	if picture != "" {
		g, err := growthOf(all)
		if err == nil {
			err = savePicture(picture, g)
		}
		if err != nil {
			return nil, err
		}
	}
	took, err := h.arrive(ctx, arriving)
	if err != nil {
		return nil, err
	}
	figures = append(figures, figure{Name: fmt.Sprintf("until the last of %d viewers who come at once is greeted", arriving), Got: float64(took.Milliseconds()), Unit: "ms", Goal: 1000})
	return figures, nil
}

func (s seen) print() {
	fmt.Printf("%7d  %19.1f  %11.0f  %11.0f  %22.0f  %17.2f  %13.1f\n", s.viewers, s.share*100, s.memory, s.lag, s.bytes, s.missed, s.others)
}
