package reader

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"porthole/server/doctor"
	"porthole/server/sampler"
	"porthole/server/wire"
)

// Link is a helper that runs: what it prints is read, what it is told is
// written. Close removes it.
type Link interface {
	io.ReadWriter
	Close(ctx context.Context)
}

// away is our end of a helper container.
type away struct {
	reader *Reader
	link   Link
	silence,
	askWithin time.Duration

	writing sync.Mutex // one frame at a time

	mu     sync.Mutex
	met    chan struct{} // closed once hello has come
	hello  hello
	offset int64 // our clock less the helper's, milliseconds
	cost   sampler.Cost
	asked  uint64
	asks   map[uint64]chan answer
	latest wire.Topology // as the helper sent it
}

func newAway(r *Reader, link Link) *away {
	return &away{reader: r, link: link, silence: silence, askWithin: 5 * time.Second, met: make(chan struct{}), asks: map[uint64]chan answer{}}
}

// run tells and listens until ctx ends or the helper is lost, and closes the
// link.
func (a *away) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := a.listen(ctx)
		if err == nil {
			err = errors.New("the reader container has ended")
		}
		return err
	})
	group.Go(func() error { return a.tell(ctx) })
	group.Go(func() error {
		<-ctx.Done() // so that listen, which waits for the helper, ends
		a.link.Close(ctx)
		return ctx.Err()
	})
	return group.Wait()
}

var errSilent = errors.New("the reader container has said nothing for 10 seconds")

