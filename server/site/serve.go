package site

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"porthole/server/wire"
)

// How long a client may take. Hijacked connections, which the websockets are,
// leave these behind and have their own.
const (
	readHeaderWithin = 5 * time.Second
	readWithin       = 15 * time.Second
	// writeWithin includes the work: a lesson may start many containers.
	writeWithin   = 2 * time.Minute
	idleFor       = 2 * time.Minute
	headerBytes   = 32 << 10
	shutdownGrace = 5 * time.Second
)

// Site answers HTTP. Make one with New.
type Site struct {
	Options
	handler http.Handler
	router  chi.Routes // behind the guards, to be walked
	hosts   hostList
	embed   originList
	assets  *assets
	pages   *pages
	viewers viewers
	keys    keys

	// closing is closed when viewers are to be told to go, and ended when
	// they are dropped whatever they do.
	closing, ended         context.Context
	startClosing, startEnd context.CancelFunc
	sockets                sync.WaitGroup
	mu                     sync.Mutex // guards sockets.Add against sockets.Wait
}

// New reads the templates and the static files, and checks the options. It
// starts no goroutine.
func New(o Options) (*Site, error) {
	if o.Lab == nil || o.Hub == nil || o.Sources == nil || o.Host == nil || o.Templates == nil || o.Static == nil {
		return nil, errors.New("site: Lab, Hub, Sources, Host, Templates and Static must be set")
	}
	o.fillIn()
	s := &Site{Options: o}
	var err error
	if s.hosts, err = newHostList(o.AllowHosts); err != nil {
		return nil, err
	}
	if s.embed, err = newOriginList(o.AllowEmbed); err != nil {
		return nil, err
	}
	if s.assets, err = newAssets(o.Static); err != nil {
		return nil, fmt.Errorf("site: the static files cannot be read: %w", err)
	}
	if s.pages, err = newPages(s); err != nil {
		return nil, fmt.Errorf("site: the templates cannot be read: %w", err)
	}
	s.viewers = viewers{most: o.Viewers, mostPerAddress: o.ViewersPerAddress, byAddress: map[string]int{}}
	s.keys.renew(o.ControlToken)
	s.closing, s.startClosing = context.WithCancel(context.Background())
	s.ended, s.startEnd = context.WithCancel(context.Background())
	s.handler = s.routes()
	return s, nil
}

func (o *Options) fillIn() {
	if o.Doctor == nil {
		host := o.Host
		o.Doctor = func(context.Context) wire.Doctor { return wire.Doctor{Host: host(), Checks: []wire.Check{}} }
	}
	if o.Article == nil {
		o.Article = func(string) (Article, bool) { return Article{}, false }
	}
	if o.Figures == nil {
		o.Figures = func() Figures { return Figures{} }
	}
	if o.Script == "" {
		o.Script = "bundle/porthole.js"
	}
	if o.Version == "" {
		o.Version = "development"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	setDefault(&o.Interval, 100*time.Millisecond)
	setDefault(&o.PingEvery, 20*time.Second)
	setDefault(&o.PongWithin, 20*time.Second)
	setDefault(&o.WriteWithin, 5*time.Second)
	setDefault(&o.Viewers, DefaultViewers)
	setDefault(&o.ViewersPerAddress, 512)
}

func setDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// Handler answers every address of the site, below BasePath.
func (s *Site) Handler() http.Handler { return s.handler }

// Serve answers on the listener until ctx ends. Then it takes no more
// requests, tells every viewer that it is going away, waits for all of them,
// and returns nil. It closes the listener. A Site serves once.
func (s *Site) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: readHeaderWithin,
		ReadTimeout:       readWithin,
		WriteTimeout:      writeWithin,
		IdleTimeout:       idleFor,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	// Twice as many as viewers: a page asks for files beside its websocket.
	door := newDoorman(listener, 2*s.Viewers, 2*s.ViewersPerAddress)
	door.log = s.Log
	listener = door
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		s.Shutdown(expired())
		return fmt.Errorf("the server stopped by itself: %w", err)
	case <-ctx.Done():
	}
	// The parent is done already: what is left gets a time of its own.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	var both sync.WaitGroup
	both.Go(func() { s.Shutdown(grace) })
	err := server.Shutdown(grace)
	both.Wait()
	if err != nil {
		server.Close()
	}
	<-served // http.ErrServerClosed, and the goroutine's end
	return nil
}

func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// Shutdown closes every websocket with 1001 "going away", refuses new ones,
// and waits until the last one's goroutines have ended. When ctx ends first,
// those that have not answered are cut off. (http.Server.Shutdown knows
// nothing of websockets.)
func (s *Site) Shutdown(ctx context.Context) {
	s.mu.Lock()
	s.startClosing()
	s.mu.Unlock()
	stop := context.AfterFunc(ctx, s.startEnd)
	s.sockets.Wait()
	stop()
	s.startEnd()
}

// enter counts a websocket's handler in; false when the site is closing.
func (s *Site) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Err() != nil {
		return false
	}
	s.sockets.Add(1)
	return true
}
