package demos

// Env is what the expressions of a lesson see: one variable for each
// container, by its key, and the variables host and actions.
//
// A pointer that is nil, and a list that is nil, is a figure that is not
// there. An expression that touches one has no value: a claim that needs it is
// unknown, and never holds.
type Env struct {
	Host       Host
	Containers map[string]*Facts
	Actions    map[string]*ActionFacts
}

// Host is the machine, as expressions see it.
type Host struct {
	// Kernel is the release, as uname -r prints it.
	Kernel   *string `expr:"kernel"`
	Hostname *string `expr:"hostname"`
	// CPUs is the number of processors online.
	CPUs        *float64 `expr:"cpus"`
	MemoryBytes *float64 `expr:"memoryBytes"`
	// CgroupMode is v1, v2 or hybrid.
	CgroupMode *string `expr:"cgroupMode"`
	// Engine is docker, podman, builtin or replay.
	Engine *string `expr:"engine"`
	// EngineMajor is the first number of the engine's version, 20 to 29, and
	// EngineMinor the second.
	EngineMajor *float64 `expr:"engineMajor"`
	EngineMinor *float64 `expr:"engineMinor"`
	// Runtime is the low-level runtime with its version, for example runc
	// 1.1.15: it turns flags into the kernel's values.
	Runtime       *string `expr:"runtime"`
	StorageDriver *string `expr:"storageDriver"`
	CgroupDriver  *string `expr:"cgroupDriver"`
	// UserRemapped is true where the engine remaps users (userns-remap).
	UserRemapped *bool `expr:"userRemapped"`
	// Rootless is true where the engine itself runs without root.
	Rootless *bool      `expr:"rootless"`
	NS       Namespaces `expr:"ns"`

	reasons reasons
}

// Facts is one container, as expressions see it.
type Facts struct {
	// Created, Running, Exited and Done are always there. Running is true
	// from its start to its exit; Done once its workload has reported that
	// its work is complete (it may live on); Failed likewise for one that
	// reported that it could not complete it.
	Created *bool `expr:"created"`
	Running *bool `expr:"running"`
	Exited  *bool `expr:"exited"`
	Done    *bool `expr:"done"`
	Failed  *bool `expr:"failed"`
	// ExitCode is what the engine says, once it has exited.
	ExitCode *float64 `expr:"exitCode"`
	// OOMKilledByEngine is the engine's State.OOMKilled, also while it runs.
	OOMKilledByEngine *bool `expr:"oomKilledByEngine"`
	// CreatedInSeconds is how long the engine took to create it;
	// StartedInSeconds, to create and to start it, up to the first word of its
	// first process, without the time in which it waited for another container.
	CreatedInSeconds *float64 `expr:"createdInSeconds"`
	StartedInSeconds *float64 `expr:"startedInSeconds"`
	// Events are the engine's words for what happened to it, oldest first, for
	// example create, start, oom, die.
	Events []string `expr:"events"`
	// KernelLog are the kernel's own lines about it, oldest first.
	KernelLog []KernelLineFacts `expr:"kernelLog"`
	// UpSeconds is the time since its start, while it runs and after its exit.
	UpSeconds *float64 `expr:"upSeconds"`
	// Seconds is the time from its start to its exit, by the engine's clock.
	Seconds *float64 `expr:"seconds"`
	// PID is its first process as the host numbers it.
	PID  *float64 `expr:"pid"`
	Name *string  `expr:"name"`

	NS       Namespaces    `expr:"ns"`
	Limits   LimitFacts    `expr:"limits"`
	Files    LimitFiles    `expr:"files"`
	Layers   LayerFacts    `expr:"layers"`
	Asked    AskedFacts    `expr:"asked"`
	Security SecurityFacts `expr:"security"`
	Inside   ViewFacts     `expr:"inside"`
	Outside  ViewFacts     `expr:"outside"`
	Result   ResultFacts   `expr:"result"`
	Says     *string       `expr:"says"`
	Window   WindowFacts   `expr:"window"`
	Grown    CounterFacts  `expr:"grown"`
	Highest  CounterFacts  `expr:"highest"`
	Now      CounterFacts  `expr:"now"`
	Steps    StepsFacts    `expr:"steps"`
	reasons  reasons
}

