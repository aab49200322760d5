package demos

import "testing"

func TestBuiltinLessonsLoad(t *testing.T) {
	lessons, problems := Load(Builtin)
	for _, problem := range problems {
		t.Error(problem)
	}
	for _, l := range lessons {
		t.Log(l.Slug, l.Claims[0].Touches(), l.Claims[0].Sources(), l.Containers[1].Command(l, "porthole-workload:x"))
	}
}
