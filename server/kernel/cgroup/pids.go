package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"porthole/server/kernel/internal/small"
)

// PIDs lists the processes of the container, as our own PID namespace numbers
// them, sorted: those of its group and of the groups below it. A process that we
// cannot see from our namespace (the kernel writes 0) is left out. The error is
// ErrGone where the group has been removed.
func (r *Reader) PIDs() ([]int, error) {
	var found group
	folder, reason := "", ""
	controllers := []string{"", "memory", "cpu", "pids"}
	if r.version == 2 {
		controllers = controllers[:1]
	}
	// The last that is known: of v1's any will do, and pids counts what we list.
	for _, controller := range controllers {
		group := r.groups.get(controller)
		if reason = group.reason; group.path != "" {
			found, folder = group, group.path
		}
	}
	if folder == "" {
		return nil, fmt.Errorf("the container's processes cannot be listed: %s", reason)
	}
	if pids, alone := own(found); alone {
		return pids, nil
	}
	var pids []int
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return skipGone(err, path == folder)
		}
		text, err := small.Read(filepath.Join(path, "cgroup.procs"))
		pids = append(pids, parsePIDs(text)...)
		return skipGone(err, path == folder)
	})
	if isGone(err) || found.replaced() {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("the container's processes cannot be listed: %w", err)
	}
	slices.Sort(pids)
	return slices.Compact(pids), nil
}

// own lists the processes of a group that has no groups below it, which is what
// a count of two links says of a folder of the kernel's. False: it has to be
// walked.
func own(one group) ([]int, bool) {
	text, err := small.Read(filepath.Join(one.path, "cgroup.procs"))
	if err != nil {
		return nil, false
	}
	var stat unix.Stat_t
	if unix.Stat(one.path, &stat) != nil || stat.Nlink != 2 || one.inode == 0 || stat.Ino != one.inode {
		return nil, false
	}
	pids := parsePIDs(text)
	slices.Sort(pids)
	return slices.Compact(pids), true
}

// skipGone forgives that a group below the container's own was removed while we
// walked; EOPNOTSUPP is the answer of a threaded group, whose processes the group
// above lists.
func skipGone(err error, own bool) error {
	if errors.Is(err, unix.EOPNOTSUPP) || isGone(err) && !own {
		return nil
	}
	return err
}

// parsePIDs reads cgroup.procs: one number a line.
func parsePIDs(text []byte) []int {
	var pids []int
	for line := range strings.Lines(string(text)) {
		if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}
