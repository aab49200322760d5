package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// A viewer is as cheap as it can be made, so that what is measured is the
// server: it reads frames, looks at the time of each sample, and drops the
// rest. (The library's client would cost more than the server.)
type viewer struct {
	conn   net.Conn
	reader *bufio.Reader
}

// tally is what viewers have seen, all of them together.
type tally struct {
	hellos, samples, bytes atomic.Int64
	lags                   [lagBuckets]atomic.Int64 // by millisecond
}

// lagBuckets bounds the lag that is told apart, in milliseconds.
const lagBuckets = 5000

// connect opens a websocket by hand (RFC 6455).
func connect(address string) (*viewer, error) {
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "GET /api/v1/stream HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", address)
	reader := bufio.NewReaderSize(conn, 8<<10)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		conn.Close()
		return nil, err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		conn.Close()
		return nil, fmt.Errorf("the server answers %s", response.Status)
	}
	conn.SetDeadline(time.Time{})
	return &viewer{conn: conn, reader: reader}, nil
}

// watch reads until the connection ends.
func (v *viewer) watch(t *tally) {
	var start [96]byte
	for {
		opcode, length, err := v.frame()
		if err != nil {
			return
		}
		t.bytes.Add(int64(length))
		begun, err := io.ReadFull(v.reader, start[:min(length, len(start))])
		if err != nil {
			return
		}
		if _, err := v.reader.Discard(length - begun); err != nil {
			return
		}
		switch {
		case opcode == 9: // ping
			v.conn.Write(append([]byte{0x8a, 0x80 | byte(length), 0, 0, 0, 0}, start[:begun]...))
		case bytes.Contains(start[:begun], []byte(`"type":"sample"`)):
			t.samples.Add(1)
			if at := madeAt(start[:begun]); at > 0 {
				t.lags[max(0, min(time.Now().UnixMilli()-at, lagBuckets-1))].Add(1)
			}
		case bytes.Contains(start[:begun], []byte(`"type":"hello"`)):
			t.hellos.Add(1)
		}
	}
}

// frame reads the head of a frame that is not masked.
func (v *viewer) frame() (opcode byte, length int, err error) {
	head, err := v.reader.Peek(2)
	if err != nil {
		return 0, 0, err
	}
	opcode, length = head[0]&0x0f, int(head[1]&0x7f)
	v.reader.Discard(2)
	switch length {
	case 126:
		var b [2]byte
		if _, err := io.ReadFull(v.reader, b[:]); err != nil {
			return 0, 0, err
		}
		length = int(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		if _, err := io.ReadFull(v.reader, b[:]); err != nil {
			return 0, 0, err
		}
		length = int(binary.BigEndian.Uint64(b[:]))
	}
	return opcode, length, nil
}

// madeAt finds the message's own time in its first bytes.
func madeAt(start []byte) int64 {
	_, rest, found := bytes.Cut(start, []byte(`"at":`))
	if !found {
		return 0
	}
	end := bytes.IndexAny(rest, ",}")
	if end < 0 {
		return 0
	}
	at, _ := strconv.ParseInt(string(rest[:end]), 10, 64)
	return at
}

// percentile is the lag that this share of samples did not exceed, in
// milliseconds.
func (t *tally) percentile(share float64) float64 {
	var all int64
	for i := range t.lags {
		all += t.lags[i].Load()
	}
	want, seen := int64(float64(all)*share), int64(0)
	for i := range t.lags {
		if seen += t.lags[i].Load(); seen > want {
			return float64(i)
		}
	}
	return lagBuckets
}
