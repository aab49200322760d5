package workload

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// maximumForks bounds the children of one workload, since it may run without
// a limit.
const maximumForks = 1000

func fork(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	count := whole{min: 1, max: maximumForks}
	pace := duration{value: 10 * time.Millisecond, max: time.Minute}
	hold := duration{value: 10 * time.Second, max: MaxTTL}
	flags.Var(&count, "count", "try to fork this `number` of children")
	flags.Var(&pace, "pace", "one try in this `time`")
	flags.Var(&hold, "hold", "let the children sleep for this `time`")
	check := func() error {
		if count.value == 0 {
			return errors.New("--count must be more than 0")
		}
		return nil
	}
	return check, func(p *process) (outcome, error) { return forkMany(p, count.value, pace.value, hold.value) }
}

func forkMany(p *process, count int, pace, hold time.Duration) (outcome, error) {
	if err := parkThreads(); err != nil {
		return outcome{}, fmt.Errorf("the program cannot get ready for its limit: %w", err)
	}

	m := startMeter()
	started, refused := 0, 0
	var other error
	measured := func() *wire.Result {
		result := m.result()
		result.ProcessesStarted, result.ProcessesRefused = wire.Counted(uint64(started)), wire.Counted(uint64(refused))
		return result
	}
	told := time.Now()
	for started+refused < count {
		switch err := p.children.fork(); {
		case err == nil:
			started++
		case errors.Is(err, unix.EAGAIN):
			refused++
		default:
			refused++
			other = err
		}
		if time.Since(told) > 500*time.Millisecond {
			told = time.Now()
			p.report.send(wire.Report{Porthole: wire.ReportProgress, Says: fmt.Sprintf("%d children started, %d refused", started, refused), Result: measured()})
		}
		if !pause(p.ctx, pace) {
			return outcome{result: measured()}, p.ctx.Err()
		}
	}
	hang := func(ctx context.Context) { pause(ctx, hold) }
	if other != nil {
		return outcome{result: measured()}, fmt.Errorf("%d children started, %d refused: fork: %w", started, refused, other)
	}
	says := fmt.Sprintf("all %d children started", started)
	if refused > 0 {
		says = fmt.Sprintf("%d children started, %d refused: fork: %v", started, refused, error(unix.EAGAIN))
	}
	return outcome{says: says, result: measured(), hold: hang}, nil
}

// beginAnew executes this very program once more in its own place, with one
// processor for Go's runtime: it makes its first threads by the number of
// processors before any code of ours runs. Where that is so already, or cannot
// be, it returns.
func beginAnew(args []string) {
	const variable, one = "GOMAXPROCS", "1"
	if os.Getenv(variable) == one || len(os.Args) < 2 || !slices.Equal(os.Args[2:], args) {
		return
	}
	_ = syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), variable+"="+one))
}

// parkedThreads are those that a workload at its limit may need beside its
// first: one runs while another is in a system call, and one is to spare for
// when a third is just on its way back from one.
const parkedThreads = 3

// parkThreads makes all the threads that this program will ever need, while it
// still may: Go's runtime ends a program to which the kernel refuses one. Some
// goroutines are in a system call at the same time, which takes a thread for
// each; the runtime keeps the threads when they are back.
func parkThreads() error {
	runtime.GOMAXPROCS(1)  // where beginAnew could not
	debug.SetGCPercent(-1) // the collector would want threads too
	var gate [2]int
	if err := unix.Pipe2(gate[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	var there, back sync.WaitGroup
	there.Add(parkedThreads)
	for range parkedThreads {
		back.Go(func() {
			there.Done()
			_, _ = unix.Read(gate[0], make([]byte, 1)) // until the other end is closed
		})
	}
	there.Wait()
	err := unix.Close(gate[1])
	back.Wait()
	return errors.Join(err, unix.Close(gate[0]))
}

// sleeperName is what /proc/PID/comm of a sleeper says.
var sleeperName = [16]byte{'s', 'l', 'e', 'e', 'p', 'e', 'r'}

// forkSleeper forks a child that only sleeps, until it is killed or the thread
// that forked it ends, which in Go is when the program does. It has one task, as a shell's sleep has, where a Go
// program would have several, and pids.max counts tasks. The child runs none of
// Go's runtime: only system calls, on this stack, with all signals blocked.
//
//go:nosplit
//go:norace
func forkSleeper() (pid uintptr, errno syscall.Errno) {
	all, before := ^uint64(0), uint64(0)
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&all)), uintptr(unsafe.Pointer(&before)), 8, 0, 0)
	pid, _, errno = syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno == 0 && pid == 0 {
		syscall.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0)
		syscall.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(&sleeperName)), 0)
		syscall.RawSyscall(unix.SYS_CLOSE, 1, 0, 0) // so that our reader sees our end
		syscall.RawSyscall(unix.SYS_CLOSE, 2, 0, 0)
		for {
			syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&before)), 0, 8, 0, 0)
	return pid, errno
}

// spawned are the names of spawn's children, as ps(1) shows them.
var spawned = []string{"web", "worker", "cache", "queue", "cron", "mail", "search", "backup"}

func spawn(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	count := whole{value: 3, min: 1, max: len(spawned)}
	flags.Var(&count, "count", "start this `number` of children")
	return nil, func(p *process) (outcome, error) {
		m := startMeter()
		for i := range count.value {
			// The first word of the command is what one sees of a process.
			if _, err := p.children.start("/proc/self/exe", []string{spawned[i], "workload", "idle"}); err != nil {
				return outcome{}, fmt.Errorf("the child %s could not be started: %w", spawned[i], err)
			}
		}
		result := m.result()
		result.ProcessesStarted = wire.Counted(uint64(count.value))
		p.report.inside() // now with the children
		return outcome{
			says:   fmt.Sprintf("%d children run", count.value),
			result: result,
			hold:   func(ctx context.Context) { <-ctx.Done() },
		}, nil
	}
}
