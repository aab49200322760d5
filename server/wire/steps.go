package wire

// MakingStep is one of the steps in which the built-in engine makes a container
// that waits before each of them.
type MakingStep struct {
	// Name is short and unique among the steps, for example "pivot-root".
	Name string `json:"name"`
	// Call is the system call, or the kernel's file, in short.
	Call string `json:"call"`
	// Says is what the step does, in a sentence.
	Says string `json:"says"`
	// Source is where Porthole's own source takes it.
	Source SourceLine `json:"source"`
	// Done is true once it has been taken. What follows is there only then.
	Done bool `json:"done"`
	// Detail is what was done, in a few words.
	Detail string `json:"detail,omitempty"`
	// TookUsec is how long it took, in microseconds.
	TookUsec Count `json:"tookUsec,omitzero"`
	// Calls are the system calls that were made, in their order, at most
	// MaxCalls.
	Calls []SystemCall `json:"calls,omitempty"`
	// Changes are what the kernel says of the process otherwise than before, at
	// most MaxChanges. Those of the first step are all that is looked at, changed
	// or not: before it, they are the server's own.
	Changes []Change `json:"changes,omitempty"`
}

// The most that a MakingStep holds of each.
const (
	MaxCalls   = 64
	MaxChanges = 32
)

// SystemCall is a system call as it was made.
type SystemCall struct {
	// Text is as strace(1) writes it, shortened where that writes pages.
	Text string `json:"text"`
	// Source is the line of Porthole's own source that makes it.
	Source SourceLine `json:"source"`
}

// SourceLine is a line of Porthole's own source, which is at
// /source/FILE#LLINE.
type SourceLine struct {
	File string `json:"file"`
	Line int    `json:"line"`
	// Text is the line itself, without its indentation.
	Text string `json:"text,omitempty"`
}

// Change is one thing that the kernel says of a process, before and after a step.
type Change struct {
	// What is its name, for example namespace.pid, root or capEff.
	What string `json:"what"`
	// File is where the kernel says it, or the system call that asks.
	File string `json:"file"`
	// Before and After are its words; empty where there were none.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Made reports whether the step of a name has been taken, of a container that
// is made step by step.
func (c Container) Made(step string) bool {
	for _, each := range c.Steps {
		if each.Name == step {
			return each.Done
		}
	}
	return false
}
