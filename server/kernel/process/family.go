package process

import (
	"os"
	"slices"
	"strconv"

	"porthole/server/kernel/internal/small"
	"porthole/server/kernel/internal/stat"
)

// Family are a process and all that descend from it, as our own PID namespace
// numbers them, sorted: for a container without a control group of its own,
// which would list them. They are told by field 4 of /proc/PID/stat, the parent
// (proc_pid_stat(5)). One whose parent has ended is its namespace's first
// process' child, so that in a PID namespace of its own none is missed; with the
// host's it is. Nil where there is no such process.
func (fs FS) Family(pid int) []int {
	entries, err := os.ReadDir(fs.proc)
	if err != nil {
		return nil
	}
	children := map[int][]int{}
	found := false
	for _, entry := range entries {
		one, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if parent, ok := fs.parent(one); ok {
			children[parent] = append(children[parent], one)
			found = found || one == pid
		}
	}
	if !found {
		return nil
	}
	family := []int{pid}
	for i := 0; i < len(family); i++ {
		family = append(family, children[family[i]]...)
	}
	slices.Sort(family)
	return family
}

// parent is the process that has made this one, or has inherited it.
func (fs FS) parent(pid int) (int, bool) {
	text, err := small.Read(fs.path(pid, "stat"))
	if err != nil {
		return 0, false
	}
	parent, err := strconv.Atoi(stat.Field(text, 4))
	return parent, err == nil
}
