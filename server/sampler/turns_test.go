package sampler

import (
	"testing"
	"time"

	"porthole/server/wire"
)

// However many containers of others there are, what seldom changes is read of a
// lesson's as often as without them, and of one of the others in each look.
func TestContainersOfOthersTakeNoTurnFromALesson(t *testing.T) {
	at := time.Now()
	var subjects []*subject
	put := func(count int, foreign bool, described time.Time) {
		for range count {
			subjects = append(subjects, &subject{described: described, container: wire.Container{PID: 7, State: "running", Foreign: foreign}})
		}
	}
	put(3, false, at)
	put(8, true, at.Add(-time.Hour)) // unread for longer
	turns := map[*subject]int{}
	for look := range 8 {
		due := dueOf(subjects)
		ours := 0
		for _, sub := range due {
			if !sub.container.Foreign {
				ours++
			}
			turns[sub]++
			sub.described = at.Add(time.Duration(look+1) * time.Second)
		}
		if ours != 3 || len(due) != 4 {
			t.Fatalf("in look %d %d are read, of them %d of a lesson; want 4 and 3", look, len(due), ours)
		}
	}
	for _, sub := range subjects {
		if sub.container.Foreign && turns[sub] != 1 {
			t.Errorf("one of the others was read %d times in eight looks, want once", turns[sub])
		}
	}
	put(2, true, time.Time{})
	if due := dueOf(subjects); len(due) < 5 {
		t.Errorf("%d are read, want those too that were never read", len(due))
	}
}
