package cgroup

import (
	"os"
	"os/exec"
	"testing"

	"porthole/server/wire"
)

// A container in our own control groups has none: what they count is not its own,
// and is absent, never 0.
func TestApart(t *testing.T) {
	fs, err := NewFS("/proc", "/sys/fs/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("cat")
	input, _ := command.StdinPipe()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer command.Wait()
	defer input.Close()
	reader, err := fs.Apart(os.Getpid()).Open(command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var counters wire.Counters
	if err := reader.Read(&counters); err != nil || counters != (wire.Counters{}) {
		t.Errorf("read %+v, %v", counters, err)
	}
	for _, field := range []string{"memoryCurrentBytes", "pidsCurrent", "cpuUsageUsec"} {
		if why := reader.Reason(field); why != reasonShared && why != reasonRoot {
			t.Errorf("%s is absent because %q", field, why)
		}
	}
	if pids, err := reader.PIDs(); err == nil {
		t.Errorf("its processes are %v", pids)
	}
}
