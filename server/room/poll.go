package room

import (
	"cmp"
	"crypto/rand"
	"fmt"

	"porthole/server/wire"
)

// poll is one asking of one lesson's question.
type poll struct {
	lesson  string
	round   string
	state   wire.PollState
	run     string // the one that closed it
	right   string // the answer that the kernel confirms; "" where none is
	votes   []wire.PollAnswer
	ballots map[[16]byte]struct{}
}

func newPoll(lesson wire.Lesson) *poll {
	p := &poll{lesson: lesson.Slug, round: rand.Text()[:12], state: wire.PollOpen, ballots: map[[16]byte]struct{}{}}
	for _, answer := range lesson.Answers {
		p.votes = append(p.votes, wire.PollAnswer{ID: answer.ID})
		if answer.Right {
			p.right = answer.ID
		}
	}
	return p
}

// cast counts one ballot, or says why not.
func (p *poll) cast(answer string, ballot [16]byte) error {
	at := -1
	for i := range p.votes {
		if p.votes[i].ID == answer {
			at = i
		}
	}
	_, twice := p.ballots[ballot]
	switch {
	case at < 0:
		return fmt.Errorf("%w: the lesson %s does not offer it", ErrNoAnswer, p.lesson)
	case twice:
		return fmt.Errorf("%w: this browser's prediction is counted; each follower predicts once", ErrTwice)
	case p.state != wire.PollOpen:
		return fmt.Errorf("%w: the lesson has been started, and predictions are made before that", ErrLate)
	case len(p.ballots) >= mostBallots:
		return fmt.Errorf("%w: %d predictions are as many as one question takes", ErrFull, mostBallots)
	}
	p.ballots[ballot] = struct{}{}
	p.votes[at].Votes++
	return nil
}

// saw takes in a run of the lesson, and reports whether that changed anything.
func (p *poll) saw(run wire.Run) bool {
	if p.state == wire.PollTold {
		return false
	}
	before := p.state
	switch {
	case told(run) && (p.run == run.ID || !run.State.Ended()):
		p.state, p.run = wire.PollTold, run.ID
	case !run.State.Ended():
		p.state, p.run = wire.PollClosed, run.ID
	case p.run == run.ID:
		// It ended without having told anything: the question is open again.
		p.state, p.run = wire.PollOpen, ""
	}
	return p.state != before
}

// told reports whether a run has told the answer: it has judged all that it
// can judge by itself, the kernel did as is expected of it in most of that,
// and against it in nothing. What awaits somebody's action comes later.
func told(run wire.Run) bool {
	judged, expected := 0, 0
	for _, claim := range run.Claims {
		want := cmp.Or(claim.Expected, wire.Holds)
		switch {
		case claim.Verdict == wire.Pending && len(claim.Awaits) > 0:
			continue
		case claim.Verdict == want:
			expected++
		case claim.Verdict != wire.Unknown:
			return false
		}
		judged++
	}
	return expected > judged/2
}

// message is the poll as it is told to everybody.
func (p *poll) message() *wire.Poll {
	m := &wire.Poll{
		Lesson: p.lesson, Round: p.round, State: p.state, Ballots: len(p.ballots),
		Answers: append([]wire.PollAnswer(nil), p.votes...),
	}
	if p.state == wire.PollTold && p.right != "" {
		m.Right = p.right
		right := 0
		for _, answer := range p.votes {
			if answer.ID == p.right {
				right = answer.Votes
			}
		}
		m.RightBallots = &right
	}
	return m
}