// WindowFacts are figures over the claim's window of samples.
type WindowFacts struct {
	// Seconds is the length of what was really sampled, from first to last.
	Seconds *float64 `expr:"seconds"`
	// Samples is how many there were.
	Samples *float64 `expr:"samples"`
	// CPUCores is the mean use of processors, in cores: processor time over
	// time passed.
	CPUCores *float64 `expr:"cpuCores" source:"cpuUsageUsec"`
	// CPUCoresHighest is the highest such mean over any one second of it.
	CPUCoresHighest *float64 `expr:"cpuCoresHighest" source:"cpuUsageUsec"`
	// ThrottledShare is the share of enforcement periods in which it was held
	// back, 0 to 1. Absent where no period passed.
	ThrottledShare *float64 `expr:"throttledShare" source:"cpuThrottledPeriods cpuPeriods"`
	// WriteBytesPerSecond and ReadBytesPerSecond are mean rates.
	WriteBytesPerSecond *float64 `expr:"writeBytesPerSecond" source:"ioWriteBytes"`
	ReadBytesPerSecond  *float64 `expr:"readBytesPerSecond" source:"ioReadBytes"`
}

// CounterFacts are the kernel's counters of wire.Counters, under the same
// names: the latest reading (now), their growth over the window (grown), or the
// highest reading in the window (highest). Over a whole run a counter's growth
// counts from 0, which is where a new container's counters begin.
type CounterFacts struct {
	CPUUsageUsec            *float64 `expr:"cpuUsageUsec" source:"cpuUsageUsec"`
	CPUPeriods              *float64 `expr:"cpuPeriods" source:"cpuPeriods"`
	CPUThrottledPeriods     *float64 `expr:"cpuThrottledPeriods" source:"cpuThrottledPeriods"`
	CPUThrottledUsec        *float64 `expr:"cpuThrottledUsec" source:"cpuThrottledUsec"`
	MemoryCurrentBytes      *float64 `expr:"memoryCurrentBytes" source:"memoryCurrentBytes"`
	MemoryAnonBytes         *float64 `expr:"memoryAnonBytes" source:"memoryAnonBytes"`
	MemoryActiveFileBytes   *float64 `expr:"memoryActiveFileBytes" source:"memoryActiveFileBytes"`
	MemoryInactiveFileBytes *float64 `expr:"memoryInactiveFileBytes" source:"memoryInactiveFileBytes"`
	MemoryKernelBytes       *float64 `expr:"memoryKernelBytes" source:"memoryKernelBytes"`
	MemoryWorkingSetBytes   *float64 `expr:"memoryWorkingSetBytes" source:"memoryWorkingSetBytes"`
	OOMKills                *float64 `expr:"oomKills" source:"oomKills"`
	PidsCurrent             *float64 `expr:"pidsCurrent" source:"pidsCurrent"`
	PidsRefused             *float64 `expr:"pidsRefused" source:"pidsRefused"`
	IOReadBytes             *float64 `expr:"ioReadBytes" source:"ioReadBytes"`
	IOWriteBytes            *float64 `expr:"ioWriteBytes" source:"ioWriteBytes"`
	CPUPressureUsec         *float64 `expr:"cpuPressureUsec" source:"cpuPressureUsec"`
	MemoryPressureUsec      *float64 `expr:"memoryPressureUsec" source:"memoryPressureUsec"`
	IOPressureUsec          *float64 `expr:"ioPressureUsec" source:"ioPressureUsec"`
}

