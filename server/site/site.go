// Package site is the edge: the pages, the HTTP API, the websocket, and the
// guards in front of all of them. It is the only package that imports the
// router and the websocket library.
//
// It decides nothing about containers: what it is asked to do goes to the Lab,
// and what it shows comes from the stream.
package site

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"porthole/server/stream"
	"porthole/server/wire"
)

// Lab runs lessons. Its errors become HTTP answers by Options.Statuses.
type Lab interface {
	// Catalogue lists the lessons, in the chapter's order.
	Catalogue() []wire.Lesson
	// Start starts a lesson and returns the new run.
	Start(ctx context.Context, slug string) (wire.Run, error)
	// Get returns a run, and whether there is one of that ID.
	Get(id string) (wire.Run, bool)
	// Runs lists the runs that are remembered, oldest first.
	Runs() []wire.Run
	// Stop ends a run and removes all that it made.
	Stop(ctx context.Context, id string) error
	// Act takes an action that the run's lesson defines.
	Act(ctx context.Context, id, action string, value *float64) error
}

// Sources says where a number comes from. Its errors become HTTP answers by
// Options.Statuses.
type Sources interface {
	Source(container, field string) (wire.Provenance, error)
}

// Article is the text of a lesson, which the catalogue leaves out.
type Article struct {
	// Prose is Markdown. Raw HTML in it is left out.
	Prose string
	// Insight closes the lesson, in a sentence or two of Markdown.
	Insight string
	// TryIt are commands to try by hand.
	TryIt []string
}

// Status says which HTTP status an error of the Lab or of Sources stands for.
// It is told by errors.Is, and the error's text is shown to the reader.
type Status struct {
	Err    error
	Status int
}

// Figures are what sampling has taken, for /metrics.
type Figures struct {
	// Samples counts samples; Containers, the containers read in all of them.
	Samples, Containers uint64
	// Spent is the time that they took.
	Spent time.Duration
}

// Options are what a Site needs. Lab, Hub, Sources, Host, Templates and Static
// must be set; the rest has a default.
type Options struct {
	Lab     Lab
	Hub     *stream.Hub
	Sources Sources
	// Room is what presenter and followers share (default: nobody presents, and
	// its addresses are 404).
	Room Room
	// Reach are addresses, host and port, by which other machines reach this
	// server, the best first. ReachReason says in one sentence why there is none.
	Reach       []string
	ReachReason string
	// Host is what is known of the machine and its engine now. It is asked
	// often and must be cheap.
	Host func() wire.Host
	// Doctor looks at the machine closely (default: the host and no checks).
	Doctor func(ctx context.Context) wire.Doctor
	// Article returns the text of a lesson (default: none).
	Article func(slug string) (Article, bool)
	// Source are the files of Porthole's own source that are shown, by their
	// names (default: none).
	Source map[string]string
	// Figures is asked at each /metrics (default: zero).
	Figures func() Figures
	// Statuses translate errors. The first that matches wins.
	Statuses []Status

	// Templates and Static are the folders of these names.
	Templates, Static fs.FS
	// Script is the browser bundle's entry within Static (default
	// bundle/porthole.js). Pages say so where it is missing.
	Script string

	// Version is Porthole's own.
	Version string
	// Interval is the time between samples while somebody watches (default
	// 100 ms).
	Interval time.Duration
	// Recording is set where the stream is one and not live, and Player is
	// who plays it.
	Recording *wire.Recording
	Player    Player

	// AllowHosts are Host names to answer to beside localhost, 127.0.0.1 and
	// [::1], with any port unless they name one.
	AllowHosts []string
	// AllowEmbed are origins that may frame panels and watch the stream, for
	// example https://slides.example.
	AllowEmbed []string
	// BasePath is put before every address, for example /porthole; it has no
	// slash at its end.
	BasePath string
	// ControlToken is the first one-time token, with which one browser or
	// program gets to start and stop lessons. Where it is empty, everyone who
	// passes the guards may: right on loopback only.
	ControlToken string
	// Viewers bounds the websockets (default DefaultViewers), and ViewersPerAddress
	// those of one address that is not loopback (default 512).
	Viewers, ViewersPerAddress int
	// PingEvery is the time between pings (default 20 s). A viewer is let go
	// that does not answer one within PongWithin (default 20 s), or does not
	// take a message within WriteWithin (default 5 s).
	PingEvery, PongWithin, WriteWithin time.Duration

	Log *slog.Logger
	// Now is the clock (default time.Now).
	Now func() time.Time
}
