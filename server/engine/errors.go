package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"
)

// The errors that a caller may want to tell apart, with errors.Is. What the
// methods return wraps one of them in a sentence: what failed, why, what to do.
var (
	// ErrDown: no engine answers at its address.
	ErrDown = errors.New("the engine does not answer")
	// ErrForbidden: the engine is there, but we may not use it.
	ErrForbidden = errors.New("the engine may not be used by this user")
	// ErrTooOld: the engine and we have no API version in common.
	ErrTooOld = errors.New("the engine speaks no API version that Porthole speaks")
	// ErrNameTaken: a container that we may not remove has the name.
	ErrNameTaken = errors.New("the container's name is taken")
	// ErrNoSuchContainer: the engine has no such container (any more).
	ErrNoSuchContainer = errors.New("no such container")
	// ErrNotOurs: the container exists, but Porthole did not make it.
	ErrNotOurs = errors.New("not a container of Porthole's")
	// ErrNotRunning: what was asked needs a running container.
	ErrNotRunning = errors.New("the container is not running")
	// ErrRefused: the engine, or one of our own ceilings, does not allow it.
	ErrRefused = errors.New("refused")
	// ErrImage: the workload image cannot be made from this executable for
	// this engine.
	ErrImage = errors.New("the workload image cannot be made")
)

// errAddress: the address itself cannot be used.
var errAddress = errors.New("the engine's address cannot be used")

// failure is an error of one sentence that is (errors.Is) one of the above.
type failure struct {
	kind error
	says string
	err  error
}

func (f *failure) Error() string   { return f.says }
func (f *failure) Unwrap() []error { return []error{f.kind, f.err} }

// fail makes an error of kind that says the sentence.
func fail(kind, cause error, format string, args ...any) error {
	return &failure{kind: kind, says: fmt.Sprintf(format, args...), err: cause}
}

// explain turns what the client returned from doing what ("create the
// container porthole-x") into an error of ours. ctx is the caller's own
// context, before our deadline was put on it.
func explain(ctx context.Context, err error, what string, limit time.Duration) error {
	var already *failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &already):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("could not %s: %w", what, context.Cause(ctx))
	case errors.Is(err, context.DeadlineExceeded):
		return fail(ErrDown, err, "could not %s: the engine did not answer within %v; it may be paused or overloaded", what, limit)
	case client.IsErrConnectionFailed(err):
		return fail(ErrDown, err, "could not %s: the engine cannot be reached (%s)", what, oneLine(err))
	case errdefs.IsNotFound(err):
		return fail(ErrNoSuchContainer, err, "could not %s: the engine has no such thing any more (%s)", what, oneLine(err))
	case errdefs.IsPermissionDenied(err), errdefs.IsUnauthorized(err):
		return fail(ErrForbidden, err, "could not %s: the engine forbids it (%s)", what, oneLine(err))
	case strings.Contains(err.Error(), "is not running"):
		return fail(ErrNotRunning, err, "could not %s: the container is not running", what)
	case errdefs.IsConflict(err), errdefs.IsInvalidArgument(err):
		return fail(ErrRefused, err, "could not %s: the engine refused: %s", what, oneLine(err))
	}
	return fmt.Errorf("could not %s: %w", what, err)
}

// oneLine is an error's text on one line, at most 400 bytes of it: engines
// answer with pages of runtime output at times.
func oneLine(err error) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(err.Error(), "\uFFFD")), " ")
	text = strings.TrimPrefix(text, "Error response from daemon: ")
	if len(text) > 400 {
		text = strings.ToValidUTF8(text[:400], "") + "…"
	}
	return text
}
