package workload

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// duration is a flag for a length of time: 10s, 500ms, or plain seconds.
type duration struct {
	value, max time.Duration
}

func (d *duration) String() string {
	if d.value == 0 {
		return ""
	}
	return d.value.String()
}

func (d *duration) Set(text string) error {
	parsed, err := time.ParseDuration(text)
	if seconds, plain := strconv.ParseFloat(text, 64); plain == nil && seconds < 1e9 {
		parsed, err = time.Duration(seconds*float64(time.Second)), nil
	}
	if err != nil || parsed < 0 || parsed > d.max {
		return fmt.Errorf("a time between 0 and %v is wanted, for example 10s", d.max)
	}
	d.value = parsed
	return nil
}

// size is a flag for an amount of bytes in docker's spelling: 16m, 1g, 4096.
type size struct {
	value, max uint64
}

func (s *size) String() string {
	if s.value == 0 {
		return ""
	}
	return mebibytes(s.value)
}

func (s *size) Set(text string) error {
	lower := strings.ToLower(text)
	digits := strings.TrimRight(lower, "kmgb")
	factor, known := map[string]uint64{"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30}[lower[len(digits):]]
	number, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || !known || number > math.MaxUint64/factor || number*factor > s.max {
		return fmt.Errorf("an amount of at most %s is wanted, for example 64m", mebibytes(s.max))
	}
	s.value = number * factor
	return nil
}

// whole is a flag for a whole number.
type whole struct{ value, min, max int }

func (w *whole) String() string { return strconv.Itoa(w.value) }

func (w *whole) Set(text string) error {
	number, err := strconv.Atoi(text)
	if err != nil || number < w.min || number > w.max {
		return fmt.Errorf("a whole number from %d to %d is wanted", w.min, w.max)
	}
	w.value = number
	return nil
}

// real is a flag for a number that is not negative.
type real struct{ value, max float64 }

func (r *real) String() string { return strconv.FormatFloat(r.value, 'f', -1, 64) }

func (r *real) Set(text string) error {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || !(number >= 0 && number <= r.max) {
		return fmt.Errorf("a number from 0 to %v is wanted", r.max)
	}
	r.value = number
	return nil
}

// mebibytes writes an amount as people read it: 256 MiB.
func mebibytes(bytes uint64) string {
	if bytes < 1<<20 {
		return strconv.FormatUint(bytes, 10) + " bytes"
	}
	return strconv.FormatFloat(math.Round(float64(bytes)/(1<<20)*10)/10, 'f', -1, 64) + " MiB"
}
