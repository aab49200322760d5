package site

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"porthole/server/stream"
	"porthole/server/wire"
	"porthole/static"
	"porthole/templates"
)

func TestBodyOfTenMegabytes(t *testing.T) {
	s := serve(t, nil)
	huge := `{"x":"` + strings.Repeat("x", 10<<20) + `"}`
	for _, chunked := range []bool{false, true} {
		request, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+s.address+"/api/v1/lessons/cpu-limit/runs", strings.NewReader(huge))
		if err != nil {
			t.Fatal(err)
		}
		if chunked {
			request.ContentLength = -1
		}
		response, err := s.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusRequestEntityTooLarge || response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("chunked %v: %s %s", chunked, response.Status, body)
		}
	}
	if runs := s.Lab.Runs(); len(runs) != 0 {
		t.Errorf("it started %v", runs)
	}
}

func TestVeryLongNames(t *testing.T) {
	s := serve(t, nil)
	long := strings.Repeat("x", 5000)
	for _, path := range []string{"/api/v1/lessons/", "/api/v1/runs/", "/api/v1/containers/a/sources/", "/static/", "/lessons/", "/embed/", "/"} {
		response, body := s.do(t, "GET", path+long, "")
		if response.StatusCode != http.StatusNotFound || len(body) > 2000 {
			t.Errorf("%s: %s, and %d bytes of answer", path, response.Status, len(body))
		}
	}
	response, body := s.do(t, "GET", "/healthz", "", "Host", long)
	if response.StatusCode != http.StatusMisdirectedRequest || len(body) > 2000 {
		t.Errorf("Host: %s, and %d bytes of answer", response.Status, len(body))
	}
	if response, _ := s.do(t, "GET", "/"+strings.Repeat("x", 100<<10), ""); response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("100 KB of path: %s, want 431", response.Status)
	}
}

func TestUnready(t *testing.T) {
	now := time.Unix(1000, 0)
	engine := wire.Engine{Name: "docker", State: wire.EngineDown, Problem: "Nobody listens at the socket: start dockerd."}
	hub := stream.NewHub(stream.Options{Now: func() time.Time { return now }})
	o := baseOptions(hub)
	o.Hub, o.Now = hub, func() time.Time { return now }
	o.Host = func() wire.Host { return wire.Host{Engine: engine} }
	site, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	has := func(when string, want ...string) {
		t.Helper()
		got := site.unready()
		if len(got) != len(want) {
			t.Fatalf("%s: %q, want %d reasons", when, got, len(want))
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("%s: %q, want %q in it", when, got[i], want[i])
			}
		}
	}
	has("at first", "start dockerd", "No sample has been taken yet")
	hub.Sample(wire.Sample{})
	has("with a sample", "start dockerd")
	engine = wire.Engine{Name: "docker", State: wire.EngineConnecting}
	has("on connecting", `"connecting"`)
	engine.State = wire.EngineUp
	has("with an engine")
	now = now.Add(10 * time.Second)
	has("when samples stay away", "for 10 seconds")
}

func TestUnreadyAnswer(t *testing.T) {
	s := serve(t, nil) // no sample yet
	response, body := s.do(t, "GET", "/readyz", "")
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Content-Type") != "application/problem+json" ||
		!strings.Contains(body, `"reasons":["No sample has been taken yet."]`) {
		t.Errorf("%s: %s", response.Status, body)
	}
	if response, body := s.do(t, "GET", "/api/v1/topology", ""); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("topology: %s: %s", response.Status, body)
	}
	if response, _ := s.do(t, "GET", "/healthz", ""); response.StatusCode != http.StatusOK {
		t.Errorf("healthz: %s", response.Status)
	}
	if response, body := s.do(t, "GET", "/", ""); response.StatusCode != http.StatusOK || !strings.Contains(body, "Nothing has been read from the kernel yet.") {
		t.Errorf("page: %s: %s", response.Status, body)
	}
}

func TestMissingBundleIsSaid(t *testing.T) {
	s := serve(t, func(o *Options) { o.Static = fstest.MapFS{"css/plain.css": {Data: []byte("body{}")}} })
	s.publish(1)
	for _, path := range []string{"/", "/lessons/cpu-limit", "/embed/cpu", "/readyz"} {
		response, body := s.do(t, "GET", path, "")
		if response.StatusCode != http.StatusOK || !strings.Contains(body, "has not been built") || !strings.Contains(body, "make run") {
			t.Errorf("%s: %s does not say that the bundle is missing:\n%s", path, response.Status, body)
		}
		if strings.Contains(body, "bundle/porthole.js") {
			t.Errorf("%s asks for a bundle that is not there", path)
		}
	}
}

