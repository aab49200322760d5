package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// building is one process on its way to become a container, or a further
// program in one.
type building struct {
	engine    *Engine
	container *box
	plan      plan
	// spaces are the flags of clone(2); enterPID is the PID namespace to be
	// born in, "" for the server's own (or a new one, by the flags).
	spaces   uintptr
	enterPID string
	bridged  bool

	command         *exec.Cmd
	orders          *json.Encoder
	answers         *json.Decoder
	close           []io.Closer
	output, problem *os.File // where its standard output and error go
	begun           bool     // it has the plan as it is now
	trace
}

// onlooker looks on while steps are taken. Each method can stop all with an error.
type onlooker interface {
	before(ctx context.Context, number int, step Step) error
	after(number int, step Step, detail string, calls []call) error
}

// build takes all steps. The process that it leaves runs the program; where a
// step fails, no process is left. Nil: nobody looks on.
func (b *building) build(ctx context.Context, steps []Step, looks onlooker) (err error) {
	defer func() {
		for _, each := range b.close {
			each.Close()
		}
		if err != nil && b.command != nil && b.command.Process != nil {
			b.command.Process.Kill()
			b.command.Wait()
		}
	}()
	// A step that hangs in the kernel, or a caller who has gone, ends it.
	defer context.AfterFunc(ctx, func() {
		if b.command != nil && b.command.Process != nil {
			b.command.Process.Kill()
		}
	})()
	for i, step := range steps {
		var detail string
		var err error
		if looks != nil {
			if err := looks.before(ctx, i, step); err != nil {
				return fmt.Errorf("stopped before the step %s: %w", step.Name, err)
			}
		}
		if step.outside != nil {
			detail, err = step.outside(b)
		} else {
			detail, err = b.order(i)
		}
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return fail(ErrRefused, err, "the step %s failed: %s; %s", step.Name, err, advice(err))
		}
		if calls := b.take(); looks != nil {
			if err := looks.after(i, step, detail, calls); err != nil {
				return fmt.Errorf("stopped after the step %s: %w", step.Name, err)
			}
		}
	}
	return nil
}

// advice is what to do about a step's failure.
func advice(err error) string {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return "something here forbids it even to root (a container, SELinux, AppArmor); run Porthole on the host itself"
	case errors.Is(err, unix.ENOSPC):
		return "the disk or a limit of the kernel is full; see df and /proc/sys/user"
	case errors.Is(err, unix.ENOMEM), errors.Is(err, unix.EAGAIN):
		return "the machine is short of memory or processes; stop something first"
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS):
		return "this kernel is built without it; 'porthole doctor' says what else it lacks"
	}
	return "'porthole doctor --engine builtin' says what this machine lacks"
}

// order has the process take a step of its own. No answer to the last one is
// the best: the program has closed the pipe.
func (b *building) order(step int) (string, error) {
	var o struct {
		Step int
		Plan *plan `json:",omitempty"`
	}
	if o.Step = step; !b.begun {
		o.Plan, b.begun = &b.plan, true
	}
	if err := b.orders.Encode(o); err != nil {
		return "", b.died(err)
	}
	steps := Steps()
	if b.plan.Exec {
		steps = execSteps()
	}
	last := step == len(steps)-1
	var a answer
	err := b.answers.Decode(&a)
	b.calls = a.Calls
	if last && err == nil && a.Error == "" { // it has said what it will call
		err = b.answers.Decode(&a)
	}
	if errors.Is(err, io.EOF) && last {
		return b.plan.Argv[0], nil
	}
	if err != nil {
		return "", b.died(err)
	}
	if a.Error != "" {
		return "", errors.New(a.Error)
	}
	return a.Detail, nil
}

func (b *building) died(err error) error {
	return fmt.Errorf("its first process has died (%w); the kernel's log may say why", err)
}

func (b *building) clone() (string, error) {
	ordersOut, ordersIn, err := os.Pipe()
	if err != nil {
		return "", failed("pipe", err)
	}
	answersOut, answersIn, err := os.Pipe()
	if err != nil {
		ordersOut.Close()
		ordersIn.Close()
		return "", failed("pipe", err)
	}
	b.close = append(b.close, ordersIn, answersOut)
	defer ordersOut.Close()
	defer answersIn.Close()
	b.orders, b.answers = json.NewEncoder(ordersIn), json.NewDecoder(answersOut)
	command := exec.Command("/proc/self/exe", ChildCommand)
	command.Args[0] = "porthole"
	command.Env = []string{childMark + "=1", "GOMAXPROCS=1"}
	command.Stdout, command.Stderr = b.output, b.problem
	command.ExtraFiles = []*os.File{ordersOut, answersIn}
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: b.spaces, Setsid: true}
	number := func() int { return command.Process.Pid }
	if err := b.called(b.engine.spawn(b.enterPID, command.Start, number), "clone(flags=%s)", cloneFlags(b.spaces)); err != nil {
		return "", err
	}
	b.command = command
	b.returned(command.Process.Pid)
	return "process " + strconv.Itoa(command.Process.Pid), nil
}

