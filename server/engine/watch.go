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
	"sync/atomic"
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
	if len(d.options.Also) > 0 {
		group.Go(func() error { return d.watchOthers(ctx, l) })
	}
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

// watch keeps the snapshot of our containers.
func (d *Docker) watch(ctx context.Context, l *link) error {
	news, err := l.subscribe(ctx, changing, filters.Arg("label", LabelManaged+"=true"))
	if err != nil {
		return err
	}
	defer news.close()
	// First, so that nobody sees what is about to go.
	if err := d.sweep(ctx, l); err != nil {
		d.log.Warn("left-overs of an earlier Porthole could not be swept", "error", err)
	}
	seen := newSight(&d.containers)
	seen.list = func() error { return d.list(ctx, l, seen) }
	seen.shows = func(c *Container) bool { return ours(c.Labels, d.options.Scope) && c.Labels[LabelRole] == "" }
	seen.concerns = func(events.Message) bool { return true }
	return d.keep(ctx, l, seen, news, func() {
		if !slices.ContainsFunc(slices.Collect(maps.Values(seen.known)), func(c Container) bool { return d.abandoned(c.Labels) }) {
			return
		}
		if err := d.sweep(ctx, l); err != nil {
			d.log.Warn("left-overs of an earlier Porthole could not be swept", "error", err)
		}
	})
}

// keep keeps a snapshot of containers up to date. They are listed after the
// subscription has begun, so that nothing falls between, and each is inspected
// once per change. relisted is called after each further listing.
func (d *Docker) keep(ctx context.Context, l *link, seen *sight, news *news, relisted func()) error {
	if err := seen.list(); err != nil {
		return err
	}
	d.publish(seen)
	ticker := time.NewTicker(d.options.Relist)
	defer ticker.Stop()
	for {
		var again <-chan time.Time
		if len(seen.slow) > 0 {
			again = time.After(time.Second)
		}
		touched := map[string]bool{}
		note := func(message events.Message) {
			if seen.concerns(message) {
				seen.note(message)
				touched[message.Actor.ID] = true
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-again:
			maps.Copy(touched, seen.slow)
		case err := <-news.failures:
			return fmt.Errorf("the stream of events ended: %w", cmp.Or(err, errors.New("the engine closed it")))
		case message := <-news.messages:
			// What came meanwhile is taken along: one look per container.
			note(message)
			for more := true; more; {
				select {
				case message = <-news.messages:
					note(message)
				default:
					more = false
				}
			}
		case <-ticker.C:
			if err := seen.list(); err != nil {
				return err
			}
			relisted()
		}
		for id := range touched {
			if err := d.look(ctx, l, id, seen); err != nil {
				return err
			}
		}
		d.publish(seen)
	}
}

// sight is what one link has seen of one kind of containers: ours, or those of
// others that were asked for.
type sight struct {
	// into is where what is seen is made known.
	into *atomic.Pointer[[]Container]
	// list brings what is known in line with the engine.
	list func() error
	// shows reports whether a container is of this kind, and may finish it.
	shows func(*Container) bool
	// concerns reports whether an event may be about one.
	concerns func(events.Message) bool

	known map[string]Container // by ID
	// slow are containers that the engine could not tell about in time: it
	// lets nobody look at one while it starts it, which takes long on a busy
	// machine.
	slow map[string]bool
	// events are what was said of each container since this link began.
	events map[string][]Event
}

func newSight(into *atomic.Pointer[[]Container]) *sight {
	return &sight{into: into, known: map[string]Container{}, slow: map[string]bool{}, events: map[string][]Event{}}
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

// look inspects one container, by ID or name, and keeps or forgets it. An error
// ends the link.
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
	if !seen.shows(&c) {
		delete(seen.known, c.ID)
		delete(seen.events, c.ID)
		return nil
	}
	c.Events = seen.events[c.ID]
	seen.known[c.ID] = c
	return nil
}

// publish makes known the snapshot, if it differs.
func (d *Docker) publish(seen *sight) {
	next := slices.SortedFunc(maps.Values(seen.known), func(a, b Container) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	before := *seen.into.Load()
	if reflect.DeepEqual(next, before) || len(next) == 0 && len(before) == 0 {
		return
	}
	seen.into.Store(&next)
	d.nudge()
}
