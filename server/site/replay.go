package site

import (
	"net/http"

	"porthole/server/wire"
)

// Player plays a recording. Its errors become HTTP answers by
// Options.Statuses.
type Player interface {
	// State is how it is being played now.
	State() wire.Replay
	// Change plays it otherwise, for all viewers.
	Change(wire.ReplayRequest) (wire.Replay, error)
}

const notReplayed = "This is live and not a recording: there is nothing to wind."

func (s *Site) getReplay(w http.ResponseWriter, r *http.Request) {
	if s.Player == nil {
		s.problem(w, r, http.StatusNotFound, notReplayed)
		return
	}
	s.reply(w, http.StatusOK, s.Player.State())
}

func (s *Site) changeReplay(w http.ResponseWriter, r *http.Request) {
	if s.Player == nil {
		s.problem(w, r, http.StatusNotFound, notReplayed)
		return
	}
	var wanted wire.ReplayRequest
	if !s.readBody(w, r, &wanted) {
		return
	}
	state, err := s.Player.Change(wanted)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, state)
}
