package wire

// TypeReplay is the type of Replay.
const TypeReplay = "replay"

// Replay says how a recording is being played. It comes first on the stream
// of a recording, and on each change of it; a live stream has none.
type Replay struct {
	Header
	Recording Recording `json:"recording"`
	// BeganAt is the time of its first message, in Unix milliseconds: a
	// sample's own time less this is its position.
	BeganAt int64 `json:"beganAt"`
	// PositionMs is how far into the recording the stream is, in
	// milliseconds, from 0 to LengthMs.
	PositionMs int64 `json:"positionMs"`
	LengthMs   int64 `json:"lengthMs"`
	// Speed is how many seconds of the recording pass in one second, from
	// 0.25 to 8.
	Speed  float64 `json:"speed"`
	Paused bool    `json:"paused"`
	// Epoch rises with each jump. What was sent before it is void; the
	// topology, the history and the runs at the new position follow.
	Epoch uint64 `json:"epoch"`
	// Chapters are where each recorded lesson begins.
	Chapters []Chapter `json:"chapters,omitempty"`
	// Cut is true where the end of the file is missing.
	Cut bool `json:"cut,omitempty"`
}

// Chapter is a lesson's place in a recording.
type Chapter struct {
	Lesson string `json:"lesson"`
	// PositionMs is where its run begins, in milliseconds from the start.
	PositionMs int64 `json:"positionMs"`
}

// ReplayRequest is the body of the request that plays a recording otherwise.
// What is left out stays as it is.
type ReplayRequest struct {
	PositionMs *int64   `json:"positionMs,omitempty"`
	Speed      *float64 `json:"speed,omitempty"`
	Paused     *bool    `json:"paused,omitempty"`
}
