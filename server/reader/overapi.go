package reader

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"porthole/server/sampler"
	"porthole/server/wire"
)

// overAPI observes by the engine's API alone.
type overAPI struct {
	reader *Reader

	mu        sync.Mutex
	followed  map[string]*followed // by ID and start
	published wire.Topology
}

// followed is a running container whose statistics are followed.
type followed struct {
	subject sampler.Subject
	stop    context.CancelFunc
	// The latest message, what it says, and when it came; zero before the first.
	raw  string
	last wire.Counters
	at   time.Time
}

func newOverAPI(r *Reader) *overAPI {
	return &overAPI{reader: r, followed: map[string]*followed{}}
}

// pace is the engine's: it measures each container once a second.
const pace = time.Second

// stale is how old statistics may be to be shown as of now.
const stale = 3 * pace

func (o *overAPI) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		nudges, cancel := o.reader.options.Sampler.Engine.Changes()
		defer cancel()
		ticker := time.NewTicker(pace)
		defer ticker.Stop()
		for {
			o.refresh(ctx, group)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-nudges:
			case <-ticker.C:
				o.sample()
			}
		}
	})
	return group.Wait()
}

// running reports whether a container has processes.
func running(c wire.Container) bool {
	return c.PID != 0 && (c.State == "running" || c.State == "paused")
}

// refresh follows who came, says goodbye to who went, and publishes the topology
// if it changed.
func (o *overAPI) refresh(ctx context.Context, group *errgroup.Group) {
	engine := o.reader.options.Sampler.Engine
	topology := wire.Topology{
		Header:     wire.Header{Type: wire.TypeTopology},
		Host:       wire.TopologyHost{Host: o.reader.Host(), Namespaces: unknown(), KernelLogReason: "nothing reads the kernel here"},
		Containers: []wire.Container{},
	}
	if images := o.reader.options.Sampler.Images; images != nil {
		topology.Images = images()
	}
	here := map[string]bool{}
	var leaving []wire.Gone
	o.mu.Lock()
	for _, one := range engine.Subjects() {
		c := one.Container
		key := fmt.Sprint(c.ID, " ", c.StartedAt)
		f := o.followed[key]
		if running(c) {
			here[key] = true
			if f == nil {
				f = &followed{}
				o.followed[key] = f
				following, stop := context.WithCancel(ctx)
				f.stop = stop
				group.Go(func() error { return o.follow(following, f, c.ID) })
			}
		}
		if f != nil {
			f.subject = one
		}
		if c.Foreign && !here[key] {
			continue // it goes when it ends, whether its owner removes it or not
		}
		c.Namespaces = unknown()
		if inside := o.reader.options.Sampler.Inside; inside != nil && !c.Foreign {
			c.Inside = inside(c.Name)
		}
		topology.Containers = append(topology.Containers, c)
	}
	for key, f := range o.followed {
		if !here[key] {
			f.stop()
			delete(o.followed, key)
			// Under the lock: its statistics may still be coming in.
			leaving = append(leaving, f.gone())
		}
	}
	topology.Seq, topology.At = o.published.Seq, o.published.At
	changed := topology.Seq == 0 || !reflect.DeepEqual(topology, o.published)
	if changed {
		topology.Seq, topology.At = topology.Seq+1, time.Now().UnixMilli()
		o.published = topology
	}
	o.mu.Unlock()
	if changed {
		o.reader.publishTopology(topology)
	}
	for _, gone := range leaving {
		o.reader.publishGone(gone)
	}
}

// gone is the last word on it.
func (f *followed) gone() wire.Gone {
	c := f.subject.Container
	return wire.Gone{
		Header: wire.Header{Type: wire.TypeGone, At: time.Now().UnixMilli()},
		Name:   c.Name, ID: c.ID, Lesson: c.Lesson, Run: c.Run,
		ExitCode: f.subject.ExitCode, OOMKilled: f.subject.OOMKilled, Last: f.last,
	}
}

// unknown are the eight namespaces where nobody looks.
func unknown() []wire.Namespace {
	list := make([]wire.Namespace, len(wire.NamespaceTypes))
	for i, name := range wire.NamespaceTypes {
		list[i] = wire.Namespace{Type: name, Relation: wire.RelationUnknown, Reason: "nothing reads the kernel here"}
	}
	return list
}

// follow keeps a container's latest statistics until it ends. The engine is
// asked again after a while where it stops telling.
func (o *overAPI) follow(ctx context.Context, f *followed, id string) error {
	for ctx.Err() == nil {
		err := o.reader.options.Stats(ctx, id, func(message []byte) {
			counters, ok := parseStats(message)
			if !ok {
				return
			}
			o.mu.Lock()
			f.raw, f.last, f.at = string(message), counters, time.Now()
			o.mu.Unlock()
		})
		if err != nil && ctx.Err() == nil {
			o.reader.log.Debug("the engine tells no statistics", "id", id, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(stale):
		}
	}
	return nil // one container's end is not everybody's
}

func (o *overAPI) sample() {
	sample := wire.Sample{Header: wire.Header{Type: wire.TypeSample, At: time.Now().UnixMilli()}, Containers: map[string]wire.Counters{}}
	o.mu.Lock()
	for _, f := range o.followed {
		if time.Since(f.at) < stale {
			sample.Containers[f.subject.Container.Name] = f.last
		}
	}
	o.mu.Unlock()
	o.reader.publishSample(sample)
}

// source shows the engine's message that a number is from.
func (o *overAPI) source(name, field string) (wire.Provenance, error) {
	keys, known := statsKeys[field]
	if !known && !strings.HasPrefix(field, "namespace.") && !isCounter(field) {
		return wire.Provenance{}, fmt.Errorf("%w: %q is not a field of a sample", sampler.ErrUnknownSource, field)
	}
	provenance := wire.Provenance{
		Container: name, Field: field, ReadAt: time.Now().UnixMilli(),
		Reason: "nothing reads the kernel here, and the engine's API does not tell it",
	}
	if name == sampler.HostName {
		return provenance, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range o.followed {
		if f.subject.Container.Name != name {
			continue
		}
		if !known {
			return provenance, nil
		}
		provenance.Path = "GET /containers/" + name + "/stats"
		provenance.Command = "docker stats --no-stream " + name
		provenance.Unit, provenance.Document = keys.unit, "Docker Engine API, ContainerStats"
		provenance.Raw, provenance.Reason = f.raw, ""
		if !f.at.IsZero() {
			provenance.ReadAt = f.at.UnixMilli()
		} else {
			provenance.Reason = "the engine has not told anything of it yet"
		}
		if strings.HasPrefix(field, "memory") && !f.at.IsZero() && f.last.MemoryCurrentBytes.IsZero() {
			provenance.Reason = usageAlone
		}
		return provenance, nil
	}
	return wire.Provenance{}, fmt.Errorf("%w: no container named %q is running", sampler.ErrUnknownSource, name)
}
