package builtin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"porthole/demos"
)

// Start takes all steps of Steps, and returns when the container's program
// has taken over.
func (e *Engine) Start(ctx context.Context, id string) error {
	b, err := e.find(id)
	if err != nil {
		return err
	}
	b.starting.Lock()
	defer b.starting.Unlock()
	if b.word().State != "created" {
		return fail(ErrRefused, nil, "the container %s has been started already; start the lesson again", b.name)
	}
	flags, joins, enterPID, err := e.spaces(b)
	if err != nil {
		return err
	}
	b.plan.Joins = joins
	if flags&unix.CLONE_NEWUTS == 0 {
		b.plan.Hostname = "" // the name is another's
	}
	out, stdout, err := os.Pipe()
	if err != nil {
		return fail(ErrRefused, err, "no pipe can be made for the container's output: %s", err)
	}
	defer stdout.Close()
	problems, stderr, err := os.Pipe()
	if err != nil {
		out.Close()
		return fail(ErrRefused, err, "no pipe can be made for the container's output: %s", err)
	}
	defer stderr.Close()
	making := &building{
		engine: e, container: b, plan: b.plan, spaces: flags, enterPID: enterPID, output: stdout, problem: stderr,
		bridged: b.spec.Network == "" || b.spec.Network == "bridge",
	}
	b.output.take(out)
	b.output.drop(problems)
	began := time.Now()
	if b.stepping != nil {
		making.on = true
		defer b.stepping.finish.Do(func() { close(b.stepping.over) })
	}
	err = making.build(ctx, Steps(), &progress{box: b, making: making})
	if err != nil {
		b.change(func(c *Container) { c.PID = 0 })
		b.undo()
		if b.stepping != nil {
			b.stepping.reply(err, true)
		}
		return fmt.Errorf("could not start the container %s: %w", b.name, err)
	}
	e.log.Debug("a container was started", "container", b.name, "took", time.Since(began))
	b.timer = time.AfterFunc(b.ttl, func() { making.command.Process.Kill() })
	b.change(func(c *Container) {
		now := time.Now()
		c.State, c.StartedAt, c.StartedOn = "running", now.UnixMilli(), now
		note(c, "start", nil)
	})
	go b.await(making.command) // removal waits for it
	if b.stepping != nil {
		b.stepping.reply(nil, true)
	}
	return nil
}

// undo removes what the steps have left in the kernel.
func (b *box) undo() error {
	b.killRest()
	return errors.Join(failed("remove the control group", b.groups.Destroy()), b.engine.net.detach(b.veth))
}

// Update changes limits of a container, as docker update does; zero fields
// stay as they are.
func (e *Engine) Update(_ context.Context, id string, limits demos.Limits) error {
	b, err := e.find(id)
	if err != nil {
		return err
	}
	b.starting.Lock()
	defer b.starting.Unlock()
	all := merged(b.limits, limits)
	resources, err := resourcesOf(e.delegation.only(all), e.diskNumber)
	if err != nil {
		return err
	}
	if b.word().State == "running" {
		if err := b.groups.Set(resources); err != nil {
			return fail(ErrRefused, err, "could not update the container's limits: the kernel refused: %s", err)
		}
	}
	disk, _ := e.Disk()
	b.mu.Lock()
	b.resources, b.limits, b.says.Limits = resources, all, asked(all, disk)
	note(&b.says, "update", nil)
	b.mu.Unlock()
	e.nudge()
	return nil
}

// ExecResult is what a program inside a container printed, and how it ended.
type ExecResult struct {
	// Stdout holds at most 256 KiB; the rest is dropped.
	Stdout   []byte
	ExitCode int
}

// execTime is how long a program inside a container may take.
const execTime = 30 * time.Second

