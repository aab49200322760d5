// Package engine runs the demo containers: it is the only one that speaks to
// Docker.
package engine
