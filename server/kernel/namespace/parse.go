package namespace

import (
	"bytes"
	"fmt"

	"golang.org/x/sys/unix"
)

// parseLink reads a link's text, for example "pid:[4026532183]".
func parseLink(text []byte, namespaceType string) (uint64, error) {
	digits, found := bytes.CutPrefix(text, []byte(namespaceType))
	if found {
		digits, found = bytes.CutPrefix(digits, []byte(":["))
	}
	if found {
		digits, found = bytes.CutSuffix(digits, []byte("]"))
	}
	if found {
		if inode, ok := parseDigits(digits); ok && inode != 0 {
			return inode, nil
		}
	}
	return 0, fmt.Errorf("the link's text is %.40q, which is not of the form %s:[number]", text, namespaceType)
}

// parseDigits reads a decimal number of 1 to 19 digits, without signs.
func parseDigits(digits []byte) (value uint64, ok bool) {
	if len(digits) == 0 || len(digits) > 19 {
		return 0, false
	}
	for _, digit := range digits {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		value = value*10 + uint64(digit-'0')
	}
	return value, true
}

// startTimeAt reads the start time of the process whose /proc/PID is open.
func startTimeAt(directory int) (uint64, error) {
	file, err := unix.Openat(directory, "stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, plain(err)
	}
	defer unix.Close(file)
	var buffer [2048]byte
	n, err := unix.Read(file, buffer[:])
	if err != nil {
		return 0, plain(err)
	}
	started, ok := parseStat(buffer[:n])
	if !ok {
		return 0, fmt.Errorf("the process' stat file has no start time (field 22, proc(5))")
	}
	return started.startTime, nil
}

// stat is what we need of /proc/PID/stat, see proc(5).
type stat struct {
	parent    uint64 // field 4
	flags     uint64 // field 9
	startTime uint64 // field 22
}

// parseStat reads /proc/PID/stat. The command (field 2) stands in brackets and
// may hold brackets and spaces itself, so fields count from the last bracket.
func parseStat(text []byte) (stat, bool) {
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return stat{}, false
	}
	var result stat
	field := 2
	rest := text[end+1:]
	for len(rest) > 0 {
		rest = bytes.TrimLeft(rest, " \n")
		word := rest
		if space := bytes.IndexAny(rest, " \n"); space >= 0 {
			word, rest = rest[:space], rest[space:]
		} else {
			rest = nil
		}
		field++
		if field != 4 && field != 9 && field != 22 {
			continue
		}
		value, ok := parseDigits(word)
		if !ok {
			return stat{}, false
		}
		switch field {
		case 4:
			result.parent = value
		case 9:
			result.flags = value
		case 22:
			result.startTime = value
			return result, true
		}
	}
	return stat{}, false
}
