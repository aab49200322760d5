// Package room keeps what those who sit in one room share: where the presenter
// is, and what the room predicts before a lesson is run.
//
// A ballot is anonymous. Of whoever votes the room keeps a keyed digest alone,
// and not beside the answer: nobody, the server included, can tell who
// predicted what. It is a show of hands and no election: somebody who throws
// away a cookie has another hand.
package room

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"porthole/server/wire"
)

// Why the room says no. Each comes wrapped in a sentence for the reader.
var (
	// ErrNoLesson: there is no such lesson.
	ErrNoLesson = errors.New("no such lesson")
	// ErrNoAnswer: the lesson has no such answer, or asks nothing.
	ErrNoAnswer = errors.New("no such answer")
	// ErrPlace: there is no such place to be at.
	ErrPlace = errors.New("no such place")
	// ErrNotAsked: the presenter is not at that lesson.
	ErrNotAsked = errors.New("not asked now")
	// ErrLate: the lesson is running, or its answer is known.
	ErrLate = errors.New("too late")
	// ErrTwice: this ballot has been cast.
	ErrTwice = errors.New("predicted already")
	// ErrFull: as many ballots as a poll takes.
	ErrFull = errors.New("full")
	// ErrTooFast: too many votes from one address.
	ErrTooFast = errors.New("too fast")
)

// Bounds.
const (
	// mostBallots bounds those of one poll; each costs 16 bytes and its place
	// in a map.
	mostBallots = 5000
	// mostPolls bounds the polls that are remembered, the newest.
	mostPolls = 64
	// mostViews bounds the pictures of a lesson.
	mostViews = 32
)

// Options are what a Room needs. Lessons and Publish must be set.
type Options struct {
	// Lessons is the catalogue, with the answers.
	Lessons func() []wire.Lesson
	// Publish hears of every change, from Run, at most once each Pause.
	Publish func(wire.Room)
	// Pause is the least time between two messages (default 200 ms): a hall
	// that votes at once must not make a message of each vote.
	Pause time.Duration
	// Now is the clock (default time.Now).
	Now func() time.Time
}

// Room is one presenter with those who follow. Its methods can be called from
// any goroutine.
type Room struct {
	options Options
	key     []byte        // of the digests of ballots
	changed chan struct{} // holds a token while there is news

	mu        sync.Mutex
	place     *wire.Place
	followers int
	polls     map[string]*poll
	order     []string            // of polls, by lesson, the oldest first
	live      map[string]wire.Run // under way, by lesson
	pace      pace
}

// New returns an empty room. It starts no goroutine.
func New(o Options) *Room {
	if o.Pause == 0 {
		o.Pause = 200 * time.Millisecond
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	key := make([]byte, sha256.Size)
	rand.Read(key) // never fails
	return &Room{options: o, key: key, changed: make(chan struct{}, 1), polls: map[string]*poll{}, live: map[string]wire.Run{}}
}

// Run publishes what changes until ctx ends, and returns its error.
func (r *Room) Run(ctx context.Context) error {
	r.news() // those who come before anything has happened learn that
	timer := time.NewTimer(r.options.Pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.changed:
		}
		r.options.Publish(r.Now())
		timer.Reset(r.options.Pause)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
	}
}

func (r *Room) news() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// Now returns how the room stands, without a header.
func (r *Room) Now() wire.Room {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := wire.Room{Followers: r.followers}
	if r.place != nil {
		place := *r.place
		now.Place = &place
		if p := r.polls[place.Stop]; p != nil {
			now.Poll = p.message()
		}
	}
	return now
}

