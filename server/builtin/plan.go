package builtin

// plan is what the container's first process has to know to make itself into
// one. It travels as JSON through a pipe.
type plan struct {
	// Trace is true where the calls that make it are to be noted.
	Trace bool
	// Exec is true for a further program in a container that runs.
	Exec bool
	// Joins are files of /proc/PID/ns to enter.
	Joins []string
	// Root is where the overlay is mounted; Lower the layers' folders, the
	// lowest first; Upper and Work are the writable layer's.
	Root, Upper, Work string
	Lower             []string
	ReadOnly          bool
	// Files are bind-mounted over files of the root, by their path in it.
	Files   map[string]string
	Volumes []volume
	Tmpfs   []tmpfs
	// CgroupPaths are the container's control groups: one under "" on v2, else
	// one for each controller.
	CgroupPaths     map[string]string
	CgroupNamespace bool
	// Rootless is true in a user namespace, where no device can be made.
	Rootless bool
	// Foreign are namespaces by their kinds, as readlink(2) has them, that are
	// not of our user namespace: what shows them cannot be mounted anew.
	Foreign map[string]string
	// NoGroups is true where setgroups(2) is not allowed; NoTTYGroup, where the
	// group 5 means nobody.
	NoGroups, NoTTYGroup bool
	// HostIPC is true where /dev/shm is the host's.
	HostIPC  bool
	ShmBytes int64
	// Hostname is "" where it has the host's.
	Hostname string
	UID, GID int
	// Keep are the capabilities that are left, as CAP_KILL.
	Keep            []string
	NoNewPrivileges bool
	// Filter is true where system calls are filtered.
	Filter bool
	// Rlimits are ceilings, by the numbers of getrlimit(2).
	Rlimits map[int]uint64
	Argv    []string
	Env     []string

	trace
	// announce tells the server what is about to be called.
	announce func() error
}

type volume struct {
	Source, Target string
	ReadOnly       bool
}

type tmpfs struct{ Target, Options string }

// order and answer are what the server and the process say to each other for
// each step: a line of JSON each.
type order struct{ Step int }

type answer struct {
	Detail string
	Error  string
	Calls  []call `json:",omitempty"`
}
