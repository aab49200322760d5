package stream

import (
	"encoding/json"
	"testing"

	"porthole/server/wire"
)

func TestWhoeverComesLateLearnsHowTheRoomStands(t *testing.T) {
	hub := NewHub(Options{})
	early := hub.Subscribe()
	defer early.Close()
	next(t, early) // the history
	for followers := range 3 {
		hub.Room(wire.Room{Followers: followers})
	}
	late := hub.Subscribe()
	defer late.Close()
	next(t, late)
	for name, viewer := range map[string]*Subscription{"early": early, "late": late} {
		frame := next(t, viewer)
		var room wire.Room
		if err := json.Unmarshal(frame.Data, &room); err != nil {
			t.Fatal(err)
		}
		// The older ones have given way to the newest.
		if frame.Type != wire.TypeRoom || room.Followers != 2 || room.Seq != 3 {
			t.Errorf("the %s viewer gets %s", name, frame.Data)
		}
	}
}
