package site

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"porthole/server/room"
	"porthole/server/wire"
)

// openRoom puts a real room into the options, with what its errors mean.
func openRoom(o *Options) *room.Room {
	o.Statuses = append(o.Statuses,
		Status{room.ErrNoLesson, 404}, Status{room.ErrNoAnswer, 400}, Status{room.ErrPlace, 400},
		Status{room.ErrNotAsked, 409}, Status{room.ErrLate, 409}, Status{room.ErrTwice, 409},
		Status{room.ErrFull, 429}, Status{room.ErrTooFast, 429})
	return room.New(room.Options{Lessons: o.Lab.Catalogue, Publish: func(wire.Room) {}})
}

func TestAVoteThatComesAfterTheRunHasStarted(t *testing.T) {
	var students *room.Room
	server := serve(t, func(o *Options) { students = openRoom(o); o.Room = students })
	if response, text := server.do(t, "PUT", "/api/v1/room", `{"stop":"cpu-limit","phase":"question"}`); response.StatusCode != http.StatusNoContent {
		t.Fatal(text)
	}
	students.Saw(wire.Run{ID: "1", Lesson: "cpu-limit", State: wire.RunStarting, Claims: []wire.Claim{{Verdict: wire.Pending}}})
	response, text := server.do(t, "POST", "/api/v1/room/polls/cpu-limit/votes", `{"answer":"twice"}`, "Cookie", ballotCookie+"=AAAAAAAAAAAAAAAAAAAAAAAAAA")
	if response.StatusCode != http.StatusConflict || !strings.Contains(text, "the lesson has been started") {
		t.Errorf("a late vote gets %d %s", response.StatusCode, text)
	}
}

func TestFollowersAreCountedAndMayNotControl(t *testing.T) {
	var students *room.Room
	server := serve(t, func(o *Options) { students = openRoom(o); o.Room = students })
	if hello := read(t, server.dial(t, "?follow=1", nil)); hello.CanControl {
		t.Error("a page that follows may control")
	}
	if got := students.Now().Followers; got != 1 {
		t.Errorf("%d followers are counted, want 1", got)
	}
	server.stop() // waits for the socket's end
	if got := students.Now().Followers; got != 0 {
		t.Errorf("%d followers are left after all have gone", got)
	}
}

func TestWithoutARoomThereIsNone(t *testing.T) {
	server := serve(t, nil)
	for _, path := range []string{"/follow", "/api/v1/room", "/api/v1/room/invitation.svg"} {
		if response, _ := server.do(t, "GET", path, ""); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s gets %d", path, response.StatusCode)
		}
	}
}

func TestNobodyIsInvitedWhereNobodyCanCome(t *testing.T) {
	server := serve(t, func(o *Options) { o.Room = openRoom(o); o.ReachReason = "Only this machine can reach Porthole." })
	if _, text := server.do(t, "GET", "/api/v1/room/invitation", ""); !strings.Contains(text, `"reason":"Only this machine can reach Porthole."`) || strings.Contains(text, "url") {
		t.Errorf("the invitation is %s", text)
	}
	if response, _ := server.do(t, "GET", "/api/v1/room/invitation.svg", ""); response.StatusCode != http.StatusNotFound {
		t.Errorf("the code gets %d", response.StatusCode)
	}
}

func TestAProgramSpendsTheTokenAndKeepsControl(t *testing.T) {
	server := serve(t, func(o *Options) { o.ControlToken = "a long enough token" })
	for range 2 {
		if response, _ := server.do(t, "DELETE", "/api/v1/runs/none", "", "Authorization", "Bearer a long enough token"); response.StatusCode != http.StatusNotFound {
			t.Fatalf("with the token a program gets %d", response.StatusCode)
		}
	}
	if response, _ := server.take(t, "a long enough token"); response.StatusCode != http.StatusGone {
		t.Errorf("after the program, a browser gets %d", response.StatusCode)
	}
}

// take opens the one-time link, as the page's script does.
func (s *server) take(t *testing.T, token string) (*http.Response, string) {
	t.Helper()
	return s.do(t, "POST", "/control", url.Values{"token": {token}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func TestAnotherOneTimeLink(t *testing.T) {
	server := serve(t, func(o *Options) { o.ControlToken = "a long enough token" })
	second := server.NewControlToken()
	if response, text := server.take(t, "a long enough token"); response.StatusCode != http.StatusUnauthorized || !strings.Contains(text, "printed last") {
		t.Errorf("the link before gets %d", response.StatusCode)
	}
	response, _ := server.take(t, second)
	if response.StatusCode != http.StatusSeeOther {
		t.Fatalf("the new link gets %d", response.StatusCode)
	}
	session := regexp.MustCompile(`^[^;]+`).FindString(response.Header.Get("Set-Cookie"))
	third := server.NewControlToken()
	if response, _ := server.do(t, "DELETE", "/api/v1/runs/none", "", "Cookie", session); response.StatusCode != http.StatusNotFound {
		t.Errorf("a further link takes control from whoever has it: %d", response.StatusCode)
	}
	// Whoever has control does not spend a link.
	if response, _ := server.do(t, "POST", "/control", "token="+third, "Content-Type", "application/x-www-form-urlencoded", "Cookie", session); response.StatusCode != http.StatusSeeOther {
		t.Errorf("in control, the form gets %d", response.StatusCode)
	}
	if response, _ := server.take(t, third); response.StatusCode != http.StatusSeeOther {
		t.Errorf("the link was spent by somebody who had control: %d", response.StatusCode)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	server := serve(t, func(o *Options) { o.ControlToken = "a long enough token" })
	token := "a long enough token"
	var first string
	for i := range mostSessions + 1 {
		response, text := server.take(t, token)
		if response.StatusCode != http.StatusSeeOther {
			t.Fatalf("session %d: %s", i, text)
		}
		if i == 0 {
			first = regexp.MustCompile(`^[^;]+`).FindString(response.Header.Get("Set-Cookie"))
		}
		token = server.NewControlToken()
	}
	if response, _ := server.do(t, "DELETE", "/api/v1/runs/none", "", "Cookie", first); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("the oldest of too many sessions gets %d", response.StatusCode)
	}
}

func TestQRCode(t *testing.T) {
	code, err := qrCode("http://192.168.7.7:8080/follow")
	if err != nil {
		t.Fatal(err)
	}
	// Version 3, the least that holds 30 bytes at level M, is 29 modules wide.
	if !strings.Contains(string(code), `viewBox="0 0 37 37"`) {
		t.Errorf("the code is %.120s", code)
	}
	// Its finder patterns stand in three corners: seven dark modules each.
	for _, corner := range []string{"M4 4h7v1", "M26 4h7v1", "M4 26h7v1"} {
		if !strings.Contains(string(code), corner) {
			t.Errorf("there is no finder pattern at %s", corner)
		}
	}
	if _, err := qrCode(strings.Repeat("x", 5000)); err == nil || !strings.Contains(err.Error(), "makes no QR code") {
		t.Errorf("an address that is too long gives %v", err)
	}
}
