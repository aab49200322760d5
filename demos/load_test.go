package demos

import "testing"

func TestBuiltinLessonsLoad(t *testing.T) {
	lessons, problems := Load(Builtin)
	for _, problem := range problems {
		t.Error(problem)
	}
	for _, l := range lessons {
		for _, c := range l.Containers {
			t.Log(c.Command(l, "porthole-workload:x"))
		}
	}
}
