//go:build !linux

package main

import (
	"context"
	"errors"
	"io"
	"os"

	"porthole/server/site"
)

// Containers are made of parts of the Linux kernel. On other systems the program
// shows recordings, and nothing that claims to be live.

var errElsewhere = errors.New("this needs Linux, whose kernel containers are made of: run Porthole in Docker's Linux machine with 'docker compose up', or see a recording with 'porthole serve'")

func needsLinux(context.Context, config, io.Writer, io.Writer) (int, error) {
	return exitNoEngine, errElsewhere
}

// The commands that ask an engine or the kernel.
var verify, record, doctorCommand, clean, serveLive = needsLinux, needsLinux, needsLinux, needsLinux, needsLinux

const howToGetLive = "for the live one, start Porthole on a Linux machine with a Docker engine, or here in Docker's own one: docker compose up."

// liveCommand is what shows the live page.
const liveCommand = "docker compose up"

func canBeLive() bool { return false }

// ownSource has none here: it is of what needs Linux.
func ownSource() map[string]string { return nil }

// enter has nothing to enter: user namespaces are Linux's.
func enter([]string, func(string) string) (code int, entered bool) { return 0, false }

// linuxCommand knows none here.
func linuxCommand(context.Context, string, []string, io.Writer, io.Writer) (code int, known bool) {
	return 0, false
}

// checkWorkload finds nothing wrong: the lessons that are built in were checked
// where they can run.
func checkWorkload([]string) error { return nil }

// readers are accepted as on Linux, and mean nothing to a recording.
var readers = []string{"auto", "direct", "container", "none"}

var liveStatuses []site.Status

// bell never rings: not every system has a signal for it.
func bell() (rings <-chan os.Signal, hush func()) { return nil, func() {} }

func howToRenew() string { return "start Porthole again" }
