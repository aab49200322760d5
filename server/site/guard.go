package site

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// hostList are the Host headers that are ours. Without it, a page on another
// site could point its own name at 127.0.0.1 (DNS rebinding) and then be of
// the same origin as we are.
type hostList map[string]struct{}

func newHostList(more []string) (hostList, error) {
	list := hostList{"localhost": {}, "127.0.0.1": {}, "[::1]": {}}
	for _, name := range more {
		if name == "" || strings.ContainsAny(name, "/*@ \t") {
			return nil, fmt.Errorf("%q is not a host name to allow: give a name, or name:port", name)
		}
		list[strings.ToLower(name)] = struct{}{}
	}
	return list, nil
}

// has reports whether a Host header is ours: by name with any port, or as a
// whole where the list names the port. Nothing is parsed: what is not spelled
// as we spell it is not ours.
func (l hostList) has(host string) bool {
	host = strings.ToLower(host)
	if _, ok := l[host]; ok {
		return true
	}
	colon := strings.LastIndexByte(host, ':')
	if colon < 0 || colon == len(host)-1 || strings.Trim(host[colon+1:], "0123456789") != "" {
		return false
	}
	_, ok := l[host[:colon]]
	return ok
}

// originList are the sites that may frame panels and watch the stream.
type originList []string

func newOriginList(origins []string) (originList, error) {
	var list originList
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") ||
			origin != u.Scheme+"://"+u.Host || strings.ContainsAny(origin, "; ,'\"*") {
			return nil, fmt.Errorf("%q is not an origin to allow: give scheme and host, for example https://slides.example", origin)
		}
		list = append(list, strings.ToLower(origin))
	}
	return list, nil
}

func (l originList) has(origin string) bool {
	for _, known := range l {
		if strings.EqualFold(known, origin) {
			return true
		}
	}
	return false
}

// sameOrigin reports whether an Origin header names the host that the request
// was sent to, port and all. The scheme is left out of it: a proxy that speaks
// https to the browser speaks http to us.
func sameOrigin(origin string, r *http.Request) bool {
	return strings.EqualFold(origin, "http://"+r.Host) || strings.EqualFold(origin, "https://"+r.Host)
}

// guardHost answers 421 to requests for hosts that are not ours.
func (s *Site) guardHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.hosts.has(r.Host) {
			s.problem(w, r, http.StatusMisdirectedRequest, fmt.Sprintf(
				"This server does not answer to the name %q: use localhost, or start it with --allow-host and that name.",
				shorten(r.Host, 100)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guardOrigin answers 403 to requests that change something and were made by
// another site's page.
func (s *Site) guardOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.problem(w, r, http.StatusForbidden,
			"This request comes from a page of another site, and only Porthole's own pages may change anything: open Porthole itself.")
	}))
	return protection.Handler(next)
}

// headers sets what every answer carries. Pages that may be framed change the
// policy afterwards.
func (s *Site) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", s.contentPolicy("'none'", "'none'"))
		h.Set("X-Content-Type-Options", "nosniff")
		// same-origin and not no-referrer, which would turn the Origin of our
		// own forms into null.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// contentPolicy allows a page what is ours and nothing else. Of scripts in the
// page itself it allows one, by its content.
func (s *Site) contentPolicy(frameAncestors, formAction string) string {
	scripts := "'self'"
	if s.assets.earlyHash != "" {
		scripts += " 'sha256-" + s.assets.earlyHash + "'"
	}
	return "default-src 'none'; script-src " + scripts + "; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action " + formAction + "; frame-ancestors " + frameAncestors
}

// recoverer answers 500 where a handler panics. The trace goes to the log only.
func (s *Site) recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch reason := recover(); {
			case reason == nil:
			case reason == http.ErrAbortHandler:
				panic(reason) // net/http's own way to cut an answer short
			default:
				s.Log.Error("a handler panicked", "method", r.Method, "path", r.URL.Path, "reason", reason, "stack", stack())
				s.problem(w, r, http.StatusInternalServerError, internal)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
