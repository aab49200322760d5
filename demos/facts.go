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
	// EngineMajor is the first number of the engine's version, 20 to 29.
	EngineMajor   *float64 `expr:"engineMajor"`
	StorageDriver *string  `expr:"storageDriver"`
	CgroupDriver  *string  `expr:"cgroupDriver"`
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
	// OOMKilledByEngine is the engine's State.OOMKilled, once it has exited.
	OOMKilledByEngine *bool `expr:"oomKilledByEngine"`
	// UpSeconds is the time since its start, while it runs and after its exit.
	UpSeconds *float64 `expr:"upSeconds"`
	// Seconds is the time from its start to its exit, by the engine's clock.
	Seconds *float64 `expr:"seconds"`
	// PID is its first process as the host numbers it.
	PID  *float64 `expr:"pid"`
	Name *string  `expr:"name"`

	NS       Namespaces    `expr:"ns"`
	Limits   LimitFacts    `expr:"limits"`
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
}

// ActionFacts is one action of the lesson.
type ActionFacts struct {
	// Taken is always there.
	Taken *bool `expr:"taken"`
	// SecondsAgo is the time since it took effect.
	SecondsAgo *float64 `expr:"secondsAgo"`
}

// reasons say why a figure is absent, by its path or the beginning of it.
type reasons map[string]string
