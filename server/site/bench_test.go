package site

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"

	"nhooyr.io/websocket"

	"porthole/server/stream"
	"porthole/server/wire"
)

// BenchmarkFanOut is one sample of 20 containers from Publish until the last
// of the viewers has read it, over real sockets. Both ends are in it.
func BenchmarkFanOut(b *testing.B) {
	for _, viewers := range []int{1, 50, 200} {
		b.Run(fmt.Sprintf("viewers=%d", viewers), func(b *testing.B) {
			hub := stream.NewHub(stream.Options{})
			site, err := New(baseOptions(hub))
			if err != nil {
				b.Fatal(err)
			}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			served := make(chan error)
			go func() { served <- site.Serve(ctx, listener) }()

			var everybody, reading sync.WaitGroup
			everybody.Add(viewers) // who has read the history
			for range viewers {
				transport := &http.Transport{}
				conn, _, err := websocket.Dial(ctx, "ws://"+listener.Addr().String()+"/api/v1/stream", &websocket.DialOptions{
					HTTPClient: &http.Client{Transport: transport},
				})
				if err != nil {
					b.Fatal(err)
				}
				conn.SetReadLimit(1 << 20)
				reading.Go(func() {
					defer transport.CloseIdleConnections()
					defer conn.CloseNow()
					for n := 0; ; n++ {
						if _, _, err := conn.Read(context.Background()); err != nil {
							return
						}
						if n > 0 { // the first is hello
							everybody.Done()
						}
					}
				})
			}
			everybody.Wait()
			message := wire.Sample{Containers: map[string]wire.Counters{}}
			for i := range 20 {
				message.Containers[fmt.Sprintf("porthole-architecture-%02d", i)] = wire.Counters{
					CPUUsageUsec: wire.Counted(123456789), CPUPeriods: wire.Counted(1), MemoryCurrentBytes: wire.Counted(1 << 28),
					MemoryAnonBytes: wire.Counted(1 << 27), PidsCurrent: wire.Counted(3), IOReadBytes: wire.Counted(4096),
				}
			}
			for b.Loop() {
				everybody.Add(viewers)
				hub.Sample(message)
				everybody.Wait()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*viewers), "µs/viewer")
			cancel()
			<-served
			reading.Wait()
		})
	}
}
