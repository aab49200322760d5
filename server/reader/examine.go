package reader

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"porthole/server/doctor"
	"porthole/server/wire"
)

// Examine says how the kernel is read, and what the doctor finds about it. Where
// Run does not do so already, it starts a helper for this one look if that is
// the way, and removes it.
func (r *Reader) Examine(ctx context.Context) (wire.Check, doctor.Facts) {
	r.mu.Lock()
	going := r.going
	r.mu.Unlock()
	if going {
		return r.check(r.Says()), r.Facts(ctx)
	}
	w := r.choose()
	if w.mode == wire.ReaderContainer {
		facts, said, err := r.visit(ctx)
		if err == nil {
			r.mu.Lock()
			r.now = said
			r.mu.Unlock()
			return r.check(said), r.withLog(facts)
		}
		r.mu.Lock()
		r.refused = err
		r.mu.Unlock()
		w = r.choose()
	}
	r.turnTo(w)
	return r.check(r.Says()), r.Facts(ctx)
}

// visit starts a helper, hears its greeting, and removes it.
func (r *Reader) visit(ctx context.Context) (doctor.Facts, wire.Reader, error) {
	started, err := r.options.Start(ctx, r.arguments()...)
	if err != nil {
		return doctor.Facts{}, wire.Reader{}, err
	}
	defer started.Close(ctx)
	w := r.choose()
	said := r.describe(w)
	said.Container, said.Command = started.Name, started.Command
	away := newAway(r, started)
	timer := time.AfterFunc(silence, func() { started.Close(ctx) })
	defer timer.Stop()
	var buffer []byte
	k, payload, err := readFrame(started, &buffer)
	if err == nil && k == kindHello {
		if err = away.take(k, payload); err == nil {
			return away.hello.Facts, said, nil
		}
	}
	started.Close(ctx)
	return doctor.Facts{}, said, fmt.Errorf("the reader container does not greet (%v) %s", err, started.Complaint())
}

// check is the doctor's line about the way.
func (r *Reader) check(said wire.Reader) wire.Check {
	c := wire.Check{
		ID: "reader", Title: "How the kernel is read", Status: wire.CheckOK, Found: string(said.Mode), Means: said.Says, Source: "/proc/PID/ns, GET /info",
	}
	if said.Container != "" {
		c.Found = "container " + said.Container
		c.Means += " It is: " + said.Command
	}
	if said.Problem != "" {
		c.Status, c.Means = wire.CheckLimited, said.Says+" "+said.Problem
	}
	return c
}

// machineFacts are what the doctor can say where nothing reads the kernel.
func (r *Reader) machineFacts() doctor.Facts {
	host := r.machineHost()
	return doctor.Facts{
		CgroupProblem: "nothing reads the kernel here",
		Checks: []wire.Check{
			{ID: "kernel", Title: "Kernel", Source: "GET /info", Found: cmp.Or(host.Kernel, "unknown"), Status: wire.CheckOK},
			{ID: "cgroup-mode", Title: "Cgroup mode", Source: "GET /info", Found: string(host.CgroupMode), Status: wire.CheckLimited, Means: "Its files are not read; the engine tells some of what is in them."},
			{ID: "namespaces", Title: "Namespaces of other processes", Found: "not read", Status: wire.CheckLimited, Means: "All cells of the drawing say unknown."},
		},
	}
}

// lower makes a sentence go on after a colon.
func lower(sentence string) string {
	if sentence == "" {
		return sentence
	}
	return strings.ToLower(sentence[:1]) + sentence[1:]
}
