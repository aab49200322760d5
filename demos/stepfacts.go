package demos

// StepsFacts are the steps in which the built-in engine makes a container that
// is made step by step.
type StepsFacts struct {
	// All is how many there are, Taken how many have been taken.
	All   *float64 `expr:"all"`
	Taken *float64 `expr:"taken"`
	// Seconds is how long those that were taken took together, without the time in
	// which nobody asked for the next one.
	Seconds *float64 `expr:"seconds"`

	Clone           StepFacts `expr:"clone"`
	Join            StepFacts `expr:"join"`
	Cgroup          StepFacts `expr:"cgroup"`
	Network         StepFacts `expr:"network"`
	CgroupNamespace StepFacts `expr:"cgroupNamespace"`
	PrivateMounts   StepFacts `expr:"privateMounts"`
	Overlay         StepFacts `expr:"overlay"`
	Volumes         StepFacts `expr:"volumes"`
	Proc            StepFacts `expr:"proc"`
	Sys             StepFacts `expr:"sys"`
	CgroupFiles     StepFacts `expr:"cgroupFiles"`
	Dev             StepFacts `expr:"dev"`
	PivotRoot       StepFacts `expr:"pivotRoot"`
	Mask            StepFacts `expr:"mask"`
	Hostname        StepFacts `expr:"hostname"`
	Ceilings        StepFacts `expr:"ceilings"`
	BoundingSet     StepFacts `expr:"boundingSet"`
	NoNewPrivileges StepFacts `expr:"noNewPrivileges"`
	Seccomp         StepFacts `expr:"seccomp"`
	User            StepFacts `expr:"user"`
	Capabilities    StepFacts `expr:"capabilities"`
	Execve          StepFacts `expr:"execve"`
}

// StepFacts is one step.
type StepFacts struct {
	// Taken is always there for a container that is made step by step.
	Taken *bool `expr:"taken"`
	// Seconds is how long it took.
	Seconds *float64 `expr:"seconds"`
	// Before and After are what the kernel said of the process. Before the first
	// step there is none, and Before is the server's own.
	Before StandFacts `expr:"before"`
	After  StandFacts `expr:"after"`
}

// StandFacts are what the kernel says of a process between two steps.
type StandFacts struct {
	// OwnNamespaces is how many of its eight namespaces are not the server's.
	OwnNamespaces *float64 `expr:"ownNamespaces"`
	// Root is the folder that it calls /: filesystem, device and inode. RootType
	// is the filesystem alone, for example overlay.
	Root     *string `expr:"root"`
	RootType *string `expr:"rootType"`
	// Mounts is how many rows its mount table has.
	Mounts   *float64 `expr:"mounts"`
	Hostname *string  `expr:"hostname"`
	// Interfaces are the names of its network cards.
	Interfaces []string `expr:"interfaces"`
	// Capabilities counts its effective ones, Bounding those that it can ever
	// have again.
	Capabilities *float64 `expr:"capabilities"`
	Bounding     *float64 `expr:"bounding"`
	NoNewPrivs   *float64 `expr:"noNewPrivs"`
	Seccomp      *float64 `expr:"seccomp"`
	// MemoryBytes and Pids are the limits in the files of its control group.
	MemoryBytes *float64 `expr:"memoryBytes"`
	Pids        *float64 `expr:"pids"`
	// Program is its argument vector, joined by spaces.
	Program *string `expr:"program"`
}
