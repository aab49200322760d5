package workload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"porthole/server/wire"
)

// paths is a flag that may be given several times.
type paths struct{ list []string }

func (p *paths) String() string { return strings.Join(p.list, ", ") }

func (p *paths) Set(text string) error {
	if err := ordinary(text); err != nil {
		return errors.New("the whole path of a file is wanted, for example /srv/edit-me.txt")
	}
	if len(p.list) == wire.MaxFiles {
		return fmt.Errorf("at most %d files are taken", wire.MaxFiles)
	}
	p.list = append(p.list, filepath.Clean(text))
	return nil
}

func (p *paths) check() error {
	if len(p.list) == 0 {
		return errors.New("--path is needed, for example --path /srv/edit-me.txt")
	}
	return nil
}

// maximumLine bounds the text of one edit, in bytes.
const maximumLine = 64 << 10

func edit(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	var files paths
	hold := duration{value: 10 * time.Second, max: MaxTTL}
	flags.Var(&files, "path", "edit this `file`; may be given several times")
	text := flags.String("text", "edited by the container", "the `line` to add")
	flags.Var(&hold, "hold", "stay for this `time` when it is done")
	check := func() error {
		if len(*text) > maximumLine {
			return fmt.Errorf("--text may have at most %d bytes", maximumLine)
		}
		return files.check()
	}
	return check, func(p *process) (outcome, error) {
		m := startMeter()
		written := 0
		for _, path := range files.list {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
			if err == nil {
				var n int
				n, err = io.WriteString(f, *text+"\n")
				written += n
				err = firstError(err, f.Close())
			}
			if err != nil {
				return outcome{result: m.result()}, fmt.Errorf("the file cannot be edited: %w", err)
			}
		}
		result := m.result()
		result.WrittenBytes = wire.Counted(uint64(written))
		p.touched(files.list...)
		return outcome{says: "a line is added to " + files.String(), result: result, hold: holding(hold.value, nil)}, nil
	}
}

func remove(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	var files paths
	hold := duration{value: 10 * time.Second, max: MaxTTL}
	flags.Var(&files, "path", "delete this `file`; may be given several times")
	flags.Var(&hold, "hold", "stay for this `time` when it is done")
	return files.check, func(p *process) (outcome, error) {
		m := startMeter()
		for _, path := range files.list {
			if err := os.Remove(path); err != nil {
				return outcome{result: m.result()}, fmt.Errorf("the file cannot be deleted: %w", err)
			}
		}
		result := m.result()
		p.touched(files.list...)
		return outcome{says: files.String() + " is deleted, as far as this container sees", result: result, hold: holding(hold.value, nil)}, nil
	}
}

func read(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	var files paths
	hold := duration{value: 10 * time.Second, max: MaxTTL}
	flags.Var(&files, "path", "read this `file`; may be given several times")
	flags.Var(&hold, "hold", "stay for this `time` when it is done")
	return files.check, func(p *process) (outcome, error) {
		m := startMeter()
		found, digest := true, ""
		for _, path := range files.list {
			one := fileAt(path)
			found = found && *one.Exists
			digest = one.Digest
		}
		result := m.result()
		result.Found, result.Digest = &found, digest
		p.touched(files.list...)
		says := files.String() + " is there"
		if !found {
			says = "not all of " + files.String() + " is there"
		}
		return outcome{says: says, result: result, hold: holding(hold.value, nil)}, nil
	}
}

// maximumDigest is the largest file whose content is read for its digest.
const maximumDigest = 1 << 20

// fileAt says how a file stands as we see it.
func fileAt(path string) wire.File {
	one := wire.File{Path: path}
	exists := false
	one.Exists = &exists
	info, err := os.Lstat(path)
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			one.Exists, one.Reason = nil, err.Error()
		}
		return one
	}
	exists = true
	if !info.Mode().IsRegular() {
		return one
	}
	one.Bytes = wire.Counted(uint64(info.Size()))
	if f, err := os.Open(path); err == nil && info.Size() <= maximumDigest {
		hash := sha256.New()
		if _, err := io.Copy(hash, io.LimitReader(f, maximumDigest)); err == nil {
			one.Digest = hex.EncodeToString(hash.Sum(nil))
		}
		f.Close()
	}
	return one
}

// holding waits for a time, and then calls release, if there is one.
func holding(length time.Duration, release func()) func(context.Context) {
	return func(ctx context.Context) {
		pause(ctx, length)
		if release != nil {
			release()
		}
	}
}
