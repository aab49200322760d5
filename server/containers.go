//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"porthole/server/builtin"
	"porthole/server/doctor"
	"porthole/server/engine"
	"porthole/server/kernel/namespace"
	"porthole/server/lab"
	"porthole/server/reader"
	"porthole/server/sampler"
	"porthole/server/wire"
)

// containers is a container engine, as this program needs one: Docker's, or
// our own. The rooms know only their own part of it.
type containers interface {
	lab.Engine
	sampler.Engine
	doctor.Engine
	// Connect reaches the engine once; Run stays with it until ctx ends.
	Connect(ctx context.Context) error
	Run(ctx context.Context) error
	Close()
	// Clean removes what Porthole has left on it.
	Clean(ctx context.Context) (cleaned, error)
	Images() []wire.Image
	Disk() (string, error)
	// Machine is where it runs; false while it does not answer.
	Machine() (reader.Machine, bool)
	// UseDisk tells it which disk is under its files, where it is elsewhere.
	UseDisk(disk string, problem error)
	// StartReader starts a helper container that reads the kernel for us.
	StartReader(ctx context.Context, arguments ...string) (reader.Started, error)
	Stats(ctx context.Context, id string, each func(message []byte)) error
	// Lacks says why this engine cannot give what a lesson needs; "" where it can.
	Lacks(need string) string
	// Final reports whether an error of StartReader will not pass by itself.
	Final(err error) bool
}

// cleaned names what was removed from an engine.
type cleaned struct{ Containers, Volumes, Networks, Images []string }

// chooseEngine makes the engine that was asked for, without asking it anything.
func chooseEngine(name string, o engine.Options) (containers, error) {
	if name == "builtin" || name == "auto" && onlyBuiltin(os.Getenv, inPath) {
		if len(o.Also) > 0 {
			return nil, alsoNeedsDocker("there is none here, and the built-in engine has no containers but its own")
		}
		return builtinPlug{builtin.New(builtin.Options{Environment: o.Environment, Log: o.Log})}, nil
	}
	docker, err := engine.NewDocker(o)
	return dockerPlug{docker}, err
}

// enter puts the program into a user namespace of its own, where its command makes
// containers and it has not the rights for that: what then runs is the same command.
// It returns the exit code of that, or false where there is none.
func enter(arguments []string, getenv func(string) string) (code int, entered bool) {
	name, rest := commandOf(arguments)
	if !slices.Contains(flagsOf[name], "engine") {
		return 0, false
	}
	c, err := parseFlags(name, rest, getenv)
	if err != nil || c.engine != "builtin" && (c.engine != "auto" || !noDocker(getenv, inPath) || !builtin.MayLimit()) {
		return 0, false
	}
	return builtin.Enter(namespace.Handover())
}

// onlyBuiltin reports whether nothing here points to a Docker engine, while we
// may make containers ourselves, with limits: without them half of the chapter is
// missing, and a recording has it all.
func onlyBuiltin(getenv func(string) string, has func(program string) bool) bool {
	return noDocker(getenv, has) && builtin.MayLimit() && builtin.Able("")
}

// dockerPlug is Docker's engine in the rooms' words.
type dockerPlug struct{ *engine.Docker }

func (d dockerPlug) Clean(ctx context.Context) (cleaned, error) {
	report, err := d.Docker.Clean(ctx)
	return cleaned(report), err
}

func (d dockerPlug) Machine() (reader.Machine, bool) {
	m, up := d.Docker.Machine()
	return reader.Machine{
		Hostname: m.Hostname, Kernel: m.Kernel, CPUs: m.CPUs, MemoryBytes: m.MemoryBytes,
		CgroupVersion: m.CgroupVersion, Socket: m.Socket, Limits: m.Limits,
	}, up
}

func (d dockerPlug) StartReader(ctx context.Context, arguments ...string) (reader.Started, error) {
	helper, err := d.StartHelper(ctx, arguments...)
	if err != nil {
		return reader.Started{}, err
	}
	return reader.Started{Link: helper, Name: helper.Name, Command: helper.Command, Complaint: helper.Complaint}, nil
}

// Lacks finds nothing: what Docker's engine has is what the kernel has.
func (dockerPlug) Lacks(string) string { return "" }

func (d dockerPlug) Final(err error) bool {
	return errors.Is(err, engine.ErrForbidden) || errors.Is(err, engine.ErrRefused) || errors.Is(err, engine.ErrImage)
}

// builtinPlug is our own engine in the rooms' words.
type builtinPlug struct{ *builtin.Engine }

func (b builtinPlug) Subjects() []sampler.Subject {
	all := b.Containers()
	subjects := make([]sampler.Subject, 0, len(all))
	for _, c := range all {
		subject := sampler.Subject{Container: c.Container}
		if c.Ended() {
			code := c.ExitCode
			subject.ExitCode, subject.OOMKilled = &code, c.OOMKilled
		}
		if c.StartedAt == 0 {
			subject.Container.OOMKilled = nil
		}
		subjects = append(subjects, subject)
	}
	return subjects
}

func (b builtinPlug) Inspect(ctx context.Context, id string) (lab.Inspection, error) {
	c, err := b.Engine.Inspect(ctx, id)
	if errors.Is(err, builtin.ErrNoSuchContainer) {
		err = fmt.Errorf("%w: %w", lab.ErrNoContainer, err)
	}
	return lab.Inspection{
		Name: c.Name, State: c.State, StartedAt: c.StartedOn, FinishedAt: c.FinishedAt,
		ExitCode: c.ExitCode, OOMKilled: c.OOMKilled != nil && *c.OOMKilled,
	}, err
}

func (b builtinPlug) Exec(ctx context.Context, id string, argv []string) (lab.Executed, error) {
	result, err := b.Engine.Exec(ctx, id, argv)
	return lab.Executed{Output: result.Stdout, ExitCode: result.ExitCode}, err
}

func (b builtinPlug) Clean(ctx context.Context) (cleaned, error) {
	report, err := b.Engine.Clean(ctx)
	return cleaned(report), err
}

func (b builtinPlug) Machine() (reader.Machine, bool) {
	machine, up := b.Engine.Machine()
	return reader.Machine(machine), up
}

// UseDisk says nothing new: the engine is on this machine.
func (builtinPlug) UseDisk(string, error) {}

// StartReader is for an engine elsewhere, or a server without rights.
func (builtinPlug) StartReader(context.Context, ...string) (reader.Started, error) {
	return reader.Started{}, fmt.Errorf("%w: the built-in engine starts no reader container, since the server itself may read the kernel; use --reader direct", builtin.ErrRefused)
}

// Stats are Docker's; ours come from the kernel.
func (builtinPlug) Stats(context.Context, string, func([]byte)) error {
	return fmt.Errorf("%w: the built-in engine streams no statistics; use --reader direct", builtin.ErrRefused)
}

func (builtinPlug) Final(err error) bool { return errors.Is(err, builtin.ErrRefused) }

// noDocker reports whether nothing on this machine points to an engine: no
// address in the environment, no socket, and no program that would start one.
// Where only the engine is down, the page waits for it and says so.
func noDocker(getenv func(string) string, has func(program string) bool) bool {
	address, err := engine.FindAddress(getenv)
	path, local := strings.CutPrefix(address, "unix://")
	if err != nil || !local || getenv("DOCKER_HOST") != "" {
		return false
	}
	if _, err := os.Stat(path); err == nil {
		return false
	}
	return !has("docker") && !has("dockerd") && !has("podman")
}

func inPath(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}
