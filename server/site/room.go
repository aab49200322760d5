package site

import (
	"crypto/rand"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"porthole/server/wire"
)

// Room is what the presenter and those who follow share. Its errors become
// HTTP answers by Options.Statuses.
type Room interface {
	// Now returns how the room stands.
	Now() wire.Room
	// Show moves the room to where the presenter is.
	Show(place wire.Place) error
	// Vote casts a ballot on a lesson's question, from an address.
	Vote(lesson, answer, ballot, from string) error
	// Ask begins a new round of a lesson's question.
	Ask(lesson string) error
	// Follow counts a page that follows, until leave is called.
	Follow() (leave func())
}

// ballotCookie holds a number by which a browser has one hand to raise, and
// nothing else: it is made at random, and says nothing of anybody.
const ballotCookie = "porthole_ballot"

// ballotShape is what rand.Text makes.
var ballotShape = regexp.MustCompile(`^[A-Z2-7]{26}$`)

const noBallot = "This prediction cannot be counted once, because the browser sent no ballot: allow cookies for this page, and load /follow again."

func (s *Site) getRoom(w http.ResponseWriter, _ *http.Request) {
	s.reply(w, http.StatusOK, s.Room.Now())
}

func (s *Site) showRoom(w http.ResponseWriter, r *http.Request) {
	var place wire.Place
	if !s.readBody(w, r, &place) {
		return
	}
	if err := s.Room.Show(place); err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// vote needs no control: it has no power over anything that runs.
func (s *Site) vote(w http.ResponseWriter, r *http.Request) {
	var vote wire.Vote
	if !s.readBody(w, r, &vote) {
		return
	}
	slug, ok := param(r, "slug")
	if !ok {
		s.problem(w, r, http.StatusNotFound, "There is no lesson of this name: GET /api/v1/lessons lists those that there are.")
		return
	}
	ballot, ok := ballotOf(r)
	if !ok {
		s.problem(w, r, http.StatusBadRequest, noBallot)
		return
	}
	from, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		from = r.RemoteAddr
	}
	if err := s.Room.Vote(slug, vote.Answer, ballot, from); err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Site) askAgain(w http.ResponseWriter, r *http.Request) {
	if !s.readBody(w, r, &nothing{}) {
		return
	}
	slug, _ := param(r, "slug")
	if err := s.Room.Ask(slug); err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func ballotOf(r *http.Request) (string, bool) {
	cookie, err := r.Cookie(ballotCookie)
	if err != nil || !ballotShape.MatchString(cookie.Value) {
		return "", false
	}
	return cookie.Value, true
}

func (s *Site) getInvitation(w http.ResponseWriter, r *http.Request) {
	s.reply(w, http.StatusOK, s.invitation(r))
}

func (s *Site) invitationCode(w http.ResponseWriter, r *http.Request) {
	invitation := s.invitation(r)
	if invitation.URL == "" {
		s.problem(w, r, http.StatusNotFound, invitation.Reason)
		return
	}
	code, err := qrCode(invitation.URL)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(code)
}

// invitation is the address that others can use: the one by which this request
// came, unless that means this machine itself, else the first of Reach.
func (s *Site) invitation(r *http.Request) wire.Invitation {
	host := r.Host
	if isLoopback(host) {
		if len(s.Reach) == 0 {
			return wire.Invitation{Reason: s.ReachReason}
		}
		return wire.Invitation{URL: "http://" + s.Reach[0] + s.BasePath + "/follow"}
	}
	scheme := "http"
	// A proxy speaks https to the browser and http to us; the page that asks
	// tells how it was reached.
	if from, err := url.Parse(r.Referer()); r.TLS != nil || err == nil && from.Scheme == "https" && strings.EqualFold(from.Host, host) {
		scheme = "https"
	}
	return wire.Invitation{URL: scheme + "://" + host + s.BasePath + "/follow"}
}

// isLoopback reports whether a Host header means the machine that sends it.
func isLoopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}

// stopText is a lesson as a stop of the walk.
type stopText struct {
	wire.Lesson
	Insight template.HTML
}

// walk renders the presenter's view or the page that follows it.
func (s *Site) walk(w http.ResponseWriter, r *http.Request, page, title string) {
	theme, ok := theme(r)
	if !ok {
		s.pages.fail(w, r, http.StatusBadRequest, badTheme, false)
		return
	}
	v := view{Title: title, Page: page, Theme: theme, Lesson: r.URL.Query().Get("lesson"), Lessons: s.Lab.Catalogue()}
	if v.Lesson != "" {
		if _, known := s.lessonBySlug(v.Lesson); !known {
			s.pages.fail(w, r, http.StatusNotFound, noLesson, false)
			return
		}
	}
	for _, lesson := range v.Lessons {
		article, _ := s.Article(lesson.Slug)
		v.Stops = append(v.Stops, stopText{Lesson: lesson, Insight: s.htmlOf(article.Insight)})
	}
	v.Takeaways = takeaways(v.Lessons, nil)
	v.Snapshot = s.snapshot(none)
	s.pages.render(w, r, http.StatusOK, page, v)
}

func (s *Site) presentPage(w http.ResponseWriter, r *http.Request) {
	s.walk(w, r, "present", "Presenter's view")
}

// followPage gives the browser its ballot.
func (s *Site) followPage(w http.ResponseWriter, r *http.Request) {
	if _, ok := ballotOf(r); !ok {
		http.SetCookie(w, &http.Cookie{
			Name: ballotCookie, Value: rand.Text(), Path: s.BasePath + "/",
			HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
		})
	}
	s.walk(w, r, "follow", "Follow along")
}

// needsRoom answers 404 where there is no room.
func (s *Site) needsRoom(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Room == nil {
			s.notFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
