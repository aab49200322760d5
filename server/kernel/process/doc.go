// Package process reads what the host sees of a container's processes: their
// rights, their numbers on both sides of the wall, and the host's ends of their
// network interfaces. See proc(5).
//
// PIDs are recycled. [FS.Identity] tells one process from a later one with the
// same number; take it before a row of reads and [FS.Check] it after them.
package process
