package engine

import (
	"bytes"
	"context"
	"io"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// maximumLine is how much of one line of output is kept.
const maximumLine = 64 << 10

// Follow calls line for each line that a container has printed on its standard
// output, from the first one on, until the container has exited (nil), ctx
// ends, or the engine goes away (ErrDown: call it again when it is back; it
// then begins anew with the first line). Lines come without their end, are
// valid UTF-8, and are cut at 64 KiB. line may keep what it gets, and is called
// from one goroutine at a time.
func (d *Docker) Follow(ctx context.Context, id string, line func([]byte)) error {
	if err := d.own(ctx, id); err != nil {
		return err
	}
	return d.call(ctx, 0, "follow the container's output", func(ctx context.Context, cli *client.Client) error {
		output, err := cli.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, Follow: true})
		if err != nil {
			return err
		}
		defer output.Close()
		lines := &lineWriter{line: line}
		if _, err := stdcopy.StdCopy(lines, io.Discard, output); err != nil {
			return err
		}
		lines.end()
		return ctx.Err()
	})
}

// lineWriter cuts what is written to it into lines.
type lineWriter struct {
	line func([]byte)
	part []byte // of a line whose end has not come yet
}

func (w *lineWriter) Write(data []byte) (int, error) {
	for rest := data; len(rest) > 0; {
		piece, after, ended := bytes.Cut(rest, []byte("\n"))
		if room := maximumLine - len(w.part); room > 0 {
			w.part = append(w.part, piece[:min(room, len(piece))]...)
		}
		if ended {
			w.flush()
		}
		rest = after
	}
	return len(data), nil
}

// end passes on a last line that has no end.
func (w *lineWriter) end() {
	if len(w.part) > 0 {
		w.flush()
	}
}

func (w *lineWriter) flush() {
	text := bytes.TrimSuffix(w.part, []byte("\r"))
	// Always a copy: line may keep it.
	w.line(bytes.ToValidUTF8(append(make([]byte, 0, len(text)), text...), []byte("\uFFFD")))
	w.part = w.part[:0]
}
