// Package workload is what runs inside the demo containers.
package workload

import (
	"context"
	"fmt"
	"io"
)

// Main runs one workload, as `porthole workload args…` does, and returns the
// exit code.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fmt.Fprintln(stderr, "porthole workload: not there yet")
	return 2
}
