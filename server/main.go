// Porthole is a window into how Docker works: it starts demo containers on a
// real engine, reads their namespaces and cgroups straight from the kernel,
// and shows them on one live drawing.
//
// This package holds the flags and the wiring; every other package is a room
// that knows only its neighbours (see README.md).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes, as the command reference promises them.
const (
	exitOK       = 0
	exitFails    = 1 // a claim does not hold that should, or the work failed
	exitUsage    = 2 // bad flag, lesson or value
	exitNoEngine = 3 // no engine answers
)

func main() {
	if code, entered := enter(os.Args[1:], os.Getenv); entered {
		os.Exit(code)
	}
	// A second signal kills at once: stop() restores the default handling.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// commandOf divides arguments into the command, serve where none is named, and the
// rest.
func commandOf(args []string) (name string, rest []string) {
	if len(args) > 0 && (args[0] == "" || args[0][0] != '-') {
		return args[0], args[1:]
	}
	return "serve", args
}

// run is the whole program but for its process: it returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	name, rest := commandOf(args)
	if code, known := linuxCommand(ctx, name, rest, stdout, stderr); known {
		return code
	}
	command, ok := commands[name]
	if name == "help" {
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	if !ok {
		fmt.Fprintf(stderr, "porthole: unknown command %q: run 'porthole --help' for the list\n", name)
		return exitUsage
	}
	config, err := parseFlags(name, rest, getenv)
	if errors.Is(err, errHelp) {
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "porthole %s: %v\n", name, err)
		return exitUsage
	}
	code, err := command(ctx, config, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "porthole %s: %v\n", name, err)
	}
	return code
}

// commands are the verbs. Each returns its exit code, and an error of one
// sentence for standard error where there is something to say.
var commands = map[string]func(context.Context, config, io.Writer, io.Writer) (int, error){
	"serve":       serve,
	"verify":      verify, // from here to clean: on Linux alone
	"record":      record,
	"doctor":      doctorCommand,
	"clean":       clean,
	"healthcheck": healthcheck,
	"version":     printVersion,
	"licenses":    printLicences,
}

func printVersion(_ context.Context, _ config, stdout, _ io.Writer) (int, error) {
	fmt.Fprintln(stdout, "porthole", version())
	return exitOK, nil
}
