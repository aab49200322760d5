// Package wire holds the messages that Porthole sends: over the websocket, and
// as the bodies of its HTTP API. It is the one schema of the product: the
// browser's types (web/src/wire.ts) are generated from it, and a test fails
// when they are stale.
//
// Rules of the format:
//
//   - names are lowerCamel, whole words, the unit last (cpuThrottledUsec);
//   - times are Unix milliseconds, unless the name says otherwise;
//   - counters are cumulative, as the kernel gives them;
//   - what the host does not have, or does not let us read, is absent. It is
//     never 0;
//   - integers stay below 2^53, so that JavaScript reads them exactly.
package wire

//go:generate go run ./typescript -out ../../web/src/wire.ts
