package rightstest

import (
	"context"
	"strings"

	"nhooyr.io/websocket"
)

// stream gives each message of the websocket to take, until it returns false or
// ctx ends.
func (s *server) stream(ctx context.Context, take func(message []byte) bool) {
	s.t.Helper()
	connection, _, err := websocket.Dial(ctx, strings.Replace(s.address, "http://", "ws://", 1)+"/api/v1/stream", nil)
	if err != nil {
		s.t.Fatalf("the stream cannot be opened: %v\n%s", err, s.stderr)
	}
	defer connection.CloseNow()
	connection.SetReadLimit(32 << 20)
	for {
		_, message, err := connection.Read(ctx)
		if err != nil || !take(message) {
			return
		}
	}
}
