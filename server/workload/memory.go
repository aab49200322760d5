package workload

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// maximumAllocation bounds what one workload takes, since it may run without a
// limit.
const maximumAllocation = 2 << 30

func allocate(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	amount := size{max: maximumAllocation}
	step := size{value: 16 << 20, max: maximumAllocation}
	pace := duration{value: 100 * time.Millisecond, max: time.Minute}
	hold := duration{value: 10 * time.Second, max: MaxTTL}
	child := flags.Bool("child", false, "let a child process do it, and outlive it")
	flags.Var(&amount, "bytes", "take this `amount` of memory")
	flags.Var(&step, "step", "take so `much` at a time")
	flags.Var(&pace, "pace", "one step in this `time`")
	flags.Var(&hold, "hold", "hold it for this `time` when all is taken")
	check := func() error {
		if amount.value == 0 || step.value == 0 {
			return errors.New("--bytes and --step must be more than 0")
		}
		return nil
	}
	return check, func(p *process) (outcome, error) {
		if *child {
			return allocateInChild(p, amount, step, pace, hold)
		}
		return take(p, amount.value, step.value, pace.value, hold.value)
	}
}

// take takes the memory and touches every page: only then is it charged.
func take(p *process, amount, step uint64, pace, hold time.Duration) (outcome, error) {
	// The lesson is about a container's limit, never about the host's end.
	if available := memoryAvailable(); available > 0 && amount > available/2 {
		return outcome{}, fmt.Errorf("%s is more than half of the %s that this machine has free; the lesson needs a machine with more memory", mebibytes(amount), mebibytes(available))
	}
	m := startMeter()
	// One mapping, reserved first: what counts is which pages are touched.
	memory, err := unix.Mmap(-1, 0, int(amount), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return outcome{}, fmt.Errorf("the kernel gave no room for %s: %w", mebibytes(amount), err)
	}
	release := func() { _ = unix.Munmap(memory) }
	// Else the kernel may charge 2 MiB where we touch 4 KiB.
	_ = unix.Madvise(memory, unix.MADV_NOHUGEPAGE)
	page := uint64(os.Getpagesize())
	measured := func(taken uint64) *wire.Result {
		result := m.result()
		result.AllocatedBytes = wire.Counted(taken)
		return result
	}
	told := time.Now()
	for taken := uint64(0); taken < amount; {
		next := min(taken+step, amount)
		for ; taken < next; taken += page {
			memory[taken] = 1
		}
		taken = next
		if taken == amount {
			break
		}
		if time.Since(told) > 500*time.Millisecond {
			told = time.Now()
			p.report.send(wire.Report{Porthole: wire.ReportProgress, Says: fmt.Sprintf("%s of %s are taken", mebibytes(taken), mebibytes(amount)), Result: measured(taken)})
		}
		if !pause(p.ctx, pace) {
			release()
			return outcome{result: measured(taken)}, p.ctx.Err()
		}
	}
	return outcome{
		says:   fmt.Sprintf("all %s are taken and touched", mebibytes(amount)),
		result: measured(amount),
		hold:   func(ctx context.Context) { pause(ctx, hold); release() },
	}, nil
}

// allocateInChild starts a child for it and tells how that ended: a killed
// child leaves its container running.
func allocateInChild(p *process, amount, step size, pace, hold duration) (outcome, error) {
	m := startMeter()
	ended, err := p.children.start("/proc/self/exe", []string{"porthole", "workload", "allocate",
		"--bytes", strconv.FormatUint(amount.value, 10), "--step", strconv.FormatUint(step.value, 10),
		"--pace", pace.value.String(), "--hold", hold.value.String()})
	if err != nil {
		return outcome{}, fmt.Errorf("no child could be started: %w", err)
	}
	result := func() *wire.Result {
		r := m.result()
		r.ProcessesStarted = wire.Counted(1)
		return r
	}
	select {
	case status := <-ended:
		switch {
		case status.Signaled():
			result := result()
			if status.Signal() == unix.SIGKILL {
				result.ChildrenKilled = wire.Counted(1)
			}
			return outcome{result: result}, fmt.Errorf("the child was killed by signal %d (%s) and I live on", status.Signal(), status.Signal())
		case status.ExitStatus() != 0:
			return outcome{result: result()}, fmt.Errorf("the child failed with exit code %d", status.ExitStatus())
		}
		return outcome{says: "the child took all and ended", result: result()}, nil
	case <-p.ctx.Done():
		return outcome{result: result()}, p.ctx.Err()
	}
}

// memoryAvailable is MemAvailable of /proc/meminfo, which is the host's also in
// a container, see proc_meminfo(5); 0 where unknown.
func memoryAvailable() uint64 {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(data, []byte("MemAvailable:"))
	line, _, _ := strings.Cut(string(rest), "\n")
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return 0
	}
	kilobytes, err := strconv.ParseUint(fields[0], 10, 54)
	if err != nil {
		return 0
	}
	return kilobytes << 10
}
