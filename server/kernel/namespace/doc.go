// Package namespace reads the eight namespace links of a process,
// /proc/PID/ns/*, each on its own: a link that cannot be read is unknown with
// its reason, and the other seven stay known. See namespaces(7).
//
// Two kinds of number are recycled by the kernel, and both would deceive a
// reader who kept them over time:
//
//   - PIDs: [FS.Process] opens the directory /proc/PID once and reads every
//     link through it. Such a directory belongs to one process for ever: after
//     that process has gone it answers ESRCH, even when its number is in use
//     again. The start time that the caller expects is compared through the
//     same directory.
//   - inodes: two containers that lived one after the other can have the same
//     numbers. [Relate] therefore compares only links of processes that the
//     caller has just read together.
package namespace
