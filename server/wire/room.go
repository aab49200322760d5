package wire

// Room is what those who sit in one room share: where the presenter is, and
// what the room predicts. It is whole on each change.
type Room struct {
	Header
	// Place is where the presenter is; absent until one has shown anything.
	Place *Place `json:"place,omitempty"`
	// Followers counts the pages that follow now.
	Followers int `json:"followers"`
	// Poll is that of the lesson at Place; absent where it asks nothing.
	Poll *Poll `json:"poll,omitempty"`
}

// The stops of the walk that are no lessons.
const (
	StopDrawing   = "drawing"
	StopTakeaways = "takeaways"
)

// Place is what the presenter shows.
type Place struct {
	// Stop is a lesson's slug, or StopDrawing or StopTakeaways.
	Stop  string `json:"stop"`
	Phase Phase  `json:"phase"`
	// View says which of the lesson's pictures is shown, from 0.
	View int `json:"view,omitempty"`
	// Blank is true while the screen is blanked.
	Blank bool `json:"blank,omitempty"`
}

// Phase is how far the presenter has come at a stop.
type Phase string

const (
	// PhaseQuestion: the question and its answers.
	PhaseQuestion Phase = "question"
	// PhaseLive: the picture of the lesson, live.
	PhaseLive Phase = "live"
	// PhaseVerdict: the verdicts with their figures.
	PhaseVerdict Phase = "verdict"
)

// Poll is what the room predicts of one lesson.
type Poll struct {
	Lesson string `json:"lesson"`
	// Round is the name of this asking; asked again, it is another.
	Round string    `json:"round"`
	State PollState `json:"state"`
	// Ballots counts those who have predicted.
	Ballots int `json:"ballots"`
	// Answers are the lesson's, in its order, each with its votes.
	Answers []PollAnswer `json:"answers"`
	// Right is the answer that the kernel has confirmed, and RightBallots
	// counts those who predicted it; absent until State is told.
	Right        string `json:"right,omitempty"`
	RightBallots *int   `json:"rightBallots,omitempty"`
}

// PollAnswer is one answer with its votes.
type PollAnswer struct {
	ID    string `json:"id"`
	Votes int    `json:"votes"`
}

// PollState is whether a poll still takes votes.
type PollState string

const (
	// PollOpen: it takes votes.
	PollOpen PollState = "open"
	// PollClosed: the run has started, and has not told the answer yet.
	PollClosed PollState = "closed"
	// PollTold: the run's verdicts are in.
	PollTold PollState = "told"
)

// Vote is the body of the request that predicts.
type Vote struct {
	// Answer is the answer's ID.
	Answer string `json:"answer"`
}

// Invitation says how others reach the page that follows.
type Invitation struct {
	// URL is its address; absent where others cannot reach this server, or
	// where the server cannot know by which address.
	URL string `json:"url,omitempty"`
	// Reason says why there is no URL, and what to do, in one sentence.
	Reason string `json:"reason,omitempty"`
}
