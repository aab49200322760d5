package workload

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// maximumFile bounds what one workload writes.
const maximumFile = 2 << 30

const block = 1 << 20 // as the chapter's dd bs=1M

func writeFile(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	amount := size{max: maximumFile}
	rate := size{max: 1 << 40}
	hold := duration{value: 10 * time.Second, max: MaxTTL}
	path := flags.String("path", "/tmp/porthole-file", "write this `file`; it is removed at the end")
	direct := flags.Bool("direct", false, "go around the page cache (O_DIRECT)")
	synced := flags.Bool("sync", false, "wait at the end until all is on the disk (fsync)")
	flags.Var(&amount, "bytes", "write this `amount`, in whole MiB")
	flags.Var(&rate, "rate", "write at most this `amount` each second; as fast as it goes otherwise")
	flags.Var(&hold, "hold", "keep the file for this `time` when all is written")
	check := func() error {
		if amount.value == 0 || amount.value%block != 0 {
			return errors.New("--bytes must be a whole number of MiB, and more than 0")
		}
		return ordinary(*path)
	}
	return check, func(p *process) (outcome, error) {
		return write(p, filepath.Clean(*path), amount.value, rate.value, hold.value, *direct, *synced)
	}
}

func write(p *process, path string, amount, rate uint64, hold time.Duration, direct, synced bool) (outcome, error) {
	flags := os.O_CREATE | os.O_EXCL | os.O_WRONLY // never over what is there
	if direct {
		flags |= unix.O_DIRECT
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if direct && errors.Is(err, unix.EINVAL) {
		_ = os.Remove(path) // some make the file and then refuse
		return outcome{}, fmt.Errorf("the filesystem of %s knows no direct I/O (O_DIRECT: %w)", path, err)
	}
	if err != nil {
		return outcome{}, fmt.Errorf("the file cannot be made: %w", err)
	}
	remove := func() { f.Close(); os.Remove(path) }
	// O_DIRECT wants memory at the start of a page.
	buffer, err := unix.Mmap(-1, 0, block, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		remove()
		return outcome{}, fmt.Errorf("no room for one block: %w", err)
	}
	defer unix.Munmap(buffer)
	for i := range buffer {
		buffer[i] = byte(i)
	}
	m := startMeter()
	measured := func(written uint64) *wire.Result {
		result := m.result()
		result.WrittenBytes = wire.Counted(written)
		return result
	}
	told := time.Now()
	written := uint64(0)
	for written < amount {
		n, err := f.Write(buffer)
		written += uint64(n)
		if err != nil {
			result := measured(written)
			remove()
			return outcome{result: result}, fmt.Errorf("writing failed after %s: %w", mebibytes(written), err)
		}
		if time.Since(told) > 500*time.Millisecond {
			told = time.Now()
			p.report.send(wire.Report{Porthole: wire.ReportProgress, Says: fmt.Sprintf("%s of %s are written", mebibytes(written), mebibytes(amount)), Result: measured(written)})
		}
		var ahead time.Duration
		if rate > 0 {
			ahead = time.Duration(float64(written)/float64(rate)*float64(time.Second)) - time.Since(m.began)
		}
		if !pause(p.ctx, ahead) {
			result := measured(written)
			remove()
			return outcome{result: result}, p.ctx.Err()
		}
	}
	var waited wire.Count
	if synced {
		began := time.Now()
		if err := f.Sync(); err != nil {
			result := measured(written)
			remove()
			return outcome{result: result}, fmt.Errorf("the file did not reach the disk: %w", err)
		}
		waited = wire.Counted(uint64(time.Since(began).Microseconds()))
	}
	result := measured(written)
	result.SyncUsec = waited
	pace(result, written)
	p.touched(path)
	return outcome{
		says:   fmt.Sprintf("all %s are written, %s", mebibytes(written), speed(result)),
		result: result,
		hold:   func(ctx context.Context) { pause(ctx, hold); remove() },
	}, nil
}