// Exec runs a program inside a running container, and waits for its end: 30
// seconds at most. A program that fails is no error: it is an exit code.
func (e *Engine) Exec(ctx context.Context, id string, argv []string) (ExecResult, error) {
	var result ExecResult
	b, err := e.find(id)
	if err != nil {
		return result, err
	}
	pid := b.word().PID
	if b.word().State != "running" {
		return result, fail(ErrNotRunning, nil, "could not run a command in the container %s: it is not running", b.name)
	}
	ctx, cancel := context.WithTimeout(ctx, execTime)
	defer cancel()
	out, stdout, err := os.Pipe()
	if err != nil {
		return result, fail(ErrRefused, err, "no pipe can be made for the command's output: %s", err)
	}
	defer out.Close()
	p := b.plan
	p.Exec, p.Trace, p.Argv, p.Joins = true, false, argv, nil
	for _, kind := range []string{"ipc", "uts", "net", "cgroup", "mnt"} {
		if path := fmt.Sprintf("/proc/%d/ns/%s", pid, kind); !e.isOurs(path) {
			p.Joins = append(p.Joins, path)
		}
	}
	making := &building{engine: e, container: b, plan: p, enterPID: fmt.Sprintf("/proc/%d/ns/pid", pid), output: stdout}
	err = making.build(ctx, execSteps(), nil)
	stdout.Close()
	if err != nil {
		return result, fmt.Errorf("could not run a command in the container %s: %w", b.name, err)
	}
	defer context.AfterFunc(ctx, func() { making.command.Process.Kill() })()
	var kept bytes.Buffer
	io.Copy(&kept, io.LimitReader(out, 256<<10))
	io.Copy(io.Discard, out)
	making.command.Wait()
	if ctx.Err() != nil {
		return result, fmt.Errorf("could not run a command in the container %s: %w", b.name, context.Cause(ctx))
	}
	result.Stdout, result.ExitCode = kept.Bytes(), making.command.ProcessState.ExitCode()
	if status, ok := making.command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		result.ExitCode = 128 + int(status.Signal())
	}
	return result, nil
}

// Follow calls line for each line that a container has printed on its standard
// output, from the first one on, until it has exited (nil) or ctx ends.
func (e *Engine) Follow(ctx context.Context, id string, line func([]byte)) error {
	b, err := e.find(id)
	if err != nil {
		return err
	}
	for number := 0; ; {
		lines, after, over, changed := b.output.next(number)
		for _, each := range lines {
			line(slices.Clone(each))
		}
		if number = after; over {
			return nil
		}
		select {
		case <-changed:
		case <-e.closed:
			return fail(ErrDown, nil, "the engine was closed")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Inspect says how a container stands.
func (e *Engine) Inspect(_ context.Context, id string) (Container, error) {
	b, err := e.find(id)
	if err != nil {
		return Container{}, err
	}
	return b.word(), nil
}

// RemoveRun removes every container and volume of a run. It is no error when
// there is none.
func (e *Engine) RemoveRun(_ context.Context, run string) error {
	var failures []error
	for _, b := range e.all() {
		if b.run == run {
			failures = append(failures, e.remove(b))
		}
	}
	if run != "" {
		failures = append(failures, os.RemoveAll(e.folder("volumes", run)))
	}
	return errors.Join(failures...)
}

// remove ends a container and removes all that is left of it.
func (e *Engine) remove(b *box) error {
	if b.stepping != nil { // one that waits for a step is not waited for
		b.stepping.giveUp.Do(func() { close(b.stepping.gaveUp) })
	}
	b.starting.Lock()
	defer b.starting.Unlock()
	word := b.word()
	if word.State == "running" {
		unix.Kill(word.PID, unix.SIGKILL) // it is our child: the number is its own until it is reaped
	}
	if word.State != "created" && word.State != "removed" {
		select {
		case <-b.ended:
		case <-time.After(10 * time.Second):
			return fail(ErrRefused, nil, "the container %s does not end although it was killed; look for process %d with ps", b.name, word.PID)
		}
	}
	if err := errors.Join(b.undo(), os.RemoveAll(e.folder("containers", word.ID))); err != nil {
		return fmt.Errorf("could not remove the container %s: %w", b.name, err)
	}
	b.change(func(c *Container) { c.State = "removed" })
	e.mu.Lock()
	delete(e.boxes, word.ID)
	e.mu.Unlock()
	e.nudge()
	return nil
}
