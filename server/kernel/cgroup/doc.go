// Package cgroup reads one container's counters and limits from the kernel's
// control groups: v1, v2 and hybrid (controllers in v1, pressure in v2) behind
// one [Reader].
//
// Where a group is, is never built from names: /proc/PID/cgroup says which
// group the process is in, and mountinfo where that hierarchy is mounted. See
// cgroups(7) and the kernel's Documentation/admin-guide/cgroup-v1 and
// cgroup-v2.rst.
//
// What a kernel does not have, or does not let us read, is absent and never 0;
// [Reader.Reason] says why. Files are opened once and read in place (pread), so
// that a reading costs one system call per file.
package cgroup
