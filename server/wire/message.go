package wire

// The types of message, as their "type" field has them.
const (
	TypeHello    = "hello"
	TypeTopology = "topology"
	TypeHistory  = "history"
	TypeSample   = "sample"
	TypeRun      = "run"
	TypeGone     = "gone"
	TypeRoom     = "room"
)

// Header begins every message of the stream.
type Header struct {
	Type string `json:"type"`
	// Seq rises by one per type.
	Seq uint64 `json:"seq"`
	// At is when the message was made, in Unix milliseconds.
	At int64 `json:"at"`
}

// Hello is the first message on every stream.
type Hello struct {
	Header
	// Version is Porthole's own.
	Version string `json:"version"`
	// IntervalMs is the time between samples while somebody watches.
	IntervalMs int64 `json:"intervalMs"`
	Host       Host  `json:"host"`
	// CanControl says whether this viewer may start and stop lessons.
	CanControl bool `json:"canControl"`
	// Replay is true when what follows is a recording and not live.
	Replay bool `json:"replay"`
	// Recording says where and when a recording was made.
	Recording *Recording `json:"recording,omitempty"`
}

// Recording says where and when a recording was made.
type Recording struct {
	Hostname string `json:"hostname"`
	At       int64  `json:"at"`
}

// Topology is who runs, in which namespaces, under which limits. It is sent
// first and on each change, and is always whole.
type Topology struct {
	Header
	Host       TopologyHost `json:"host"`
	Containers []Container  `json:"containers"`
	// Images are those that the containers were made from.
	Images []Image `json:"images,omitempty"`
}

// TopologyHost is the host's column of the drawing.
type TopologyHost struct {
	Host
	// Namespaces are the initial ones (of kthreadd, process 2), or those of
	// the host as far as we can see it.
	Namespaces []Namespace `json:"namespaces"`
	// CgroupFiles lead from docker run's flags to the kernel's files.
	CgroupFiles []CgroupFile `json:"cgroupFiles,omitempty"`
	// CounterFiles lead from the counters of a sample to the kernel's files.
	CounterFiles []CounterFile `json:"counterFiles,omitempty"`
	// KernelLogReason says why the kernel's log cannot be read here; absent
	// where it is.
	KernelLogReason string `json:"kernelLogReason,omitempty"`
}

// Container is one container as it stands on the drawing.
type Container struct {
	// Name is the engine's name for it, unique on the host.
	Name string `json:"name"`
	// ID is the engine's, 64 hexadecimal digits.
	ID string `json:"id"`
	// Title is the lesson's name for it, for example "App A".
	Title string `json:"title,omitempty"`
	// Subtitle is the lesson's word for it, for example "isolated".
	Subtitle string `json:"subtitle,omitempty"`
	// Key is its name within the lesson, as claims use it.
	Key string `json:"key,omitempty"`
	// Order is its place on the drawing, from 1.
	Order int `json:"order,omitempty"`
	// Lesson is the slug of the lesson that started it.
	Lesson string `json:"lesson,omitempty"`
	// Run is the ID of the run that started it.
	Run string `json:"run,omitempty"`
	// State is "created", "running", "paused" or "exited".
	State string `json:"state"`
	// StartedAt is when its process started, in Unix milliseconds.
	StartedAt int64 `json:"startedAt,omitempty"`
	// PID is its first process as the host numbers it.
	PID int `json:"pid,omitempty"`
	// Image is the image's name.
	Image string `json:"image,omitempty"`
	// Command is the equivalent docker run command.
	Command string `json:"command,omitempty"`
	// Namespaces are the eight links of its first process.
	Namespaces []Namespace `json:"namespaces"`
	// Limits are what was asked and what the kernel has.
	Limits Limits `json:"limits"`
	// Inside is what its first process sees, by that process' own report.
	Inside *View `json:"inside,omitempty"`
	// Outside is what the host sees of the same.
	Outside *View `json:"outside,omitempty"`
	// Security are the rights of its first process.
	Security *Security `json:"security,omitempty"`
	// Layers are those of its root filesystem. Absent for a container that was
	// never seen alive.
	Layers *Layers `json:"layers,omitempty"`
	// KernelLog are the kernel's own lines about it, oldest first, at most
	// MaxKernelLines.
	KernelLog []KernelLine `json:"kernelLog,omitempty"`
	// Events are what the engine said of it, oldest first, at most MaxEvents.
	Events []Event `json:"events,omitempty"`
	// OOMKilled is the engine's word (State.OOMKilled), also while it runs.
	OOMKilled *bool `json:"oomKilled,omitempty"`
}

