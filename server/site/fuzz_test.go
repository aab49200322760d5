package site

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"porthole/server/stream"
	"porthole/server/wire"
)

// A viewer can send anything. Whatever it is, the answer is a reason that fits
// a close frame, or a command was obeyed.
func FuzzObey(f *testing.F) {
	for _, seed := range []string{
		`{"type":"subscribe","containers":["a"]}`, `{"type":"pause"}`, `{"type":"resume"}`, "", "\xff\xfe", `{"`, `[]`, `null`,
		`{"type":"pause"} x`, `{"\ud800":1}`, `{"type":{"type":1}}`, `{"` + strings.Repeat("é", 200) + `":1}`,
	} {
		f.Add([]byte(seed))
	}
	hub := stream.NewHub(stream.Options{})
	f.Fuzz(func(t *testing.T, data []byte) {
		subscription := hub.Subscribe()
		defer subscription.Close()
		if err := obey(data, subscription); err != nil {
			if reason := closeReason(err); len(reason) > 123 || !utf8.ValidString(reason) {
				t.Errorf("%q is answered with %q", data, reason)
			}
		}
	})
}

// No Host header but ours is let in, however it is written.
func FuzzHost(f *testing.F) {
	for _, seed := range []string{"localhost", "localhost:80", "[::1]:1", "127.0.0.1:", "localhost.", "localhost@evil", "evil:localhost", "[localhost]:1", "127.0.0.1.evil:1", "[::1%lo]:1"} {
		f.Add(seed)
	}
	list, err := newHostList(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if !list.has(host) {
			return
		}
		lower := strings.ToLower(host)
		for _, name := range []string{"localhost", "127.0.0.1", "[::1]"} {
			if rest, ok := strings.CutPrefix(lower, name); ok && (rest == "" || (rest[0] == ':' && len(rest) > 1 && strings.Trim(rest[1:], "0123456789") == "")) {
				return
			}
		}
		t.Errorf("%q is let in", host)
	})
}

// An Origin that is ours names our host and nothing more.
func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{"http://localhost:8080", "https://localhost:8080", "http://localhost:8080@evil", "http://evil#localhost:8080", "null", "http://LOCALHOST:8080/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, origin string) {
		r := httptest.NewRequest("GET", "http://localhost:8080/api/v1/stream", nil)
		if sameOrigin(origin, r) && !strings.EqualFold(origin, "http://localhost:8080") && !strings.EqualFold(origin, "https://localhost:8080") {
			t.Errorf("%q passes for our own origin", origin)
		}
	})
}

// bodies are what the API's addresses read a body into.
var bodies = []func() any{
	func() any { return &nothing{} }, func() any { return &wire.ActionRequest{} }, func() any { return &wire.ReplayRequest{} },
	func() any { return &wire.Place{} }, func() any { return &wire.Vote{} },
}

// Whatever is sent as a body, it is taken or refused with a reason that is
// short and can be shown.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{}`, ``, `{"value":0.5}`, `{"lesson":"cpu-limit","phase":"live"}`, `{"answer":"twice","viewer":"a"}`, `{"paused":true,"rate":2,"at":1}`,
		`[]`, `null`, `1e999`, `{"value":1e400}`, `{"value":"x"}`, `{"x":1}`, `{} {}`, "{\"\xff\":1}", `{"value":{"value":{}}}`,
	} {
		f.Add([]byte(seed))
	}
	s := &Site{}
	s.fillIn()
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, empty := range bodies {
			answer := httptest.NewRecorder()
			request := httptest.NewRequest("POST", "http://localhost/api/v1/x", bytes.NewReader(data))
			if s.readBody(answer, request, empty()) {
				continue
			}
			var problem wire.Problem
			if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil || answer.Code/100 != 4 || problem.Detail == "" || len(problem.Detail) > 400 || !utf8.ValidString(problem.Detail) {
				t.Errorf("%q is answered with %d, %s (%v)", data, answer.Code, answer.Body, err)
			}
		}
	})
}
