package site

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// panels can be framed, each on its own: those of the drawing, and the tables
// of the lessons.
var panels = map[string]string{
	"diagram":    "The drawing",
	"namespaces": "Namespaces",
	"cpu":        "CPU",
	"memory":     "Memory",
	"pids":       "Processes",
	"io":         "Block I/O",
	"claims":     "Claims",

	"processes":  "Processes, inside and on the host",
	"interfaces": "Network interfaces",
	"mounts":     "Mounts",
	"users":      "Users",
	"hostnames":  "Hostnames",
	"segments":   "Shared memory",
	"security":   "Rights",
	"layers":     "Layers",
	"files":      "Limits, from the flag to the kernel's bytes",
	"limits":     "Limits, from the flag to the kernel's bytes",
	"log":        "Who tells of an out-of-memory kill",
	"steps":      "How a container is made, step by step",
}

// embedParameters are all that a panel's address may ask for.
var embedParameters = []string{"lesson", "container", "theme", "scale"}

// The least and the most that a panel can be scaled.
const scaleLeast, scaleMost = 0.25, 4

// embedPage is GET /embed/{panel}.
func (s *Site) embedPage(w http.ResponseWriter, r *http.Request) {
	if s.foreignFrame(w, r) {
		return
	}
	v, status, sentence := s.embedView(r)
	if status != 0 {
		s.pages.fail(w, r, status, sentence, true)
		return
	}
	v.Snapshot = s.snapshot(func(name string) bool { return name == v.Container })
	s.pages.render(w, r, http.StatusOK, "embed", v)
}

// embedView reads a panel's address, or says with which status and sentence
// it cannot be shown.
func (s *Site) embedView(r *http.Request) (v view, status int, sentence string) {
	panel, _ := param(r, "panel")
	title, ok := panels[panel]
	if !ok {
		names := slices.Sorted(maps.Keys(panels))
		return v, http.StatusNotFound, "There is no panel of this name: the panels are " + strings.Join(names, ", ") + "."
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return v, http.StatusBadRequest, "What follows the question mark of this panel's address cannot be read: check it for stray % and ;."
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		switch {
		case !slices.Contains(embedParameters, name):
			return v, http.StatusBadRequest, fmt.Sprintf("A panel has no parameter %q: those that it has are %s.",
				shorten(name, 40), strings.Join(embedParameters, ", "))
		case len(query[name]) > 1:
			return v, http.StatusBadRequest, fmt.Sprintf("The parameter %s is given twice: give it once.", name)
		}
	}
	v = view{Title: title, Page: "embed", Panel: panel, Bare: true, Lesson: query.Get("lesson"), Container: query.Get("container")}
	if v.Theme, ok = theme(r); !ok {
		return v, http.StatusBadRequest, badTheme
	}
	if scale := query.Get("scale"); scale != "" {
		factor, err := strconv.ParseFloat(scale, 64)
		if err != nil || !(factor >= scaleLeast && factor <= scaleMost) {
			return v, http.StatusBadRequest, fmt.Sprintf("The scale is a number from %v to %v.", scaleLeast, scaleMost)
		}
		v.Scale = strconv.FormatFloat(factor, 'f', -1, 64)
	}
	// A container need not exist yet: the panel waits for it.
	if v.Container != "" && !nameShape.MatchString(v.Container) {
		return v, http.StatusBadRequest, "A container's name is at most 128 letters, digits, dots, dashes and underscores."
	}
	if v.Lesson != "" {
		lesson, known := s.lessonBySlug(v.Lesson)
		if !known {
			return v, http.StatusNotFound, noLesson
		}
		if panel == "claims" {
			v.Text = s.lessonText(lesson)
		}
	}
	return v, 0, ""
}

// frameable lets decks on this machine, and those of --allow-embed, frame the
// page.
func (s *Site) frameable(next http.Handler) http.Handler {
	ancestors := "'self' http://localhost:* http://127.0.0.1:*"
	for _, origin := range s.embed {
		ancestors += " " + origin
	}
	policy := s.contentPolicy(ancestors, "'none'")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		// A frame belongs to its deck's own group of windows.
		w.Header().Del("Cross-Origin-Opener-Policy")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		next.ServeHTTP(w, r)
	})
}

// foreignFrame answers a frame on a page that may not have it. The policy of
// frameable keeps such a frame empty, and the browser does not say why; so
// where the browser tells whose page it is, a page of one sentence, with
// nothing of ours on it, goes there instead of the panel.
func (s *Site) foreignFrame(w http.ResponseWriter, r *http.Request) bool {
	page, err := url.Parse(r.Referer())
	if err != nil || page.Host == "" || !slices.Contains([]string{"iframe", "frame", "embed", "object"}, r.Header.Get("Sec-Fetch-Dest")) {
		return false
	}
	origin := page.Scheme + "://" + page.Host
	if s.mayFrame(origin, r) {
		return false
	}
	w.Header().Set("Content-Security-Policy", s.contentPolicy("*", "'none'"))
	s.pages.fail(w, r, http.StatusForbidden, fmt.Sprintf(
		"Pages of %s may not show panels of this Porthole: start it with --allow-embed %s.", shorten(origin, 100), shorten(origin, 100)), true)
	return true
}

// mayFrame reports whether the policy of frameable lets a page frame panels.
func (s *Site) mayFrame(origin string, r *http.Request) bool {
	if sameOrigin(origin, r) || s.embed.has(origin) {
		return true
	}
	page, err := url.Parse(origin)
	return err == nil && page.Scheme == "http" && (page.Hostname() == "localhost" || page.Hostname() == "127.0.0.1")
}

// panelScript is the element <porthole-panel> for pages of other sites. It has
// nothing of this machine in it: the frame that it makes is guarded by itself.
func (s *Site) panelScript(w http.ResponseWriter, r *http.Request) {
	s.asset(w, r, "js/panel.js")
}

// anyOrigin lets pages of every site load a file that is no secret.
func anyOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		next.ServeHTTP(w, r)
	})
}