// Namespaces are the eight links of a first process.
type Namespaces struct {
	PID    NamespaceFacts `expr:"pid" source:"namespace.pid"`
	Net    NamespaceFacts `expr:"net" source:"namespace.net"`
	Mnt    NamespaceFacts `expr:"mnt" source:"namespace.mnt"`
	UTS    NamespaceFacts `expr:"uts" source:"namespace.uts"`
	IPC    NamespaceFacts `expr:"ipc" source:"namespace.ipc"`
	User   NamespaceFacts `expr:"user" source:"namespace.user"`
	Cgroup NamespaceFacts `expr:"cgroup" source:"namespace.cgroup"`
	Time   NamespaceFacts `expr:"time" source:"namespace.time"`
}

// NamespaceFacts is one link.
type NamespaceFacts struct {
	Inode *float64 `expr:"inode"`
	// Relation is host, shared or own; absent where it is unknown.
	Relation *string `expr:"relation"`
}

// LimitFacts are the limits as the kernel holds them. Where the kernel's file
// says that there is none, the figure is infinite: it is equal to no limit that
// was asked for, and prints as "unlimited".
type LimitFacts struct {
	CPUCores               *float64 `expr:"cpuCores" source:"cpuMax"`
	CPUWeight              *float64 `expr:"cpuWeight" source:"cpuWeight"`
	CPUSet                 *string  `expr:"cpuSet" source:"cpuSet"`
	MemoryBytes            *float64 `expr:"memoryBytes" source:"memoryMax"`
	MemorySwapBytes        *float64 `expr:"memorySwapBytes" source:"memorySwapMax"`
	MemoryReservationBytes *float64 `expr:"memoryReservationBytes" source:"memoryReservation"`
	Pids                   *float64 `expr:"pids" source:"pidsMax"`
	IOBytesPerSecond       *float64 `expr:"ioBytesPerSecond" source:"ioMax"`
}

// AskedFacts are the limits as they were asked for: by the lesson, and since
// then by its actions. What was not asked for is absent.
type AskedFacts struct {
	CPUCores               *float64 `expr:"cpuCores"`
	CPUShares              *float64 `expr:"cpuShares"`
	CPUSet                 *string  `expr:"cpuSet"`
	MemoryBytes            *float64 `expr:"memoryBytes"`
	MemorySwapBytes        *float64 `expr:"memorySwapBytes"`
	MemoryReservationBytes *float64 `expr:"memoryReservationBytes"`
	Pids                   *float64 `expr:"pids"`
	WriteBytesPerSecond    *float64 `expr:"writeBytesPerSecond"`
	ReadBytesPerSecond     *float64 `expr:"readBytesPerSecond"`
	Hostname               *string  `expr:"hostname"`
}

// SecurityFacts are the rights of a first process.
type SecurityFacts struct {
	CapEff       *string  `expr:"capEff"`
	Capabilities *float64 `expr:"capabilities"`
	NoNewPrivs   *float64 `expr:"noNewPrivs"`
	Seccomp      *float64 `expr:"seccomp"`
	UIDMap       *string  `expr:"uidMap"`
	ReadOnlyRoot *bool    `expr:"readOnlyRoot"`
}

// ViewFacts is one side of the wall.
type ViewFacts struct {
	PID        *float64         `expr:"pid"`
	Hostname   *string          `expr:"hostname"`
	UID        *float64         `expr:"uid"`
	Interfaces []InterfaceFacts `expr:"interfaces"`
	Processes  []ProcessFacts   `expr:"processes"`
	// Kernel is the release, as uname -r prints it on this side.
	Kernel *string `expr:"kernel"`
	// Mounts are those of the first process: by its own reading (inside), and
	// by the host's (outside).
	Mounts []MountFacts `expr:"mounts"`
	// RootType is the filesystem type of the mount at /.
	RootType *string `expr:"rootType"`
	// Segments are the shared memory segments of this side's IPC namespace.
	Segments []SegmentFacts `expr:"segments"`
	// Touched are the files that the workload has touched.
	Touched []FileFacts `expr:"touched"`
	// Processors are those on which its processes were ever seen (outside).
	Processors []float64 `expr:"processors"`
}

