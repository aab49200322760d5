package site

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
)

const controlCookie = "porthole_control"

// mayControl reports whether a request may start and stop things. Where no
// token is set, everybody may who has passed the guards.
func (s *Site) mayControl(r *http.Request) bool {
	if s.ControlToken == "" {
		return true
	}
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return s.isToken(given)
	}
	cookie, err := r.Cookie(controlCookie)
	return err == nil && subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(s.cookieValue())) == 1
}

// isToken compares digests, in constant time: neither the token's letters nor
// its length can be found out by timing.
func (s *Site) isToken(given string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.ControlToken))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// cookieValue proves that somebody knew the token without being the token.
func (s *Site) cookieValue() string {
	mac := hmac.New(sha256.New, []byte(s.ControlToken))
	mac.Write([]byte("porthole control cookie"))
	return hex.EncodeToString(mac.Sum(nil))
}

// guardControl answers 401 to those who may not control.
func (s *Site) guardControl(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.mayControl(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="porthole"`)
			s.problem(w, r, http.StatusUnauthorized,
				"Starting and stopping lessons needs the control token: open the link that Porthole printed when it started, or send the header Authorization: Bearer and the token.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// controlPage is where the printed link /control#TOKEN leads. A fragment is
// never sent, so the page's script puts it into the form.
func (s *Site) controlPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", contentPolicy("'none'", "'self'"))
	s.pages.render(w, r, http.StatusOK, "control", view{Title: "Control"})
}

// takeControl exchanges the token, sent as a form, for a cookie that scripts
// cannot read and that other sites' pages do not send.
func (s *Site) takeControl(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", contentPolicy("'none'", "'self'"))
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	if err := r.ParseForm(); err != nil {
		s.problem(w, r, http.StatusBadRequest, "The form could not be read: send the field token, and no more than 4096 bytes.")
		return
	}
	if s.ControlToken != "" {
		if !s.isToken(r.PostForm.Get("token")) {
			s.pages.render(w, r, http.StatusUnauthorized, "control", view{
				Title:  "Control",
				Notice: "That is not the token. Porthole printed a new one if it was started again since.",
			})
			return
		}
		http.SetCookie(w, &http.Cookie{
			Name: controlCookie, Value: s.cookieValue(), Path: s.BasePath + "/",
			HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
		})
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.BasePath+"/", http.StatusSeeOther)
}
