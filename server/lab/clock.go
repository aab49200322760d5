package lab

import "time"

// steadyClock keeps the times of what is observed in the order and at the
// distances in which it came, though the machine's clock be set meanwhile: else
// all that comes after the clock went back would pass for old, and a rate over
// a leap forward for none.
type steadyClock struct {
	offset int64 // what is added to the machine's time, in milliseconds
	last   int64 // the newest sample's time, as it is told
	seen   time.Time
}

// leap is how far ahead of its time a sample has to be for that to be the
// clock's doing: samples come every second at least, and the clock is often set
// by a little.
const leap = 10 * time.Second

// sample tells the time of a sample that came now.
func (c *steadyClock) sample(at int64, now time.Time) int64 {
	if !c.seen.IsZero() {
		due := c.last + now.Sub(c.seen).Milliseconds() // by the clock that nobody sets
		if told := at + c.offset; told < c.last || told-due > leap.Milliseconds() {
			c.offset += due - told
		}
	}
	c.last, c.seen = at+c.offset, now
	return c.last
}

// tell is the time of anything else.
func (c *steadyClock) tell(at int64) int64 { return at + c.offset }