// The most that a Container holds of each.
const (
	MaxKernelLines = 16
	MaxEvents      = 32
	MaxLayers      = 128
	MaxEntries     = 64
	MaxMounts      = 64
	MaxSegments    = 64
	MaxFiles       = 16
)

// Event is one thing that the engine said of a container.
type Event struct {
	// At is the engine's time, in Unix milliseconds.
	At int64 `json:"at"`
	// What is the engine's name for it, for example "start", "oom" or "die".
	What string `json:"what"`
	// ExitCode comes with "die".
	ExitCode *int `json:"exitCode,omitempty"`
}

// KernelLine is one line of the kernel's log (/dev/kmsg) about a container.
type KernelLine struct {
	// At is when the kernel wrote it, in Unix milliseconds, as near as the
	// kernel's clock since boot tells it.
	At int64 `json:"at"`
	// Text is the line, without its prefix, cut at 300 bytes.
	Text string `json:"text"`
	// Kind is "oomKill" (who is to be killed, and why) or "killed" (it was).
	Kind string `json:"kind"`
	// PID is the process it is about, as the host numbers it.
	PID int `json:"pid,omitempty"`
	// Task is that process' name.
	Task string `json:"task,omitempty"`
}

// Layers are a container's root filesystem as the kernel has it: an overlay
// of read-only layers, which it may share with others, under a writable one
// of its own. See the kernel's Documentation/filesystems/overlayfs.rst.
type Layers struct {
	// StorageDriver is the type of the root's mount, for example overlay.
	StorageDriver string `json:"storageDriver,omitempty"`
	// Lower are the read-only layers of the image, the uppermost first, at
	// most MaxLayers. The layer in which an engine prepares /etc/hosts and
	// the like for one container is not among them.
	Lower []LowerLayer `json:"lower,omitempty"`
	// LowerDigest is one figure for all of Lower and their order, SHA-256: two
	// containers with the same one stand on the very same folders.
	LowerDigest string `json:"lowerDigest,omitempty"`
	// Upper is the host's folder that holds the writable layer.
	Upper string `json:"upper,omitempty"`
	// UpperBytes is the size of all files in it; absent where it is unreadable.
	UpperBytes Count `json:"upperBytes,omitzero"`
	// UpperEntries counts files, whiteouts, and folders that no layer below has.
	UpperEntries Count `json:"upperEntries,omitzero"`
	// Entries are the first MaxEntries of them, by path.
	Entries []LayerEntry `json:"entries,omitempty"`
	// Truncated is true where the writable layer holds more than was counted.
	Truncated bool `json:"truncated,omitempty"`
	// Reason says why something above is unknown.
	Reason string `json:"reason,omitempty"`
}

// LowerLayer is one read-only layer.
type LowerLayer struct {
	// ID is a short name for it, the same in each container that has it.
	ID string `json:"id"`
	// Path is the host's folder that holds it.
	Path string `json:"path"`
}

// LayerEntry is one thing in a writable layer.
type LayerEntry struct {
	// Path as the container sees it, for example /srv/edit-me.txt.
	Path string `json:"path"`
	// Kind is "added", "changed" (a lower layer has it too: it was copied up)
	// or "removed" (a whiteout hides that of a lower layer).
	Kind string `json:"kind"`
	// Bytes is its size in the writable layer; absent for what is no file.
	Bytes Count `json:"bytes,omitzero"`
	// Whiteout says how it is hidden: "device" (a character device 0:0),
	// "attribute" (an extended attribute), or "opaque" (all of a folder).
	Whiteout string `json:"whiteout,omitempty"`
}

// Image is an image of the engine that containers were made from.
type Image struct {
	// Name is as Container.Image has it.
	Name string `json:"name"`
	// ID is the engine's.
	ID string `json:"id,omitempty"`
	// Bytes is the size of all its layers together.
	Bytes uint64 `json:"bytes"`
	// Layers are the lowest first; those that changed no file are among them.
	Layers []ImageLayer `json:"layers"`
}

// ImageLayer is one step in which an image was made.
type ImageLayer struct {
	// Digest is that of the layer's archive (its DiffID); absent where Empty.
	Digest string `json:"digest,omitempty"`
	// Bytes is the size of the files in it.
	Bytes uint64 `json:"bytes"`
	// CreatedBy is what made it, as docker history shows it.
	CreatedBy string `json:"createdBy,omitempty"`
	// Empty is true for a step that changed no file.
	Empty bool `json:"empty,omitempty"`
}