func TestAssetsAreKept(t *testing.T) {
	s := serve(t, func(o *Options) { o.Static = withBundle() })
	address := s.assets.address("", "bundle/porthole.js")
	response, _ := s.do(t, "GET", address, "")
	if got := response.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("%s: Cache-Control %q", address, got)
	}
	tag := response.Header.Get("ETag")
	response, body := s.do(t, "GET", "/static/bundle/porthole.js", "", "If-None-Match", tag)
	if response.StatusCode != http.StatusNotModified || body != "" || response.Header.Get("ETag") != tag {
		t.Errorf("the same again: %s", response.Status)
	}
	if response, _ = s.do(t, "GET", address+"x", ""); response.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("another hash: Cache-Control %q", response.Header.Get("Cache-Control"))
	}
}

// The script in the page opens the stream, and the policy knows it by its
// content; the fonts are asked for by the style sheet's own address of them.
func TestPagesBegin(t *testing.T) {
	const font = "bundle/inter-latin-wght-normal-NRMW37G5.woff2"
	for _, base := range []string{"", "/porthole"} {
		s := serve(t, func(o *Options) {
			files := withBundle()
			files[font] = &fstest.MapFile{Data: []byte("font")}
			early, err := fs.ReadFile(static.FS, earlyScript)
			if err != nil {
				t.Fatal(err)
			}
			files[earlyScript] = &fstest.MapFile{Data: early}
			o.Static, o.BasePath = files, base
		})
		for path, stream := range map[string]string{
			"/": "/api/v1/stream", "/embed/cpu": "/api/v1/stream?panel=1", "/lessons/cpu-limit": "/api/v1/stream",
		} {
			response, body := s.do(t, "GET", base+path, "")
			found := regexp.MustCompile(`(?s)<script data-stream="([^"]*)">(.*?)</script>`).FindStringSubmatch(body)
			if found == nil || found[1] != base+stream {
				t.Fatalf("%s: the script names the stream %q, and it is %s", base+path, found, base+stream)
			}
			if strings.Index(body, found[0]) > strings.Index(body, `rel="stylesheet"`) {
				t.Errorf("%s: the script stands after a style sheet, and waits for it", base+path)
			}
			sum := sha256.Sum256([]byte(found[2]))
			policy := response.Header.Get("Content-Security-Policy")
			if want := "script-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"; !strings.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %s", base+path, policy, want)
			}
			if !strings.Contains(body, `rel="preload" as="font" type="font/woff2" crossorigin href="`+base+`/static/`+font+`"`) {
				t.Errorf("%s does not ask for its font early", base+path)
			}
		}
		response, _ := s.do(t, "GET", base+"/static/"+font, "")
		if got := response.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s, which has its hash in its name: Cache-Control %q", font, got)
		}
	}
}

// The folders as they are embedded, whether the bundle is built or not.
func TestEmbeddedFilesServe(t *testing.T) {
	s := serve(t, func(o *Options) { o.Static, o.Templates, o.Script = static.FS, templates.FS, static.Script })
	for _, path := range []string{"/static/css/plain.css", "/static/icons/porthole.svg", "/static/js/control.js", "/", "/takeaways"} {
		if response, _ := s.do(t, "GET", path, ""); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no lab":              func(o *Options) { o.Lab = nil },
		"an address as host":  func(o *Options) { o.AllowHosts = []string{"http://x"} },
		"every host":          func(o *Options) { o.AllowHosts = []string{"*"} },
		"every origin":        func(o *Options) { o.AllowEmbed = []string{"*"} },
		"a policy as origin":  func(o *Options) { o.AllowEmbed = []string{"https://a; script-src *"} },
		"a path as origin":    func(o *Options) { o.AllowEmbed = []string{"https://a/b"} },
		"a scheme of its own": func(o *Options) { o.AllowEmbed = []string{"file:///x"} },
		"no templates":        func(o *Options) { o.Templates = fstest.MapFS{} },
	} {
		o := baseOptions(stream.NewHub(stream.Options{}))
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAllowedHostWithAPortOfItsOwn(t *testing.T) {
	list, err := newHostList([]string{"Deck.Example:8443"})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"deck.example:8443": true, "deck.example": false, "deck.example:1": false,
		"": false, ":8080": false, "[::1]:": false, "localhost:": false, "::1": false, "[::1": false, "localhost:8080:8080": false,
	} {
		if got := list.has(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	for text, want := range map[string]string{"abc": "abc", "abcdef": "abcd…", "abcé": "abc…", "ab€": "ab…", "": ""} {
		if got := shorten(text, 4); got != want {
			t.Errorf("shorten(%q) is %q, want %q", text, got, want)
		}
	}
}
