package builtin

import (
	"bytes"
	"io"
	"sync"
)

const (
	// maximumLine is how much of one line of output is kept, in bytes.
	maximumLine = 64 << 10
	// maximumOutput is how much of a container's output is kept, in bytes; the
	// oldest goes first.
	maximumOutput = 1 << 20
)

// output keeps the lines that a container prints.
type output struct {
	mu      sync.Mutex
	lines   [][]byte
	first   int // the number of lines[0], counted from the beginning
	bytes   int
	over    bool
	changed chan struct{} // closed and replaced at each change
	read    sync.WaitGroup
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

// take reads a stream to its end, in a goroutine that finish waits for.
func (o *output) take(from io.ReadCloser) {
	o.read.Go(func() {
		defer from.Close()
		var part []byte
		chunk := make([]byte, 32<<10)
		for {
			n, err := from.Read(chunk)
			for rest := chunk[:n]; len(rest) > 0; {
				piece, after, ended := bytes.Cut(rest, []byte("\n"))
				part = append(part, piece[:min(len(piece), maximumLine-len(part))]...)
				if ended {
					o.add(part)
					part = part[:0]
				}
				rest = after
			}
			if err != nil {
				if len(part) > 0 {
					o.add(part)
				}
				return
			}
		}
	})
}

// drop reads a stream that nobody wants to its end, so that it is never full.
func (o *output) drop(from io.ReadCloser) {
	o.read.Go(func() {
		defer from.Close()
		io.Copy(io.Discard, from)
	})
}

func (o *output) add(line []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	line = bytes.ToValidUTF8(bytes.Clone(bytes.TrimSuffix(line, []byte("\r"))), []byte("\uFFFD"))
	o.lines = append(o.lines, line)
	for o.bytes += len(line); o.bytes > maximumOutput; o.first++ {
		o.bytes -= len(o.lines[0])
		o.lines = o.lines[1:]
	}
	close(o.changed)
	o.changed = make(chan struct{})
}

// finish waits until all has been read, and says that no more comes.
func (o *output) finish() {
	o.read.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
	close(o.changed)
	o.changed = make(chan struct{})
}

// next are the lines from number on, the number after them, and whether more
// can come; changed is closed when they have.
func (o *output) next(number int) (lines [][]byte, after int, over bool, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	from := max(0, number-o.first)
	return o.lines[min(from, len(o.lines)):], o.first + len(o.lines), o.over, o.changed
}
