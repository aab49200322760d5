package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// ownCPU is the processor time that this process has used, user and system.
func ownCPU() time.Duration {
	var usage unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// cpuOf sums the processor time of processes, in seconds (/proc/PID/stat,
// which counts in ticks of 10 ms). One that has ended is left out: it is some
// other container's shim.
func cpuOf(pids []int) (float64, error) {
	total := 0.0
	for _, pid := range pids {
		process, err := procfs.NewProc(pid)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		stat, err := process.Stat()
		if err != nil {
			return 0, err
		}
		total += stat.CPUTime()
	}
	return total, nil
}

// threadsCPU is the processor time of a process' threads, to the nanosecond
// (/proc/PID/task/TID/schedstat): ticks of 10 ms are too coarse for one that
// rests. A thread that ends takes its time with it; those of Go stay.
func threadsCPU(pid int) (time.Duration, error) {
	threads, err := procfs.AllThreads(pid)
	if err != nil {
		return 0, err
	}
	var total time.Duration
	for _, thread := range threads {
		stat, err := thread.Schedstat()
		if err != nil {
			return 0, err
		}
		total += time.Duration(stat.RunningNanoseconds)
	}
	return total, nil
}

// pidsNamed finds processes by the beginning of their name.
func pidsNamed(names ...string) ([]int, error) {
	all, err := procfs.AllProcs()
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, process := range all {
		comm, err := process.Comm()
		if err != nil {
			continue // it ended meanwhile
		}
		for _, name := range names {
			if strings.HasPrefix(comm, name) {
				pids = append(pids, process.PID)
			}
		}
	}
	return pids, nil
}

// priceDockerStats streams docker stats over the same containers, and returns
// the processor time of engine, containerd (with its shims) and client per
// container and sample, in microseconds.
func priceDockerStats(ctx context.Context, count int, each time.Duration) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client := exec.CommandContext(ctx, "docker", "stats", "--format", "{{.ID}}")
	out, err := client.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := client.Start(); err != nil {
		return 0, fmt.Errorf("docker stats does not start: %w", err)
	}
	defer func() {
		cancel()
		client.Wait()
	}()
	lines := bufio.NewScanner(out)
	// The first rows come before the first figures.
	for range 2 * count {
		if !lines.Scan() {
			return 0, errors.New("docker stats ended early")
		}
	}
	daemons, err := pidsNamed("dockerd", "containerd")
	if err != nil {
		return 0, err
	}
	pids := append(daemons, client.Process.Pid)
	before, err := cpuOf(pids)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	go io.Copy(io.Discard, out) // ends with the client, which is waited for
	select {
	case <-time.After(each):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	after, err := cpuOf(pids)
	if err != nil {
		return 0, err
	}
	// The engine gives one sample a second.
	samples := time.Since(began).Seconds() * float64(count)
	return (after - before) * 1e6 / samples, nil
}

// priceIdle runs the real server with nobody watching; it returns the share
// of a core that it uses, and its resident memory in bytes.
func priceIdle(ctx context.Context, binary string, each time.Duration) (share float64, memory int, err error) {
	server := exec.CommandContext(ctx, binary, "serve", "--listen", "127.0.0.1:0")
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	server.WaitDelay = 10 * time.Second
	out, err := server.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	if err := server.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		server.Process.Signal(os.Interrupt)
		server.Wait()
	}()
	if !bufio.NewScanner(out).Scan() {
		return 0, 0, errors.New("the server did not start")
	}
	// Its start is not its idling: let the image and the sweep be done, and what
	// they took of memory be given back.
	if err := pause(ctx, 10*time.Second); err != nil {
		return 0, 0, err
	}
	before, err := threadsCPU(server.Process.Pid)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	// What comes round every 30 seconds is in it once.
	if err := pause(ctx, max(each, 30*time.Second)); err != nil {
		return 0, 0, err
	}
	after, err := threadsCPU(server.Process.Pid)
	if err != nil {
		return 0, 0, err
	}
	process, err := procfs.NewProc(server.Process.Pid)
	if err != nil {
		return 0, 0, err
	}
	stat, err := process.Stat()
	if err != nil {
		return 0, 0, err
	}
	return (after - before).Seconds() / time.Since(began).Seconds(), stat.ResidentMemory(), nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
