package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"porthole/server/wire"
)

// stateError is the error for calls made while the engine is in that state.
func stateError(state wire.Engine, cause error) error {
	kind := ErrDown
	switch state.State {
	case wire.EngineForbidden:
		kind = ErrForbidden
	case wire.EngineTooOld:
		kind = ErrTooOld
	}
	says := state.Problem
	if says == "" {
		says = "The engine has not been reached yet."
	}
	return fail(kind, cause, "%s", says)
}

// judge says in one sentence why the engine cannot be used, and which command
// would mend that.
func judge(err error, address string) wire.Engine {
	state := wire.Engine{Name: "docker", State: wire.EngineDown, Address: address, Fix: startCommand(address)}
	socket, isSocket := strings.CutPrefix(address, "unix://")
	var said *failure
	switch {
	case errors.Is(err, errAddress) && errors.As(err, &said):
		state.Problem, state.Fix = sentence(said.says), ""
	case errors.Is(err, ErrTooOld):
		state.State = wire.EngineTooOld
		state.Problem = fmt.Sprintf("The engine at %s is too old: it speaks %s, and Porthole needs %s (Docker Engine 20.10) or later; upgrade it.", address, err, oldestAPI)
		state.Fix = "sudo apt-get install --only-upgrade docker.io"
	case err != nil && strings.Contains(err.Error(), "is too old. Minimum supported API version"):
		state.State = wire.EngineTooOld
		state.Problem = fmt.Sprintf("The engine at %s is too new for this Porthole: %s; upgrade Porthole.", address, oneLine(err))
		state.Fix = ""
	case errors.Is(err, fs.ErrPermission), errdefs.IsPermissionDenied(err), errdefs.IsUnauthorized(err):
		state.State = wire.EngineForbidden
		if isSocket {
			state.Problem = fmt.Sprintf("The engine's socket %s is there, but this user may not use it; join the group docker and log in again, or run Porthole as root.", socket)
			state.Fix = "sudo usermod -aG docker $USER && newgrp docker"
		} else {
			state.Problem = fmt.Sprintf("The engine at %s forbids us to use it (%s); give Porthole its TLS certificates with DOCKER_CERT_PATH and DOCKER_TLS_VERIFY.", address, oneLine(err))
			state.Fix = ""
		}
	case err != nil && strings.Contains(err.Error(), "x509: "), err != nil && strings.Contains(err.Error(), "tls: "):
		state.Problem = sentence(fmt.Sprintf("The engine at %s and we do not trust each other (%s); give Porthole the right certificates with DOCKER_CERT_PATH and DOCKER_TLS_VERIFY", address, oneLine(err)))
		state.Fix = ""
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		state.Problem = fmt.Sprintf("The engine at %s accepts connections but does not answer; it is paused, hung or overloaded.", address)
		state.Fix = strings.Replace(startCommand(address), "start", "restart", 1)
	case isSocket && missing(socket):
		state.Problem = fmt.Sprintf("No Docker engine is running: there is no socket %s; start the engine, or say where it listens with DOCKER_HOST.", socket)
		if !installed() {
			state.Problem = fmt.Sprintf("No Docker engine is installed here: there is no socket %s and no program dockerd; install it, or say where an engine listens with DOCKER_HOST.", socket)
			state.Fix = "sudo apt-get install docker.io"
		}
	case strings.HasPrefix(address, "ssh://"):
		state.Problem = sentence(fmt.Sprintf("The engine cannot be reached over %s (%s); ssh must work without a question, and the program docker must be there", address, oneLine(err)))
		state.Fix = "docker --host " + address + " version"
	case client.IsErrConnectionFailed(err), errors.As(err, new(*net.OpError)):
		state.Problem = fmt.Sprintf("Nobody answers at %s; the engine has stopped, or has not come up yet.", address)
	case errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)):
		state.Problem = fmt.Sprintf("What answers at %s is no Docker engine (%s); say where one listens with DOCKER_HOST.", address, oneLine(err))
	case errors.As(err, &said):
		state.Problem = sentence(said.says)
	default:
		state.Problem = sentence(fmt.Sprintf("The engine at %s was lost (%s)", address, oneLine(err)))
	}
	return state
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// installed reports whether this machine has an engine at all. In a container
// of ours it never does: there, only the socket can be missing.
func installed() bool {
	for _, program := range []string{"dockerd", "podman"} {
		if _, err := exec.LookPath(program); err == nil {
			return true
		}
	}
	return missing("/usr/bin/apt-get")
}

// startCommand is the one that starts the engine at that address on this machine.
// /run/systemd/system is there exactly when systemd runs, see sd_booted(3).
func startCommand(address string) string {
	if strings.HasSuffix(address, "/podman.sock") {
		return "sudo systemctl start podman.socket"
	}
	if missing("/run/systemd/system") && !missing("/etc/init.d/docker") {
		return "sudo service docker start"
	}
	return "sudo systemctl start docker"
}

// sentence makes a message begin large and end in a full stop.
func sentence(text string) string {
	if text == "" {
		return text
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
