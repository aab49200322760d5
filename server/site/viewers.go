package site

import (
	"net"
	"net/http"
	"sync"
)

// DefaultViewers is how many viewers one server takes if nothing else is said.
const DefaultViewers = 2048

// viewers counts the websockets, so that no number of them can use up the
// server's memory or files.
type viewers struct {
	most, mostPerAddress int

	mu        sync.Mutex
	all       int
	byAddress map[string]int
}

// come counts a viewer in, or returns the HTTP status that refuses it: 503
// where the server is full, 429 where its address has had its share. It
// returns what leave has to be told.
//
// Viewers from loopback share one address and one machine, and decks open
// many panels at once: for them the bound on all is the only one.
func (v *viewers) come(remote string) (address string, refused int) {
	address, _, err := net.SplitHostPort(remote)
	if err != nil {
		address = remote
	}
	ip := net.ParseIP(address)
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.all >= v.most:
		return "", http.StatusServiceUnavailable
	case (ip == nil || !ip.IsLoopback()) && v.byAddress[address] >= v.mostPerAddress:
		return "", http.StatusTooManyRequests
	}
	v.all++
	v.byAddress[address]++
	return address, 0
}

// leave counts a viewer out.
func (v *viewers) leave(address string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all--
	if v.byAddress[address]--; v.byAddress[address] == 0 {
		delete(v.byAddress, address)
	}
}
