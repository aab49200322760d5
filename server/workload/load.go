package workload

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"porthole/server/wire"
)

// maximumLatencies bounds what is kept to find the hundredth part: beyond it
// every second one is dropped, and then of the new ones too.
const maximumLatencies = 1 << 16

func load(flags *flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	target := flags.String("target", "localhost:8080", "ask the service at this `host:port`")
	seconds := duration{value: 5 * time.Second, max: MaxTTL}
	rate := real{value: 50, max: 2000}
	clients := whole{value: 2, min: 1, max: 32}
	patience := duration{value: 15 * time.Second, max: time.Minute}
	flags.Var(&seconds, "seconds", "ask for this `time`")
	flags.Var(&rate, "rate", "ask this `number` of times each second, all clients together; 0 is as fast as answers come, at most 2000")
	flags.Var(&clients, "clients", "ask from this `number` of connections at once")
	flags.Var(&patience, "patience", "wait this `time` for the first answer")
	check := func() error {
		if _, _, err := net.SplitHostPort(*target); err != nil {
			return errors.New("--target must be a host and a port, for example localhost:8080")
		}
		if seconds.value == 0 {
			return errors.New("--seconds must be more than 0")
		}
		return nil
	}
	return check, func(p *process) (outcome, error) {
		return ask(p, "http://"+*target+"/", seconds.value, rate.value, clients.value, patience.value)
	}
}

// requests are counted by all clients together.
type requests struct {
	mu               sync.Mutex
	answered, failed uint64
	latencies        []time.Duration
	keep, skipped    uint64 // one in keep latencies is kept
}

func (r *requests) note(took time.Duration, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.failed++
		return
	}
	r.answered++
	if r.skipped++; r.skipped < r.keep {
		return
	}
	r.skipped = 0
	if len(r.latencies) == maximumLatencies {
		half := r.latencies[:0]
		for i := 0; i < maximumLatencies; i += 2 {
			half = append(half, r.latencies[i])
		}
		r.latencies, r.keep = half, 2*r.keep
	}
	r.latencies = append(r.latencies, took)
}

func (r *requests) into(result *wire.Result) *wire.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	result.RequestsAnswered, result.RequestsFailed = wire.Counted(r.answered), wire.Counted(r.failed)
	if n := len(r.latencies); n > 0 {
		sorted := slices.Sorted(slices.Values(r.latencies))
		result.LatencyP50Usec = wire.Counted(uint64(sorted[(n-1)/2].Microseconds()))
		result.LatencyP99Usec = wire.Counted(uint64(sorted[(n-1)*99/100].Microseconds()))
	}
	return result
}

func ask(p *process, url string, length time.Duration, rate float64, clients int, patience time.Duration) (outcome, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: clients, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	m := startMeter()
	counted := &requests{keep: 1}
	if err := firstAnswer(p.ctx, client, url, patience); err != nil {
		counted.note(0, err) // that nobody answers is measured too
		return outcome{result: counted.into(m.result())}, fmt.Errorf("%s did not answer: %w", url, err)
	}
	m = startMeter()
	ctx, cancel := context.WithTimeout(p.ctx, length)
	defer cancel()
	if rate == 0 {
		rate = 2000
	}
	between := time.Duration(float64(time.Second) * float64(clients) / rate)
	var workers sync.WaitGroup
	for i := range clients {
		workers.Go(func() {
			// At fixed moments, whether or not the last answer was slow.
			next := m.began.Add(between * time.Duration(i) / time.Duration(clients))
			for pause(ctx, time.Until(next)) {
				began := time.Now()
				err := get(ctx, client, url)
				if ctx.Err() != nil && err != nil {
					return // cut off by the end, which says nothing of the service
				}
				counted.note(time.Since(began), err)
				if next = next.Add(between); next.Before(time.Now().Add(-time.Second)) {
					next = time.Now() // far behind: go on from here
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { workers.Wait(); close(finished) }()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-finished:
			result := counted.into(m.result())
			if p.ctx.Err() != nil {
				return outcome{result: result}, p.ctx.Err()
			}
			return outcome{says: answers(result), result: result}, nil
		case <-ticker.C:
			result := counted.into(m.result())
			p.report.send(wire.Report{Porthole: wire.ReportProgress, Says: answers(result), Result: result})
		}
	}
}

func answers(result *wire.Result) string {
	answered, _ := result.RequestsAnswered.Get()
	failed, _ := result.RequestsFailed.Get()
	slow, _ := result.LatencyP99Usec.Get()
	return fmt.Sprintf("%d requests answered, %d failed; 99 of 100 took at most %.1f ms", answered, failed, float64(slow)/1000)
}

// firstAnswer waits until a service is there.
func firstAnswer(ctx context.Context, client *http.Client, url string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	for {
		err := get(ctx, client, url)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		if !pause(ctx, 50*time.Millisecond) {
			return last
		}
	}
}

func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered %s", response.Status)
	}
	return nil
}
