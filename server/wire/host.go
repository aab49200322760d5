package wire

// Host is what one can know of the machine whose kernel is shown.
type Host struct {
	// Kernel is the release, as uname -r prints it.
	Kernel string `json:"kernel"`
	// Hostname is the machine's own name, in the host's UTS namespace.
	Hostname string `json:"hostname"`
	// CPUs is the number of processors online.
	CPUs int `json:"cpus"`
	// MemoryBytes is the machine's memory (MemTotal of /proc/meminfo).
	MemoryBytes uint64 `json:"memoryBytes"`
	// CgroupMode is "v1", "v2" or "hybrid" (controllers in v1, and a v2 tree
	// beside them); "unknown" where no cgroup filesystem is mounted.
	CgroupMode CgroupMode `json:"cgroupMode"`
	// Engine says who runs the containers, and whether it answers.
	Engine Engine `json:"engine"`
	// Reader says by which way the numbers come from the kernel; absent in
	// recordings of versions that knew one way only.
	Reader Reader `json:"reader,omitzero"`
}

// Reader is the way on which numbers come from the kernel to the page.
type Reader struct {
	// Mode is the way that is used now.
	Mode ReaderMode `json:"mode"`
	// Says is the same in one sentence.
	Says string `json:"says"`
	// Container and Command are of the helper container that reads, and of the
	// docker run that would start one like it; absent on other ways.
	Container string `json:"container,omitempty"`
	Command   string `json:"command,omitempty"`
	// Problem is one sentence on what cannot be seen on this way, why, and what
	// to do; absent where all can.
	Problem string `json:"problem,omitempty"`
}

// ReaderMode is a way to read the kernel.
type ReaderMode string

const (
	// ReaderDirect: the server reads the kernel's files itself.
	ReaderDirect ReaderMode = "direct"
	// ReaderContainer: a helper container on the engine's machine reads them,
	// and streams what it sees.
	ReaderContainer ReaderMode = "container"
	// ReaderEngine: nothing reads them. What the engine's API tells about once
	// a second is shown, and no more.
	ReaderEngine ReaderMode = "engine"
)

// CgroupFile is one row of the table that leads from a flag of docker run to
// the kernel's file: what it is called in both versions of cgroups.
type CgroupFile struct {
	// Limit is the limit's name in wire.Limits, for example cpu.
	Limit string `json:"limit"`
	// Source is as Limit.Source has it, for example cpuMax.
	Source string `json:"source"`
	// Flag is docker run's, for example --cpus.
	Flag string `json:"flag"`
	// HostConfig is the engine's field, as docker inspect shows it.
	HostConfig string `json:"hostConfig"`
	// The file and its unit in cgroup v1 and in v2.
	V1File string `json:"v1File"`
	V1Unit string `json:"v1Unit"`
	V2File string `json:"v2File"`
	V2Unit string `json:"v2Unit"`
}

// CounterFile says where one counter of a sample stands: the file, the first
// word of its line where the file has several, and the file's unit, in both
// versions of cgroups.
type CounterFile struct {
	// Counter is the counter's name in wire.Counters, for example cpuUsageUsec.
	Counter string `json:"counter"`
	// Controller is cpu, memory, pids or io.
	Controller string `json:"controller"`
	// V1File is absent where cgroup v1 does not keep it: a hybrid host then
	// has it in its v2 tree.
	V1File string `json:"v1File,omitempty"`
	V1Key  string `json:"v1Key,omitempty"`
	V1Unit string `json:"v1Unit,omitempty"`
	V2File string `json:"v2File"`
	V2Key  string `json:"v2Key,omitempty"`
	V2Unit string `json:"v2Unit"`
}

// CgroupMode is which of the kernel's cgroup hierarchies a host uses.
type CgroupMode string

const (
	CgroupV1      CgroupMode = "v1"
	CgroupV2      CgroupMode = "v2"
	CgroupHybrid  CgroupMode = "hybrid"
	CgroupUnknown CgroupMode = "unknown"
)

// Engine is the state of the container engine.
type Engine struct {
	// Name is the engine's kind: "docker", "podman", "builtin" or "replay".
	Name string `json:"name"`
	// State says whether it answers.
	State EngineState `json:"state"`
	// Problem is one sentence: what failed, why, what to do. Absent when the
	// engine is up.
	Problem string `json:"problem,omitempty"`
	// Fix is one command that would mend the problem, where there is one.
	Fix string `json:"fix,omitempty"`
	// Address is where the engine is asked, for example
	// unix:///var/run/docker.sock.
	Address string `json:"address,omitempty"`
	// Version is the engine's own, for example 28.5.2.
	Version string `json:"version,omitempty"`
	// APIVersion is the one negotiated, for example 1.41.
	APIVersion string `json:"apiVersion,omitempty"`
	// StorageDriver keeps the layers, for example overlay2.
	StorageDriver string `json:"storageDriver,omitempty"`
	// CgroupDriver is cgroupfs or systemd.
	CgroupDriver string `json:"cgroupDriver,omitempty"`
	// Runtime is the low-level runtime with its version, for example
	// "runc 1.1.15".
	Runtime string `json:"runtime,omitempty"`
	// ObserveOnly is one sentence where the engine answers but lets us change
	// nothing: lessons cannot start, what runs is shown.
	ObserveOnly string `json:"observeOnly,omitempty"`
	// SecurityOptions are the engine's, for example seccomp, userns, rootless.
	SecurityOptions []string `json:"securityOptions,omitempty"`
}

// EngineState is whether the engine answers, and if not, why.
type EngineState string

const (
	// EngineConnecting: not asked yet.
	EngineConnecting EngineState = "connecting"
	// EngineUp: it answers.
	EngineUp EngineState = "up"
	// EngineDown: nobody listens at its address, or it does not answer.
	EngineDown EngineState = "down"
	// EngineForbidden: the socket is there, but we may not use it.
	EngineForbidden EngineState = "forbidden"
	// EngineTooOld: it speaks no API version that we speak.
	EngineTooOld EngineState = "tooOld"
)

// Doctor is what this machine can and cannot show.
type Doctor struct {
	Host   Host    `json:"host"`
	Checks []Check `json:"checks"`
}

// Check is one line of the doctor's report.
type Check struct {
	// ID is a stable name for scripts, for example "cgroup-controllers".
	ID string `json:"id"`
	// Title is what was looked at, in words.
	Title string `json:"title"`
	// Status says how it stands.
	Status CheckStatus `json:"status"`
	// Found is what was seen, for example "overlay2".
	Found string `json:"found"`
	// Means says in one sentence what follows for the lessons.
	Means string `json:"means,omitempty"`
	// Fix is the one command that would mend it, where there is one.
	Fix string `json:"fix,omitempty"`
	// Source is the file or call that it was read from.
	Source string `json:"source,omitempty"`
}

// CheckStatus is the outcome of a Check.
type CheckStatus string

const (
	// CheckOK: all that depends on it works.
	CheckOK CheckStatus = "ok"
	// CheckLimited: some lessons or figures will say "cannot tell here".
	CheckLimited CheckStatus = "limited"
	// CheckMissing: the main job does not work without it.
	CheckMissing CheckStatus = "missing"
)
