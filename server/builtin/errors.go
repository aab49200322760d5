package builtin

import (
	"errors"
	"fmt"
)

// The errors that a caller may want to tell apart, with errors.Is. What the
// methods return wraps one of them in a sentence: what failed, why, what to do.
var (
	// ErrForbidden: a right is missing that it takes to make containers.
	ErrForbidden = errors.New("a right is missing")
	// ErrNoSuchContainer: there is no such container (any more).
	ErrNoSuchContainer = errors.New("no such container")
	// ErrNotRunning: what was asked needs a running container.
	ErrNotRunning = errors.New("the container is not running")
	// ErrRefused: the kernel, or one of our own ceilings, does not allow it.
	ErrRefused = errors.New("refused")
	// ErrImage: no image can be made from this executable.
	ErrImage = errors.New("the workload image cannot be made")
	// ErrDown: the engine has been closed, or not been asked to begin.
	ErrDown = errors.New("the engine is not up")
)

type failure struct {
	kind error
	says string
	err  error
}

func (f *failure) Error() string { return f.says }
func (f *failure) Unwrap() []error {
	if f.err == nil {
		return []error{f.kind}
	}
	return []error{f.kind, f.err}
}

// fail makes an error of kind that says the sentence.
func fail(kind, cause error, format string, args ...any) error {
	return &failure{kind: kind, says: fmt.Sprintf(format, args...), err: cause}
}
