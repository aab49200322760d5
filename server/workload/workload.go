// Package workload is what runs inside the demo containers: the command
// `porthole workload KIND [flags]`, made from this same executable. It
// burns, allocates, writes or forks in amounts that its flags say exactly, and
// reports what it sees and measured as lines of JSON (wire.Report) on standard
// output.
//
// It is the first process of its container, so it ends promptly on SIGTERM,
// reaps children that were left to it, and ends by itself when its time to live
// (--ttl, else the variable PORTHOLE_TTL_SECONDS) is over, even when nobody
// else is there any more to end it.
//
// Every amount has a hard maximum, since the containers themselves must not
// have limits that the lesson did not ask for: a box that says "unlimited" has
// to be so.
package workload

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// The environment of a workload.
const (
	// EnvTTL is the time to live in whole seconds, where --ttl does not say.
	EnvTTL = "PORTHOLE_TTL_SECONDS"
	// EnvRounds is Calibrate's answer, measured once for all containers of a
	// run, so that the same --core-seconds is the same work in each of them.
	EnvRounds = "PORTHOLE_ROUNDS_PER_CORE_SECOND"
	// envChild marks a workload started by another one.
	envChild = "PORTHOLE_WORKLOAD_CHILD"
)

// MaxTTL is the longest time to live.
const MaxTTL = time.Hour

const defaultTTL = 10 * time.Minute

// The exit codes, beside 0 and those that the kernel gives.
const (
	exitFailed   = 1
	exitUsage    = 2
	exitExpired  = 124 // as timeout(1) has it
	exitSignaled = 143 // 128 + SIGTERM, as shells have it
)

var (
	errStopped = errors.New("asked to stop")
	errExpired = errors.New("the time to live is over")
)

// kind is one workload.
type kind struct {
	name, summary string
	// prepare declares the flags, and returns a check of their values and the
	// work itself.
	prepare func(flags *flag.FlagSet) (check func() error, run func(*process) (outcome, error))
	// silent leaves out the report at the start.
	silent bool
	// hidden kinds are for ourselves: no lesson asks for them.
	hidden bool
	// frugal kinds are about tasks, so their own must be few, and as many on
	// any machine: see beginAnew.
	frugal bool
}

// outcome is what a piece of work has to say when it is done.
type outcome struct {
	says   string
	result *wire.Result
	// hold keeps what the work has taken, after its report: nil for nothing.
	hold func(ctx context.Context)
	// code is the exit code where the outcome is not an error but not 0 either.
	code int
}

// process is a workload at work.
type process struct {
	ctx      context.Context
	report   *reporter
	children *children
	getenv   func(string) string
}

// touched notes a file that the work has touched, and reports what is to be
// seen of it now.
func (p *process) touched(paths ...string) {
	p.report.touched(paths)
	p.report.inside()
}

func kinds() []kind {
	return []kind{
		{name: "idle", summary: "does nothing, or breathes gently (--pulse), until it is stopped", prepare: idle},
		{name: "burn", summary: "computes: a fixed amount of work, or for a time", prepare: burn},
		{name: "allocate", summary: "takes anonymous memory, page by page, and holds it", prepare: allocate},
		{name: "write-file", summary: "writes a file through the page cache, as dd does, or around it (--direct)", prepare: writeFile},
		{name: "fork", summary: "forks sleeping children of one task each, and counts refusals", prepare: fork, frugal: true},
		{name: "copy", summary: "copies blocks from one file to another, as the chapter's dd does", prepare: copyBlocks},
		{name: "edit", summary: "adds a line to files, and makes those that are not there", prepare: edit},
		{name: "delete", summary: "deletes files", prepare: remove},
		{name: "read", summary: "reads files, and reports their size and digest", prepare: read},
		{name: "share-memory", summary: "makes a System V shared memory segment with known content, and holds it", prepare: shareMemory},
		{name: "find-memory", summary: "looks for a shared memory segment by its key, and reads it", prepare: findMemory},
		{name: "unshare-user", summary: "tries to make a user namespace of its own, and reports its map or why not", prepare: unshareUser},
		{name: "load", summary: "asks an HTTP service again and again, and measures its answers", prepare: load},
		{name: "spawn", summary: "starts a few named child processes to look at", prepare: spawn},
		{name: "serve", summary: "answers HTTP with one line", prepare: serve},
		{name: "look", summary: "reports what it sees, once, and ends (for docker exec)", prepare: look, silent: true},
		{name: innerKind, summary: "is unshare-user's child", prepare: inner, silent: true, hidden: true},
	}
}

// common are the flags of every workload.
type common struct {
	ttl, wait, delay duration
}

