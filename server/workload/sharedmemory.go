package workload

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// maximumSegment bounds a shared memory segment, in bytes.
const maximumSegment = 64 << 20

// keyFlag declares the key of a segment, see ftok(3).
func keyFlag(flags *flag.FlagSet) *whole {
	key := &whole{value: 4242, min: 1, max: 1<<31 - 1}
	flags.Var(key, "key", "the segment's key, a whole `number`")
	return key
}

func shareMemory(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	key := keyFlag(flags)
	amount := size{value: 64 << 10, max: maximumSegment}
	text := flags.String("text", "written by another container\n", "fill it with this `text`, again and again")
	hold := duration{value: 10 * time.Second, max: MaxTTL}
	flags.Var(&amount, "bytes", "make it of this `amount`")
	flags.Var(&hold, "hold", "keep it for this `time`")
	check := func() error {
		if amount.value == 0 || *text == "" {
			return errors.New("--bytes and --text must not be empty")
		}
		return nil
	}
	return check, func(p *process) (outcome, error) {
		m := startMeter()
		id, err := unix.SysvShmGet(key.value, int(amount.value), unix.IPC_CREAT|unix.IPC_EXCL|0o600)
		if err != nil {
			return outcome{}, fmt.Errorf("the segment cannot be made (shmget(2)): %w", err)
		}
		remove := func() { _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) }
		memory, err := unix.SysvShmAttach(id, 0, 0)
		if err != nil {
			remove()
			return outcome{}, fmt.Errorf("the segment cannot be reached (shmat(2)): %w", err)
		}
		for i := 0; i < len(memory); i += copy(memory[i:], *text) {
		}
		result := m.result()
		result.WrittenBytes, result.Digest = wire.Counted(uint64(len(memory))), digestOf(memory)
		p.report.inside() // now with the segment
		return outcome{
			says:   fmt.Sprintf("the segment with key %d holds %s", key.value, mebibytes(uint64(len(memory)))),
			result: result,
			hold: holding(hold.value, func() {
				_ = unix.SysvShmDetach(memory)
				remove()
			}),
		}, nil
	}
}

func findMemory(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	key := keyFlag(flags)
	hold := duration{value: 10 * time.Second, max: MaxTTL}
	flags.Var(&hold, "hold", "stay for this `time` when it is done")
	return nil, func(p *process) (outcome, error) {
		m := startMeter()
		found := false
		id, err := unix.SysvShmGet(key.value, 0, 0)
		if errors.Is(err, unix.ENOENT) {
			result := m.result()
			result.Found = &found
			p.report.inside()
			return outcome{says: fmt.Sprintf("there is no segment with key %d here", key.value), result: result, hold: holding(hold.value, nil)}, nil
		}
		if err != nil {
			return outcome{}, fmt.Errorf("the segment cannot be looked for (shmget(2)): %w", err)
		}
		memory, err := unix.SysvShmAttach(id, 0, unix.SHM_RDONLY)
		if err != nil {
			return outcome{}, fmt.Errorf("the segment is there, but cannot be read (shmat(2)): %w", err)
		}
		found = true
		result := m.result()
		result.Found, result.Digest = &found, digestOf(memory)
		says := fmt.Sprintf("the segment with key %d has %s", key.value, mebibytes(uint64(len(memory))))
		_ = unix.SysvShmDetach(memory)
		p.report.inside()
		return outcome{says: says, result: result, hold: holding(hold.value, nil)}, nil
	}
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
