package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"porthole/server/wire"
)

// shortID is how many digits of an ID stand for it: what docker ps shows.
const shortID = 12

// Others are the containers that Porthole did not make and that Options.Also
// asks for, running or not, in the order in which they are asked for. A name
// stands for the container that bears it now; an ID, for one container whatever
// it is called. They are only looked at: all that acts on a container knows
// those of Containers alone, and answers ErrNotOurs for any other. The slice is
// shared: do not change it. When an engine goes away, the last word stands.
func (d *Docker) Others() []Container { return *d.others.Load() }

// watchOthers keeps the snapshot of what Others returns. The engine is asked
// about what was named alone, so that it costs no more beside 500 containers.
func (d *Docker) watchOthers(ctx context.Context, l *link) error {
	var named []filters.KeyValuePair
	for _, name := range d.options.Also {
		named = append(named, filters.Arg("container", name))
	}
	// An engine tells of a renaming under the new name, which need not be one of
	// those that were asked for: of these it is asked for all.
	news, err := l.subscribe(ctx, slices.DeleteFunc(slices.Clone(changing), func(name string) bool { return name == "rename" }), named...)
	if err != nil {
		return err
	}
	defer news.close()
	if err := l.follow(ctx, news, []string{"rename"}); err != nil {
		return err
	}
	seen := newSight(&d.others)
	said := false
	seen.list = func() error {
		if err := d.listOthers(ctx, l, seen); err != nil {
			return err
		}
		if !said {
			said = true
			d.sayMissed(seen)
		}
		return nil
	}
	seen.shows = d.showsAsOther
	seen.concerns = func(message events.Message) bool {
		// The engine's filter takes the beginning of a name for the name.
		_, known := seen.known[message.Actor.ID]
		return known || d.asked(message.Actor.ID, message.Actor.Attributes["name"]) >= 0
	}
	return d.keep(ctx, l, seen, news, func() {})
}

// listOthers looks at each one that is known, and then for each name that none
// of them answers to.
func (d *Docker) listOthers(ctx context.Context, l *link, seen *sight) error {
	for _, id := range sortedKeys(seen.known) {
		if err := d.look(ctx, l, id, seen); err != nil {
			return err
		}
	}
	for _, name := range d.options.Also {
		if _, found := answering(seen.known, name); found {
			continue
		}
		if err := d.look(ctx, l, name, seen); err != nil {
			return err
		}
	}
	return nil
}

// sayMissed says in the log, once for each time that the engine comes up and it
// is another word, who does not run of those that were asked for.
func (d *Docker) sayMissed(seen *sight) {
	var nobody, stopped []string
	for _, name := range d.options.Also {
		c, found := answering(seen.known, name)
		switch {
		case found && !c.Running():
			stopped = append(stopped, name)
		case !found && !slices.ContainsFunc(d.Containers(), func(c Container) bool { return isNamed(name, c.ID, c.Name) }):
			nobody = append(nobody, name)
		}
	}
	words := fmt.Sprint(nobody, stopped)
	if words == d.missed {
		return
	}
	d.missed = words
	if len(nobody)+len(stopped) > 0 {
		d.log.Warn("not all containers that --also names run on this engine; each is shown when it starts", "nothingAnswersTo", nobody, "stopped", stopped)
	}
}

// answering is the known container that a word names.
func answering(known map[string]Container, wanted string) (Container, bool) {
	for _, c := range known {
		if isNamed(wanted, c.ID, c.Name) {
			return c, true
		}
	}
	return Container{}, false
}

// showsAsOther reports whether a container is one of Others, and if so takes off
// it all that only our own can say of themselves: anybody may write labels.
func (d *Docker) showsAsOther(c *Container) bool {
	i := d.asked(c.ID, c.Name)
	// Under this name the page explains the machine's own numbers.
	if i < 0 || c.Name == wire.HostName || ours(c.Labels, d.options.Scope) {
		return false
	}
	c.Foreign, c.Order, c.Labels = true, i+1, nil
	c.Lesson, c.Run, c.Key, c.Title, c.Subtitle, c.Command = "", "", "", "", "", ""
	c.Expires = time.Time{}
	return true
}

// asked is which of Also a container is; -1 where it was not asked for.
func (d *Docker) asked(id, name string) int {
	return slices.IndexFunc(d.options.Also, func(wanted string) bool { return isNamed(wanted, id, name) })
}

// isNamed reports whether a word names a container: it is its whole name, or
// the beginning of its ID, long enough to be no name by accident.
func isNamed(wanted, id, name string) bool {
	return wanted == name || len(wanted) >= shortID && strings.HasPrefix(id, wanted)
}
