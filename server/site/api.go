package site

import (
	"fmt"
	"net/http"
	"net/url"

	"porthole/server/wire"
)

// nothing is the body of requests that have nothing to say: {} or no body.
type nothing struct{}

func (s *Site) getHost(w http.ResponseWriter, r *http.Request) {
	s.reply(w, http.StatusOK, s.Doctor(r.Context()))
}

func (s *Site) getLessons(w http.ResponseWriter, _ *http.Request) {
	lessons := s.Lab.Catalogue()
	if lessons == nil {
		lessons = []wire.Lesson{} // none is [], not null
	}
	s.reply(w, http.StatusOK, lessons)
}

func (s *Site) getLesson(w http.ResponseWriter, r *http.Request) {
	lesson, ok := s.lesson(r)
	if !ok {
		s.problem(w, r, http.StatusNotFound, "There is no lesson of this name: GET /api/v1/lessons lists those that there are.")
		return
	}
	s.reply(w, http.StatusOK, lesson)
}

// lesson finds the one that the path names.
func (s *Site) lesson(r *http.Request) (wire.Lesson, bool) {
	slug, ok := param(r, "slug")
	if !ok {
		return wire.Lesson{}, false
	}
	return s.lessonBySlug(slug)
}

func (s *Site) lessonBySlug(slug string) (wire.Lesson, bool) {
	for _, lesson := range s.Lab.Catalogue() {
		if lesson.Slug == slug {
			return lesson, true
		}
	}
	return wire.Lesson{}, false
}

func (s *Site) startRun(w http.ResponseWriter, r *http.Request) {
	if !s.readBody(w, r, &nothing{}) {
		return
	}
	lesson, ok := s.lesson(r)
	if !ok {
		s.problem(w, r, http.StatusNotFound, "There is no lesson of this name: GET /api/v1/lessons lists those that there are.")
		return
	}
	run, err := s.Lab.Start(r.Context(), lesson.Slug)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Location", s.BasePath+"/api/v1/runs/"+url.PathEscape(run.ID))
	s.reply(w, http.StatusCreated, wire.Started{ID: run.ID})
}

func (s *Site) getRuns(w http.ResponseWriter, _ *http.Request) {
	runs := s.Lab.Runs()
	if runs == nil {
		runs = []wire.Run{}
	}
	s.reply(w, http.StatusOK, runs)
}

// run finds the one that the path names, and answers 404 by itself if there is
// none.
func (s *Site) run(w http.ResponseWriter, r *http.Request) (wire.Run, bool) {
	if id, ok := param(r, "id"); ok {
		if run, ok := s.Lab.Get(id); ok {
			return run, true
		}
	}
	s.problem(w, r, http.StatusNotFound, "There is no run of this ID: it may have ended long ago, or with an earlier start of Porthole.")
	return wire.Run{}, false
}

func (s *Site) getRun(w http.ResponseWriter, r *http.Request) {
	if run, ok := s.run(w, r); ok {
		s.reply(w, http.StatusOK, run)
	}
}

func (s *Site) stopRun(w http.ResponseWriter, r *http.Request) {
	if !s.readBody(w, r, &nothing{}) {
		return
	}
	run, ok := s.run(w, r)
	if !ok {
		return
	}
	if err := s.Lab.Stop(r.Context(), run.ID); err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Site) act(w http.ResponseWriter, r *http.Request) {
	var request wire.ActionRequest
	if !s.readBody(w, r, &request) {
		return
	}
	run, ok := s.run(w, r)
	if !ok {
		return
	}
	action, ok := param(r, "action")
	if lesson, known := s.lessonBySlug(run.Lesson); ok && known {
		ok = false
		for _, defined := range lesson.Actions {
			ok = ok || defined.ID == action
		}
	}
	if !ok {
		s.problem(w, r, http.StatusNotFound, fmt.Sprintf("The lesson %s has no such action: GET /api/v1/lessons/%s lists them.", run.Lesson, run.Lesson))
		return
	}
	if err := s.Lab.Act(r.Context(), run.ID, action, request.Value); err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Site) getTopology(w http.ResponseWriter, r *http.Request) {
	data, ok := s.Hub.Latest(wire.TypeTopology)
	if !ok {
		s.problem(w, r, http.StatusServiceUnavailable, "Nothing has been read from the kernel yet: try again in a second.")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(data)
}

func (s *Site) getSource(w http.ResponseWriter, r *http.Request) {
	name, ok := param(r, "name")
	field, ok2 := param(r, "field")
	if !ok || !ok2 {
		s.problem(w, r, http.StatusNotFound, "There is no container or field of this name: a name is at most 128 letters, digits, dots, dashes and underscores.")
		return
	}
	provenance, err := s.Sources.Source(name, field)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, provenance)
}
