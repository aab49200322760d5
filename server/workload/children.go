package workload

import (
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// children starts child processes and collects their ends. There is one
// collector, since process 1 must also collect those that others left to it
// (wait(2) for any child), which would take the ends away from os/exec.
type children struct {
	mu      sync.Mutex
	ends    map[int]chan unix.WaitStatus // of those that we started
	signals chan os.Signal
	done    chan struct{}
}

func newChildren() *children {
	c := &children{ends: map[int]chan unix.WaitStatus{}, signals: make(chan os.Signal, 1), done: make(chan struct{})}
	signal.Notify(c.signals, unix.SIGCHLD)
	go func() { // ends with close
		defer close(c.done)
		for range c.signals {
			c.collect()
		}
	}()
	return c
}

// close kills what is left of our children, and stops collecting.
func (c *children) close() {
	c.mu.Lock()
	for pid := range c.ends {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	c.mu.Unlock()
	signal.Stop(c.signals)
	close(c.signals)
	<-c.done
	c.mu.Lock()
	defer c.mu.Unlock()
	for pid := range c.ends { // killed above, so this does not wait long
		_, _ = unix.Wait4(pid, nil, 0, nil)
	}
}

// collect takes the ends of all children that have ended.
func (c *children) collect() {
	c.mu.Lock() // also keeps an end from coming before its start is known
	defer c.mu.Unlock()
	if os.Getpid() == 1 {
		for {
			var status unix.WaitStatus
			pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
			if err == unix.EINTR {
				continue
			}
			if err != nil || pid <= 0 {
				return
			}
			c.ended(pid, status)
		}
	}
	// Not process 1: only our own, since others may wait for theirs.
	for pid := range c.ends {
		var status unix.WaitStatus
		if got, err := unix.Wait4(pid, &status, unix.WNOHANG, nil); err == nil && got == pid {
			c.ended(pid, status)
		}
	}
}

func (c *children) ended(pid int, status unix.WaitStatus) {
	if end, ok := c.ends[pid]; ok {
		delete(c.ends, pid)
		end <- status
	}
}

// start runs a program with our outputs. The channel gets its end.
func (c *children) start(path string, argv []string) (<-chan unix.WaitStatus, error) {
	return c.startWith(path, argv, &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2},
		// Where we are not process 1, nothing else would end it with us.
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
}

// startWith is start with files and attributes of its own.
func (c *children) startWith(path string, argv []string, attributes *syscall.ProcAttr) (<-chan unix.WaitStatus, error) {
	attributes.Env = append(os.Environ(), envChild+"=1")
	c.mu.Lock()
	defer c.mu.Unlock()
	pid, err := syscall.ForkExec(path, argv, attributes)
	if err != nil {
		return nil, err
	}
	return c.add(pid), nil
}

func (c *children) add(pid int) <-chan unix.WaitStatus {
	end := make(chan unix.WaitStatus, 1)
	c.ends[pid] = end
	return end
}

// fork makes a sleeper, see forkSleeper.
func (c *children) fork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	pid, errno := forkSleeper()
	if errno != 0 {
		return errno
	}
	c.add(int(pid))
	return nil
}
