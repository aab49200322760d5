package site

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"porthole/server/wire"
)

// ready is what /healthz and /readyz answer when all is well.
type ready struct {
	Status string `json:"status"`
	// Notes are things that do not keep anybody from being served, in words.
	Notes []string `json:"notes,omitempty"`
}

func (s *Site) healthz(w http.ResponseWriter, _ *http.Request) {
	s.reply(w, http.StatusOK, ready{Status: "alive"})
}

// readyz says whether an engine answers and frames flow, and if not, why.
func (s *Site) readyz(w http.ResponseWriter, r *http.Request) {
	if reasons := s.unready(); len(reasons) > 0 {
		w.Header().Set("Retry-After", "1")
		s.problemWith(w, r, wire.Problem{
			Status: http.StatusServiceUnavailable, Detail: strings.Join(reasons, " "), Reasons: reasons,
		})
		return
	}
	answer := ready{Status: "ready"}
	if !s.assets.has(s.Script) {
		answer.Notes = append(answer.Notes, bundleMissing)
	}
	s.reply(w, http.StatusOK, answer)
}

// bundleMissing is said on pages and by /readyz.
const bundleMissing = "The browser bundle has not been built, so that pages show text only: 'make run' builds it and starts Porthole."

func (s *Site) unready() (reasons []string) {
	engine := s.Host().Engine
	if engine.State != wire.EngineUp {
		reason := engine.Problem
		if reason == "" {
			reason = fmt.Sprintf("The engine is not up (it is %q).", engine.State)
		}
		reasons = append(reasons, reason)
	}
	if s.Recording != nil {
		return reasons // it may be paused
	}
	switch sampled := s.Hub.Stats().SampledAt; {
	case sampled.IsZero():
		reasons = append(reasons, "No sample has been taken yet.")
	case s.Now().Sub(sampled) > s.staleAfter():
		reasons = append(reasons, fmt.Sprintf("No sample has been taken for %d seconds.", int(s.Now().Sub(sampled).Seconds())))
	}
	return reasons
}

// staleAfter is how long samples may stay away: they come at least once a
// second where the interval is no longer.
func (s *Site) staleAfter() time.Duration {
	return 3*max(s.Interval, time.Second) + time.Second
}
