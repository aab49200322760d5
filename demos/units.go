package demos

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/goccy/go-yaml/ast"
)

// Bytes is an amount of memory or storage, or a rate of it each second,
// written as docker's flags have it: 64m, 1g, 512k, 1048576. The letters count
// in powers of 1024. -1 means unlimited where docker allows it.
type Bytes int64

// ParseBytes reads docker's spelling of an amount.
func ParseBytes(text string) (Bytes, error) {
	if text == "-1" {
		return -1, nil
	}
	n, err := units.RAMInBytes(text)
	if err != nil || n < 0 || strings.ContainsAny(text, " .") {
		return 0, fmt.Errorf("%q is not an amount of bytes; write it as docker does, for example 64m, 1g or 512k", text)
	}
	return Bytes(n), nil
}

// String returns docker's shortest exact spelling: 256m, 1g, 1500.
func (b Bytes) String() string {
	for _, unit := range []struct {
		size   Bytes
		letter string
	}{{1 << 30, "g"}, {1 << 20, "m"}, {1 << 10, "k"}} {
		if b >= unit.size && b%unit.size == 0 {
			return strconv.FormatInt(int64(b/unit.size), 10) + unit.letter
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// UnmarshalYAML reads docker's spelling, or a plain number of bytes.
func (b *Bytes) UnmarshalYAML(node ast.Node) error {
	text, err := scalar(node)
	if err != nil {
		return err
	}
	*b, err = ParseBytes(text)
	return positioned(node, err)
}

// Amount is a plain number, or an amount of bytes in docker's spelling.
type Amount float64

// UnmarshalYAML reads 0.5, 64 or 64m.
func (a *Amount) UnmarshalYAML(node ast.Node) error {
	text, err := scalar(node)
	if err != nil {
		return err
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil && number >= 0 && number < 1<<53 {
		*a = Amount(number)
		return nil
	}
	bytes, err := ParseBytes(text)
	if err != nil || bytes < 0 {
		return positioned(node, fmt.Errorf("%q is neither a number nor an amount of bytes; write it as 0.5, 64 or 64m", text))
	}
	*a = Amount(bytes)
	return nil
}

// Duration is a length of time, written as 3s, 500ms or 2m.
type Duration time.Duration

// UnmarshalYAML reads a length of time.
func (d *Duration) UnmarshalYAML(node ast.Node) error {
	text, err := scalar(node)
	if err != nil {
		return err
	}
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed < 0 {
		return positioned(node, fmt.Errorf("%q is not a length of time; write it as 3s, 500ms or 2m", text))
	}
	*d = Duration(parsed)
	return nil
}

// String returns it as 3s, 500ms or 2m0s.
func (d Duration) String() string { return time.Duration(d).String() }