// listen publishes what the helper sees.
func (a *away) listen(ctx context.Context) error {
	// A link knows of no deadline for reading: closing it ends the read.
	silent := make(chan struct{})
	watchdog := time.AfterFunc(a.silence, func() {
		close(silent)
		a.link.Close(ctx)
	})
	defer watchdog.Stop()
	var buffer []byte
	from := bufio.NewReaderSize(a.link, 64<<10)
	for {
		k, payload, err := readFrame(from, &buffer)
		if err != nil {
			select {
			case <-silent:
				return errSilent
			default:
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		watchdog.Reset(a.silence)
		if err := a.take(k, payload); err != nil {
			return err
		}
	}
}

// clockDoubt is by how much two clocks may differ before times are shifted.
const clockDoubt = 2000 // milliseconds

func (a *away) take(k kind, payload []byte) error {
	switch k {
	case kindHello:
		var first hello
		if err := json.Unmarshal(payload, &first); err != nil {
			return fmt.Errorf("the reader container's greeting cannot be read: %w", err)
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.hello = first
		if offset := time.Now().UnixMilli() - first.At; offset > clockDoubt || offset < -clockDoubt {
			a.offset = offset
		}
		select {
		case <-a.met:
			return errors.New("the reader container greets twice")
		default:
			close(a.met)
		}
		a.reader.met(first)
	case kindTopology:
		var topology wire.Topology
		if err := json.Unmarshal(payload, &topology); err != nil {
			return fmt.Errorf("the reader container's topology cannot be read: %w", err)
		}
		topology.At += a.shift()
		a.mu.Lock()
		a.latest = topology
		a.mu.Unlock()
		a.reader.publishTopology(topology)
	case kindSample:
		sample, cost, err := parseSample(payload)
		if err != nil {
			return err
		}
		sample.At += a.shift()
		a.mu.Lock()
		a.cost = cost
		a.mu.Unlock()
		a.reader.publishSample(sample)
	case kindGone:
		var gone wire.Gone
		if err := json.Unmarshal(payload, &gone); err != nil {
			return fmt.Errorf("the reader container's last word on a container cannot be read: %w", err)
		}
		gone.At += a.shift()
		a.reader.publishGone(gone)
	case kindAnswer:
		var reply answer
		if err := json.Unmarshal(payload, &reply); err != nil {
			return fmt.Errorf("the reader container's answer cannot be read: %w", err)
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		if waiting := a.asks[reply.ID]; waiting != nil {
			waiting <- reply // it has room for one
			delete(a.asks, reply.ID)
		}
	default:
		return fmt.Errorf("the reader container sent a frame of kind %q, which none of ours has", k)
	}
	return nil
}

func (a *away) shift() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.offset
}

// lookEvery is how often it is looked whether there is something to tell of
// which nobody nudges, such as what a container says of itself.
const lookEvery = 250 * time.Millisecond

// tell keeps the helper up to date.
func (a *away) tell(ctx context.Context) error {
	select {
	case <-a.met:
	case <-ctx.Done():
		return ctx.Err()
	}
	engine := a.reader.options.Sampler.Engine
	nudges, cancel := engine.Changes()
	defer cancel()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var logged <-chan struct{}
	if log := a.reader.options.Sampler.KernelLog; log != nil {
		logged = log.Changes()
	}
	var before string
	var spoke time.Time
	for {
		data, err := appendFrame(nil, kindState, a.reader.state())
		if err != nil {
			return err
		}
		switch {
		case string(data) != before:
			before = string(data)
		case time.Since(spoke) >= pingEvery:
			data = appendHeader(nil, kindPing, 0)
		default:
			data = nil
		}
		if data != nil {
			if err := a.write(data); err != nil {
				return err
			}
			spoke = time.Now()
		}
		_, watched := a.reader.options.Sampler.Publisher.Watched()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-nudges:
		case <-logged:
			a.again()
		case <-watched:
		case <-a.reader.options.Sampler.Watchers.Wake():
		case <-ticker.C:
		}
	}
}

// again publishes the latest topology, for what we add to it ourselves.
func (a *away) again() {
	a.mu.Lock()
	latest := a.latest
	a.mu.Unlock()
	if latest.Seq > 0 {
		latest.At = time.Now().UnixMilli()
		a.reader.publishTopology(latest)
	}
}

func (a *away) write(data []byte) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	if _, err := a.link.Write(data); err != nil {
		return fmt.Errorf("the reader container cannot be told anything any more: %w", err)
	}
	return nil
}

var errNoAnswer = errors.New("the reader container gives no answer")

// ask puts a question and waits for the answer, five seconds at most.
func (a *away) ask(ctx context.Context, question ask) (answer, error) {
	waiting := make(chan answer, 1)
	a.mu.Lock()
	a.asked++
	question.ID = a.asked
	a.asks[question.ID] = waiting
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.asks, question.ID)
		a.mu.Unlock()
	}()
	data, err := appendFrame(nil, kindAsk, question)
	if err != nil {
		return answer{}, err
	}
	if err := a.write(data); err != nil {
		return answer{}, err
	}
	timer := time.NewTimer(a.askWithin)
	defer timer.Stop()
	select {
	case reply := <-waiting:
		return reply, nil
	case <-timer.C:
		return answer{}, errNoAnswer
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

// source is the sampler's Source, over there.
func (a *away) source(name, field string) (wire.Provenance, error) {
	reply, err := a.ask(context.Background(), ask{Container: name, Field: field})
	switch {
	case err != nil:
		return wire.Provenance{Container: name, Field: field, Reason: err.Error(), ReadAt: time.Now().UnixMilli()}, nil
	case reply.Unknown != "":
		return wire.Provenance{}, &unknownSource{reply.Unknown}
	case reply.Provenance == nil:
		return wire.Provenance{Container: name, Field: field, Reason: errNoAnswer.Error(), ReadAt: time.Now().UnixMilli()}, nil
	}
	provenance := *reply.Provenance
	provenance.ReadAt += a.shift()
	return provenance, nil
}

// unknownSource is sampler.ErrUnknownSource, in the helper's words.
type unknownSource struct{ says string }

func (u *unknownSource) Error() string { return u.says }
func (u *unknownSource) Unwrap() error { return sampler.ErrUnknownSource }

// facts are what the doctor finds over there; what it found at first where
// there is no answer.
func (a *away) facts(ctx context.Context) doctor.Facts {
	if reply, err := a.ask(ctx, ask{Doctor: true}); err == nil && reply.Facts != nil {
		return *reply.Facts
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.hello.Facts
}
