package room_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"porthole/server/room"
	"porthole/server/wire"
)

func lessons() []wire.Lesson {
	return []wire.Lesson{
		{Slug: "cpu-limit", Answers: []wire.Answer{{ID: "same"}, {ID: "twice", Right: true}}},
		{Slug: "silent"},
		{Slug: "pids-limit", Answers: []wire.Answer{{ID: "all", Right: true}}},
	}
}

// at is a room whose presenter asks a lesson's question.
func at(t *testing.T, slug string) *room.Room {
	t.Helper()
	r := room.New(room.Options{Lessons: lessons, Publish: func(wire.Room) {}})
	show(t, r, slug, wire.PhaseQuestion)
	return r
}

func show(t *testing.T, r *room.Room, slug string, phase wire.Phase) {
	t.Helper()
	if err := r.Show(wire.Place{Stop: slug, Phase: phase}); err != nil {
		t.Fatal(err)
	}
}

func vote(t *testing.T, r *room.Room, answer, ballot string) {
	t.Helper()
	if err := r.Vote("cpu-limit", answer, ballot, "10.0.0.7"); err != nil {
		t.Fatalf("%s votes %s: %v", ballot, answer, err)
	}
}

func run(id string, state wire.RunState, verdicts ...wire.Verdict) wire.Run {
	r := wire.Run{ID: id, Lesson: "cpu-limit", State: state}
	for _, v := range verdicts {
		r.Claims = append(r.Claims, wire.Claim{Verdict: v})
	}
	return r
}

func TestThreePredictAndTwoAreRight(t *testing.T) {
	r := at(t, "cpu-limit")
	vote(t, r, "twice", "anna")
	vote(t, r, "same", "ben")
	vote(t, r, "twice", "cem")
	poll := r.Now().Poll
	if poll.State != wire.PollOpen || poll.Ballots != 3 || poll.Answers[0].Votes != 1 || poll.Answers[1].Votes != 2 {
		t.Fatalf("the tally is %+v", poll)
	}
	if poll.Right != "" || poll.RightBallots != nil {
		t.Fatal("the poll tells the answer while it is open")
	}
	r.Saw(run("1", wire.RunStarting, wire.Pending))
	if poll = r.Now().Poll; poll.State != wire.PollClosed || poll.RightBallots != nil {
		t.Fatalf("the run has started, and the poll is %+v", poll)
	}
	if err := r.Vote("cpu-limit", "twice", "late", "10.0.0.7"); !errors.Is(err, room.ErrLate) {
		t.Fatalf("a late vote gives %v", err)
	}
	r.Saw(run("1", wire.RunRunning, wire.Holds))
	poll = r.Now().Poll
	if poll.State != wire.PollTold || poll.Right != "twice" || poll.RightBallots == nil || *poll.RightBallots != 2 {
		t.Fatalf("after the verdict the poll is %+v", poll)
	}
	// That the run ends, or another begins, takes nothing back.
	r.Saw(run("1", wire.RunFinished, wire.Holds))
	r.Saw(run("2", wire.RunStarting, wire.Pending))
	if poll = r.Now().Poll; poll.State != wire.PollTold || poll.Ballots != 3 {
		t.Fatalf("another run made of the poll %+v", poll)
	}
}

func TestVotesThatAreRefused(t *testing.T) {
	tests := map[string]struct {
		lesson, answer, ballot string
		want                   error
	}{
		"a second one":                 {"cpu-limit", "same", "anna", room.ErrTwice},
		"an answer that is not there":  {"cpu-limit", "thrice", "ben", room.ErrNoAnswer},
		"a lesson that is not there":   {"nonsense", "same", "ben", room.ErrNoLesson},
		"a lesson that asks nothing":   {"silent", "same", "ben", room.ErrNoAnswer},
		"a lesson that is not on show": {"pids-limit", "all", "ben", room.ErrNotAsked},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := at(t, "cpu-limit")
			vote(t, r, "twice", "anna")
			if err := r.Vote(test.lesson, test.answer, test.ballot, "10.0.0.7"); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if got := r.Now().Poll.Ballots; got != 1 {
				t.Errorf("%d ballots are counted, want 1", got)
			}
		})
	}
}

