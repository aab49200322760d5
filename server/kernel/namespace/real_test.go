package namespace

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"porthole/server/kernel/internal/dockertest"
	"porthole/server/wire"
)

// child starts a process, opens its folder, and returns how to end it.
func child(t *testing.T) (pid, directory int, kill func()) {
	t.Helper()
	command := exec.Command("sleep", "600")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}
	t.Cleanup(kill)
	pid = command.Process.Pid
	directory, err := unix.Open(fmt.Sprintf("/proc/%d", pid), unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(directory) })
	return pid, directory, kill
}

// asNobody runs a function on a thread without rights, where we have root's. The
// thread ends with the goroutine, because it stays locked to it.
func asNobody(t *testing.T, run func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		run()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		const nobody = 65534
		// The raw call changes this thread alone; the library's would change all.
		if _, _, err := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); err != 0 {
			t.Errorf("rights could not be given up: %v", err)
			return
		}
		run()
	}()
	<-done
}

// Two containers, one of which joins the other: read here, held against readlink.
func TestDocker(t *testing.T) {
	fs, err := NewFS("/proc")
	if err != nil {
		t.Fatal(err)
	}
	one := dockertest.Run(t, nil, "ready")
	joined := dockertest.Run(t, []string{"--pid", "container:" + one.Name, "--network", "host", "--userns", "host"}, "ready")
	members := []Member{{"one", fs.Process(one.PID, 0)}, {"joined", fs.Process(joined.PID, 0)}}
	host, related := Relate(fs.Initial(), members)
	for i, container := range []dockertest.Container{one, joined} {
		for _, namespace := range related[i] {
			path := "/proc/" + strconv.Itoa(container.PID) + "/ns/" + namespace.Type
			text, err := exec.Command("readlink", path).Output()
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("%s:[%d]\n", namespace.Type, namespace.Inode); string(text) != want {
				t.Errorf("%s: readlink says %q, and we %q", path, text, want)
			}
		}
	}
	relation := func(list []wire.Namespace, namespaceType string) string {
		for _, one := range list {
			if one.Type == namespaceType {
				return strings.TrimSpace(string(one.Relation) + " " + strings.Join(one.SharedWith, ","))
			}
		}
		return ""
	}
	for _, test := range []struct {
		list                []wire.Namespace
		namespaceType, want string
	}{
		{related[0], "pid", "shared joined"}, {related[1], "pid", "shared one"}, {related[0], "net", "own"}, {related[1], "net", "host"},
		{related[0], "mnt", "own"}, {related[1], "mnt", "own"}, {host, "pid", "host"}, {host, "net", "host joined"},
	} {
		if got := relation(test.list, test.namespaceType); got != test.want {
			t.Errorf("%s is %q, want %q", test.namespaceType, got, test.want)
		}
	}
	// In this order: Podman keeps a container for as long as another has joined it.
	dockertest.Remove(t, joined.Name)
	dockertest.Remove(t, one.Name)
	links := fs.Process(one.PID, 0)
	if !links.Exited() {
		t.Errorf("after its end the container's links are %+v", links)
	}
}

// BenchmarkProcess reads the links of 20 real processes.
func BenchmarkProcess(b *testing.B) {
	fs, err := NewFS("/proc")
	if err != nil {
		b.Fatal(err)
	}
	const processes = 20
	var pids [processes]int
	var starts [processes]uint64
	for i := range pids {
		pids[i] = dockertest.Run(b, []string{"--network", "none"}, "ready").PID
		directory, err := unix.Open(fmt.Sprintf("/proc/%d", pids[i]), unix.O_DIRECTORY, 0)
		if err != nil {
			b.Fatal(err)
		}
		starts[i], err = startTimeAt(directory)
		unix.Close(directory)
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for i, pid := range pids {
			if links := fs.Process(pid, starts[i]); !links.Each[0].Known() {
				b.Fatal(links.Each[0].Reason())
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/processes, "µs/process")
}
