package wire

// Run is one run of a lesson, whole, on each change of it.
type Run struct {
	Header
	ID     string   `json:"id"`
	Lesson string   `json:"lesson"`
	State  RunState `json:"state"`
	// Progress says in words what is being done, while something is.
	Progress  string `json:"progress,omitempty"`
	StartedAt int64  `json:"startedAt"`
	EndedAt   int64  `json:"endedAt,omitempty"`
	// EndsBy is when the run is ended whatever happens.
	EndsBy     int64          `json:"endsBy,omitempty"`
	Containers []RunContainer `json:"containers"`
	Claims     []Claim        `json:"claims"`
	// Actions that can be taken now, by their ID.
	Actions []string `json:"actions,omitempty"`
	// Problem is one sentence: what failed, why, what to do.
	Problem string `json:"problem,omitempty"`
	// Seen is what was last seen of its containers, once one of them has
	// exited. It is in the answer to GET /api/v1/runs/{id} alone, never in the
	// stream: it can be long.
	Seen *Seen `json:"seen,omitempty"`
}

// Seen is the past of a run: what is left to show when its containers are gone.
type Seen struct {
	// Containers are those that were seen alive, in the lesson's order.
	Containers []SeenContainer `json:"containers"`
	// Images are those that the containers were made from.
	Images []Image `json:"images,omitempty"`
	// Samples are the last minute of the run, oldest first, at most four a
	// second.
	Samples []Sample `json:"samples,omitempty"`
}

// SeenContainer is a container as it was last seen.
type SeenContainer struct {
	// At is when it was last seen alive, in Unix milliseconds.
	At int64 `json:"at"`
	// Container is what was known of it then. What the engine and the kernel's
	// log have said of its end since is in it too.
	Container Container `json:"container"`
	// Last are its last counters.
	Last Counters `json:"last"`
}

// RunState is how far a run has come.
type RunState string

const (
	// RunStarting: containers are being created.
	RunStarting RunState = "starting"
	// RunRunning: they run, and claims are being judged.
	RunRunning RunState = "running"
	// RunStopping: containers are being removed.
	RunStopping RunState = "stopping"
	// RunFinished: it ended by itself; nothing of it is left on the engine.
	RunFinished RunState = "finished"
	// RunStopped: somebody stopped it, or its containers (Problem names them); nothing of
	// it is left on the engine.
	RunStopped RunState = "stopped"
	// RunFailed: it could not be started or watched to its end; Problem says why.
	RunFailed RunState = "failed"
)

// Ended reports whether the run is over and its containers are removed.
func (s RunState) Ended() bool {
	return s == RunFinished || s == RunStopped || s == RunFailed
}

// RunContainer is one container of a run.
type RunContainer struct {
	// Key is its name within the lesson.
	Key string `json:"key"`
	// Name is the engine's name for it.
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	// State is "waiting", "created", "running", "exited" or "removed".
	State    string `json:"state"`
	ExitCode *int   `json:"exitCode,omitempty"`
	// Says is the workload's last line of report, in words.
	Says string `json:"says,omitempty"`
	// Command is the equivalent docker run command.
	Command string `json:"command"`
	// CreatedInUsec is how long the engine took to create it, in microseconds.
	CreatedInUsec Count `json:"createdInUsec,omitzero"`
	// StartedInUsec is how long it took to create it and to start it, up to
	// the first word of its first process, in microseconds. Time in which it
	// waited for another container is not in it.
	StartedInUsec Count `json:"startedInUsec,omitzero"`
}

