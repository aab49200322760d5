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
}
