package site

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"
)

// assets are the static files, hashed and compressed once. They are few and
// small; and what is not in the map cannot be reached, however a path is
// written.
type assets struct {
	files  fs.FS
	byPath map[string]*asset
	// early is the text of earlyScript, and earlyHash what the content policy
	// knows it by; empty where there is none.
	early, earlyHash string
}

type asset struct {
	contentType string
	hash        string // of the content: changes exactly when that does
	named       bool   // the name, too, changes when the content does
	gzipped     []byte // nil where it would not be smaller
}

// contentTypes are spelled out, because mime's own table depends on the
// machine.
var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".map":   "application/json",
	".svg":   "image/svg+xml",
	".png":   "image/png",
	".ico":   "image/x-icon",
	".woff2": "font/woff2",
	".txt":   "text/plain; charset=utf-8",
}

func newAssets(files fs.FS) (*assets, error) {
	a := &assets{files: files, byPath: map[string]*asset{}}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(path.Base(name), ".") || path.Ext(name) == ".go" {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if name == earlyScript {
			sum := sha256.Sum256(content)
			a.early, a.earlyHash = string(content), base64.StdEncoding.EncodeToString(sum[:])
		}
		a.byPath[name], err = newAsset(name, content)
		return err
	})
	return a, err
}

func newAsset(name string, content []byte) (*asset, error) {
	sum := sha256.Sum256(content)
	a := &asset{contentType: contentTypes[path.Ext(name)], hash: hex.EncodeToString(sum[:8]), named: hashedName.MatchString(name)}
	if a.contentType == "" {
		a.contentType = mime.TypeByExtension(path.Ext(name))
	}
	if a.contentType == "" {
		a.contentType = "application/octet-stream"
	}
	var b bytes.Buffer
	compressor := gzip.NewWriter(&b)
	if _, err := compressor.Write(content); err != nil {
		return nil, err
	}
	if err := compressor.Close(); err != nil {
		return nil, err
	}
	if b.Len() < len(content)*9/10 {
		a.gzipped = b.Bytes()
	}
	return a, nil
}

func (a *assets) has(name string) bool { return a.byPath[name] != nil }

// address is where a page finds a file: with its hash, so that a browser can
// keep it for good.
func (a *assets) address(base, name string) string {
	file := a.byPath[name]
	if file == nil {
		return base + "/static/" + name
	}
	return base + "/static/" + name + "?v=" + file.hash
}

// hashedName is how esbuild names what the style sheet asks for, with a hash of
// the content in the name.
var hashedName = regexp.MustCompile(`^bundle/.*-[A-Z0-9]{8}\.[a-z0-9]+$`)

// fonts are the addresses of the bundle's fonts, as the style sheet has them: a
// page that names another loads them twice.
func (a *assets) fonts(base string) []string {
	var addresses []string
	for name := range a.byPath {
		if strings.HasPrefix(name, "bundle/") && path.Ext(name) == ".woff2" {
			addresses = append(addresses, base+"/static/"+name)
		}
	}
	slices.Sort(addresses)
	return addresses
}

// serve answers for /static/*.
func (a *assets) serve(s *Site) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.asset(w, r, chi.URLParam(r, "*"))
	}
}

// asset writes one file, or says that the browser has it already. The compressed
// form is at hand; the plain one is read for the few who want it, and not held
// twice.
func (s *Site) asset(w http.ResponseWriter, r *http.Request, name string) {
	file := s.assets.byPath[name]
	if file == nil {
		s.notFound(w, r)
		return
	}
	body, compressed := file.gzipped, file.gzipped != nil && acceptsGzip(r)
	if !compressed {
		var err error
		if body, err = fs.ReadFile(s.assets.files, name); err != nil {
			s.Log.Error("a static file cannot be read", "file", name, "error", err)
			s.problem(w, r, http.StatusInternalServerError, internal)
			return
		}
	}
	h := w.Header()
	tag := `"` + file.hash + `"`
	h.Set("ETag", tag)
	h.Set("Content-Type", file.contentType)
	h.Set("Vary", "Accept-Encoding")
	if file.named || r.URL.Query().Get("v") == file.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache") // keep it, but ask each time
	}
	if match := r.Header.Get("If-None-Match"); match != "" && strings.Contains(match, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if compressed {
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// acceptsGzip reports whether the client takes gzip and does not rule it out.
func acceptsGzip(r *http.Request) bool {
	for _, offer := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		coding, quality, _ := strings.Cut(offer, ";")
		if strings.TrimSpace(coding) == "gzip" {
			q := strings.TrimSpace(quality)
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}
