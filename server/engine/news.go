package engine

import (
	"context"
	"sync"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// news are the engine's events as they come.
type news struct {
	messages chan events.Message
	// failures gets the end of each stream; nil where the engine closed it.
	failures chan error
	cancel   context.CancelFunc
	streams  sync.WaitGroup
}

// subscribe follows the events of the given names about containers that pass
// the filters. It returns when the engine has answered.
func (l *link) subscribe(ctx context.Context, names []string, only ...filters.KeyValuePair) (*news, error) {
	n := &news{messages: make(chan events.Message), failures: make(chan error, 2)}
	ctx, n.cancel = context.WithCancel(ctx)
	if err := l.follow(ctx, n, names, only...); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

// follow adds one more stream of events to the news.
func (l *link) follow(ctx context.Context, n *news, names []string, only ...filters.KeyValuePair) error {
	filter := filters.NewArgs(append(only, filters.Arg("type", "container"))...)
	for _, name := range names {
		filter.Add("event", name)
	}
	// Events returns when the engine has answered; the timer bounds that.
	timer := time.AfterFunc(timeoutRead, n.cancel)
	messages, failures := l.client.Events(ctx, events.ListOptions{Filters: filter})
	n.streams.Go(func() {
		for {
			select {
			case message := <-messages:
				select {
				case n.messages <- message:
				case <-ctx.Done():
				}
			case err := <-failures:
				n.failures <- err // there is room for each stream's one
				for range failures {
				}
				return
			}
		}
	})
	if !timer.Stop() {
		return context.DeadlineExceeded
	}
	return nil
}

// close ends the streams; the client's goroutines end before it returns.
func (n *news) close() {
	n.cancel()
	n.streams.Wait()
}
