package cgroup

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Reasons why a figure is absent. They are constants, so that a reading which
// finds one allocates nothing.
const (
	reasonUncounted = "this kernel counts block I/O in cgroup v1 only for disks on which some group has a throttle (since Linux 6.10), and none has"
	reasonNoLine    = "this kernel's file has no such line"
	reasonForbidden = "permission denied: the file needs more rights"
	reasonReplaced  = "the container has exited, and another group has its name now"
	reasonNoPSI     = "pressure is not counted here: the kernel was started without psi=1, or cgroup.pressure is 0"
)

// isGone reports whether an error says that a process or its group is no more.
func isGone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ESRCH)
}

// reasonOf puts an error in words; name is the file's, where it is being opened.
func reasonOf(err error, name string) string {
	switch {
	case errors.Is(err, unix.ENOENT):
		return "this group has no file " + name + ": the kernel does not have it, or its controller is off"
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return reasonForbidden
	case errors.Is(err, unix.EOPNOTSUPP):
		return reasonNoPSI
	}
	return err.Error()
}
