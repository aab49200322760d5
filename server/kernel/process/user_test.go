package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// A user's number is told as the host has it, whatever our own user namespace
// makes of it.
func TestHostUser(t *testing.T) {
	for _, one := range []struct {
		what, own    string
		inside, want int // -1: it is not to be known
	}{
		{"the host's own map", "         0          0 4294967295\n", 7, 7},
		{"one user", "0 1000 1\n", 0, 1000},
		{"nobody of that map", "0 1000 1\n", 1, -1},
		{"users set aside", "0 1000 1\n1 100000 65536\n", 33, 100032},
		{"no map to be read", "", 7, 7},
	} {
		proc := t.TempDir()
		os.MkdirAll(filepath.Join(proc, "self"), 0o755)
		if one.own != "" {
			os.WriteFile(filepath.Join(proc, "self/uid_map"), []byte(one.own), 0o644)
		}
		got := FS{proc: proc}.hostUser(&one.inside)
		if one.want < 0 && got != nil || one.want >= 0 && (got == nil || *got != one.want) {
			t.Errorf("%s: user %d is told as %v, want %d", one.what, one.inside, got, one.want)
		}
	}
}

// A process' family is it and all that descend from it, and nobody else.
func TestFamily(t *testing.T) {
	command := exec.Command("sh", "-c", "exec 3<&0; sh -c 'echo $$; read line <&3; true' & wait")
	input, _ := command.StdinPipe()
	output, _ := command.StdoutPipe()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 20)
	n, err := output.Read(line)
	grandchild, _ := strconv.Atoi(string(line[:max(0, n-1)]))
	if err != nil || grandchild == 0 {
		t.Fatalf("it says %q, %v", line[:n], err)
	}
	fs, err := NewFS("/proc", "/sys")
	if err != nil {
		t.Fatal(err)
	}
	want := []int{command.Process.Pid, grandchild}
	slices.Sort(want)
	if got := fs.Family(command.Process.Pid); !slices.Equal(got, want) {
		t.Errorf("its family is %v, want %v", got, want)
	}
	if ours := fs.Family(os.Getpid()); !slices.Contains(ours, grandchild) {
		t.Errorf("our own family %v lacks %d", ours, grandchild)
	}
	input.Close()
	command.Wait()
	if got := fs.Family(want[0]); got != nil {
		t.Errorf("of a process that has ended: %v", got)
	}
}
