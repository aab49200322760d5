package wire

// Report is one line that a demo workload prints on its standard output, as a
// JSON object, so that the inside of a container can be held against what the
// host sees. Any other line of output is just text.
type Report struct {
	// Porthole is the kind of report. Its presence tells a report from text.
	Porthole ReportKind `json:"porthole"`
	// At is when it was made, in Unix milliseconds.
	At int64 `json:"at"`
	// Says is the same in words, one line.
	Says string `json:"says,omitempty"`
	// View and Security are what the process sees of itself.
	View     *View     `json:"view,omitempty"`
	Security *Security `json:"security,omitempty"`
	// Result holds the figures measured by the workload so far.
	Result *Result `json:"result,omitempty"`
}

// ReportKind is the kind of a Report.
type ReportKind string

const (
	// ReportInside: what the workload sees; at its start, and on change.
	ReportInside ReportKind = "inside"
	// ReportProgress: under way.
	ReportProgress ReportKind = "progress"
	// ReportDone: the work is complete. The process may live on.
	ReportDone ReportKind = "done"
	// ReportFailed: the work could not be completed; Says has the reason.
	ReportFailed ReportKind = "failed"
)

// Result holds what a workload measured about its own work.
type Result struct {
	// ElapsedUsec is the work's wall-clock time, in microseconds.
	ElapsedUsec Count `json:"elapsedUsec,omitzero"`
	// CPUUsec is the processor time that it took, in microseconds, by the
	// process' own accounting (getrusage(2)).
	CPUUsec Count `json:"cpuUsec,omitzero"`
	// AllocatedBytes is the anonymous memory touched.
	AllocatedBytes Count `json:"allocatedBytes,omitzero"`
	// WrittenBytes went to a file.
	WrittenBytes Count `json:"writtenBytes,omitzero"`
	// ProcessesStarted and ProcessesRefused count forks.
	ProcessesStarted Count `json:"processesStarted,omitzero"`
	ProcessesRefused Count `json:"processesRefused,omitzero"`
	// ProcessorsSeen is the number of processors that the process may use,
	// as sched_getaffinity(2) tells it.
	ProcessorsSeen Count `json:"processorsSeen,omitzero"`
	// ProcessorsUsed are those on which its threads were ever seen, by number,
	// as getcpu(2) tells it.
	ProcessorsUsed []int `json:"processorsUsed,omitempty"`
	// SyncUsec is the part of ElapsedUsec spent waiting until all was on the
	// disk (fsync(2)), in microseconds.
	SyncUsec Count `json:"syncUsec,omitzero"`
	// BytesPerSecond is the mean rate of the work, over ElapsedUsec.
	BytesPerSecond Count `json:"bytesPerSecond,omitzero"`
	// CopiedBytes went from one file to another.
	CopiedBytes Count `json:"copiedBytes,omitzero"`
	// RequestsAnswered and RequestsFailed count HTTP requests. LatencyP50Usec
	// and LatencyP99Usec are how long the answered ones took, in microseconds:
	// half of them, and 99 of 100, took no longer.
	RequestsAnswered Count `json:"requestsAnswered,omitzero"`
	RequestsFailed   Count `json:"requestsFailed,omitzero"`
	LatencyP50Usec   Count `json:"latencyP50Usec,omitzero"`
	LatencyP99Usec   Count `json:"latencyP99Usec,omitzero"`
	// ChildrenKilled counts child processes that died of SIGKILL.
	ChildrenKilled Count `json:"childrenKilled,omitzero"`
	// Refused is the kernel's name for why it refused, for example EPERM;
	// absent where it did not.
	Refused string `json:"refused,omitempty"`
	// Found says whether what was looked for is there.
	Found *bool `json:"found,omitempty"`
	// Digest is the SHA-256 of the bytes that were written or read.
	Digest string `json:"digest,omitempty"`
	// Inner is what a child in a namespace of its own sees of itself.
	Inner *Inner `json:"inner,omitempty"`
}

// Inner is what a process in a user namespace that the workload made itself
// sees of itself, see user_namespaces(7).
type Inner struct {
	// UID is its user, by its own word.
	UID *int `json:"uid,omitempty"`
	// UIDMap is its /proc/self/uid_map, the columns joined by single spaces.
	UIDMap string `json:"uidMap,omitempty"`
	// UserNamespace is the inode of its user namespace.
	UserNamespace Count `json:"userNamespace,omitzero"`
	// CapEff is the set of its effective capabilities there.
	CapEff string `json:"capEff,omitempty"`
}
