package engine

import "context"

// ExecResult is what a command inside a container printed, and how it ended.
type ExecResult struct {
	// Stdout and Stderr hold at most 256 KiB each; the rest is dropped.
	Stdout, Stderr []byte
	// Truncated is true where some of it was dropped.
	Truncated bool
	ExitCode  int
}

// Exec runs a command inside a running container and waits for its end, for
// 30 seconds at most.
func (d *Docker) Exec(ctx context.Context, id string, argv []string) (ExecResult, error) {
	return ExecResult{}, fail(ErrDown, nil, "not there yet")
}

// Follow calls line for each line that a container has printed and prints on
// its standard output.
func (d *Docker) Follow(ctx context.Context, id string, line func([]byte)) error {
	return fail(ErrDown, nil, "not there yet")
}
