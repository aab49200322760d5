package demos

import (
	"strings"
	"testing"
	"testing/fstest"
)

func mistakes(t *testing.T, actions string) string {
	t.Helper()
	text := "title: X\nsection: X\ncontainers:\n  - {key: one, title: One, workload: [idle]}\n" +
		"claims:\n  - {id: a, says: A, holds: one.running}\nactions:\n" + actions
	_, problems := Load(fstest.MapFS{"x/demo.yaml": {Data: []byte(text)}, "x/lesson.md": {Data: []byte("X")}})
	var all []string
	for _, problem := range problems {
		all = append(all, problem.String())
	}
	return strings.Join(all, "\n")
}

func TestActionsAreChecked(t *testing.T) {
	for actions, want := range map[string]string{
		"  - {id: a, title: A, container: one, update: {memory: 64m}, range: {limit: memory, min: 32m, max: 1g, step: 16m}}\n": "",
		"  - {id: a, title: A, container: one, exec: [look]}\n":                                                                "",
		"  - {id: a, title: A, container: one}\n":                                                                              "x/demo.yaml:8:5: an action changes at least one limit",
		"  - {id: a, title: A, container: one, update: {cpus: 1}, exec: [look]}\n":                                             "either update or exec",
		"  - {id: a, title: A, container: one, update: {cpus: 1}, range: {limit: cpu, min: 1, max: 2, step: 1}}\n":             `there is no range over "cpu"`,
		"  - {id: a, title: A, container: one, update: {cpus: 3}, range: {limit: cpus, min: 1, max: 2, step: 1}}\n":            "is not between min and max",
		"  - {id: a, title: A, container: one, update: {cpus: 1}, range: {limit: memory, min: 1, max: 2, step: 1}}\n":          "the slider begins at the value in update",
		"  - {id: a, title: A, container: one, update: {cpus: 1}, range: {limit: cpus, min: 1, max: 2, step: 0}}\n":            "step is the distance",
		"  - {id: a, title: A, container: one, update: {cpus: 1}, range: {limit: cpus, min: 0.001, max: 2, step: 1}}\n":        "--cpus takes 0.01 and more",
		"  - {id: a, title: A, container: one, update: {cpus: 1}, range: {limit: cpus, min: much, max: 2, step: 1}}\n":         "neither a number nor an amount",
	} {
		got := mistakes(t, actions)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", actions, got, want)
		}
	}
}

// Memory and the swap limit beside it move together, or the engine refuses.
func TestAChosenAmountOfMemory(t *testing.T) {
	action := Action{ID: "a", Update: Limits{Memory: 64 << 20, MemorySwap: 64 << 20}, Range: &Range{Limit: "memory", Min: 32 << 20, Max: 1 << 30}}
	value := float64(256 << 20)
	got, err := action.With(&value)
	if err != nil || got.Memory != 256<<20 || got.MemorySwap != 256<<20 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = action.With(nil); err != nil || got != action.Update {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCPUSets(t *testing.T) {
	for text, want := range map[string]int{"0": 1, "0-3": 4, "0,2": 2, "0-1,1-2": 3} {
		if got, err := parseCPUSet(text); err != nil || len(got) != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-1", "1-0", "0-9999999", "a", "0,,1"} {
		if got, err := parseCPUSet(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestTheDiskInACommand(t *testing.T) {
	c := Container{Key: "one", Workload: []string{"idle"}, Limits: Limits{DeviceWriteBPS: 10 << 20}}
	command := c.Command(Lesson{Slug: "x"}, "image")
	if got := WithDisk(command, "/dev/vda"); !strings.Contains(got, "--device-write-bps /dev/vda:10m ") {
		t.Error(got)
	}
	if WithDisk(command, "") != command {
		t.Error("without a disk the command changed")
	}
}
