package wire

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Count is a number that the kernel may or may not have: a counter that this
// kernel does not keep, or a file that we may not read, is an absent Count.
// The zero Count is absent, which is different from Counted(0).
//
// In JSON an absent Count is a missing field (use the omitzero option).
type Count struct {
	value   uint64
	present bool
}

// Counted returns a present Count of v.
func Counted(v uint64) Count { return Count{value: v, present: true} }

// Get returns the number, and whether there is one.
func (c Count) Get() (value uint64, present bool) { return c.value, c.present }

// IsZero reports whether the Count is absent. It is what encoding/json asks
// for a field with the omitzero option.
func (c Count) IsZero() bool { return !c.present }

// String returns the number, or "absent".
func (c Count) String() string {
	if !c.present {
		return "absent"
	}
	return strconv.FormatUint(c.value, 10)
}

// MarshalJSON returns the number; null where an absent Count is marshalled
// outside a field with omitzero.
func (c Count) MarshalJSON() ([]byte, error) {
	if !c.present {
		return []byte("null"), nil
	}
	return strconv.AppendUint(nil, c.value, 10), nil
}

// UnmarshalJSON reads a number, or null for an absent Count.
func (c *Count) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*c = Count{}
		return nil
	}
	var v uint64
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("a count is a whole number of at least 0: %w", err)
	}
	*c = Counted(v)
	return nil
}
