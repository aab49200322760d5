package engine

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"porthole/server/wire"
)

// An engine that starts a container tells nobody about it meanwhile. That must
// cost us neither the others nor the link.
func TestOneContainerThatCannotBeLookedAtYet(t *testing.T) {
	labels := fmt.Sprintf(`{%q:"true",%q:"it",%q:""}`, LabelManaged, LabelInstance, LabelScope)
	var busy atomic.Bool
	busy.Store(true)
	asked := make(chan struct{}, 100)
	answers := map[string]string{
		"/_ping":           `OK`,
		"/version":         `{"Version":"28.0.0","ApiVersion":"1.48"}`,
		"/info":            `{"OSType":"linux"}`,
		"/containers/json": `[{"Id":"slow","State":"created","Labels":` + labels + `},{"Id":"quick","State":"running","Labels":` + labels + `}]`,
		"/networks":        `[]`,
		"/volumes":         `{}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.48")
		path := r.URL.Path
		if i := strings.Index(path[1:], "/"); strings.HasPrefix(path, "/v1") && i >= 0 {
			path = path[1+i:]
		}
		id, inspect := strings.CutSuffix(strings.TrimPrefix(path, "/containers/"), "/json")
		switch {
		case path == "/events":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case answers[path] != "":
			fmt.Fprint(w, answers[path])
		case inspect:
			if id == "slow" && busy.Load() {
				asked <- struct{}{}
				<-r.Context().Done()
				return
			}
			fmt.Fprintf(w, `{"Id":%q,"Name":"/%s","State":{"Status":"running","Pid":1},"Config":{"Labels":%s}}`, id, id, labels)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()

	d, err := NewDocker(Options{Address: "tcp://" + strings.TrimPrefix(server.URL, "http://"), PingTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	d.lookTimeout = 20 * time.Millisecond
	changes, stop := d.Changes()
	defer stop()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- d.Run(ctx) }()
	defer func() { cancel(); <-done }()
	until := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.After(30 * time.Second); !holds(); {
			select {
			case <-changes:
			case <-deadline:
				t.Fatalf("waited in vain until %s: %+v, %+v", what, d.State(), d.Containers())
			}
		}
	}
	until("the quick one is seen", func() bool { return len(d.Containers()) == 1 && d.Containers()[0].ID == "quick" })
	<-asked
	<-asked // it is asked for again
	if d.State().State != wire.EngineUp {
		t.Errorf("the engine is said to be %+v", d.State())
	}
	busy.Store(false)
	until("the slow one is seen too", func() bool { return len(d.Containers()) == 2 })
}