// NamespaceTypes are the kernel's eight kinds, in the drawing's order.
// See namespaces(7).
var NamespaceTypes = []string{"pid", "net", "mnt", "uts", "ipc", "user", "cgroup", "time"}

// Namespace is one link of /proc/PID/ns.
type Namespace struct {
	// Type is one of pid, net, mnt, uts, ipc, user, cgroup, time.
	Type string `json:"type"`
	// Inode is the namespace's number; absent where unknown.
	Inode uint64 `json:"inode,omitempty"`
	// Relation says whose it is.
	Relation Relation `json:"relation"`
	// SharedWith names the containers that have the same one. For the host's
	// own namespaces too.
	SharedWith []string `json:"sharedWith,omitempty"`
	// Initial is true where the number is the kernel's fixed one for the
	// namespace that exists from boot.
	Initial bool `json:"initial,omitempty"`
	// Reason says why it is unknown, for example "permission denied".
	Reason string `json:"reason,omitempty"`
}

// Relation is whose namespace a container is in.
type Relation string

const (
	// RelationHost: the host's own.
	RelationHost Relation = "host"
	// RelationShared: another container's, but not the host's.
	RelationShared Relation = "shared"
	// RelationOwn: its alone, among those that we can see.
	RelationOwn Relation = "own"
	// RelationUnknown: we cannot tell; the reason says why.
	RelationUnknown Relation = "unknown"
)

// Limits are a container's limits: what was asked of the engine beside what
// the kernel's file holds. A limit that is neither asked for nor readable is
// absent.
type Limits struct {
	CPU               *Limit `json:"cpu,omitempty"`
	CPUWeight         *Limit `json:"cpuWeight,omitempty"`
	CPUSet            *Limit `json:"cpuSet,omitempty"`
	Memory            *Limit `json:"memory,omitempty"`
	MemorySwap        *Limit `json:"memorySwap,omitempty"`
	MemoryReservation *Limit `json:"memoryReservation,omitempty"`
	Pids              *Limit `json:"pids,omitempty"`
	IO                *Limit `json:"io,omitempty"`
}

// Limit is one limit.
type Limit struct {
	// Source is the name under which /sources/{field} explains it, for
	// example cpuMax.
	Source string `json:"source"`
	// Asked is the flag that asked for it, for example "--cpus 0.5".
	Asked string `json:"asked,omitempty"`
	// HostConfig is the same as the engine keeps it (docker inspect), for
	// example "NanoCpus 500000000".
	HostConfig string `json:"hostConfig,omitempty"`
	// Unlimited is true where the kernel's file says that there is none.
	Unlimited bool `json:"unlimited,omitempty"`
	// Value is what the kernel holds, in Unit; absent where unlimited,
	// unknown, or not a number.
	Value *float64 `json:"value,omitempty"`
	// Unit is "cores", "bytes", "processes", "weight", "bytes/s" or "".
	Unit string `json:"unit,omitempty"`
	// File is the kernel file's own name, for example cpu.max.
	File string `json:"file,omitempty"`
	// Path is the whole path of that file on this host.
	Path string `json:"path,omitempty"`
	// Raw is the file's text, without the newline at its end.
	Raw string `json:"raw,omitempty"`
	// Reason says why the kernel's value is unknown.
	Reason string `json:"reason,omitempty"`
}

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
	// Command is its argument vector, joined by spaces and cut at 200 bytes.
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

// Sample holds the counters of every running container at one moment.
type Sample struct {
	Header
	Containers map[string]Counters `json:"containers"`
}

// History is the last 60 seconds of samples, oldest first, so that a panel
// that mounts late has a past.
type History struct {
	Header
	Samples []Sample `json:"samples"`
}

// Gone is the last that is said of a container.
type Gone struct {
	Header
	Name   string `json:"name"`
	ID     string `json:"id"`
	Lesson string `json:"lesson,omitempty"`
	Run    string `json:"run,omitempty"`
	// ExitCode is absent where the engine did not say.
	ExitCode *int `json:"exitCode,omitempty"`
	// OOMKilled is what the engine says. The kernel's own count is in Last.
	OOMKilled *bool `json:"oomKilled,omitempty"`
	// Last are the last counters read before it went.
	Last Counters `json:"last"`
}

