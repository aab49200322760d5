package site

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// sourceText is a file of Porthole's own source, as its page shows it.
type sourceText struct {
	Name  string
	Lines []sourceLine
	// Files are all that are shown, this one among them.
	Files []string
}

type sourceLine struct {
	Number int
	Text   string
}

// sourcePage is GET /source/{file}: a file of Porthole's own source, each line
// with an address. Those that are shown are a closed list, and come from the
// program itself: nothing is read from the disk.
func (s *Site) sourcePage(w http.ResponseWriter, r *http.Request) {
	theme, ok := theme(r)
	if !ok {
		s.pages.fail(w, r, http.StatusBadRequest, badTheme, false)
		return
	}
	names := slices.Sorted(maps.Keys(s.Source))
	name, _ := param(r, "file")
	text, ok := s.Source[name]
	if !ok {
		sentence := "This program brings no source along: it is for Linux. Look into the folder server/builtin of Porthole's repository."
		if len(names) > 0 {
			sentence = "No source is shown under this name. These are: " + strings.Join(names, ", ") + "."
		}
		s.pages.fail(w, r, http.StatusNotFound, sentence, false)
		return
	}
	page := &sourceText{Name: name, Files: names}
	for line := range strings.Lines(text) {
		page.Lines = append(page.Lines, sourceLine{len(page.Lines) + 1, strings.TrimRight(line, "\n")})
	}
	s.pages.render(w, r, http.StatusOK, "source", view{Title: name, Theme: theme, Source: page})
}