// MountFacts is one row of a mount table.
type MountFacts struct {
	Path   string `expr:"path"`
	Type   string `expr:"type"`
	Source string `expr:"source"`
	// Root is the folder of the filesystem that is mounted, / for all of it.
	Root     string `expr:"root"`
	ReadOnly bool   `expr:"readOnly"`
}

// SegmentFacts is one shared memory segment.
type SegmentFacts struct {
	Key      float64 `expr:"key"`
	Bytes    float64 `expr:"bytes"`
	Attached float64 `expr:"attached"`
}

// FileFacts is a file that the workload has touched.
type FileFacts struct {
	Path string `expr:"path"`
	// Exists is whether this side has a file at that path.
	Exists bool `expr:"exists"`
	// Bytes and Digest (SHA-256) are of the file, on the outside of the one at
	// HostPath; -1 and empty where there is none or it is too large.
	Bytes  float64 `expr:"bytes"`
	Digest string  `expr:"digest"`
	// HostPath is where the host keeps the same file (outside alone), empty
	// where that is not known or not there; InVolume is true where that is in a
	// volume.
	HostPath string `expr:"hostPath"`
	InVolume bool   `expr:"inVolume"`
}

// KernelLineFacts is one line of the kernel's log about the container.
type KernelLineFacts struct {
	Text string `expr:"text"`
	// Kind is oomKill (who is to be killed, and why) or killed (it was).
	Kind string  `expr:"kind"`
	PID  float64 `expr:"pid"`
	Task string  `expr:"task"`
}

// LimitFiles are the kernel's files that hold the limits.
type LimitFiles struct {
	CPU               LimitFile `expr:"cpu" source:"cpuMax"`
	CPUWeight         LimitFile `expr:"cpuWeight" source:"cpuWeight"`
	CPUSet            LimitFile `expr:"cpuSet" source:"cpuSet"`
	Memory            LimitFile `expr:"memory" source:"memoryMax"`
	MemorySwap        LimitFile `expr:"memorySwap" source:"memorySwapMax"`
	MemoryReservation LimitFile `expr:"memoryReservation" source:"memoryReservation"`
	Pids              LimitFile `expr:"pids" source:"pidsMax"`
	IO                LimitFile `expr:"io" source:"ioMax"`
}

// LimitFile is the kernel's file that holds one limit.
type LimitFile struct {
	// Path is the whole path on this host, Name the last part of it.
	Path *string `expr:"path"`
	Name *string `expr:"name"`
	// Raw is its text, without the newline at the end.
	Raw *string `expr:"raw"`
	// HostConfig is the limit as the engine keeps it, for example NanoCpus
	// 500000000, or "no limit in HostConfig".
	HostConfig *string `expr:"hostConfig"`
}

// LayerFacts are the layers of the root filesystem.
type LayerFacts struct {
	// StorageDriver is the type of the root's mount, for example overlay.
	StorageDriver *string `expr:"storageDriver"`
	// LowerCount counts the image's layers under it that hold files;
	// LowerDigest is one figure for them and their order, the same in each
	// container that stands on the very same folders.
	LowerCount  *float64 `expr:"lowerCount"`
	LowerDigest *string  `expr:"lowerDigest"`
	// UpperBytes is the size of all files in its writable layer, UpperEntries
	// how many things there are in it.
	UpperBytes   *float64          `expr:"upperBytes"`
	UpperEntries *float64          `expr:"upperEntries"`
	Entries      []LayerEntryFacts `expr:"entries"`
	// Image are the steps in which its image was made, the lowest first.
	Image []ImageLayerFacts `expr:"image"`
	// ImageBytes is the size of the image.
	ImageBytes *float64 `expr:"imageBytes"`
}

// LayerEntryFacts is one thing in a writable layer.
type LayerEntryFacts struct {
	Path string `expr:"path"`
	// Kind is added, changed or removed.
	Kind string `expr:"kind"`
	// Bytes is its size, 0 for what is no file.
	Bytes float64 `expr:"bytes"`
	// Whiteout is device, attribute or opaque, empty for what is none.
	Whiteout string `expr:"whiteout"`
}

