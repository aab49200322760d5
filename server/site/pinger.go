package site

import (
	"context"
	"sync"
	"time"

	"nhooyr.io/websocket"
)

// pinger asks a viewer from time to time whether it is still there. Between
// two questions it is a timer, and no goroutine whose stack has to be kept.
type pinger struct {
	conn          *websocket.Conn
	every, within time.Duration
	gone          func(error) // told once, when there is no answer

	mu    sync.Mutex
	timer *time.Timer
	over  bool
	due   sync.WaitGroup // the timer, from when it is set until it has run
}

// start sets the timer. ctx cuts a question off.
func (p *pinger) start(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due.Add(1)
	p.timer = time.AfterFunc(p.every, func() {
		defer p.due.Done()
		p.ask(ctx)
	})
}

func (p *pinger) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, p.within)
	defer cancel()
	if p.isOver() {
		return
	}
	if err := p.conn.Ping(ctx); err != nil {
		p.gone(errGone)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over {
		p.due.Add(1)
		p.timer.Reset(p.every)
	}
}

func (p *pinger) isOver() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// stop asks no more.
func (p *pinger) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over = true; p.timer.Stop() {
		p.due.Done() // it will not run
	}
}

// wait waits until a question that is under way has ended: stop must have been
// called, and start's context have ended, else that takes as long as the viewer.
func (p *pinger) wait() { p.due.Wait() }
