// Package log follows the kernel's log (/dev/kmsg) and keeps its lines about
// processes that were killed for want of memory, by the container that they
// were in. See the kernel's Documentation/ABI/testing/dev-kmsg.
package log