// parse finds the kind and reads its flags. An error is one line for the user;
// flag.ErrHelp where help was asked for.
func parse(args []string, help io.Writer) (k kind, c *common, run func(*process) (outcome, error), err error) {
	if len(args) == 0 {
		return k, nil, nil, fmt.Errorf("which workload? choose one of %s", names())
	}
	if args[0] == "--help" || args[0] == "-h" || args[0] == "help" {
		usage(help)
		return k, nil, nil, flag.ErrHelp
	}
	found := false
	for _, each := range kinds() {
		if each.name == args[0] {
			k, found = each, true
		}
	}
	if !found {
		return k, nil, nil, fmt.Errorf("there is no workload %q; choose one of %s", args[0], names())
	}
	flags := flag.NewFlagSet(k.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	c = &common{}
	c.ttl.max, c.wait.max, c.delay.max = MaxTTL, MaxTTL, MaxTTL
	flags.Var(&c.ttl, "ttl", "end after this `time` whatever happens, at most 1h (default: $"+EnvTTL+", else 10m)")
	flags.Var(&c.delay, "delay", "stay idle for this `time` before the work begins, to be looked at")
	flags.Var(&c.wait, "wait", "stay idle for this `time` when the work is done, to be looked at")
	check, run := k.prepare(flags)
	err = flags.Parse(args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(help, "porthole workload %s: %s\n", k.name, k.summary)
		flags.SetOutput(help)
		flags.PrintDefaults()
		return k, nil, nil, err
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("it takes no %q", flags.Arg(0))
	case check != nil:
		err = check()
	}
	if err != nil {
		return k, nil, nil, fmt.Errorf("%s: %w", k.name, err)
	}
	return k, c, run, nil
}

func names() string {
	var list []string
	for _, each := range kinds() {
		if !each.hidden {
			list = append(list, each.name)
		}
	}
	return strings.Join(list, ", ")
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "porthole workload KIND [flags]: what runs inside the demo containers.")
	for _, each := range kinds() {
		if !each.hidden {
			fmt.Fprintf(w, "  %-12s %s\n", each.name, each.summary)
		}
	}
	fmt.Fprintln(w, "Each has --help.")
}

// Check reports, in one line, what is wrong with the arguments of a workload,
// without running it.
func Check(args []string) error {
	k, _, _, err := parse(args, io.Discard)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return errors.New("a lesson's container needs work to do, and --help is none")
	case err == nil && k.hidden:
		return fmt.Errorf("there is no workload %q; choose one of %s", args[0], names())
	}
	return err
}

// Main runs one workload, as `porthole workload ARGS…` does, and returns the
// exit code: 0 when the work was done, 1 when it failed, 2 on bad use, 124 when
// its time to live ended it, 143 when it was stopped before it was done. It
// takes over SIGTERM and SIGINT and, as process 1, the reaping of children.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	k, c, run, err := parse(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "porthole workload: %s\n", strings.Join(strings.Fields(err.Error()), " "))
		return exitUsage
	}
	if k.frugal {
		beginAnew(args)
	}
	ttl := time.Duration(c.ttl.value)
	if ttl == 0 {
		ttl = ttlFromEnvironment(os.Getenv(EnvTTL))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ctx, stop := context.WithTimeoutCause(ctx, ttl, errExpired)
	defer stop()
	// Should anything not notice that time is over, this does.
	last := time.AfterFunc(ttl+5*time.Second, func() { os.Exit(exitExpired) })
	defer last.Stop()

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT)
	defer signal.Stop(signals)
	listening := make(chan struct{})
	go func() { // ends with ctx
		defer close(listening)
		select {
		case <-signals:
			cancel(errStopped)
		case <-ctx.Done():
		}
	}()
	defer func() { cancel(nil); <-listening }()

	p := &process{ctx: ctx, report: &reporter{to: stdout}, children: newChildren(), getenv: os.Getenv}
	defer p.children.close()
	if !k.silent && os.Getenv(envChild) == "" {
		p.report.inside()
	}
	pause(ctx, c.delay.value)
	done, err := run(p)
	if err != nil {
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, errStopped):
			return exitSignaled
		case cause != nil:
			p.report.send(wire.Report{Porthole: wire.ReportFailed, Says: "stopped before the work was done: " + cause.Error(), Result: done.result})
			return exitExpired
		}
		p.report.send(wire.Report{Porthole: wire.ReportFailed, Says: err.Error(), Result: done.result})
		pause(ctx, time.Duration(c.wait.value))
		return exitFailed
	}
	if done.says != "" {
		p.report.send(wire.Report{Porthole: wire.ReportDone, Says: done.says, Result: done.result})
	}
	if done.hold != nil {
		done.hold(ctx)
	}
	pause(ctx, time.Duration(c.wait.value))
	return done.code
}

// ttlFromEnvironment reads EnvTTL; what is no number of seconds up to MaxTTL
// is the default, or MaxTTL.
func ttlFromEnvironment(text string) time.Duration {
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds <= 0 {
		return defaultTTL
	}
	return min(time.Duration(seconds)*time.Second, MaxTTL)
}

// pause waits for d, or until ctx ends; it reports whether d has passed.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
