package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"porthole/server/engine"
)

// crowd are 500 containers of other people, some of which look a little like
// ours: another Porthole's, and some that bear a label of ours by accident.
func crowd(scope string) (all []container.Summary, ids map[string]bool) {
	ids = map[string]bool{}
	for i := range 500 {
		summary := container.Summary{
			ID: fmt.Sprintf("%064x", 0xf0000+i), Names: []string{fmt.Sprintf("/of-somebody-else-%d", i)}, Image: "web:1", State: "running",
			Created: time.Now().Unix(), Status: "Up 5 days", Labels: map[string]string{"com.docker.compose.project": "shop"},
		}
		switch i % 5 {
		case 1: // of a Porthole that somebody else runs here
			summary.Labels = map[string]string{engine.LabelManaged: "true", engine.LabelInstance: "theirs", engine.LabelScope: scope + "-theirs", engine.LabelExpires: "1"}
		case 2:
			summary.Labels = map[string]string{engine.LabelScope: scope, engine.LabelInstance: "x", engine.LabelExpires: "1"}
		case 3:
			summary.Labels = map[string]string{engine.LabelManaged: "true", engine.LabelScope: scope, engine.LabelExpires: "1"}
		case 4:
			summary.State, summary.Names = "exited", []string{fmt.Sprintf("/porthole-demo-%d", i)}
		}
		all, ids[summary.ID] = append(all, summary), true
	}
	return all, ids
}

var containerPath = regexp.MustCompile(`/containers/([0-9a-f]{64})\b`)

// asked are the names that a question of the engine is about; none where it is
// about all.
func asked(r *http.Request, filter string) []string {
	found, err := filters.FromJSON(r.URL.Query().Get("filters"))
	if err != nil {
		return nil
	}
	return found.Get(filter)
}

// On an engine with 500 containers of other people ours come, are listed and go
// as anywhere, and no request is about one of the others, though this engine
// lists them whatever it is asked for. The engine is real; of the 500 there are
// only the lines in its list.
func TestFiveHundredContainersOfOthersAreLeftAlone(t *testing.T) {
	mine := scope + "-crowd"
	t.Cleanup(func() { cleanScope(mine) })
	others, ids := crowd(mine)
	var mu sync.Mutex
	lists := make(chan struct{})
	touched := map[string]bool{}
	streams := map[string]int{}
	through := throughProxy(t, func(w http.ResponseWriter, r *http.Request, proxy http.Handler) {
		if id := containerPath.FindStringSubmatch(r.URL.Path); id != nil && ids[id[1]] {
			mu.Lock()
			touched[r.Method+" "+r.URL.Path] = true
			mu.Unlock()
		}
		if strings.HasSuffix(r.URL.Path, "/prune") {
			t.Errorf("%s %s would remove what others have", r.Method, r.URL.Path)
		}
		if strings.HasSuffix(r.URL.Path, "/events") {
			mu.Lock()
			about := strings.Join(slices.Concat(asked(r, "label"), asked(r, "container"), asked(r, "event")), " ")
			streams[about]++
			mu.Unlock()
		}
		if !strings.HasSuffix(r.URL.Path, "/containers/json") {
			proxy.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		proxy.ServeHTTP(answer, r)
		var listed []container.Summary
		if err := json.Unmarshal(answer.Body.Bytes(), &listed); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		select {
		case lists <- struct{}{}:
		default: // nobody waits for it
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(append(others[:250:250], append(listed, others[250:]...)...))
	})
	o := options(t, mine)
	o.Address, o.Relist = through, 20*time.Millisecond
	// Asked for: one of theirs that runs, and one whose name others begin with.
	wanted := "theirs-" + scope + "-wanted"
	o.Also = []string{wanted, "of-somebody"}
	d := up(t, o)
	their := theirs(t, raw(t), theirImage(t, d, raw(t)), wanted, nil)
	until(t, d, "the one of theirs that was asked for is seen", func() bool { _, ok := shown(d, wanted); return ok })
	id := start(t, d, idle("one"))
	until(t, d, "ours runs", func() bool { c, ok := find(d, id); return ok && c.Running() })
	for range 3 { // what the first of them gave has been taken in by then
		select {
		case <-lists:
		case <-time.After(40 * time.Second):
			t.Fatal("the engine is not listed again and again")
		}
	}
	if shown := d.Containers(); len(shown) != 1 || shown[0].ID != id {
		t.Errorf("%d containers are shown, want ours alone", len(shown))
	}
	if others := d.Others(); len(others) != 1 || others[0].ID != their {
		t.Errorf("of others %d are shown, want the one that was asked for", len(others))
	}
	report, err := d.Clean(t.Context())
	if err != nil || len(report.Containers) != 1 {
		t.Errorf("Clean removed %v, %v; want ours alone", report.Containers, err)
	}
	mu.Lock()
	defer mu.Unlock()
	// Of the events of others only those of the names come, and renamings.
	for about := range streams {
		if about != "rename" && !strings.Contains(about, engine.LabelManaged+"=true") && !strings.Contains(about, wanted) {
			t.Errorf("the engine is asked to tell of %q", about)
		}
	}
	if len(streams) != 3 {
		t.Errorf("there are the streams %v, want ours, those of the names, and the renamings", streams)
	}
	for request := range touched {
		t.Errorf("a container of others was asked for: %s", request)
	}
}
