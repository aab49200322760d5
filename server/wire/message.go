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
	// Foreign is true for a container that Porthole did not start and that is
	// only looked at, because --also names it. Title to Run and Command are then
	// absent, Order is its place among its like, and of its processes' commands
	// there is only the name.
	Foreign bool `json:"foreign,omitempty"`
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
	// Steps are those in which it is made, of a container that the built-in
	// engine makes step by step. While some are left to be taken its state is
	// created, and it has a PID from the first on.
	Steps []MakingStep `json:"steps,omitempty"`
}

// HostName stands for the machine itself where a container could be named.
const HostName = "host"

// MaxForeign is how many containers that Porthole did not start can be on the
// drawing.
const MaxForeign = 8

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