func TestNobodyVotesWhereNobodyPresents(t *testing.T) {
	r := room.New(room.Options{Lessons: lessons, Publish: func(wire.Room) {}})
	if err := r.Vote("cpu-limit", "twice", "anna", ""); !errors.Is(err, room.ErrNotAsked) {
		t.Errorf("got %v", err)
	}
	if now := r.Now(); now.Place != nil || now.Poll != nil {
		t.Errorf("an empty room is %+v", now)
	}
}

func TestTalliesSurviveTheWayBack(t *testing.T) {
	r := at(t, "cpu-limit")
	vote(t, r, "twice", "anna")
	round := r.Now().Poll.Round
	show(t, r, wire.StopTakeaways, wire.PhaseQuestion)
	if r.Now().Poll != nil {
		t.Error("the takeaways have a poll")
	}
	show(t, r, "cpu-limit", wire.PhaseVerdict)
	if poll := r.Now().Poll; poll.Ballots != 1 || poll.Round != round {
		t.Errorf("on the way back the poll is %+v", poll)
	}
}

func TestAskedAgainEverybodyHasAHandAgain(t *testing.T) {
	r := at(t, "cpu-limit")
	vote(t, r, "twice", "anna")
	round := r.Now().Poll.Round
	r.Saw(run("1", wire.RunRunning, wire.Pending))
	if err := r.Ask("cpu-limit"); !errors.Is(err, room.ErrLate) {
		t.Fatalf("asked again in mid-run: %v", err)
	}
	r.Saw(run("1", wire.RunFinished, wire.Holds))
	if err := r.Ask("cpu-limit"); err != nil {
		t.Fatal(err)
	}
	poll := r.Now().Poll
	if poll.Round == round || poll.Ballots != 0 || poll.State != wire.PollOpen {
		t.Fatalf("the new round is %+v", poll)
	}
	vote(t, r, "same", "anna")
	for slug, want := range map[string]error{"nonsense": room.ErrNoLesson, "silent": room.ErrNoAnswer} {
		if err := r.Ask(slug); !errors.Is(err, want) {
			t.Errorf("asking %s: %v, want %v", slug, err, want)
		}
	}
}

func TestARunThatTellsNothingOpensTheQuestionAgain(t *testing.T) {
	for name, ended := range map[string]wire.Run{
		"stopped before a verdict": run("1", wire.RunStopped, wire.Pending),
		"failed":                   run("1", wire.RunFailed),
		"nothing could be told":    run("1", wire.RunFinished, wire.Unknown),
		"too little could be told": run("1", wire.RunFinished, wire.Unknown, wire.Holds),
		"the kernel did otherwise": run("1", wire.RunFinished, wire.Holds, wire.Holds, wire.Fails),
	} {
		t.Run(name, func(t *testing.T) {
			r := at(t, "cpu-limit")
			vote(t, r, "twice", "anna")
			r.Saw(run("1", wire.RunStarting, wire.Pending))
			r.Saw(ended)
			vote(t, r, "same", "ben")
			if err := r.Vote("cpu-limit", "twice", "anna", ""); !errors.Is(err, room.ErrTwice) {
				t.Errorf("the ballots are forgotten: %v", err)
			}
		})
	}
}

func TestAQuestionThatComesDuringItsRunIsClosed(t *testing.T) {
	r := room.New(room.Options{Lessons: lessons, Publish: func(wire.Room) {}})
	r.Saw(run("1", wire.RunRunning, wire.Pending))
	show(t, r, "cpu-limit", wire.PhaseQuestion)
	if err := r.Vote("cpu-limit", "twice", "anna", ""); !errors.Is(err, room.ErrLate) {
		t.Errorf("got %v", err)
	}
}

func TestWhatAwaitsAnActionIsNotAwaited(t *testing.T) {
	r := at(t, "cpu-limit")
	told := run("1", wire.RunRunning, wire.Holds, wire.Pending)
	told.Claims[1].Awaits = []string{"raise"}
	r.Saw(told)
	if poll := r.Now().Poll; poll.State != wire.PollTold {
		t.Errorf("the poll is %+v", poll)
	}
}

func TestBallotsAreBounded(t *testing.T) {
	r := at(t, "cpu-limit")
	for i := range 5000 {
		// From as many addresses, so that no other bound is met.
		if err := r.Vote("cpu-limit", "twice", fmt.Sprint("voter ", i), fmt.Sprint(i/100)); err != nil {
			t.Fatalf("ballot %d: %v", i, err)
		}
	}
	if err := r.Vote("cpu-limit", "twice", "one more", "more"); !errors.Is(err, room.ErrFull) {
		t.Errorf("one more gives %v", err)
	}
}

