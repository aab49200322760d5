package hidden

import (
	"os"
	"path/filepath"
	"testing"
)

const before, after = "24 1 0:22 / /proc rw,nosuid shared:5 - proc proc rw", "\n"

func TestHides(t *testing.T) {
	for text, want := range map[string]bool{
		before + after: false, before + ",hidepid=2" + after: true, before + ",hidepid=invisible,gid=4" + after: true,
		before + ",hidepid=ptraceable" + after: true, before + ",hidepid=1" + after: false, before + ",hidepid=noaccess" + after: false,
		before + ",hidepid=2" + after + before + after:         false, // covered by another
		"24 1 0:22 / /elsewhere rw - proc proc rw,hidepid=2\n": false,
		"24 1 0:22 / /proc rw - tmpfs proc rw,hidepid=2\n":     false,
		"": false, "hidepid=2": false, " - \n": false,
	} {
		if got := hides([]byte(text), "/proc"); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// Only a process that runs is hidden; one that has exited has exited.
func TestProcess(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "self"), 0o755); err != nil {
		t.Fatal(err)
	}
	table := "24 1 0:22 / " + folder + " rw - proc proc rw,hidepid=2\n"
	if err := os.WriteFile(filepath.Join(folder, "self/mountinfo"), []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
	if !Process(folder, os.Getpid()) {
		t.Error("our own process is not taken for hidden")
	}
	for _, pid := range []int{1 << 30, 0, -1} { // beyond every number, and two that kill takes for groups
		if Process(folder, pid) {
			t.Errorf("process %d is taken for hidden", pid)
		}
	}
	if Process(t.TempDir(), os.Getpid()) {
		t.Error("without a mount table something is hidden")
	}
}