// Claim is one statement of the chapter, judged.
type Claim struct {
	ID   string `json:"id"`
	Says string `json:"says"`
	// Book is true where it is the chapter's own statement.
	Book bool `json:"book,omitempty"`
	// Verdict is pending, holds, fails or unknown.
	Verdict Verdict `json:"verdict"`
	// Measured is the figure that decided it, in words.
	Measured string `json:"measured,omitempty"`
	// Over is the window over which it is judged, in words.
	Over string `json:"over,omitempty"`
	// Reason says why it cannot be told, or why it does not hold.
	Reason string `json:"reason,omitempty"`
	// Expected is what a healthy host of this kind gives: holds or fails.
	Expected Verdict `json:"expected,omitempty"`
	// Sources are the numbers it was judged on, as container/field.
	Sources []string `json:"sources,omitempty"`
	// Awaits are the actions that somebody must take before it is judged.
	Awaits []string `json:"awaits,omitempty"`
}

// Verdict is the outcome of a claim.
type Verdict string

const (
	Pending Verdict = "pending"
	Holds   Verdict = "holds"
	Fails   Verdict = "fails"
	Unknown Verdict = "unknown"
)

// Lesson is one entry of the catalogue.
type Lesson struct {
	Slug     string `json:"slug"`
	Title    string `json:"title"`
	Section  string `json:"section"`
	Summary  string `json:"summary,omitempty"`
	Question string `json:"question,omitempty"`
	// Answers are those to pick from before the run.
	Answers    []Answer          `json:"answers,omitempty"`
	Containers []LessonContainer `json:"containers"`
	Panels     []string          `json:"panels"`
	Claims     []Claim           `json:"claims"`
	Actions    []Action          `json:"actions,omitempty"`
	// Seconds is about how long a run takes until its last verdict.
	Seconds int `json:"seconds,omitempty"`
	// Unavailable says why this host cannot run it; absent where it can.
	Unavailable string `json:"unavailable,omitempty"`
	// Run is the ID of the run under way, where there is one.
	Run string `json:"run,omitempty"`
}

// Answer is one possible prediction.
type Answer struct {
	ID   string `json:"id"`
	Says string `json:"says"`
	// Right is true for the one that the kernel confirms.
	Right bool `json:"right,omitempty"`
}

// LessonContainer is a container that a lesson starts.
type LessonContainer struct {
	Key      string `json:"key"`
	Title    string `json:"title"`
	Subtitle string `json:"subtitle,omitempty"`
	Command  string `json:"command"`
}

// Action is something that can be done while a lesson runs.
type Action struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Command does the same by hand. Where there is a Range, $VALUE in it
	// stands for the value chosen. It is empty where nothing does.
	Command string `json:"command"`
	// Step is "next" or "rest" for an action that lets the making of a container
	// go on, by one step or by all that are left. It can be taken again.
	Step string `json:"step,omitempty"`
	// Container is the key of the container that it is done to.
	Container string `json:"container,omitempty"`
	// Range, where there is one, is what the value may be.
	Range *Range `json:"range,omitempty"`
}

// Range is what the value of an action may be.
type Range struct {
	// Limit is the flag that it sets, for example cpus.
	Limit string `json:"limit"`
	// Min and Max are the least and the most, in Unit; Step is the distance
	// of two values. Value is where a slider begins.
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
	Step  float64 `json:"step"`
	Value float64 `json:"value"`
	// Unit is "cores", "bytes", "processes" or "shares".
	Unit string `json:"unit"`
}

// ActionRequest is the body of the request that takes an action. It may be
// left out.
type ActionRequest struct {
	// Value is for an action with a range; without it the action's own is taken.
	Value *float64 `json:"value,omitempty"`
}

// Started is the answer to the request that starts a run.
type Started struct {
	ID string `json:"id"`
}

// Problem is the body of every error: application/problem+json, RFC 9457.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is one sentence: what failed, why, what to do.
	Detail string `json:"detail,omitempty"`
	// Instance is the request's path.
	Instance string `json:"instance,omitempty"`
	// Reasons are the sentences of Detail one by one, where there can be
	// several (/readyz).
	Reasons []string `json:"reasons,omitempty"`
}

// Command is what a viewer may send over the websocket.
type Command struct {
	// Type is "subscribe", "pause" or "resume".
	Type string `json:"type"`
	// Containers narrows the samples to these names (subscribe only).
	Containers []string `json:"containers,omitempty"`
}
