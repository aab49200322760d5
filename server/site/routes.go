package site

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// routes lists every address. The guards stand before all of them.
func (s *Site) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.GetHead)
	r.NotFound(s.notFound)
	r.MethodNotAllowed(s.methodNotAllowed)

	r.Get("/", s.architecturePage)
	r.Get("/lessons/{slug}", s.lessonPage)
	r.Get("/takeaways", s.takeawaysPage)
	r.Get("/present", s.presentPage)
	r.With(s.needsRoom).Get("/follow", s.followPage)
	r.Get("/source/{file}", s.sourcePage)
	r.Get("/control", s.controlPage)
	r.Post("/control", s.takeControl)
	r.With(s.frameable).Get("/embed/{panel}", s.embedPage)
	r.With(anyOrigin).Get("/panel.js", s.panelScript)
	r.Get("/static/*", s.assets.serve(s))

	r.Get("/healthz", s.healthz)
	r.Get("/readyz", s.readyz)
	r.Method(http.MethodGet, "/metrics", s.metrics())

	r.Route("/api/v1", func(r chi.Router) {
		r.Get("/host", s.getHost)
		r.Get("/lessons", s.getLessons)
		r.Get("/lessons/{slug}", s.getLesson)
		r.Get("/topology", s.getTopology)
		r.Get("/containers/{name}/sources/{field}", s.getSource)
		r.Get("/stream", s.stream)
		r.Get("/replay", s.getReplay)
		r.With(s.guardControl).Post("/replay", s.changeReplay)
		r.With(s.needsRoom).Get("/room", s.getRoom)
		r.With(s.needsRoom, s.guardControl).Put("/room", s.showRoom)
		r.With(s.needsRoom).Get("/room/invitation", s.getInvitation)
		r.With(s.needsRoom).Get("/room/invitation.svg", s.invitationCode)
		r.With(s.needsRoom).Post("/room/polls/{slug}/votes", s.vote)
		r.With(s.needsRoom, s.guardControl).Post("/room/polls/{slug}/rounds", s.askAgain)
		r.Get("/runs", s.getRuns)
		r.Get("/runs/{id}", s.getRun)
		r.With(s.guardControl).Post("/lessons/{slug}/runs", s.startRun)
		r.With(s.guardControl).Delete("/runs/{id}", s.stopRun)
		r.With(s.guardControl).Post("/runs/{id}/actions/{action}", s.act)
	})
	s.router = r
	return s.headers(s.recoverer(s.guardHost(s.guardOrigin(s.below(r)))))
}

// below takes BasePath off the path; outside of it there is nothing.
func (s *Site) below(next http.Handler) http.Handler {
	if s.BasePath == "" {
		return next
	}
	stripped := http.StripPrefix(s.BasePath, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == s.BasePath:
			http.Redirect(w, r, s.BasePath+"/", http.StatusPermanentRedirect)
		case strings.HasPrefix(r.URL.Path, s.BasePath+"/"):
			stripped.ServeHTTP(w, r)
		default:
			s.problem(w, r, http.StatusNotFound, fmt.Sprintf("Porthole is below %s/ on this server.", s.BasePath))
		}
	})
}

// notFound answers pages with a page, and programs with a problem.
func (s *Site) notFound(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/static/") || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		s.problem(w, r, http.StatusNotFound, "There is nothing at this address: docs/api.md lists those that there are.")
		return
	}
	s.pages.fail(w, r, http.StatusNotFound, "There is no page at this address.", strings.HasPrefix(path, "/embed/"))
}

// methodNotAllowed names the methods that the address does take.
func (s *Site) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	routes := chi.RouteContext(r.Context()).Routes
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete} {
		if routes.Match(chi.NewRouteContext(), method, path) {
			allowed = append(allowed, method)
			if method == http.MethodGet {
				allowed = append(allowed, http.MethodHead)
			}
		}
	}
	list := strings.Join(allowed, ", ")
	w.Header().Set("Allow", list)
	s.problem(w, r, http.StatusMethodNotAllowed, fmt.Sprintf("%s is not possible here: this address takes %s.", shorten(r.Method, 20), list))
}

// nameShape is what names in addresses look like: slugs, run IDs, container
// names, panels and fields.
var nameShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)

// param returns a name from the path; false where it cannot be one of ours.
func param(r *http.Request, key string) (string, bool) {
	name := chi.URLParam(r, key)
	// The router matches the path as it was sent.
	if r.URL.RawPath != "" {
		unescaped, err := url.PathUnescape(name)
		if err != nil {
			return "", false
		}
		name = unescaped
	}
	return name, nameShape.MatchString(name)
}
