package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"porthole/server/engine"
	"porthole/server/wire"
)

// complaints counts the lines of a log that complain.
type complaints struct {
	slog.Handler
	count *atomic.Int64
}

func (c complaints) Enabled(context.Context, slog.Level) bool { return true }
func (c complaints) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		c.count.Add(1)
	}
	return nil
}

// throughProxy is the address of a proxy before the engine: serve has each request,
// and the way on.
func throughProxy(t *testing.T, serve func(w http.ResponseWriter, r *http.Request, proxy http.Handler)) string {
	t.Helper()
	real := strings.TrimPrefix(address(t), "unix://")
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", real)
	}}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "docker"}) },
		Transport: transport, FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	folder, err := os.MkdirTemp("", "porthole-proxy-")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(folder, "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, proxy) })}
	ended := make(chan struct{})
	go func() { defer close(ended); server.Serve(listener) }()
	t.Cleanup(func() { server.Close(); <-ended; transport.CloseIdleConnections(); os.RemoveAll(folder) })
	return "unix://" + listener.Addr().String()
}

// An engine that forbids all that would change something is asked once, and
// then looked at in peace: also where there is much to be swept.
func TestAnEngineThatLetsNobodyWrite(t *testing.T) {
	var writes, lists atomic.Int64
	enough := make(chan struct{})
	var once sync.Once
	through := throughProxy(t, func(w http.ResponseWriter, r *http.Request, proxy http.Handler) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			writes.Add(1)
			http.Error(w, "<html>Forbidden</html>", http.StatusForbidden)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/containers/json") && lists.Add(1) >= 40 {
			once.Do(func() { close(enough) })
		}
		proxy.ServeHTTP(w, r)
	})

	// What a dead server has left, in a scope of its own.
	mine := scope + "-observe"
	t.Cleanup(func() { cleanScope(mine) })
	first := up(t, options(t, mine))
	image, err := first.EnsureImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = raw(t).ContainerCreate(t.Context(), &container.Config{Image: image, Cmd: []string{"idle"}, Labels: map[string]string{
		engine.LabelManaged: "true", engine.LabelInstance: "dead", engine.LabelScope: mine, engine.LabelExpires: "1",
	}}, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}

	o := options(t, mine)
	o.Address, o.Relist = through, 10*time.Millisecond
	var complained atomic.Int64
	o.Log = slog.New(complaints{Handler: slog.DiscardHandler, count: &complained})
	d := follow(t, o)
	until(t, d, "the engine answers", func() bool { return d.State().State == wire.EngineUp })
	says := d.State().ObserveOnly
	if !strings.Contains(says, "403 Forbidden") || strings.Contains(says, "<") || !strings.HasSuffix(says, ".") {
		t.Errorf("it says %q", says)
	}
	for range 5 {
		if _, err := d.StartHelper(t.Context(), "reader"); !errors.Is(err, engine.ErrForbidden) || err.Error() != says {
			t.Errorf("StartHelper: %v", err)
		}
		if _, err := d.Create(t.Context(), t.Name(), lesson, idle("x"), time.Minute); !errors.Is(err, engine.ErrForbidden) || err.Error() != says {
			t.Errorf("Create: %v", err)
		}
	}
	select {
	case <-enough:
	case <-time.After(40 * time.Second):
		t.Fatal("the engine is not listed again and again")
	}
	if n := writes.Load(); n != 1 {
		t.Errorf("the engine was asked %d times for what it forbids, want 1", n)
	}
	if n := complained.Load(); n != 1 {
		t.Errorf("the log complains %d times, want once", n)
	}
	if checks := d.Doctor(t.Context()); checks[0].Status != wire.CheckLimited || checks[0].Means != says {
		t.Errorf("the doctor says %+v", checks[0])
	}
}
