package site

import (
	"bytes"
	"html/template"
	"io/fs"
	"net/http"

	"porthole/server/wire"
)

// pages are the parsed templates, each with the base that it fills.
type pages struct {
	site   *Site
	byName map[string]*template.Template
}

// view is what templates see.
type view struct {
	Title string
	// Page, Lesson, Panel, Theme, Scale and Container go to the root element,
	// where the browser's elements read them.
	Page, Lesson, Panel, Theme, Scale, Container, Base string
	// Bare pages are frames: no ground of their own, and nothing around.
	Bare bool
	// Notice is said before all else.
	Notice string
	// Status is set on pages that report an error.
	Status int

	Lessons   []wire.Lesson
	Text      *lessonText
	Snapshot  *snapshot
	Takeaways []takeaway
	Stops     []stopText
	Source    *sourceText
	// InControl is true for whoever may control already.
	InControl bool
}

// earlyScript is the one script that stands in the pages themselves: it opens
// the stream before anything else of the page has come.
const earlyScript = "js/early.js"

// Stream is the address of the page's stream, below Base. The query says what
// the page never does or does: to control, to follow.
func (v view) Stream() string {
	switch v.Page {
	case "embed":
		return v.Base + "/api/v1/stream?panel=1"
	case "follow":
		return v.Base + "/api/v1/stream?follow=1"
	}
	return v.Base + "/api/v1/stream"
}

var pageNames = []string{"architecture", "lesson", "takeaways", "embed", "control", "error", "present", "follow", "source"}

func newPages(s *Site) (*pages, error) {
	functions := template.FuncMap{
		"static": func(name string) string { return s.assets.address(s.BasePath, name) },
		"built":  s.assets.has,
		"script": func() string { return s.Script },
		"missing": func() string {
			return bundleMissing
		},
		"fonts": func() []string { return s.assets.fonts(s.BasePath) },
		"early": func() template.JS { return template.JS(s.assets.early) },
		"count": countWords,
	}
	base, err := fs.ReadFile(s.Templates, "base.html")
	if err != nil {
		return nil, err
	}
	p := &pages{site: s, byName: map[string]*template.Template{}}
	for _, name := range pageNames {
		page, err := fs.ReadFile(s.Templates, name+".html")
		if err != nil {
			return nil, err
		}
		t := template.New(name).Funcs(functions)
		if _, err := t.Parse(string(base)); err != nil {
			return nil, err
		}
		if _, err := t.Parse(string(page)); err != nil {
			return nil, err
		}
		p.byName[name] = t
	}
	return p, nil
}

// render writes a page. It is put together before the first byte goes out, so
// that a mistake is a 500 and not half a page.
func (p *pages) render(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	v.Base = p.site.BasePath
	if v.Theme == "" {
		v.Theme = "auto"
	}
	if v.Scale == "" {
		v.Scale = "1"
	}
	var b bytes.Buffer
	if err := p.byName[name].ExecuteTemplate(&b, "base", v); err != nil {
		p.site.Log.Error("a page cannot be drawn", "page", name, "error", err)
		p.site.problem(w, r, http.StatusInternalServerError, internal)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// fail writes a page that says what is wrong.
func (p *pages) fail(w http.ResponseWriter, r *http.Request, status int, sentence string, bare bool) {
	theme, ok := theme(r)
	if !ok {
		theme = "auto"
	}
	p.render(w, r, status, "error", view{
		Title: http.StatusText(status), Notice: sentence, Status: status, Bare: bare, Theme: theme,
	})
}

// theme reads ?theme=, which is light, dark or auto.
func theme(r *http.Request) (string, bool) {
	switch theme := r.URL.Query().Get("theme"); theme {
	case "":
		return "auto", true
	case "light", "dark", "auto":
		return theme, true
	default:
		return "", false
	}
}

const (
	badTheme = "The theme is light, dark or auto."
	noLesson = "There is no lesson of this name."
)

func (s *Site) architecturePage(w http.ResponseWriter, r *http.Request) {
	s.drawing(w, r, "architecture", "Docker architecture, live")
}

// drawing is the page with the book's drawing, of the lesson architecture
// unless the address names another.
func (s *Site) drawing(w http.ResponseWriter, r *http.Request, page, title string) {
	theme, ok := theme(r)
	if !ok {
		s.pages.fail(w, r, http.StatusBadRequest, badTheme, false)
		return
	}
	lesson := "architecture"
	if wanted := r.URL.Query().Get("lesson"); wanted != "" {
		if _, known := s.lessonBySlug(wanted); !known {
			s.pages.fail(w, r, http.StatusNotFound, noLesson, false)
			return
		}
		lesson = wanted
	}
	s.pages.render(w, r, http.StatusOK, "architecture", view{
		Title: title, Page: page, Lesson: lesson, Theme: theme,
		Lessons: s.Lab.Catalogue(), Snapshot: s.snapshot(all),
	})
}

func (s *Site) lessonPage(w http.ResponseWriter, r *http.Request) {
	theme, ok := theme(r)
	if !ok {
		s.pages.fail(w, r, http.StatusBadRequest, badTheme, false)
		return
	}
	lesson, ok := s.lesson(r)
	if !ok {
		s.pages.fail(w, r, http.StatusNotFound, noLesson, false)
		return
	}
	s.pages.render(w, r, http.StatusOK, "lesson", view{
		Title: lesson.Title, Page: "lesson", Lesson: lesson.Slug, Theme: theme,
		Lessons: s.Lab.Catalogue(), Text: s.lessonText(lesson), Snapshot: s.snapshot(none),
	})
}

func (s *Site) takeawaysPage(w http.ResponseWriter, r *http.Request) {
	theme, ok := theme(r)
	if !ok {
		s.pages.fail(w, r, http.StatusBadRequest, badTheme, false)
		return
	}
	lessons := s.Lab.Catalogue()
	s.pages.render(w, r, http.StatusOK, "takeaways", view{
		Title: "Key takeaways", Page: "takeaways", Theme: theme,
		Lessons: lessons, Takeaways: takeaways(lessons, s.Lab.Runs()),
	})
}
