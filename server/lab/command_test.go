package lab_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"porthole/demos"
)

// The command that a lesson shows makes the same container as the lesson
// itself does: docker's own command line is asked to make one, and the two are
// compared as the engine keeps them.
func TestCommandsMakeTheSameContainers(t *testing.T) {
	if _, err := exec.LookPath("docker"); err != nil {
		t.Fatalf("this test needs docker's command line: %v; install it, for example with: apt-get install docker.io", err)
	}
	h := newHouse(t)
	image, err := h.docker.EnsureImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, lesson := range h.lessons {
		t.Run(lesson.Slug, func(t *testing.T) {
			run := "commands-" + lesson.Slug
			defer func() {
				if err := h.docker.RemoveRun(context.WithoutCancel(t.Context()), run); err != nil {
					t.Error(err)
				}
			}()
			// All stay until the lesson is done: one may join another.
			for _, c := range lesson.Containers {
				compareWithCommand(t, h, run, lesson, c, image)
			}
		})
	}
}

func compareWithCommand(t *testing.T, h *house, run string, lesson demos.Lesson, c demos.Container, image string) {
	t.Helper()
	ours, err := h.docker.Create(t.Context(), run, lesson, c, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	// As the page shows it: with this machine's disk where one is needed.
	shown, err := h.docker.Inspect(t.Context(), ours)
	if err != nil {
		t.Fatal(err)
	}
	if plain := c.Command(lesson, image); !strings.Contains(plain, "$DISK") && shown.Command != plain {
		t.Errorf("the container %s says that its command is %q, the catalogue says %q", c.Key, shown.Command, plain)
	}
	script, ok := strings.CutPrefix(shown.Command, "docker run --detach --name "+demos.ContainerName(lesson.Slug, c.Key)+" ")
	if !ok {
		t.Fatalf("the command is not of the known form: %s", shown.Command)
	}
	// The tests' own names for what else the lesson makes.
	script = strings.ReplaceAll(script, "porthole-"+lesson.Slug+"-", "porthole-"+scope+"-"+lesson.Slug+"-")
	made, err := exec.CommandContext(t.Context(), "sh", "-c", "docker create "+script).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", shown.Command, err, made)
	}
	theirs := strings.TrimSpace(string(made))
	defer exec.Command("docker", "rm", "--force", theirs).Run()
	if difference := cmp.Diff(inspect(t, theirs), inspect(t, ours)); difference != "" {
		t.Errorf("%s\nmakes another container than the lesson does (- the command, + the lesson):\n%s", shown.Command, difference)
	}
}

// inspect is what the engine keeps of a container, without what differs
// between any two, and without the ceilings that the engine package puts on
// everything and that change no limit (see its documentation).
func inspect(t *testing.T, id string) map[string]any {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), "docker", "inspect", "--type", "container", id).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Args               []string
		Config, HostConfig map[string]any
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	one := all[0]
	for _, field := range []string{"Ulimits", "OomScoreAdj", "LogConfig", "Init", "ConsoleSize"} {
		delete(one.HostConfig, field)
	}
	// --volume NAME:/path can be asked for in two ways, which are the same to
	// the container: as a bind, and as a mount, which can carry labels.
	mounts, _ := one.HostConfig["Mounts"].([]any)
	var binds []any
	for _, m := range mounts {
		mount := m.(map[string]any)
		if mount["Type"] != "volume" {
			t.Fatalf("a mount that is no volume: %v", mount)
		}
		bind := mount["Source"].(string) + ":" + mount["Target"].(string)
		if mount["ReadOnly"] == true {
			bind += ":ro"
		}
		binds = append(binds, bind)
	}
	if len(mounts) > 0 {
		delete(one.HostConfig, "Mounts")
		one.HostConfig["Binds"] = binds
	}
	for _, field := range []string{"Labels", "AttachStdout", "AttachStderr"} {
		delete(one.Config, field)
	}
	// An engine gives each container a name of its own unless it is told one.
	if name, _ := one.Config["Hostname"].(string); name == id[:12] {
		delete(one.Config, "Hostname")
	}
	// The variables that only Porthole needs.
	variables, _ := one.Config["Env"].([]any)
	var kept []any
	for _, variable := range variables {
		if !strings.HasPrefix(variable.(string), "PORTHOLE_") {
			kept = append(kept, variable)
		}
	}
	one.Config["Env"] = kept
	return map[string]any{"Args": one.Args, "Config": empty(one.Config), "HostConfig": empty(one.HostConfig)}
}

// empty makes null, [] and {} the same: the two ways of asking differ in them.
func empty(fields map[string]any) map[string]any {
	for name, value := range fields {
		switch value := value.(type) {
		case nil:
			delete(fields, name)
		case []any:
			if len(value) == 0 {
				delete(fields, name)
			}
		case map[string]any:
			if len(value) == 0 {
				delete(fields, name)
			}
		}
	}
	return fields
}
