package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"porthole/server/wire"
)

// changing are the events after which a container is to be looked at again.
// exec_* and attach are left out: they come often and change nothing of ours.
var changing = []string{"create", "start", "restart", "die", "stop", "kill", "oom", "pause", "unpause", "update", "rename", "destroy"}

// follow stays with one link until it ends, and says why it did.
func (d *Docker) follow(ctx context.Context, l *link) error {
	if l == nil {
		return errors.New("the connection was closed")
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return d.keepAsking(ctx, l) })
	group.Go(func() error { return d.watch(ctx, l) })
	return group.Wait()
}

// keepAsking pings until the engine fails to answer: a paused engine keeps its
// socket and its event stream open for ever, so only this notices.
func (d *Docker) keepAsking(ctx context.Context, l *link) error {
	ticker := time.NewTicker(d.options.PingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.ctx.Done():
			return context.Cause(l.ctx)
		case <-ticker.C:
		}
		asking, cancel := context.WithTimeout(ctx, d.options.PingTimeout)
		ping, err := l.client.Ping(asking)
		cancel()
		if err == nil && ping.APIVersion != l.info.newestAPI {
			// Another engine answers by now, and no stream of the old one has told.
			err = fmt.Errorf("the engine was exchanged: it speaks API %s now, and %s before", ping.APIVersion, l.info.newestAPI)
		}
		if err != nil && ctx.Err() == nil {
			// End all calls under way now: each would wait for its own deadline.
			l.cancel(stateError(judge(err, d.State().Address), err))
			return err
		}
	}
}

// watch keeps the snapshot of containers. It subscribes before it lists, so
// that nothing falls between, and inspects a container once per change.
func (d *Docker) watch(ctx context.Context, l *link) error {
	ctx, cancel := context.WithCancel(ctx)
	filter := filters.NewArgs(filters.Arg("type", "container"), filters.Arg("label", LabelManaged+"=true"))
	for _, name := range changing {
		filter.Add("event", name)
	}
	// Events returns when the engine has answered; the timer bounds that.
	timer := time.AfterFunc(timeoutRead, cancel)
	messages, failures := l.client.Events(ctx, events.ListOptions{Filters: filter})
	defer func() { // the client's goroutine ends before we do
		cancel()
		for range failures {
		}
	}()
	if !timer.Stop() {
		return context.DeadlineExceeded
	}
	// First, so that nobody sees what is about to go.
	if err := d.sweep(ctx, l); err != nil {
		d.log.Warn("left-overs of an earlier Porthole could not be swept", "error", err)
	}
	seen := &sight{known: map[string]Container{}, slow: map[string]bool{}, events: map[string][]Event{}}
	if err := d.list(ctx, l, seen); err != nil {
		return err
	}
	d.publish(seen.known)
	ticker := time.NewTicker(d.options.Relist)
	defer ticker.Stop()
	for {
		var again <-chan time.Time
		if len(seen.slow) > 0 {
			again = time.After(time.Second)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-again:
			for id := range seen.slow {
				if err := d.look(ctx, l, id, seen); err != nil {
					return err
				}
			}
		case err := <-failures:
			return fmt.Errorf("the stream of events ended: %w", cmp.Or(err, errors.New("the engine closed it")))
		case message := <-messages:
			// What came meanwhile is taken along: one look per container.
			seen.note(message)
			touched := map[string]bool{message.Actor.ID: true}
			for more := true; more; {
				select {
				case message = <-messages:
					seen.note(message)
					touched[message.Actor.ID] = true
				default:
					more = false
				}
			}
			for id := range touched {
				if err := d.look(ctx, l, id, seen); err != nil {
					return err
				}
			}
		case <-ticker.C:
			if err := d.list(ctx, l, seen); err != nil {
				return err
			}
			if !slices.ContainsFunc(slices.Collect(maps.Values(seen.known)), func(c Container) bool { return d.abandoned(c.Labels) }) {
				break
			}
			if err := d.sweep(ctx, l); err != nil {
				d.log.Warn("left-overs of an earlier Porthole could not be swept", "error", err)
			}
		}
		d.publish(seen.known)
	}
}

