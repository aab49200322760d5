package reader

import (
	"context"
	"io"
	"sync"

	"porthole/server/sampler"
	"porthole/server/wire"
)

// The most that waits for a server that does not read.
const (
	maximumSamples = 50
	maximumWaiting = 1000
)

// outbox keeps what is to be sent, so that no reading of the kernel waits for
// the server. Of the samples the oldest go first; nothing else is dropped.
type outbox struct {
	ready chan struct{}

	mu      sync.Mutex
	waiting []parcel
	samples int
	free    [][]byte // of samples that were sent
	full    bool
	failed  error
}

type parcel struct {
	kind kind
	data []byte
}

func newOutbox() *outbox { return &outbox{ready: make(chan struct{}, 1)} }

// put adds a frame with a JSON payload.
func (b *outbox) put(k kind, payload any) {
	data, err := appendFrame(nil, k, payload)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.failed = err
	} else if len(b.waiting) >= maximumWaiting {
		b.full = true
	} else {
		b.waiting = append(b.waiting, parcel{k, data})
	}
	nudge(b.ready)
}

// sample adds a sample.
func (b *outbox) sample(s wire.Sample, cost sampler.Cost) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.samples >= maximumSamples {
		for i, one := range b.waiting {
			if one.kind == kindSample {
				b.waiting = append(b.waiting[:i], b.waiting[i+1:]...)
				b.samples--
				break
			}
		}
	}
	var buffer []byte
	if n := len(b.free); n > 0 {
		buffer, b.free = b.free[n-1][:0], b.free[:n-1]
	}
	b.waiting = append(b.waiting, parcel{kindSample, appendSample(buffer, s, cost)})
	b.samples++
	nudge(b.ready)
}

// drain writes what is put until ctx ends, all that waits in one piece.
func (b *outbox) drain(ctx context.Context, out io.Writer) error {
	var piece []byte
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-b.ready:
		}
		b.mu.Lock()
		failed, full := b.failed, b.full
		piece = piece[:0]
		for _, one := range b.waiting {
			piece = append(piece, one.data...)
			if one.kind == kindSample {
				b.free = append(b.free, one.data)
			}
		}
		b.waiting, b.samples = b.waiting[:0], 0
		b.mu.Unlock()
		if failed != nil {
			return failed
		}
		if full {
			return errSlow
		}
		if len(piece) == 0 {
			continue
		}
		if _, err := out.Write(piece); err != nil {
			return err
		}
	}
}
