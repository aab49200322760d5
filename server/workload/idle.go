package workload

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// The pulse: a breath of ten seconds, between a little and a little more.
const (
	pulsePeriod = 10 * time.Second
	pulseStep   = 100 * time.Millisecond
)

func idle(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	pulse := flags.Bool("pulse", false, "breathe: small waves of processor and memory use, so that graphs move")
	cores := real{value: 0.12, max: 1}
	memory := size{value: 12 << 20, max: 256 << 20}
	flags.Var(&cores, "pulse-cores", "the wave's height in `cores`")
	flags.Var(&memory, "pulse-bytes", "the wave's height in `bytes`")
	return nil, func(p *process) (outcome, error) {
		if !*pulse {
			<-p.ctx.Done()
			return outcome{}, nil
		}
		return outcome{}, breathe(p.ctx, cores.value, memory.value)
	}
}

// breathe spins for a part of each step, and touches and returns memory, along
// a sine.
func breathe(ctx context.Context, cores float64, bytes uint64) error {
	memory, err := unix.Mmap(-1, 0, int(max(bytes, 4096)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return fmt.Errorf("no room to breathe: %w", err)
	}
	defer unix.Munmap(memory)
	page := os.Getpagesize()
	began := time.Now()
	x, held := uint64(88172645463325252), 0
	for {
		phase := time.Since(began).Seconds() / pulsePeriod.Seconds()
		height := (1 - math.Cos(2*math.Pi*phase)) / 2 // 0 to 1 and back
		step := time.Now()
		until := step.Add(time.Duration(float64(pulseStep) * cores * (0.15 + 0.85*height)))
		for time.Now().Before(until) {
			x = spin(1<<12, x)
		}
		wanted := int(height*float64(len(memory))) / page * page
		for ; held < wanted; held += page {
			memory[held] = 1
		}
		if wanted < held {
			_ = unix.Madvise(memory[wanted:held], unix.MADV_DONTNEED)
			held = wanted
		}
		if !pause(ctx, max(time.Until(step.Add(pulseStep)), time.Millisecond)) {
			spun.Add(x)
			return nil
		}
	}
}

func serve(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	port := whole{value: 8080, min: 1, max: 65535}
	flags.Var(&port, "port", "listen on this `port`")
	return nil, func(p *process) (outcome, error) {
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port.value))
		if err != nil {
			return outcome{}, fmt.Errorf("nobody can be served: %w", err)
		}
		name, _ := os.Hostname()
		m := startMeter()
		var answered atomic.Uint64
		server := &http.Server{
			ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 8 << 10,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answered.Add(1)
				fmt.Fprintf(w, "served by process %d on %s\n", os.Getpid(), name)
			}),
		}
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			defer server.Close()
			for told := uint64(0); pause(p.ctx, time.Second); {
				if now := answered.Load(); now != told {
					told = now
					result := m.result()
					result.RequestsAnswered = wire.Counted(now)
					p.report.send(wire.Report{Porthole: wire.ReportProgress, Says: fmt.Sprintf("%d requests answered", now), Result: result})
				}
			}
		}()
		p.report.send(wire.Report{Porthole: wire.ReportProgress, Says: fmt.Sprintf("serving on port %d", port.value)})
		err = server.Serve(listener)
		if p.ctx.Err() == nil {
			return outcome{}, fmt.Errorf("the service ended: %w", err)
		}
		<-stopped
		return outcome{}, nil
	}
}
