// Package layer reads the layers of a container's root filesystem: which
// read-only folders it stands on, and what is in its writable one. All of it is
// found from /proc/PID/mountinfo, as the kernel has it, and not from an engine.
// See the kernel's Documentation/filesystems/overlayfs.rst.
package layer
