package room

import (
	"time"

	"golang.org/x/time/rate"
)

// Votes from one address: a whole hall may sit behind one, and votes within
// seconds of each other.
const (
	votesPerSecond = 50
	votesAtOnce    = 500
	// mostAddresses bounds those that are remembered.
	mostAddresses = 4096
)

// pace bounds the votes from one address.
type pace struct {
	byAddress map[string]*rate.Limiter
}

// allows counts one vote, and reports whether it may be.
func (p *pace) allows(address string, now time.Time) bool {
	limiter := p.byAddress[address]
	if limiter == nil {
		if len(p.byAddress) >= mostAddresses {
			p.forget(now)
		}
		if len(p.byAddress) >= mostAddresses {
			return false
		}
		if p.byAddress == nil {
			p.byAddress = map[string]*rate.Limiter{}
		}
		limiter = rate.NewLimiter(votesPerSecond, votesAtOnce)
		p.byAddress[address] = limiter
	}
	return limiter.AllowN(now, 1)
}

// forget drops the addresses that have rested for long enough to be as new.
func (p *pace) forget(now time.Time) {
	for address, limiter := range p.byAddress {
		if limiter.TokensAt(now) >= votesAtOnce {
			delete(p.byAddress, address)
		}
	}
}
