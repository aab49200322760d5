// Package lab runs lessons: it starts their containers, follows what these
// report, judges the claims on what the kernel readers see, and removes all
// that it made, however a run ends.
//
// Each run is owned by one goroutine, which alone writes its state; the lab
// keeps a copy of its latest message for whoever asks.
package lab
