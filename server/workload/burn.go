package workload

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/bits"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// One round is one step of a pseudo-random sequence whose every step waits for
// the one before (Marsaglia's xorshift): some six cycles on any processor, in
// registers, so that nothing but processor time decides how long it takes.
const (
	chunk         = 1 << 19 // rounds between two looks at the clock, about a millisecond
	maximumRounds = 1 << 42
)

// spin does rounds of work from the state x, which must not be 0.
func spin(rounds, x uint64) uint64 {
	for range rounds {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

// spun keeps the compiler from leaving the work out.
var spun atomic.Uint64

// Calibrate measures how many rounds of burn's work a core of this machine
// does in a second of processor time. It takes about 50 ms of it. The best of
// several tries counts, since all that disturbs one makes it slower.
func Calibrate() uint64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	best := uint64(0)
	x := uint64(88172645463325252)
	for range 8 {
		const rounds = 4 * chunk
		before := threadTime()
		x = spin(rounds, x)
		if took := threadTime() - before; took > 0 {
			best = max(best, uint64(rounds*float64(time.Second)/float64(took)))
		}
	}
	spun.Add(x)
	if best == 0 {
		best = 500_000_000 // no such clock: about 3 GHz
	}
	return best
}

// threadTime is the processor time of this thread, see clock_gettime(2).
func threadTime() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}

func burn(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	threads := whole{value: 1, min: 1, max: 64}
	coreSeconds := real{max: 600}
	work := real{max: maximumRounds / 1e6}
	seconds := duration{max: MaxTTL}
	flags.Var(&threads, "threads", "spread over this `number` of threads")
	flags.Var(&coreSeconds, "core-seconds", "work for this `number` of seconds of one undisturbed core, whatever it takes (the same for all containers of a run)")
	flags.Var(&work, "work", "work of this `number` of million rounds: the same on every machine")
	flags.Var(&seconds, "seconds", "work for this `time` by the clock")
	check := func() error {
		given := 0
		for _, there := range []bool{coreSeconds.value > 0, work.value > 0, seconds.value > 0} {
			if there {
				given++
			}
		}
		if given != 1 {
			return errors.New("give one of --core-seconds, --work and --seconds")
		}
		return nil
	}
	return check, func(p *process) (outcome, error) {
		rounds := uint64(work.value * 1e6)
		if coreSeconds.value > 0 {
			perSecond, err := strconv.ParseUint(p.getenv(EnvRounds), 10, 64)
			if err != nil || perSecond == 0 || perSecond > 1e11 {
				perSecond = Calibrate()
			}
			rounds = uint64(coreSeconds.value * float64(perSecond))
		}
		return compute(p, threads.value, rounds, seconds.value)
	}
}

// compute does rounds of work, or works for a time, on some threads.
func compute(p *process, threads int, rounds uint64, length time.Duration) (outcome, error) {
	// One for us beside the workers; Go itself would go by the CPU limit.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads + 1))
	m := startMeter()
	ctx := p.ctx
	if length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, length)
		defer cancel()
		rounds = maximumRounds
	}
	var done atomic.Uint64
	var used processors
	var workers sync.WaitGroup
	for i := range threads {
		share := rounds / uint64(threads)
		if uint64(i) < rounds%uint64(threads) {
			share++
		}
		workers.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			x := uint64(i) + 88172645463325252
			for left := share; left > 0 && ctx.Err() == nil; {
				n := min(left, chunk)
				x = spin(n, x)
				left -= n
				done.Add(n)
				used.note()
			}
			spun.Add(x)
		})
	}
	finished := make(chan struct{})
	go func() { workers.Wait(); close(finished) }()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for working := true; working; {
		select {
		case <-finished:
			working = false
		case <-ticker.C:
			result := used.into(m.result())
			says := ""
			if length == 0 {
				says = fmt.Sprintf("%d %% of the work is done, ", done.Load()*100/rounds)
			}
			p.report.send(wire.Report{Porthole: wire.ReportProgress, Says: says + spent(result), Result: result})
		}
	}
	result := used.into(m.result())
	if p.ctx.Err() != nil {
		return outcome{result: result}, p.ctx.Err()
	}
	says := fmt.Sprintf("all %d million rounds are done, %s", rounds/1e6, spent(result))
	if length > 0 {
		says = fmt.Sprintf("%d million rounds, %s", done.Load()/1e6, spent(result))
	}
	return outcome{says: says, result: result}, nil
}

func spent(result *wire.Result) string {
	cpu, _ := result.CPUUsec.Get()
	elapsed, _ := result.ElapsedUsec.Get()
	return fmt.Sprintf("%.2f s on a processor in %.2f s", float64(cpu)/1e6, float64(elapsed)/1e6)
}

// processors is a set of processor numbers, for all threads together; those
// above 1023 are not kept.
type processors [16]atomic.Uint64

// note adds the processor on which the caller's thread is, see getcpu(2).
func (p *processors) note() {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 || int(cpu/64) >= len(p) {
		return
	}
	if word, bit := &p[cpu/64], uint64(1)<<(cpu%64); word.Load()&bit == 0 {
		word.Or(bit)
	}
}

func (p *processors) into(result *wire.Result) *wire.Result {
	for i := range p {
		for word := p[i].Load(); word != 0; word &= word - 1 {
			result.ProcessorsUsed = append(result.ProcessorsUsed, 64*i+bits.TrailingZeros64(word))
		}
	}
	return result
}
