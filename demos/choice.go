package demos

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// rangeLimits are the limits whose value can be chosen, with their units.
var rangeLimits = map[string]string{
	"cpus": "cores", "cpu-shares": "shares", "memory": "bytes", "memory-reservation": "bytes",
	"memory-swap": "bytes", "pids-limit": "processes",
}

// Unit is that of the range's values: cores, shares, bytes or processes.
func (r *Range) Unit() string { return rangeLimits[r.Limit] }

// limit reads or, with set, writes the limit that a range is about.
func (l *Limits) limit(name string, set *float64) float64 {
	whole := func(to *int64) float64 {
		if set != nil {
			*to = int64(math.Round(*set))
		}
		return float64(*to)
	}
	amount := func(to *Bytes) float64 {
		if set != nil {
			*to = Bytes(math.Round(*set))
		}
		return float64(*to)
	}
	switch name {
	case "cpus":
		if set != nil {
			l.CPUs = math.Round(*set*1000) / 1000
		}
		return l.CPUs
	case "cpu-shares":
		return whole(&l.CPUShares)
	case "pids-limit":
		return whole(&l.Pids)
	case "memory":
		return amount(&l.Memory)
	case "memory-reservation":
		return amount(&l.MemoryReservation)
	case "memory-swap":
		return amount(&l.MemorySwap)
	}
	return 0
}

// Value is where the slider of an action with a range begins.
func (a *Action) Value() float64 { return a.Update.limit(a.Range.Limit, nil) }

// With returns the limits of the action with a chosen value; nil takes its own.
// The error says what values there are.
func (a *Action) With(value *float64) (Limits, error) {
	limits := a.Update
	switch {
	case value == nil:
		return limits, nil
	case a.Range == nil:
		return limits, fmt.Errorf("the action %s takes no value; leave it out", a.ID)
	case math.IsNaN(*value) || *value < float64(a.Range.Min) || *value > float64(a.Range.Max):
		return limits, fmt.Errorf("the action %s takes a value from %v to %v (%s), and not %v", a.ID, a.Range.Min, a.Range.Max, a.Range.Unit(), *value)
	}
	// Without this, a memory below the swap limit beside it would be refused.
	if a.Range.Limit == "memory" && limits.MemorySwap > 0 {
		limits.MemorySwap += Bytes(*value) - limits.Memory
	}
	limits.limit(a.Range.Limit, value)
	return limits, nil
}

// choice checks the range of an action.
func (c *checker) choice(at string, a *Action) {
	r := a.Range
	if _, known := rangeLimits[r.Limit]; !known {
		var names []string
		for name := range rangeLimits {
			names = append(names, name)
		}
		slices.Sort(names)
		c.problem(at+"limit", "there is no range over %q; choose among %s", r.Limit, strings.Join(names, ", "))
		return
	}
	value := a.Value()
	switch {
	case value == 0:
		c.problem(at+"limit", "the slider begins at the value in update; add %s to it", r.Limit)
	case r.Min <= 0 || r.Max <= r.Min:
		c.problem(at+"max", "a range goes from min, above 0, to max, above min")
	case value < float64(r.Min) || value > float64(r.Max):
		c.problem(at+"min", "the value in update, %v, is not between min and max", value)
	case r.Step <= 0 || r.Step > r.Max-r.Min:
		c.problem(at+"step", "step is the distance of two values, above 0 and at most max - min")
	default:
		for _, end := range []float64{float64(r.Min), float64(r.Max)} {
			if limits, err := a.With(&end); err == nil {
				c.limits(at[:strings.LastIndex(at, "range.")]+"update.", limits)
			}
		}
	}
}

// Awaits are the actions that a claim looks at: they must be taken before it
// can be judged. One that looks at the steps in which a container is made awaits
// those that let them go on.
func (c *Claim) Awaits() []string {
	all := c.Touches()
	if c.when != nil {
		all = append(all, c.when.touches...)
	}
	var ids []string
	for _, path := range all {
		if names := strings.Split(path, "."); len(names) > 2 && names[0] == "actions" && !slices.Contains(ids, names[1]) {
			ids = append(ids, names[1])
		}
	}
	for _, path := range all {
		if names := strings.Split(path, "."); len(names) > 2 && names[1] == "steps" {
			for _, id := range c.steps[names[0]] {
				if !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
		}
	}
	slices.Sort(ids)
	return ids
}
