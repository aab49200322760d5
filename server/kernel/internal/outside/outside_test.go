package outside

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestHandover(t *testing.T) {
	name, value, _ := strings.Cut(Handover(), "=")
	mine, _ := os.Readlink("/proc/self/ns/mnt")
	if name != variable || !strings.HasPrefix(value, fmt.Sprintf("%d ", os.Getpid())) || !strings.Contains(value, mine) || len(strings.Fields(value)) != 9 {
		t.Errorf("handed over: %s=%s", name, value)
	}
	if _, _, handed := Read(); handed {
		t.Error("read what nobody has handed over")
	}
	// What a process says that is our parent is believed, and no other.
	t.Setenv(variable, fmt.Sprintf("%d mnt:[7] pid:[8]", os.Getppid()))
	if pid, links, handed := Read(); !handed || pid != os.Getppid() || links["mnt"] != "mnt:[7]" || links["pid"] != "pid:[8]" || links["net"] != "" {
		t.Errorf("read %d, %v, %v", pid, links, handed)
	}
	for _, text := range []string{value, "x mnt:[7]", ""} {
		t.Setenv(variable, text)
		if _, _, handed := Read(); handed {
			t.Errorf("believed %q", text)
		}
	}
}
