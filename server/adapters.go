//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"porthole/server/engine"
	"porthole/server/lab"
	"porthole/server/reader"
	"porthole/server/sampler"
	"porthole/server/wire"
)

// Subjects lets the sampler ask the engine who runs, without either knowing
// the other.
func (d dockerPlug) Subjects() []sampler.Subject {
	ours, others := d.Containers(), d.Others()
	subjects := make([]sampler.Subject, 0, len(ours)+len(others))
	for _, c := range slices.Concat(ours, others) {
		subjects = append(subjects, subjectOf(c))
	}
	return subjects
}

func subjectOf(c engine.Container) sampler.Subject {
	subject := sampler.Subject{Container: wire.Container{
		Name: c.Name, ID: c.ID, Foreign: c.Foreign, Title: c.Title, Subtitle: c.Subtitle, Key: c.Key, Order: c.Order,
		Lesson: c.Lesson, Run: c.Run, State: c.State, PID: c.PID, Image: c.Image, Command: c.Command,
		Limits: askedLimits(c.Asked),
	}}
	if !c.StartedAt.IsZero() {
		subject.Container.StartedAt = c.StartedAt.UnixMilli()
	}
	if c.State == "exited" || c.State == "dead" {
		subject.ExitCode, subject.OOMKilled = &c.ExitCode, &c.OOMKilled
	}
	if !c.StartedAt.IsZero() {
		subject.Container.OOMKilled = &c.OOMKilled
	}
	for _, event := range c.Events {
		subject.Container.Events = append(subject.Container.Events, wire.Event{At: event.At.UnixMilli(), What: event.What, ExitCode: event.ExitCode})
	}
	return subject
}

func askedLimits(a engine.Asked) wire.Limits {
	limit := func(name, source, flag string) *wire.Limit {
		if flag == "" {
			return nil
		}
		return &wire.Limit{Source: source, Asked: flag, HostConfig: a.HostConfig[name]}
	}
	return wire.Limits{
		CPU:               limit("cpu", "cpuMax", a.CPU),
		CPUWeight:         limit("cpuWeight", "cpuWeight", a.CPUWeight),
		CPUSet:            limit("cpuSet", "cpuSet", a.CPUSet),
		Memory:            limit("memory", "memoryMax", a.Memory),
		MemorySwap:        limit("memorySwap", "memorySwapMax", a.MemorySwap),
		MemoryReservation: limit("memoryReservation", "memoryReservation", a.MemoryReservation),
		Pids:              limit("pids", "pidsMax", a.Pids),
		IO:                limit("io", "ioMax", a.IO),
	}
}

// Inspect answers in the lab's words.
func (d dockerPlug) Inspect(ctx context.Context, id string) (lab.Inspection, error) {
	c, err := d.Docker.Inspect(ctx, id)
	if errors.Is(err, engine.ErrNoSuchContainer) {
		err = fmt.Errorf("%w: %w", lab.ErrNoContainer, err)
	}
	return lab.Inspection{
		Name: c.Name, State: c.State, StartedAt: c.StartedAt, FinishedAt: c.FinishedAt,
		ExitCode: c.ExitCode, OOMKilled: c.OOMKilled,
	}, err
}

// Exec answers in the lab's words.
func (d dockerPlug) Exec(ctx context.Context, id string, argv []string) (lab.Executed, error) {
	result, err := d.Docker.Exec(ctx, id, argv)
	return lab.Executed{Output: result.Stdout, ExitCode: result.ExitCode}, err
}

// watcherPlug lets the lab see what is seen, whoever reads.
type watcherPlug struct{ *reader.Reader }

func (w watcherPlug) Watch() lab.Watch { return watchPlug{w.Reader.Watch()} }

type watchPlug struct{ *sampler.Watch }

func (w watchPlug) Take() (seen []lab.Observation, missed uint64) {
	taken, missed := w.Watch.Take()
	for _, o := range taken {
		seen = append(seen, lab.Observation(o))
	}
	return seen, missed
}
