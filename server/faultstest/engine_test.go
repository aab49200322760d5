package faultstest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"porthole/server/programtest"
)

// host is an engine of a test's own: a second dockerd and its containerd, in
// network and mount namespaces of their own, so that neither bridges nor rules
// nor mounts of this machine's engine are touched.
type host struct {
	t         testing.TB
	folder    string
	flags     []string // of the daemon, besides what each has
	log       *programtest.Log
	namespace *exec.Cmd // holds the namespaces for as long as the test runs
	daemon    *exec.Cmd
	ended     chan struct{}
	client    *client.Client
}

var hosts atomic.Int64

// newHost starts an engine. Where room is more than 0, all that it keeps lies
// on a disk of that many bytes.
func newHost(t testing.TB, room int, flags ...string) *host {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("these tests start an engine of their own: run them as root")
	}
	// Short, because a socket's path may have 107 letters.
	folder, err := os.MkdirTemp("", "porthole-faults-")
	if err != nil {
		t.Fatal(err)
	}
	h := &host{t: t, folder: folder, flags: flags, log: &programtest.Log{}}
	if err := os.WriteFile(h.path("daemon.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	h.namespace = exec.Command("unshare", "--net", "--mount", "--propagation", "private", "sleep", "infinity")
	if err := begin(h.namespace); err != nil {
		t.Fatalf("unshare (util-linux) makes the engine's namespaces: %v", err)
	}
	t.Cleanup(h.close)
	until(t, "namespaces of the engine's own", func() error {
		for _, kind := range []string{"net", "mnt"} {
			here, _ := os.Readlink("/proc/self/ns/" + kind)
			there, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", h.namespace.Process.Pid, kind))
			if err != nil || here == there {
				return fmt.Errorf("%s: %s, %v", kind, there, err)
			}
		}
		return nil
	})
	if err := os.Mkdir(h.path("data"), 0o711); err != nil {
		t.Fatal(err)
	}
	if room > 0 {
		h.inside("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", room), "tmpfs", h.path("data"))
	}
	if h.client, err = client.NewClientWithOpts(client.WithHost(h.address()), client.WithVersion("1.41")); err != nil {
		t.Fatal(err)
	}
	h.start()
	return h
}

func (h *host) path(name string) string { return filepath.Join(h.folder, name) }
func (h *host) address() string         { return "unix://" + h.path("s") }
func (h *host) group() string           { return filepath.Base(h.folder) }

// enter is a command in the engine's namespaces.
func (h *host) enter(arguments ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"--target", strconv.Itoa(h.namespace.Process.Pid), "--net", "--mount", "--"}, arguments...)...)
}

