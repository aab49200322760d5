package builtin

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// ChildCommand is the hidden command under which our own program becomes a
// container: main hands it to Child.
const ChildCommand = "container"

// The child's file descriptors, beside the three that everybody has.
const (
	fdOrders  = 3
	fdAnswers = 4
)

// From here on the first goroutine stays on the first thread: namespaces,
// capabilities and filters belong to threads.
func init() {
	if len(os.Args) > 1 && os.Args[1] == ChildCommand {
		runtime.LockOSThread()
	}
}

// Child takes the steps that are to be taken inside, as the server says, and
// becomes the container's program. It returns an exit code where that fails.
func Child(stderr io.Writer) int {
	runtime.LockOSThread()
	if os.Getenv(childMark) == "" {
		fmt.Fprintln(stderr, "porthole container: it is started by a Porthole server that is its own engine")
		return 2
	}
	unix.CloseOnExec(fdOrders)
	unix.CloseOnExec(fdAnswers)
	orders, answers := bufio.NewReader(os.NewFile(fdOrders, "orders")), json.NewEncoder(os.NewFile(fdAnswers, "answers"))
	if err := dieWithServer(); err != nil {
		fmt.Fprintln(stderr, "porthole container:", err)
		return 1
	}
	decoder := json.NewDecoder(orders)
	var p plan
	for begun := false; ; begun = true {
		var o struct {
			Step int
			Plan *plan
		}
		if err := decoder.Decode(&o); err != nil {
			return 1 // the server is gone, or has given us up
		}
		if o.Plan != nil {
			p = *o.Plan
			if p.on = p.Trace; p.on {
				p.announce = func() error { return answers.Encode(answer{Calls: p.take()}) }
			}
		} else if !begun {
			return 1
		}
		steps := Steps()
		if p.Exec {
			steps = execSteps()
		}
		detail, err := steps[o.Step].inside(&p)
		said := answer{Detail: detail, Calls: p.take()}
		if err != nil {
			said.Error = err.Error()
		}
		if answers.Encode(said) != nil {
			return 1
		}
	}
}

// childMark is set in the environment of the child, and not in the container's.
const childMark = "PORTHOLE_CONTAINER_CHILD"