func (b *building) pid() int { return b.command.Process.Pid }

func (b *building) cgroup() (string, error) {
	// Ours go before the host's when memory is short.
	adjust := fmt.Sprintf("/proc/%d/oom_score_adj", b.pid())
	if err := b.called(os.WriteFile(adjust, []byte("500"), 0), `write(%q, "500")`, adjust); err != nil {
		return "", err
	}
	groups := b.container.groups
	if err := b.calledAll(groups.Apply(b.pid()), groupWrites(groups, b.pid())...); err != nil {
		return "", err
	}
	if err := b.calledAll(groups.Set(b.container.resources), limitWrites(groups, b.container.resources)...); err != nil {
		return "", err
	}
	b.plan.CgroupPaths, b.begun = visible(groups.GetPaths()), false // the process is to hear of it
	if lacks := b.engine.delegation.lacks; lacks != "" {
		if len(groups.GetPaths()) == 0 {
			return "none: " + lacks, nil
		}
		return b.container.cgroupPath + "; " + lacks, nil
	}
	return b.container.cgroupPath, nil
}

func (b *building) joinCgroup() (string, error) {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", b.pid()), []byte("500"), 0); err != nil {
		return "", failed("write oom_score_adj", err)
	}
	return b.container.cgroupPath, failed("write cgroup.procs", b.container.groups.Apply(b.pid()))
}

func (b *building) network() (string, error) {
	if b.spaces&unix.CLONE_NEWNET == 0 {
		return "joined", nil
	}
	if err := raiseLoopback(&b.trace, b.pid()); err != nil {
		return "", err
	}
	if !b.bridged {
		return "lo alone", nil
	}
	address, err := b.engine.net.attach(&b.trace, b.pid(), b.container.veth)
	if err != nil {
		return "", err
	}
	b.container.address = address
	return "eth0 has " + address, nil
}

// spawn starts a process from the thread that lives as long as the engine:
// its children are to die with it. enter is the PID namespace to start it in, pid
// its number once it is started.
func (e *Engine) spawn(enter string, start func() error, pid func() int) error {
	if enter != "" && Rootless() {
		return e.spawnApart(enter, start, pid)
	}
	done := make(chan error, 1)
	select {
	case e.spawning <- func() { done <- spawnIn(enter, start) }:
		return <-done
	case <-e.closed:
		return fail(ErrDown, nil, "the engine was closed; start Porthole again")
	}
}

// closedEvery is how often a thread that waits in the kernel looks whether the
// engine has been closed meanwhile, in milliseconds.
const closedEvery = 200

func (e *Engine) isClosed() bool {
	select {
	case <-e.closed:
		return true
	default:
		return false
	}
}

// spawnApart starts a process in a PID namespace from a thread of its own, which
// ends with it or with the engine: without root there is no way back into the
// host's (setns(2)).
func (e *Engine) spawnApart(enter string, start func() error, pid func() int) error {
	if e.isClosed() {
		return fail(ErrDown, nil, "the engine was closed; start Porthole again")
	}
	done := make(chan error, 1)
	e.spawners.Go(func() {
		onItsOwnThread(func() {
			other, err := unix.Open(enter, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				done <- failed("open "+enter, err)
				return
			}
			err = failed("setns "+enter, unix.Setns(other, unix.CLONE_NEWPID))
			unix.Close(other)
			if err == nil {
				err = start()
			}
			if err != nil {
				done <- err
				return
			}
			process, err := unix.PidfdOpen(pid(), 0)
			done <- nil // it is not waited for before that, so that its number is its own
			if err != nil {
				return
			}
			defer unix.Close(process)
			for !e.isClosed() {
				ended, err := unix.Poll([]unix.PollFd{{Fd: int32(process), Events: unix.POLLIN}}, closedEvery)
				if ended > 0 || err != nil && err != unix.EINTR {
					return
				}
			}
		})
	})
	return <-done
}

func spawnIn(enter string, start func() error) error {
	if enter == "" {
		return start()
	}
	own, err := unix.Open("/proc/self/ns/pid", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return failed("open /proc/self/ns/pid", err)
	}
	defer unix.Close(own)
	other, err := unix.Open(enter, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return failed("open "+enter, err)
	}
	defer unix.Close(other)
	if err := unix.Setns(other, unix.CLONE_NEWPID); err != nil {
		return failed("setns "+enter, err)
	}
	err = start()
	if back := unix.Setns(own, unix.CLONE_NEWPID); back != nil {
		return errors.Join(err, failed("setns back", back))
	}
	return err
}
