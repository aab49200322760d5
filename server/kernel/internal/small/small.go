// Package small reads the small files of the kernel.
package small

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Read is os.ReadFile for files of proc, sysfs and cgroup. That one asks for the
// file's size, which the kernel does not know of these, and enters the file into
// the poller and takes it out again: half of what it costs. The error is an
// *os.PathError.
func Read(path string) ([]byte, error) { return ReadAt(unix.AT_FDCWD, path) }

// ReadAt is Read for a path below a folder that is open: the way to a folder of
// /proc/PID/root is long, and is gone only once then.
func ReadAt(folder int, path string) ([]byte, error) {
	descriptor, err := again(func() (int, error) { return unix.Openat(folder, path, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(descriptor)
	buffer := make([]byte, 0, 512)
	for {
		n, err := again(func() (int, error) { return unix.Read(descriptor, buffer[len(buffer):cap(buffer)]) })
		if err != nil {
			return nil, &os.PathError{Op: "read", Path: path, Err: err}
		}
		if n == 0 {
			return buffer, nil
		}
		buffer = buffer[:len(buffer)+n]
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, make([]byte, cap(buffer))...)[:len(buffer)]
		}
	}
}

// again calls until no signal interrupts.
func again(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
