package engine_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Whoever gives up while the engine makes a container has it removed: the engine
// carries on where nobody listens any more, and is still at it when we leave.
func TestNothingIsLeftOfACreateThatIsCutOff(t *testing.T) {
	asked, carryOn := make(chan struct{}), make(chan struct{})
	through := throughProxy(t, func(w http.ResponseWriter, r *http.Request, proxy http.Handler) {
		if strings.HasSuffix(r.URL.Query().Get("name"), "-cut") {
			// All of it is read, and the asker's end is not the engine's.
			body, _ := io.ReadAll(r.Body)
			r = r.WithContext(context.WithoutCancel(r.Context()))
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			close(asked)
			<-carryOn
		}
		proxy.ServeHTTP(w, r)
	})
	o := options(t, scope)
	o.Address = through
	d := up(t, o)

	ctx, cancel := context.WithCancel(t.Context())
	returned := make(chan error, 1)
	go func() {
		_, err := d.Create(ctx, t.Name(), lesson, idle("cut"), time.Minute)
		returned <- err
	}()
	<-asked
	cancel()
	early := false
	select {
	case <-returned:
		early = true
	case <-time.After(500 * time.Millisecond):
	}
	close(carryOn)
	if early {
		t.Fatal("Create came back while the engine was making the container")
	}
	if err := <-returned; !errors.Is(err, context.Canceled) {
		t.Errorf("Create: %v", err)
	}
	if _, err := raw(t).ContainerInspect(t.Context(), "porthole-"+scope+"-lesson-cut"); err == nil {
		t.Error("the container is left")
	}
}
