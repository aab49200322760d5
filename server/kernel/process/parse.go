package process

import (
	"bytes"
	"strconv"
	"strings"

	"porthole/server/kernel/internal/stat"
)

// commandLimit is where a command line is cut, in bytes.
const commandLimit = 200

// status is what we need of /proc/PID/status, see proc(5). Lines that an older
// kernel does not have stay absent.
type status struct {
	capEff     string
	noNewPrivs *int
	seccomp    *int
	uid        *int // the effective one
	nsPid      []int
}

// parseStatus reads /proc/PID/status. procfs' Status turns a missing line into
// 0, which would say "no seccomp" where the kernel says nothing.
func parseStatus(text []byte) status {
	var result status
	for line := range bytes.Lines(text) {
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found {
			continue
		}
		words := strings.Fields(string(value))
		if len(words) == 0 {
			continue
		}
		switch string(name) {
		case "CapEff":
			if _, err := strconv.ParseUint(words[0], 16, 64); err == nil {
				result.capEff = words[0]
			}
		case "NoNewPrivs":
			result.noNewPrivs = smallNumber(words[0])
		case "Seccomp":
			result.seccomp = smallNumber(words[0])
		case "Uid":
			// Real, effective, saved, filesystem.
			if len(words) == 4 {
				result.uid = smallNumber(words[1])
			}
		case "NSpid":
			result.nsPid = numbers(words)
		}
	}
	return result
}

// parseStartTime reads field 22 of /proc/PID/stat: when the process started, in clock ticks since
// boot.
func parseStartTime(text []byte) (uint64, bool) {
	value, err := strconv.ParseUint(stat.Field(text, 22), 10, 64)
	return value, err == nil
}

// parseLastCPU reads field 39 of /proc/PID/stat: the processor on which the process' first thread
// last ran. nil where there is none.
func parseLastCPU(text []byte) *int { return smallNumber(stat.Field(text, 39)) }

// smallNumber reads a whole number from 0 to 2^32-1; nil for anything else.
func smallNumber(word string) *int {
	value, err := strconv.ParseUint(word, 10, 32)
	if err != nil {
		return nil
	}
	number := int(value)
	return &number
}

// numbers reads a row of numbers; nil where one of them is none.
func numbers(words []string) []int {
	row := make([]int, 0, len(words))
	for _, word := range words {
		number := smallNumber(word)
		if number == nil {
			return nil
		}
		row = append(row, *number)
	}
	return row
}

// parseUIDMap joins the columns of /proc/PID/uid_map with single spaces; its
// lines stay lines. See user_namespaces(7).
func parseUIDMap(text []byte) string {
	var lines []string
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) == 3 && numbers(words) != nil {
			lines = append(lines, strings.Join(words, " "))
		}
	}
	return strings.Join(lines, "\n")
}

// parseCommand joins an argument vector (/proc/PID/cmdline, each argument ended
// by a NUL) with spaces, replaces what is not text, and cuts at 200 bytes.
func parseCommand(text []byte) string {
	joined := strings.ReplaceAll(strings.TrimRight(string(text), "\x00"), "\x00", " ")
	joined = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(joined, "?"))
	if len(joined) <= commandLimit {
		return joined
	}
	// Not in the middle of a character.
	return strings.ToValidUTF8(joined[:commandLimit-len("…")], "") + "…"
}