// Counters are one container's, cumulative as the kernel keeps them. The
// sources name the v2 file first, then v1's.
type Counters struct {
	// CPUUsageUsec: time on a processor, microseconds.
	// cpu.stat usage_usec; cpuacct.usage (nanoseconds).
	CPUUsageUsec Count `json:"cpuUsageUsec,omitzero"`
	// CPUPeriods: enforcement periods that have passed while it had work.
	// cpu.stat nr_periods, on both.
	CPUPeriods Count `json:"cpuPeriods,omitzero"`
	// CPUThrottledPeriods: periods in which it used up its quota.
	// cpu.stat nr_throttled, on both.
	CPUThrottledPeriods Count `json:"cpuThrottledPeriods,omitzero"`
	// CPUThrottledUsec: time held back, microseconds, summed over processors.
	// cpu.stat throttled_usec; cpu.stat throttled_time (nanoseconds).
	CPUThrottledUsec Count `json:"cpuThrottledUsec,omitzero"`
	// MemoryCurrentBytes: all memory charged.
	// memory.current; memory.usage_in_bytes.
	MemoryCurrentBytes Count `json:"memoryCurrentBytes,omitzero"`
	// MemoryAnonBytes: heap, stack and other anonymous memory.
	// memory.stat anon; memory.stat total_rss.
	MemoryAnonBytes Count `json:"memoryAnonBytes,omitzero"`
	// MemoryActiveFileBytes: page cache in recent use.
	// memory.stat active_file; memory.stat total_active_file.
	MemoryActiveFileBytes Count `json:"memoryActiveFileBytes,omitzero"`
	// MemoryInactiveFileBytes: page cache that is reclaimed first.
	// memory.stat inactive_file; memory.stat total_inactive_file.
	MemoryInactiveFileBytes Count `json:"memoryInactiveFileBytes,omitzero"`
	// MemoryKernelBytes: the kernel's own memory on the container's behalf.
	// memory.stat kernel; memory.kmem.usage_in_bytes.
	MemoryKernelBytes Count `json:"memoryKernelBytes,omitzero"`
	// MemoryWorkingSetBytes: what docker stats shows: memoryCurrentBytes less
	// memoryInactiveFileBytes, not less than 0.
	MemoryWorkingSetBytes Count `json:"memoryWorkingSetBytes,omitzero"`
	// OOMKills: processes killed by the kernel for want of memory.
	// memory.events oom_kill; memory.oom_control oom_kill.
	OOMKills Count `json:"oomKills,omitzero"`
	// PidsCurrent: tasks (processes and threads) now. pids.current, on both.
	PidsCurrent Count `json:"pidsCurrent,omitzero"`
	// PidsRefused: forks refused. pids.events max, on both.
	PidsRefused Count `json:"pidsRefused,omitzero"`
	// IOReadBytes: read from block devices, all of them together.
	// io.stat rbytes; blkio.throttle.io_service_bytes Read.
	IOReadBytes Count `json:"ioReadBytes,omitzero"`
	// IOWriteBytes: written to block devices, all of them together.
	// io.stat wbytes; blkio.throttle.io_service_bytes Write.
	IOWriteBytes Count `json:"ioWriteBytes,omitzero"`
	// CPUPressureUsec: time in which some task waited for a processor.
	// cpu.pressure "some" total. See the kernel's Documentation/accounting/psi.rst.
	CPUPressureUsec Count `json:"cpuPressureUsec,omitzero"`
	// MemoryPressureUsec: time in which some task waited for memory.
	// memory.pressure "some" total.
	MemoryPressureUsec Count `json:"memoryPressureUsec,omitzero"`
	// IOPressureUsec: time in which some task waited for a block device.
	// io.pressure "some" total.
	IOPressureUsec Count `json:"ioPressureUsec,omitzero"`
}

// Provenance says where one number comes from, and how to see it oneself.
type Provenance struct {
	Container string `json:"container"`
	Field     string `json:"field"`
	// Path is the kernel file.
	Path string `json:"path"`
	// Raw is what the file holds, to the byte (at most 64 KiB of it).
	Raw string `json:"raw"`
	// Highlight is the part of Raw that holds the number, for example the
	// line "nr_throttled 204"; absent where it is the whole.
	Highlight string `json:"highlight,omitempty"`
	// Command prints the same on the host.
	Command string `json:"command"`
	// Unit is that of the file, for example "nanoseconds".
	Unit string `json:"unit"`
	// ReadAt is when Raw was read, in Unix milliseconds.
	ReadAt int64 `json:"readAt"`
	// Means says in one sentence what the number is.
	Means string `json:"means,omitempty"`
	// Document is the manual page or kernel document that defines it.
	Document string `json:"document,omitempty"`
	// Reason says why there is no Raw.
	Reason string `json:"reason,omitempty"`
}
