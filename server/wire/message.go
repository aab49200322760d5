package wire

// The types of message, as their "type" field has them.
const (
	TypeHello    = "hello"
	TypeTopology = "topology"
	TypeHistory  = "history"
	TypeSample   = "sample"
	TypeRun      = "run"
	TypeGone     = "gone"
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
}

// TopologyHost is the host's column of the drawing.
type TopologyHost struct {
	Host
	// Namespaces are the initial ones (of kthreadd, process 2), or those of
	// the host as far as we can see it.
	Namespaces []Namespace `json:"namespaces"`
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
	// Unlimited is true where the kernel's file says that there is none.
	Unlimited bool `json:"unlimited,omitempty"`
	// Value is what the kernel holds, in Unit; absent where unlimited,
	// unknown, or not a number.
	Value *float64 `json:"value,omitempty"`
	// Unit is "cores", "bytes", "processes", "weight", "bytes/s" or "".
	Unit string `json:"unit,omitempty"`
	// File is the kernel file's own name, for example cpu.max.
	File string `json:"file,omitempty"`
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
