package cgroup_test

import (
	"os"
	"path/filepath"
	"testing"

	"porthole/server/kernel/cgroup"
)

// Each name in the table must be one that a real host of that version has.
func TestCountersNameFilesThatHostsHave(t *testing.T) {
	table := cgroup.Counters()
	if len(table) != 17 {
		t.Fatalf("%d counters, want all 18 but the working set", len(table))
	}
	v1, v2 := filesUnder(t, "../testdata/v1"), filesUnder(t, "../testdata/v2")
	for _, row := range table {
		if row.V1File != "" && !v1[row.V1File] {
			t.Errorf("%s: no v1 host has a file %s", row.Counter, row.V1File)
		}
		if !v2[row.V2File] {
			t.Errorf("%s: no v2 host has a file %s", row.Counter, row.V2File)
		}
		if row.V2Unit == "" || (row.V1File != "" && row.V1Unit == "") {
			t.Errorf("%s has no unit: %+v", row.Counter, row)
		}
		switch row.Controller {
		case "cpu", "memory", "pids", "io":
		default:
			t.Errorf("%s belongs to %q", row.Counter, row.Controller)
		}
	}
}

func filesUnder(t *testing.T, root string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		found[filepath.Base(path)] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
