package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"

	"porthole/server/wire"
)

// bodyLimit bounds what a request may send, in bytes. None needs a hundredth.
const bodyLimit = 64 << 10

// internal is all that a client learns of a mistake of ours.
const internal = "Something went wrong inside Porthole: its log has the details."

// problem answers with application/problem+json, see RFC 9457. detail is one
// sentence: what failed, why, what to do.
func (s *Site) problem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	s.problemWith(w, r, wire.Problem{Status: status, Detail: detail})
}

func (s *Site) problemWith(w http.ResponseWriter, r *http.Request, p wire.Problem) {
	p.Type = "about:blank"
	p.Title = http.StatusText(p.Status)
	// As it was sent: BasePath is off r.URL by now.
	p.Instance, _, _ = strings.Cut(shorten(r.RequestURI, 200), "?")
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, "application/problem+json", p.Status, p)
}

// fail answers with what an error of the Lab or of Sources stands for.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	for _, known := range s.Statuses {
		if errors.Is(err, known.Err) {
			s.problem(w, r, known.Status, sentence(err))
			return
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		// The client has gone, or we are going. Nobody reads this.
		s.problem(w, r, http.StatusServiceUnavailable, "The request was cut short: try again.")
	case errors.Is(err, context.DeadlineExceeded):
		s.problem(w, r, http.StatusServiceUnavailable, "The engine did not answer in time: "+sentence(err))
	default:
		s.Log.Error("a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		s.problem(w, r, http.StatusInternalServerError, internal)
	}
}

// sentence is an error's text, begun with a capital letter as a reader
// expects.
func sentence(err error) string {
	text := err.Error()
	if text != "" && text[0] >= 'a' && text[0] <= 'z' {
		text = string(text[0]-'a'+'A') + text[1:]
	}
	return text
}

// reply answers with JSON that must not be kept: it is only true now.
func (s *Site) reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, "application/json", status, value)
}

func writeJSON(w http.ResponseWriter, contentType string, status int, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		// Every value is a type of wire, so that this is a mistake of ours.
		panic(fmt.Sprintf("cannot encode %T: %v", value, err))
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	w.Write(append(data, '\n'))
}

// readBody reads a request's JSON into value, strictly: no unknown field,
// nothing after it, and no more than bodyLimit. An empty body is an empty
// object. It answers by itself and returns false where that fails.
func (s *Site) readBody(w http.ResponseWriter, r *http.Request, value any) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		s.problem(w, r, http.StatusRequestEntityTooLarge,
			fmt.Sprintf("The request's body is longer than %d bytes: no request needs one as long.", bodyLimit))
		return false
	case err != nil:
		s.problem(w, r, http.StatusBadRequest, "The request's body could not be read to its end: send it again.")
		return false
	}
	if err := decodeStrictly(body, value); err != nil {
		s.problem(w, r, http.StatusBadRequest, "The request's body is not the JSON expected here: "+err.Error()+".")
		return false
	}
	return true
}

// shorten cuts a text that came from outside, so that an answer to a very long
// name is not very long itself, and is valid UTF-8.
func shorten(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func stack() string { return string(debug.Stack()) }
