package stream

import (
	"encoding/json"
	"testing"

	"porthole/server/wire"
)

func TestRewindDropsWhatWaitsAndTellsTheOtherMoment(t *testing.T) {
	hub := NewHub(Options{})
	hub.Replay(wire.Replay{Epoch: 1})
	hub.Topology(wire.Topology{Containers: []wire.Container{{Name: "late"}}})
	hub.Run(wire.Run{ID: "late"})
	hub.Sample(sample(90_000, "late"))
	viewer := hub.Subscribe()
	defer viewer.Close()
	if first := drain(t, viewer); first[0].Type != wire.TypeReplay {
		t.Fatalf("the first message of a recording is %s, want replay", first[0].Type)
	}

	hub.Sample(sample(91_000, "late"))
	hub.Gone(wire.Gone{Name: "late"})
	hub.Rewind(wire.Replay{Epoch: 2, PositionMs: 5}, &wire.Topology{Containers: []wire.Container{{Name: "early"}}},
		[]wire.Sample{sample(1_000, "early"), sample(2_000, "early")}, []wire.Run{{ID: "early"}})
	hub.Sample(sample(2_100, "early"))

	frames := drain(t, viewer)
	var types []string
	for _, frame := range frames {
		types = append(types, frame.Type)
	}
	want := []string{wire.TypeReplay, wire.TypeTopology, wire.TypeHistory, wire.TypeRun, wire.TypeSample}
	if len(types) != len(want) {
		t.Fatalf("it got %v, want %v", types, want)
	}
	for i := range want {
		if types[i] != want[i] {
			t.Fatalf("it got %v, want %v", types, want)
		}
	}
	var replay wire.Replay
	var history wire.History
	if err := json.Unmarshal(frames[0].Data, &replay); err != nil || replay.Epoch != 2 || replay.PositionMs != 5 {
		t.Errorf("the replay message is %+v (%v)", replay, err)
	}
	if err := json.Unmarshal(frames[2].Data, &history); err != nil || len(history.Samples) != 2 || history.Samples[1].At != 2_000 {
		t.Errorf("the history is %+v (%v)", history, err)
	}

	late := hub.Subscribe()
	defer late.Close()
	for _, frame := range drain(t, late) {
		if frame.Type == wire.TypeRun && frame.Key != "early" {
			t.Errorf("who comes later is told of the run %s of another moment", frame.Key)
		}
	}
}