// inside runs a command in the engine's namespaces to its end.
func (h *host) inside(arguments ...string) {
	h.t.Helper()
	if output, err := h.enter(arguments...).CombinedOutput(); err != nil {
		h.t.Fatalf("%s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
}

// start starts the daemon and waits until it answers. One that ends instead is
// started again, as a machine's init system does it: a daemon that finds an old
// containerd in its last moments may wait for that in vain.
func (h *host) start() {
	h.t.Helper()
	until(h.t, "an engine", func() error {
		h.launch()
		return h.answers()
	})
}

func (h *host) launch() {
	h.t.Helper()
	h.daemon = h.enter(append([]string{"dockerd", "--config-file", h.path("daemon.json"), "--data-root", h.path("data"), "--exec-root", h.path("exec"),
		"--pidfile", h.path("pid"), "--host", h.address(), "--cgroup-parent", "/" + h.group(), "--shutdown-timeout", "1"}, h.flags...)...)
	h.daemon.Stdout, h.daemon.Stderr = h.log, h.log
	if err := begin(h.daemon); err != nil {
		h.t.Fatalf("dockerd: %v", err)
	}
	h.ended = make(chan struct{})
	go func(daemon *exec.Cmd, ended chan struct{}) { daemon.Wait(); close(ended) }(h.daemon, h.ended)
	h.answers()
}

// answers waits until the engine does; it is an error when it ends instead.
func (h *host) answers() (err error) {
	h.t.Helper()
	until(h.t, "an answer of the engine", func() error {
		select {
		case <-h.ended:
			err = errors.New("dockerd has ended, see its log")
			return nil
		default:
		}
		ctx, cancel := context.WithTimeout(h.t.Context(), 2*time.Second)
		defer cancel()
		_, failed := h.client.Ping(ctx)
		return failed
	})
	return err
}

// stop ends the daemon as a service manager does, and waits for its end.
func (h *host) stop() {
	h.t.Helper()
	h.daemon.Process.Signal(syscall.SIGTERM)
	select {
	case <-h.ended:
	case <-time.After(patience):
		h.t.Fatal("dockerd does not end when it is told to")
	}
	if code := h.daemon.ProcessState.ExitCode(); code != 0 {
		h.t.Errorf("dockerd ended with %d", code)
	}
}

// kill ends the daemon at once, and waits for its end.
func (h *host) kill() {
	containerd := h.containerd()
	h.daemon.Process.Kill()
	<-h.ended
	// It goes with its daemon, but for engines that let it live.
	deadline := time.Now().Add(3 * time.Second)
	for syscall.Kill(containerd, 0) == nil && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	// What a machine's init system would do before it starts it again.
	os.Remove(h.path("pid"))
}

// containerd is the number of the daemon's own containerd.
func (h *host) containerd() int {
	h.t.Helper()
	number := 0
	until(h.t, "containerd's number", func() error {
		text, err := os.ReadFile(h.path("exec/containerd/containerd.pid"))
		if err != nil {
			return err
		}
		number, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return errors.Join(err, syscall.Kill(number, 0))
	})
	return number
}

// close ends all that the host is made of, whatever a test has left of it.
func (h *host) close() {
	if h.daemon != nil {
		h.daemon.Process.Signal(syscall.SIGCONT)
		h.daemon.Process.Signal(syscall.SIGTERM)
		select {
		case <-h.ended:
		case <-time.After(30 * time.Second):
			h.t.Error("dockerd does not end")
			h.kill()
		}
	}
	// What ran when a daemon was killed outlives it: its containers and their keepers.
	for _, process := range h.processes() {
		syscall.Kill(process, syscall.SIGKILL)
	}
	if h.client != nil {
		h.client.Close()
	}
	h.namespace.Process.Kill()
	h.namespace.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		groups, _ := filepath.Glob("/sys/fs/cgroup/*/" + h.group())
		unified, _ := filepath.Glob("/sys/fs/cgroup/" + h.group())
		left := 0
		for _, group := range append(groups, unified...) {
			filepath.WalkDir(group, func(path string, entry os.DirEntry, err error) error {
				if err == nil && entry.IsDir() && path != group {
					syscall.Rmdir(path)
				}
				return nil
			})
			if err := syscall.Rmdir(group); err != nil && !errors.Is(err, syscall.ENOENT) {
				left++
			}
		}
		err := os.RemoveAll(h.folder)
		if left == 0 && err == nil {
			break
		}
		select {
		case <-ctx.Done():
			h.t.Errorf("%d cgroups are left, and the folder: %v", left, err)
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	if h.t.Failed() {
		text := h.log.String()
		h.t.Logf("the end of the engine's log:\n%s", text[max(0, len(text)-4000):])
	}
}

// processes are those of this host: in its mount namespace or in its cgroups,
// but for the one that holds the namespaces.
func (h *host) processes() (all []int) {
	own, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", h.namespace.Process.Pid))
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		number, err := strconv.Atoi(entry.Name())
		if err != nil || number == h.namespace.Process.Pid {
			continue
		}
		mounts, _ := os.Readlink("/proc/" + entry.Name() + "/ns/mnt")
		groups, _ := os.ReadFile("/proc/" + entry.Name() + "/cgroup")
		if own != "" && mounts == own || strings.Contains(string(groups), "/"+h.group()) {
			all = append(all, number)
		}
	}
	return all
}

// starting gets what begin is to start.
var starting = make(chan func())

// keeper starts processes that are told to end when this one does. The kernel
// tells them when the thread that started them ends, so that it has one that
// does not.
func keeper() {
	runtime.LockOSThread()
	for start := range starting {
		start()
	}
}

// begin starts a command that ends with this test, however that ends.
func begin(command *exec.Cmd) error {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	started := make(chan error, 1)
	starting <- func() { started <- command.Start() }
	return <-started
}
