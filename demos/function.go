package demos

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
)

// functions are those that lessons may call beside the language's own.
var functions = []expr.Option{
	text("cores", "cores: 0.501", func(x float64) string { return strconv.FormatFloat(x, 'f', 3, 64) }),
	text("seconds", "seconds: 9.98 s", func(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) + " s" }),
	text("percent", "a share of 1 as per cent: 51.2 %", func(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) + " %" }),
	text("bytes", "bytes: 256 MiB", formatBytes),
	text("number", "a number, to three digits after the point", formatNumber),
	expr.Function("distinct", func(arguments ...any) (any, error) {
		seen := map[float64]bool{}
		for _, argument := range arguments {
			seen[argument.(float64)] = true
		}
		return len(seen) == len(arguments), nil
	}, new(func(...float64) bool)),
	expr.Function("sameSet", func(arguments ...any) (any, error) {
		a, b := words(arguments[0]), words(arguments[1])
		return slices.Equal(a, b), nil
	}, new(func([]string, []string) bool), new(func([]any, []any) bool), new(func([]any, []string) bool), new(func([]string, []any) bool)),
	// cpusWithin: whether all processors of a list are in a set such as 0-1,3.
	expr.Function("cpusWithin", func(arguments ...any) (any, error) {
		set, err := parseCPUSet(arguments[1].(string))
		if err != nil {
			return nil, err
		}
		for _, cpu := range arguments[0].([]float64) {
			if !set[int(cpu)] {
				return false, nil
			}
		}
		return true, nil
	}, new(func([]float64, string) bool)),
	// sameCpus: whether two sets name the same processors, as 0,1 and 0-1 do.
	expr.Function("sameCpus", func(arguments ...any) (any, error) {
		a, err := parseCPUSet(arguments[0].(string))
		if err != nil {
			return nil, err
		}
		b, err := parseCPUSet(arguments[1].(string))
		return maps.Equal(a, b), err
	}, new(func(string, string) bool)),
}

// parseCPUSet reads a list of processors as cpuset(7) has it: 0-1,3.
func parseCPUSet(text string) (map[int]bool, error) {
	const most = 4096
	set := map[int]bool{}
	for part := range strings.SplitSeq(strings.TrimSpace(text), ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		from, err := strconv.Atoi(low)
		to, wrong := strconv.Atoi(high)
		if err != nil || wrong != nil || from < 0 || to < from || to >= most {
			return nil, fmt.Errorf("%q is not a list of processors such as 0-1,3", text)
		}
		for cpu := from; cpu <= to; cpu++ {
			set[cpu] = true
		}
	}
	return set, nil
}

// functionNames are those of functions.
var functionNames = map[string]bool{
	"cores": true, "seconds": true, "percent": true, "bytes": true, "number": true, "distinct": true, "sameSet": true,
	"cpusWithin": true, "sameCpus": true,
}

// text declares a function from a number to its words. What it prints is in
// the second argument, for the reader of this table.
func text(name, _ string, format func(float64) string) expr.Option {
	return expr.Function(name, func(arguments ...any) (any, error) {
		switch x := arguments[0].(type) {
		case float64:
			return format(x), nil
		case int:
			return format(float64(x)), nil
		}
		return nil, fmt.Errorf("%s needs a number", name)
	}, new(func(float64) string), new(func(int) string))
}

func words(list any) []string {
	var all []string
	switch list := list.(type) {
	case []string:
		all = slices.Clone(list)
	case []any:
		for _, word := range list {
			all = append(all, fmt.Sprint(word))
		}
	}
	slices.Sort(all)
	return all
}

// formatBytes uses the units of 1024 that docker's flags count in.
func formatBytes(x float64) string {
	if math.IsInf(x, 1) {
		return "unlimited"
	}
	for _, unit := range []struct {
		size float64
		name string
	}{{1 << 30, " GiB"}, {1 << 20, " MiB"}, {1 << 10, " KiB"}} {
		if math.Abs(x) >= unit.size {
			return strings.TrimSuffix(strconv.FormatFloat(x/unit.size, 'f', 1, 64), ".0") + unit.name
		}
	}
	return strconv.FormatFloat(x, 'f', 0, 64) + " bytes"
}

func formatNumber(x float64) string {
	if math.IsInf(x, 1) {
		return "unlimited"
	}
	return strconv.FormatFloat(math.Round(x*1000)/1000, 'f', -1, 64)
}

// formatValue is how a figure stands in a sentence.
func formatValue(value any) string {
	switch value := value.(type) {
	case float64:
		return formatNumber(value)
	case bool:
		if value {
			return "yes"
		}
		return "no"
	case []string, []any, []float64:
		return strings.Join(listed(value), ", ")
	}
	return fmt.Sprint(value)
}

func listed(list any) []string {
	var all []string
	switch list := list.(type) {
	case []string:
		all = list
	case []any:
		for _, word := range list {
			all = append(all, formatValue(word))
		}
	case []float64:
		for _, number := range list {
			all = append(all, formatNumber(number))
		}
	}
	return all
}
