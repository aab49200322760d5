package process

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"porthole/server/kernel/internal/dockertest"
	"porthole/server/wire"
)

func TestDockerSecurity(t *testing.T) {
	fs := realFS(t)
	secure := dockertest.Run(t, []string{"--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only", "--user", "1000:1000"}, "ready")
	got, err := fs.Security(secure.PID)
	if err != nil {
		t.Fatal(err)
	}
	if got.CapEff != "0000000000000000" || *got.Capabilities != 0 || *got.NoNewPrivs != 1 || *got.Seccomp != 2 || !*got.ReadOnlyRoot {
		t.Errorf("a container without rights has %+v", got)
	}
	plain := dockertest.Run(t, []string{"--cap-drop", "ALL", "--cap-add", "NET_RAW", "--security-opt", "seccomp=unconfined"}, "ready")
	if got, err = fs.Security(plain.PID); err != nil {
		t.Fatal(err)
	}
	if got.CapEff != "0000000000002000" || *got.Capabilities != 1 || *got.NoNewPrivs != 0 || *got.Seccomp != 0 || *got.ReadOnlyRoot {
		t.Errorf("a container with one right has %+v", got)
	}
	if got.CapabilitiesKnown < 38 || got.UIDMap == "" {
		t.Errorf("the kernel's capabilities or the user map are missing: %+v", got)
	}
	for _, field := range []string{"pid", "uid", "capEff", "noNewPrivs", "seccomp", "uidMap", "readOnlyRoot"} {
		source, err := fs.Source(secure.PID, field)
		if err != nil || source.Reason != "" || source.Raw == "" {
			t.Errorf("%s: %+v, %v", field, source, err)
		}
	}
}

func TestDockerOutside(t *testing.T) {
	fs := realFS(t)
	container := dockertest.Run(t, []string{"--user", "1000:1000"}, "fork", "2")
	var view wire.View
	dockertest.Until(t, "three processes with their arguments", func() bool {
		var err error
		if view, err = fs.Outside(container.PID, dockertest.Processes(t, container.Name)); err != nil {
			t.Fatal(err)
		}
		return len(view.Processes) == 3
	})
	if view.PID != container.PID || view.UID == nil || *view.UID < 1000 {
		t.Errorf("the view is %+v", view)
	}
	if name, err := os.Hostname(); err != nil || view.Hostname != name {
		t.Errorf("the host is called %q, want %q (%v)", view.Hostname, name, err)
	}
	var inside []int
	for _, process := range view.Processes {
		if len(process.NSpid) != 2 || process.NSpid[0] != process.PID {
			t.Fatalf("process %+v has not two numbers", process)
		}
		inside = append(inside, process.NSpid[1])
		if process.PID == container.PID && process.Command != "/inside fork 2" {
			t.Errorf("the first process' command is %q", process.Command)
		}
	}
	if slices.Sort(inside); inside[0] != 1 {
		t.Errorf("inside, the processes are %v, without 1", inside)
	}
}

// The host's end of a container's interface is the one that is new on the bridge,
// and is told apart from those of other containers.
func TestDockerInterfaces(t *testing.T) {
	fs := realFS(t)
	one := dockertest.Run(t, nil, "ready")
	other := dockertest.Run(t, nil, "ready")
	first, second := fs.hostInterfaces(one.PID), fs.hostInterfaces(other.PID)
	if len(first) != 1 || len(second) != 1 || first[0] == second[0] {
		t.Fatalf("the host's ends are %v and %v, want one each, not the same", first, second)
	}
	// What ip says of the host's end: "…veth1234@if6: …", of the container's index.
	index, err := os.ReadFile("/proc/" + strconv.Itoa(one.PID) + "/root/sys/class/net/eth0/ifindex")
	if err != nil {
		t.Fatal(err)
	}
	link, err := os.ReadFile("/sys/class/net/" + first[0] + "/iflink")
	if err != nil || string(link) != string(index) {
		t.Errorf("%s is linked to %q, and the container's eth0 is %q (%v)", first[0], link, index, err)
	}
	if ends := fs.hostInterfaces(dockertest.Run(t, []string{"--network", "none"}, "ready").PID); len(ends) != 0 {
		t.Errorf("a container without a network has the ends %v", ends)
	}
	if ends := fs.hostInterfaces(dockertest.Run(t, []string{"--network", "host", "--userns", "host"}, "ready").PID); len(ends) != 0 {
		t.Errorf("a container on the host's network has the ends %v", ends)
	}
	joined := fs.hostInterfaces(dockertest.Run(t, []string{"--network", "container:" + one.Name}, "ready").PID)
	if !slices.Equal(joined, first) {
		t.Errorf("a container that joined the first one's network has the ends %v, want %v", joined, first)
	}
}

// A zombie has neither arguments nor rights to read, and is still a process.
func TestZombie(t *testing.T) {
	fs := realFS(t)
	command := exec.Command("true")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Wait() })
	pid := command.Process.Pid
	dockertest.Until(t, "the child is a zombie", func() bool {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err == nil && strings.Contains(string(text), ") Z ")
	})
	view, err := fs.Outside(pid, []int{pid})
	if err != nil {
		t.Fatal(err)
	}
	if len(view.Processes) != 1 || view.Processes[0].Command != "[true]" || len(view.Interfaces) != 0 {
		t.Errorf("the view of a zombie is %+v", view)
	}
	if _, err := fs.Security(pid); err != nil {
		t.Errorf("rights of a zombie: %v", err)
	}
}

// BenchmarkOutside is what a change of the topology costs for each container.
func BenchmarkOutside(b *testing.B) {
	fs := realFS(b)
	container := dockertest.Run(b, nil, "ready")
	for b.Loop() {
		if _, err := fs.Outside(container.PID, []int{container.PID}); err != nil {
			b.Fatal(err)
		}
		if _, err := fs.Security(container.PID); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIdentity is paid for each container and sample.
func BenchmarkIdentity(b *testing.B) {
	fs := realFS(b)
	identity, err := fs.Identity(os.Getpid())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := fs.Check(identity); err != nil {
			b.Fatal(err)
		}
	}
}
