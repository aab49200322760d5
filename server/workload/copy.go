package workload

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"porthole/server/wire"
)

// maximumBlock bounds the memory that a copy takes.
const maximumBlock = 64 << 20

// copySources are the devices that a copy may read without end.
var copySources = []string{"/dev/zero", "/dev/urandom"}

func copyBlocks(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	from := flags.String("from", "/dev/zero", "read this `file`, for example /dev/zero")
	to := flags.String("to", "/dev/null", "write this `file`: /dev/null, or one that is not there yet and goes at the end")
	length := size{value: block, max: maximumBlock}
	count := whole{value: 1, min: 1, max: 1 << 20}
	hold := duration{max: MaxTTL}
	flags.Var(&length, "block", "read and write so `much` at a time")
	flags.Var(&count, "count", "copy this `number` of blocks")
	flags.Var(&hold, "hold", "keep the block and the file for this `time` when all is copied")
	check := func() error {
		*from, *to = filepath.Clean(*from), filepath.Clean(*to)
		switch {
		case length.value == 0:
			return errors.New("--block must be more than 0")
		case !slices.Contains(copySources, *from) && ordinary(*from) != nil:
			return errors.New("--from must be /dev/zero, /dev/urandom, or the whole path of a file")
		case *to != "/dev/null" && ordinary(*to) != nil:
			return errors.New("--to must be /dev/null, or the whole path of a file")
		case *to != "/dev/null" && length.value*uint64(count.value) > maximumFile:
			return fmt.Errorf("a file of at most %s may be written", mebibytes(maximumFile))
		}
		return nil
	}
	return check, func(p *process) (outcome, error) {
		return copyFile(p, *from, *to, length.value, count.value, hold.value)
	}
}

func copyFile(p *process, from, to string, length uint64, count int, hold time.Duration) (outcome, error) {
	source, err := os.Open(from)
	if err != nil {
		return outcome{}, fmt.Errorf("there is nothing to copy: %w", err)
	}
	defer source.Close()
	flags := os.O_WRONLY
	if to != "/dev/null" {
		flags |= os.O_CREATE | os.O_EXCL
	}
	target, err := os.OpenFile(to, flags, 0o600)
	if err != nil {
		return outcome{}, fmt.Errorf("the copy cannot be made: %w", err)
	}
	remove := func() {
		target.Close()
		if to != "/dev/null" {
			os.Remove(to)
		}
	}
	buffer := make([]byte, length)
	m := startMeter()
	copied := uint64(0)
	measured := func() *wire.Result {
		result := m.result()
		result.CopiedBytes = wire.Counted(copied)
		return pace(result, copied)
	}
	for range count {
		n, err := io.ReadFull(source, buffer)
		if _, wrong := target.Write(buffer[:n]); wrong != nil {
			result := measured()
			remove()
			return outcome{result: result}, fmt.Errorf("writing failed after %s: %w", mebibytes(copied), wrong)
		}
		copied += uint64(n)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil || p.ctx.Err() != nil {
			result := measured()
			remove()
			return outcome{result: result}, fmt.Errorf("copying ended after %s: %w", mebibytes(copied), firstError(err, p.ctx.Err()))
		}
	}
	result := measured()
	return outcome{
		says:   fmt.Sprintf("%s are copied, with %s of memory for one block", mebibytes(copied), mebibytes(length)),
		result: result,
		hold:   holding(hold, remove),
	}, nil
}

// ordinary says whether a path may be written by a workload: the whole path of
// a file, and none of the kernel's own.
func ordinary(path string) error {
	clean := filepath.Clean(path)
	if !filepath.IsAbs(path) || clean == "/" || strings.HasPrefix(clean+"/", "/proc/") || strings.HasPrefix(clean+"/", "/dev/") || strings.HasPrefix(clean+"/", "/sys/") {
		return errors.New("--path must be the whole path of a file, for example /tmp/x")
	}
	return nil
}

// pace puts the mean rate of the work into a result.
func pace(result *wire.Result, bytes uint64) *wire.Result {
	if elapsed, there := result.ElapsedUsec.Get(); there && elapsed > 0 {
		result.BytesPerSecond = wire.Counted(uint64(float64(bytes) / (float64(elapsed) / 1e6)))
	}
	return result
}

// speed is the rate in words.
func speed(result *wire.Result) string {
	rate, _ := result.BytesPerSecond.Get()
	return mebibytes(rate) + " each second"
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
