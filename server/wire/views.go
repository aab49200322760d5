package wire

// View is one side of the wall: what is seen from inside a container, or what
// the host sees of the same thing. What a side cannot tell is absent.
type View struct {
	// PID of the container's first process, as this side numbers it.
	PID int `json:"pid,omitempty"`
	// Hostname in this side's UTS namespace.
	Hostname string `json:"hostname,omitempty"`
	// Interfaces of this side's network namespace (inside), or the host's
	// ends of the container's interfaces (outside).
	Interfaces []Interface `json:"interfaces,omitempty"`
	// UID of the first process, as this side numbers it.
	UID *int `json:"uid,omitempty"`
	// Processes of the container, as this side sees them.
	Processes []Process `json:"processes,omitempty"`
	// Kernel is the release, as uname -r prints it on this side.
	Kernel string `json:"kernel,omitempty"`
	// Mounts of the first process, at most MaxMounts: as it reads them itself
	// (inside), and as the host reads the same table (outside).
	Mounts []Mount `json:"mounts,omitempty"`
	// Segments are the System V shared memory segments of this side's IPC
	// namespace, at most MaxSegments.
	Segments []Segment `json:"segments,omitempty"`
	// SegmentsKnown is true where Segments could be read, be they none.
	SegmentsKnown bool `json:"segmentsKnown,omitempty"`
	// Files that the workload has touched: as they are inside; and outside,
	// whether the host has them, at most MaxFiles.
	Files []File `json:"files,omitempty"`
	// Processors are those on which any process of the container was ever
	// seen (outside), by number.
	Processors []int `json:"processors,omitempty"`
}

// Mount is one row of a mount table, see proc_pid_mountinfo(5).
type Mount struct {
	// Path is the mount point.
	Path string `json:"path"`
	// Type is the filesystem's, for example overlay, proc or tmpfs.
	Type string `json:"type"`
	// Source is what is mounted, for example /dev/vda or overlay.
	Source string `json:"source,omitempty"`
	// Root is the folder of that filesystem that is mounted, where it is not
	// the whole: for a volume, its folder on the host's disk.
	Root string `json:"root,omitempty"`
	// ReadOnly is true where the mount or its filesystem is.
	ReadOnly bool `json:"readOnly,omitempty"`
}

// Segment is a System V shared memory segment, see sysvipc(7).
type Segment struct {
	// Key names it to those who look for it, as a whole number.
	Key int64 `json:"key"`
	// ID is the kernel's number for it.
	ID    int    `json:"id"`
	Bytes uint64 `json:"bytes"`
	// Attached counts the processes that have it in their memory.
	Attached int `json:"attached"`
	// CreatorPID is who made it, as the reader's side numbers it; 0 where its
	// PID namespace does not see that process.
	CreatorPID int `json:"creatorPid"`
}

// File is a file that a workload has touched.
type File struct {
	// Path as the container sees it.
	Path string `json:"path"`
	// Exists says whether this side has a file at that path.
	Exists *bool `json:"exists,omitempty"`
	// Bytes is its size.
	Bytes Count `json:"bytes,omitzero"`
	// Digest is the SHA-256 of its content, for files up to 1 MiB.
	Digest string `json:"digest,omitempty"`
	// HostPath is where the host keeps the same file (outside only): in a
	// volume's folder, or in the container's writable layer. Bytes and Digest
	// are then of what is there.
	HostPath string `json:"hostPath,omitempty"`
	// InVolume is true where HostPath is in a volume or another bind mount.
	InVolume bool `json:"inVolume,omitempty"`
	// Reason says why it cannot be told.
	Reason string `json:"reason,omitempty"`
}

// Interface is a network interface.
type Interface struct {
	Name string `json:"name"`
	// Addresses in CIDR notation.
	Addresses []string `json:"addresses,omitempty"`
}

// Process is one process as one side sees it.
type Process struct {
	PID int `json:"pid"`
	// NSpid are its numbers in each nested PID namespace from the one of the
	// reader inwards (the NSpid line of /proc/PID/status).
	NSpid []int `json:"nsPid,omitempty"`
	// Command is its argument vector (/proc/PID/cmdline), joined by spaces and
	// cut at 200 bytes; of a Foreign container only its name (/proc/PID/comm).
	Command string `json:"command"`
	// LastCPU is the processor on which it last ran (field 39 of
	// /proc/PID/stat).
	LastCPU *int `json:"lastCPU,omitempty"`
	// UID is its effective user, as this side numbers it.
	UID *int `json:"uid,omitempty"`
}

// Security is what a process may do, from /proc/PID/status, see proc(5).
type Security struct {
	// CapEff is the set of effective capabilities, 16 hexadecimal digits.
	CapEff string `json:"capEff,omitempty"`
	// Capabilities counts the bits of CapEff.
	Capabilities *int `json:"capabilities,omitempty"`
	// CapabilitiesKnown is how many capabilities this kernel has.
	CapabilitiesKnown int `json:"capabilitiesKnown,omitempty"`
	// NoNewPrivs is 1 where no exec can gain rights.
	NoNewPrivs *int `json:"noNewPrivs,omitempty"`
	// Seccomp is 0 (off), 1 (strict) or 2 (filter).
	Seccomp *int `json:"seccomp,omitempty"`
	// UIDMap is /proc/PID/uid_map, its columns joined by single spaces.
	UIDMap string `json:"uidMap,omitempty"`
	// ReadOnlyRoot is true where the root filesystem cannot be written
	// (from /proc/PID/mountinfo).
	ReadOnlyRoot *bool `json:"readOnlyRoot,omitempty"`
	// AppArmor is the confinement (/proc/PID/attr/current), where there is one.
	AppArmor string `json:"appArmor,omitempty"`
}