// Show moves the room to where the presenter is.
func (r *Room) Show(place wire.Place) error {
	switch place.Phase {
	case wire.PhaseQuestion, wire.PhaseLive, wire.PhaseVerdict:
	default:
		return fmt.Errorf("%w: the phases are question, live and verdict", ErrPlace)
	}
	if place.View < 0 || place.View > mostViews {
		return fmt.Errorf("%w: a view is a number from 0 to %d", ErrPlace, mostViews)
	}
	lesson, known := r.lesson(place.Stop)
	if !known && place.Stop != wire.StopDrawing && place.Stop != wire.StopTakeaways {
		return fmt.Errorf("%w: a stop is a lesson's slug, %s or %s", ErrPlace, wire.StopDrawing, wire.StopTakeaways)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.place = &place
	if known && len(lesson.Answers) > 0 && r.polls[lesson.Slug] == nil {
		r.ask(lesson)
	}
	r.news()
	return nil
}

// Follow counts a page that follows, until the function that it returns is
// called.
func (r *Room) Follow() (leave func()) {
	add := func(change int) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.followers += change
		r.news()
	}
	add(+1)
	return sync.OnceFunc(func() { add(-1) })
}

// Vote casts a ballot: once, before the lesson is run, and while the presenter
// is there. ballot is the voter's secret, from is the address it came from.
func (r *Room) Vote(slug, answer, ballot, from string) error {
	lesson, known := r.lesson(slug)
	if !known {
		return fmt.Errorf("%w: there is no lesson %q", ErrNoLesson, slug)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.pace.allows(from, r.options.Now()) {
		return fmt.Errorf("%w: more votes come from this address than a room of students sends; try again in a few seconds", ErrTooFast)
	}
	p := r.polls[slug]
	if p == nil || r.place == nil || r.place.Stop != slug {
		if !offers(lesson, answer) {
			return fmt.Errorf("%w: the lesson %s does not offer it", ErrNoAnswer, slug)
		}
		return fmt.Errorf("%w: the presenter is not at this lesson; this page follows by itself", ErrNotAsked)
	}
	if err := p.cast(answer, digest(r.key, p.round, ballot)); err != nil {
		return err
	}
	r.news()
	return nil
}

// Ask begins a new round of a lesson's poll, without ballots.
func (r *Room) Ask(slug string) error {
	lesson, known := r.lesson(slug)
	if !known {
		return fmt.Errorf("%w: there is no lesson %q", ErrNoLesson, slug)
	}
	if len(lesson.Answers) == 0 {
		return fmt.Errorf("%w: the lesson %s asks nothing", ErrNoAnswer, slug)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, live := r.live[slug]; live {
		return fmt.Errorf("%w: the lesson is running; ask again when it has ended", ErrLate)
	}
	r.ask(lesson)
	r.news()
	return nil
}

// Saw takes in how a run stands: its start closes the lesson's poll, its
// verdicts tell the answer.
func (r *Room) Saw(run wire.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if run.State.Ended() {
		delete(r.live, run.Lesson)
	} else {
		r.live[run.Lesson] = run
	}
	if p := r.polls[run.Lesson]; p != nil && p.saw(run) {
		r.news()
	}
}

// ask makes a lesson's poll anew. r.mu is held.
func (r *Room) ask(lesson wire.Lesson) {
	if r.polls[lesson.Slug] == nil {
		if len(r.order) == mostPolls {
			delete(r.polls, r.order[0])
			r.order = append(r.order[:0], r.order[1:]...)
		}
		r.order = append(r.order, lesson.Slug)
	}
	p := newPoll(lesson)
	if run, live := r.live[lesson.Slug]; live {
		p.saw(run) // nobody predicts what is to be seen already
	}
	r.polls[lesson.Slug] = p
}

func (r *Room) lesson(slug string) (wire.Lesson, bool) {
	for _, lesson := range r.options.Lessons() {
		if lesson.Slug == slug {
			return lesson, true
		}
	}
	return wire.Lesson{}, false
}

func offers(lesson wire.Lesson, answer string) bool {
	for _, a := range lesson.Answers {
		if a.ID == answer {
			return true
		}
	}
	return false
}

// digest is all that is kept of a ballot. It differs from round to round, so
// that not even two predictions of one person can be joined.
func digest(key []byte, round, ballot string) (sum [16]byte) {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(round))
	mac.Write([]byte{0})
	mac.Write([]byte(ballot))
	copy(sum[:], mac.Sum(nil))
	return sum
}