// sight is what one link has seen.
type sight struct {
	known map[string]Container
	// slow are containers that the engine could not tell about in time: it
	// lets nobody look at one while it starts it, which takes long on a busy
	// machine.
	slow map[string]bool
	// events are what was said of each container since this link began.
	events map[string][]Event
}

// maximumEvents is how many events of one container are remembered.
const maximumEvents = wire.MaxEvents

// Event is one thing that the engine said of a container.
type Event struct {
	At time.Time
	// What is the engine's name for it, for example start, oom or die.
	What string
	// ExitCode comes with die.
	ExitCode *int
}

// note remembers an event; beyond the bound, the oldest goes.
func (s *sight) note(message events.Message) {
	id := message.Actor.ID
	event := Event{At: time.Unix(0, message.TimeNano), What: string(message.Action)}
	if code, err := strconv.Atoi(message.Actor.Attributes["exitCode"]); err == nil && message.Action == events.ActionDie {
		event.ExitCode = &code
	}
	list := slices.Clone(s.events[id]) // a snapshot may hold the old one
	if len(list) >= maximumEvents {
		list = list[1:]
	}
	s.events[id] = append(list, event)
}

// list brings seen in line with the engine's whole list; only containers
// whose state differs from what we know are inspected.
func (d *Docker) list(ctx context.Context, l *link, seen *sight) error {
	var listed []container.Summary
	err := l.call(ctx, timeoutRead, "list the containers", func(ctx context.Context, cli *client.Client) (err error) {
		listed, err = cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", LabelManaged+"=true"))})
		return err
	})
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, summary := range listed {
		if !ours(summary.Labels, d.options.Scope) || summary.Labels[LabelRole] != "" {
			continue
		}
		there[summary.ID] = true
		if before, ok := seen.known[summary.ID]; ok && before.State == string(summary.State) && !before.Running() {
			continue
		}
		if err := d.look(ctx, l, summary.ID, seen); err != nil {
			return err
		}
	}
	maps.DeleteFunc(seen.known, func(id string, _ Container) bool { return !there[id] })
	maps.DeleteFunc(seen.slow, func(id string, _ bool) bool { return !there[id] })
	maps.DeleteFunc(seen.events, func(id string, _ []Event) bool { return !there[id] })
	return nil
}

// look inspects one container, and keeps or forgets it. An error ends the link.
func (d *Docker) look(ctx context.Context, l *link, id string, seen *sight) error {
	var answer container.InspectResponse
	err := l.call(ctx, d.lookTimeout, "inspect a container", func(ctx context.Context, cli *client.Client) (err error) {
		answer, err = cli.ContainerInspect(ctx, id)
		return err
	})
	delete(seen.slow, id)
	switch {
	case errors.Is(err, ErrNoSuchContainer):
		delete(seen.known, id)
		delete(seen.events, id)
		return nil
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && l.ctx.Err() == nil:
		seen.slow[id] = true // the ping says whether it is the engine itself
		return nil
	case errors.Is(err, ErrDown) || ctx.Err() != nil:
		return err
	case err != nil:
		// One container that the engine cannot describe (half removed, say)
		// must not cost us all the others.
		d.log.Debug("a container could not be inspected", "id", id, "error", err)
		return nil
	}
	c := parseContainer(answer)
	if !ours(c.Labels, d.options.Scope) || c.Labels[LabelRole] != "" {
		delete(seen.events, id)
		return nil
	}
	c.Events = seen.events[id]
	seen.known[id] = c
	return nil
}

// publish makes known the snapshot, if it differs.
func (d *Docker) publish(known map[string]Container) {
	next := slices.SortedFunc(maps.Values(known), func(a, b Container) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	if reflect.DeepEqual(next, d.Containers()) || len(next) == 0 && len(d.Containers()) == 0 {
		return
	}
	d.containers.Store(&next)
	d.nudge()
}