// ImageLayerFacts is one step in which an image was made.
type ImageLayerFacts struct {
	Digest    string  `expr:"digest"`
	Bytes     float64 `expr:"bytes"`
	CreatedBy string  `expr:"createdBy"`
	// Empty is true for a step that changed no file.
	Empty bool `expr:"empty"`
}

// InterfaceFacts is a network interface.
type InterfaceFacts struct {
	Name string `expr:"name"`
	// Addresses are without the length of their prefix.
	Addresses []string `expr:"addresses"`
}

// ProcessFacts is one process as one side sees it.
type ProcessFacts struct {
	PID float64 `expr:"pid"`
	// InnerPID is its number in the innermost PID namespace that it is in.
	InnerPID float64 `expr:"innerPid"`
	Command  string  `expr:"command"`
	// UID is its effective user, as this side numbers it; -1 where unknown.
	UID float64 `expr:"uid"`
}

// ResultFacts are what the workload measured about its own work.
type ResultFacts struct {
	ElapsedSeconds   *float64 `expr:"elapsedSeconds"`
	CPUSeconds       *float64 `expr:"cpuSeconds"`
	AllocatedBytes   *float64 `expr:"allocatedBytes"`
	WrittenBytes     *float64 `expr:"writtenBytes"`
	ProcessesStarted *float64 `expr:"processesStarted"`
	ProcessesRefused *float64 `expr:"processesRefused"`
	ProcessorsSeen   *float64 `expr:"processorsSeen"`
	// ProcessorsUsed are those on which its threads were ever seen.
	ProcessorsUsed []float64 `expr:"processorsUsed"`
	// SyncSeconds is the part of ElapsedSeconds spent waiting for the disk at
	// the end, WriteSeconds the part before it. BytesPerSecond is the mean rate
	// over ElapsedSeconds.
	SyncSeconds    *float64 `expr:"syncSeconds"`
	WriteSeconds   *float64 `expr:"writeSeconds"`
	BytesPerSecond *float64 `expr:"bytesPerSecond"`
	CopiedBytes    *float64 `expr:"copiedBytes"`
	// What load measured: half of the answers, and 99 of 100, took no longer.
	RequestsAnswered  *float64 `expr:"requestsAnswered"`
	RequestsFailed    *float64 `expr:"requestsFailed"`
	LatencyP50Seconds *float64 `expr:"latencyP50Seconds"`
	LatencyP99Seconds *float64 `expr:"latencyP99Seconds"`
	// ChildrenKilled counts children that died of SIGKILL.
	ChildrenKilled *float64 `expr:"childrenKilled"`
	// Found is whether what was looked for is there, Digest the SHA-256 of what
	// was written or read.
	Found  *bool   `expr:"found"`
	Digest *string `expr:"digest"`
	// Refused is why the kernel made no user namespace, for example EPERM;
	// empty where it made one.
	Refused *string    `expr:"refused"`
	Inner   InnerFacts `expr:"inner"`
}

// InnerFacts is what unshare-user's child sees of itself.
type InnerFacts struct {
	UID           *float64 `expr:"uid"`
	UIDMap        *string  `expr:"uidMap"`
	UserNamespace *float64 `expr:"userNamespace"`
	CapEff        *string  `expr:"capEff"`
}

// ActionFacts is one action of the lesson.
type ActionFacts struct {
	// Taken is always there.
	Taken *bool `expr:"taken"`
	// SecondsAgo is the time since it took effect.
	SecondsAgo *float64 `expr:"secondsAgo"`
	// Value is the one chosen, for an action with a range.
	Value *float64 `expr:"value"`
	// ExitCode, Says and Result are of the workload of an action that runs one.
	ExitCode *float64    `expr:"exitCode"`
	Says     *string     `expr:"says"`
	Result   ResultFacts `expr:"result"`

	reasons reasons
}

// reasons say why a figure is absent, by its path or the beginning of it.
type reasons map[string]string
