package process

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// What is remembered of the host's interfaces must not outlive a change: veths
// come and go with containers, and may be renamed.
func TestKnownEndsFollowTheFolder(t *testing.T) {
	folder := t.TempDir()
	set := func(name string, index, link int) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
		for file, value := range map[string]int{"ifindex": index, "iflink": link} {
			if err := os.WriteFile(filepath.Join(folder, name, file), []byte(strconv.Itoa(value)+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(name string) {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	var known knownEnds
	check := func(index int, want end) {
		t.Helper()
		if got, found := known.find(folder, index); got != want || found != (want.name != "") {
			t.Errorf("interface %d is %+v, %v; want %+v", index, got, found, want)
		}
	}
	check(7, end{})
	set("veth7", 7, 2)
	check(7, end{"veth7", 7, 2}) // it came after the folder was read
	set("veth7", 7, 3)
	check(7, end{"veth7", 7, 3}) // its other end is another one
	remove("veth7")
	set("renamed", 7, 3)
	check(7, end{"renamed", 7, 3})
	set("renamed", 8, 3)
	set("veth9", 7, 2)
	check(7, end{"veth9", 7, 2}) // the name has another index now
	remove("veth9")
	check(7, end{})
}
