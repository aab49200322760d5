package site

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
)

const controlCookie = "porthole_control"

// Bounds on what is remembered of tokens: sessions that may control, and
// tokens that were used, so that their second user is told so.
const (
	mostSessions = 64
	mostUsed     = 64
)

// keys are who may control. A one-time token is good once: for a browser,
// which gets a session's cookie for it, or for a program, whose session it
// becomes. Only digests are kept.
type keys struct {
	mu       sync.Mutex
	fresh    *[sha256.Size]byte // the token that was printed last, until it is used
	used     [][sha256.Size]byte
	sessions [][sha256.Size]byte
}

// outcome is what became of a token that somebody brought.
type outcome int

const (
	tokenWrong outcome = iota
	tokenUsed
	tokenGood
)

// renew makes token the only one that is good.
func (k *keys) renew(token string) {
	digest := sha256.Sum256([]byte(token))
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fresh = &digest
}

// spend takes a one-time token, once.
func (k *keys) spend(token string) outcome {
	digest := sha256.Sum256([]byte(token))
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.fresh != nil && subtle.ConstantTimeCompare(digest[:], k.fresh[:]) == 1:
		k.fresh = nil
		k.used = bounded(append(k.used, digest), mostUsed)
		return tokenGood
	case known(k.used, digest):
		return tokenUsed
	}
	return tokenWrong
}

// admit makes a secret that of a session.
func (k *keys) admit(secret string) {
	digest := sha256.Sum256([]byte(secret))
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sessions = bounded(append(k.sessions, digest), mostSessions)
}

// isSession reports whether a secret is that of a session.
func (k *keys) isSession(secret string) bool {
	digest := sha256.Sum256([]byte(secret))
	k.mu.Lock()
	defer k.mu.Unlock()
	return known(k.sessions, digest)
}

// known compares digests with each of a list, all of them and each in
// constant time: nothing of a secret can be found out by timing.
func known(list [][sha256.Size]byte, digest [sha256.Size]byte) bool {
	found := 0
	for i := range list {
		found |= subtle.ConstantTimeCompare(list[i][:], digest[:])
	}
	return found == 1
}

// bounded drops the oldest above a bound.
func bounded(list [][sha256.Size]byte, most int) [][sha256.Size]byte {
	if len(list) > most {
		list = append(list[:0], list[len(list)-most:]...)
	}
	return list
}

// NewControlToken makes another one-time token and returns it. The one before
// is void, if nobody has used it; whoever has control keeps it. It returns ""
// where control needs no token.
func (s *Site) NewControlToken() string {
	if s.ControlToken == "" {
		return ""
	}
	token := rand.Text()
	s.keys.renew(token)
	return token
}

// mayControl reports whether a request may start and stop things. Where no
// token is set, everybody may who has passed the guards.
func (s *Site) mayControl(r *http.Request) bool {
	if s.ControlToken == "" {
		return true
	}
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return s.isBearer(given)
	}
	cookie, err := r.Cookie(controlCookie)
	return err == nil && s.keys.isSession(cookie.Value)
}

// isBearer knows sessions, and makes a one-time token the session of the
// program that brings it.
func (s *Site) isBearer(given string) bool {
	if s.keys.isSession(given) {
		return true
	}
	if s.keys.spend(given) != tokenGood {
		return false
	}
	s.keys.admit(given)
	return true
}

// guardControl answers 401 to those who may not control.
func (s *Site) guardControl(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.mayControl(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="porthole"`)
			s.problem(w, r, http.StatusUnauthorized,
				"Starting and stopping lessons needs control: open the one-time link that Porthole printed when it started, or send the header Authorization: Bearer and its token.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// controlPage is where the printed link /control#TOKEN leads. A fragment is
// never sent, so the page's script puts it into the form.
func (s *Site) controlPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", s.contentPolicy("'none'", "'self'"))
	s.pages.render(w, r, http.StatusOK, "control", view{Title: "Control", InControl: s.mayControl(r)})
}

// What the control page says of a token that is not good.
const (
	saysWrong = "That is not the token: it is what follows # in the link that Porthole has printed last. Porthole prints a new one when it is started again."
	saysUsed  = "That link has been used: it is good once, for one browser. If that was not you, start Porthole again. If you want control in a second browser, let Porthole print another link: it said with the first one how."
)

// takeControl exchanges the token, sent as a form, for a cookie that scripts
// cannot read and that other sites' pages do not send.
func (s *Site) takeControl(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", s.contentPolicy("'none'", "'self'"))
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	if err := r.ParseForm(); err != nil {
		s.problem(w, r, http.StatusBadRequest, "The form could not be read: send the field token, and no more than 4096 bytes.")
		return
	}
	if s.ControlToken != "" && !s.mayControl(r) {
		status, notice := http.StatusUnauthorized, saysWrong
		switch s.keys.spend(r.PostForm.Get("token")) {
		case tokenUsed:
			status, notice = http.StatusGone, saysUsed
			fallthrough
		case tokenWrong:
			s.pages.render(w, r, status, "control", view{Title: "Control", Notice: notice})
			return
		}
		secret := rand.Text() + rand.Text()
		s.keys.admit(secret)
		http.SetCookie(w, &http.Cookie{
			Name: controlCookie, Value: secret, Path: s.BasePath + "/",
			HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
		})
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.BasePath+"/", http.StatusSeeOther)
}
