package reader

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"porthole/server/doctor"
	"porthole/server/wire"
)

// kind tells what a frame holds.
type kind byte

const (
	// From the server: how things stand, a question, and a sign of life.
	kindState kind = 'S'
	kindAsk   kind = 'A'
	kindPing  kind = 'P'
	// From the helper: who it is, what it sees, and its answers.
	kindHello    kind = 'H'
	kindTopology kind = 'T'
	kindSample   kind = 'N'
	kindGone     kind = 'G'
	kindAnswer   kind = 'R'
)

// maximumFrame bounds a payload, in bytes: the largest is a topology of some
// tens of containers with all their processes and mounts.
const maximumFrame = 16 << 20

const (
	// quiet is how long the helper goes on without a word from its server.
	quiet = 20 * time.Second
	// silence is how long the server waits for a word from its helper, which
	// sends a sample a second at least.
	silence = 10 * time.Second
	// pingEvery is the time between two signs of life.
	pingEvery = 2 * time.Second
)

// state is all that the helper needs to know, always whole.
type state struct {
	Engine   wire.Engine  `json:"engine"`
	Reader   wire.Reader  `json:"reader"`
	Watched  bool         `json:"watched"`
	Subjects []told       `json:"subjects"`
	Images   []wire.Image `json:"images,omitempty"`
}

// told is a container as the engine knows it, and what it says of itself.
type told struct {
	Container wire.Container `json:"container"`
	ExitCode  *int           `json:"exitCode,omitempty"`
	OOMKilled *bool          `json:"oomKilled,omitempty"`
	Inside    *wire.View     `json:"inside,omitempty"`
}

// ask is a question: where one number comes from, or what the doctor finds.
type ask struct {
	ID        uint64 `json:"id"`
	Container string `json:"container,omitempty"`
	Field     string `json:"field,omitempty"`
	Doctor    bool   `json:"doctor,omitempty"`
}

// answer is that to an ask.
type answer struct {
	ID         uint64           `json:"id"`
	Provenance *wire.Provenance `json:"provenance,omitempty"`
	// Unknown is why there is no such number.
	Unknown string        `json:"unknown,omitempty"`
	Facts   *doctor.Facts `json:"facts,omitempty"`
}

// hello is the helper's first frame.
type hello struct {
	Host  wire.Host    `json:"host"`
	Facts doctor.Facts `json:"facts"`
	// At is the helper's clock, in Unix milliseconds.
	At int64 `json:"at"`
}

const headerSize = 5

// appendFrame adds a frame with a JSON payload.
func appendFrame(to []byte, k kind, payload any) ([]byte, error) {
	data, err := json.Marshal(payload)
	if err != nil {
		return to, fmt.Errorf("a frame %c cannot be encoded: %w", k, err)
	}
	return append(appendHeader(to, k, len(data)), data...), nil
}

func appendHeader(to []byte, k kind, size int) []byte {
	return binary.BigEndian.AppendUint32(append(to, byte(k)), uint32(size))
}

// readFrame reads one frame into buffer, which grows as needed, and returns the
// part of it that holds the payload. The error is io.EOF where the stream ends
// between two frames.
func readFrame(from io.Reader, buffer *[]byte) (kind, []byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(header[1:])
	if size > maximumFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes is longer than any of ours (%d): the other end is no reader", size, maximumFrame)
	}
	if uint32(cap(*buffer)) < size {
		*buffer = make([]byte, size)
	}
	payload := (*buffer)[:size]
	if _, err := io.ReadFull(from, payload); err != nil {
		return 0, nil, fmt.Errorf("the stream ended within a frame: %w", io.ErrUnexpectedEOF)
	}
	return kind(header[0]), payload, nil
}