func TestOneAddressIsHeldBack(t *testing.T) {
	clock := time.Now()
	r := room.New(room.Options{Lessons: lessons, Publish: func(wire.Room) {}, Now: func() time.Time { return clock }})
	show(t, r, "cpu-limit", wire.PhaseQuestion)
	send := func(i int, from string) error { return r.Vote("cpu-limit", "twice", fmt.Sprint(i), from) }
	for i := range 500 {
		if err := send(i, "10.0.0.7"); err != nil {
			t.Fatalf("vote %d of a hall behind one address: %v", i, err)
		}
	}
	if err := send(500, "10.0.0.7"); !errors.Is(err, room.ErrTooFast) {
		t.Errorf("a flood gives %v", err)
	}
	if err := send(501, "10.0.0.8"); err != nil {
		t.Errorf("the flood keeps another address from voting: %v", err)
	}
	clock = clock.Add(time.Second)
	if err := send(502, "10.0.0.7"); err != nil {
		t.Errorf("a second later: %v", err)
	}
}

func TestAddressesAreBounded(t *testing.T) {
	clock := time.Now()
	r := room.New(room.Options{Lessons: lessons, Publish: func(wire.Room) {}, Now: func() time.Time { return clock }})
	show(t, r, "cpu-limit", wire.PhaseQuestion)
	for i := range 4096 {
		if err := r.Vote("cpu-limit", "twice", fmt.Sprint(i), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Vote("cpu-limit", "twice", "new", "new"); !errors.Is(err, room.ErrTooFast) {
		t.Errorf("an address too many gives %v", err)
	}
	clock = clock.Add(time.Minute)
	if err := r.Vote("cpu-limit", "twice", "new", "new"); err != nil {
		t.Errorf("those that rest are not forgotten: %v", err)
	}
}

func TestPlaces(t *testing.T) {
	r := at(t, "cpu-limit")
	for _, place := range []wire.Place{
		{Stop: "nonsense", Phase: wire.PhaseLive}, {Stop: "cpu-limit", Phase: "nonsense"}, {Stop: "cpu-limit"},
		{Stop: "cpu-limit", Phase: wire.PhaseLive, View: -1}, {Stop: "cpu-limit", Phase: wire.PhaseLive, View: 1000},
	} {
		if err := r.Show(place); !errors.Is(err, room.ErrPlace) {
			t.Errorf("%+v gives %v", place, err)
		}
	}
	for _, place := range []wire.Place{{Stop: wire.StopDrawing, Phase: wire.PhaseLive, Blank: true}, {Stop: "silent", Phase: wire.PhaseVerdict, View: 2}} {
		if err := r.Show(place); err != nil {
			t.Fatalf("%+v: %v", place, err)
		}
		if now := r.Now(); now.Place == nil || *now.Place != place {
			t.Errorf("shown %+v, and the room is at %+v", place, now.Place)
		}
	}
}

func TestNewsComesAtOnceAndThenWithPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var all []wire.Room
		publish := func(now wire.Room) {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, now)
		}
		toldSoFar := func() []wire.Room {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(all)
		}
		r := room.New(room.Options{Lessons: lessons, Publish: publish, Pause: time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		told := toldSoFar()
		if len(told) != 1 || told[0].Followers != 0 {
			t.Fatalf("at first %d messages: %+v", len(told), told)
		}
		leave := r.Follow()
		r.Follow()
		for range 3 {
			r.Follow()()
		}
		told = toldSoFar()
		if len(told) != 1 {
			t.Fatalf("%d messages within the pause", len(told))
		}
		time.Sleep(time.Second) // of the bubble: no time passes outside
		told = toldSoFar()
		if len(told) != 2 || told[1].Followers != 2 {
			t.Fatalf("after the pause: %+v", told)
		}
		leave()
		leave() // once is enough
		time.Sleep(time.Minute)
		told = toldSoFar()
		if len(told) != 3 || told[2].Followers != 1 {
			t.Fatalf("at the end: %+v", told)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ends with %v", err)
		}
	})
}
