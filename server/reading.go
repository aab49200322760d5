//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"porthole/server/doctor"
	kernellog "porthole/server/kernel/log"
	"porthole/server/reader"
	"porthole/server/sampler"
	"porthole/server/wire"
)

// newReader wires who reads the kernel to the engine.
func newReader(c config, h *house, to audience) (*reader.Reader, error) {
	// Only an engine in this very process can leave a container in our group.
	_, inside := h.engine.(builtinPlug)
	return reader.New(reader.Options{
		Mode: reader.Mode(c.reader),
		Sampler: sampler.Options{
			Engine: h.engine, Publisher: to, Interval: c.interval, Log: h.log,
			Inside: func(name string) *wire.View { return h.lab.Inside(name) },
			Images: h.engine.Images, KernelLog: h.kernelLog, Apart: inside,
		},
		Machine: h.engine.Machine,
		Start:   h.engine.StartReader,
		Final:   h.engine.Final,
		Stats:   h.engine.Stats,
		Facts:   kernelFacts,
		Met: func(facts doctor.Facts) {
			disk, _ := facts.Check("block-device")
			if disk.Status == wire.CheckOK {
				h.engine.UseDisk(disk.Found, nil)
			} else {
				h.engine.UseDisk("", errors.New("the reader container sees no block device under the engine's files"))
			}
		},
	})
}

// kernelFacts are what the doctor finds from where the sampler reads.
func kernelFacts(s *sampler.Sampler) doctor.Facts {
	kernel := doctor.Kernel{
		Proc: "/proc", Sys: "/sys", KernelLog: "/dev/kmsg",
		Controllers: s.Controllers(), CgroupProblem: s.CgroupProblem(),
	}
	return kernel.Facts(s.Host())
}

// readerMain is what runs in the helper container: it reads the kernel for a
// server that may not, which talks to it over its standard input and output. It
// is no command for people.
func readerMain(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("porthole reader", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	interval := flags.Duration("interval", 100*time.Millisecond, "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 || *interval < 20*time.Millisecond {
		fmt.Fprintln(stderr, "porthole reader: it is started by a Porthole server, in a container of its own")
		return exitUsage
	}
	ctx, stop := context.WithCancel(ctx)
	log := kernellog.New("/dev/kmsg")
	followed := make(chan error, 1)
	go func() { followed <- log.Run(ctx) }()
	err := reader.Serve(ctx, stdin, stdout, reader.Helper{Interval: *interval, KernelLog: log, Facts: kernelFacts})
	stop()
	<-followed
	if err != nil {
		fmt.Fprintf(stderr, "porthole reader: %v\n", err)
		return exitFails
	}
	return exitOK
}
