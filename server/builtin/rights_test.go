package builtin_test

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"porthole/server/programtest"
	"porthole/server/wire"
)

// Without one of its rights the engine starts nothing, and names the right: to
// the doctor, on the page and to who starts a lesson.
func TestAMissingRightIsNamed(t *testing.T) {
	without := func(command *exec.Cmd) *exec.Cmd {
		path, err := exec.LookPath("setpriv")
		if err != nil {
			t.Fatalf("setpriv (util-linux) takes the right away: %v", err)
		}
		command.Path, command.Args = path, append([]string{"setpriv", "--bounding-set", "-net_admin"}, command.Args...)
		return command
	}
	const named = "CAP_NET_ADMIN (network cards)"
	names := func(what, says string) {
		t.Helper()
		if !strings.Contains(says, named) || strings.Count(says, "CAP_") != 1 {
			t.Errorf("%s does not name that right alone: %s", what, says)
		}
	}

	said, err := without(exec.Command(programtest.Program, "doctor", "--engine", "builtin")).CombinedOutput()
	if err == nil {
		t.Error("the doctor finds nothing")
	}
	if !strings.Contains(string(said), named) {
		t.Errorf("the doctor does not name it: %s", said)
	}

	s := programtest.Start(t, without(programtest.Command("--engine", "builtin")), nil)
	shown := s.Topology("the engine's state", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineForbidden })
	names("the page", shown.Host.Engine.Problem)
	status, detail := s.Post("/api/v1/lessons/architecture/runs")
	if status != http.StatusServiceUnavailable {
		t.Errorf("the start of a lesson is answered with %d", status)
	}
	names("the refusal", detail)
}
