// Package hidden tells a process that has exited from one that the proc
// filesystem keeps from us.
package hidden

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Err is what the readers say of a process that is hidden.
var Err = errors.New("the process is hidden: /proc is mounted with hidepid, which shows processes to their owner alone; run as root, or run: sudo mount -o remount,hidepid=0 /proc")

// Process reports whether a process whose folder below proc is not there runs
// nevertheless, because the mount option hidepid hides it, see proc(5).
func Process(proc string, pid int) bool {
	if pid <= 0 {
		return false
	}
	table, err := os.ReadFile(filepath.Join(proc, "self/mountinfo"))
	if err != nil || !hides(table, filepath.Clean(proc)) {
		return false
	}
	// kill(2) with signal 0 only asks, and does not look into proc.
	err = unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}

// hides reports whether a mount table has a proc filesystem at point that hides
// others' processes. Kernels before Linux 5.8 write the option as a number.
func hides(table []byte, point string) bool {
	hiding := false
	for line := range bytes.Lines(table) {
		left, right, found := strings.Cut(string(line), " - ")
		before, after := strings.Fields(left), strings.Fields(right)
		if !found || len(before) < 5 || len(after) < 3 || before[4] != point || after[0] != "proc" {
			continue
		}
		// The last mount at a place covers the others.
		hiding = slices.ContainsFunc(strings.Split(after[2], ","), func(option string) bool {
			value, ok := strings.CutPrefix(option, "hidepid=")
			return ok && slices.Contains([]string{"2", "4", "invisible", "ptraceable"}, value)
		})
	}
	return hiding
}
