package cgroup

import "porthole/server/wire"

// The parsers work on the bytes as read, and allocate nothing.

// parseNumber reads a file that holds one number. "max" and anything else that
// is not a number is none.
func parseNumber(text []byte) wire.Count {
	for len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == ' ') {
		text = text[:len(text)-1]
	}
	return parseDigits(text)
}

// parseDigits reads a decimal number without signs that fits in 64 bits.
func parseDigits(digits []byte) wire.Count {
	if len(digits) == 0 || len(digits) > 20 {
		return wire.Count{}
	}
	var value uint64
	for _, digit := range digits {
		if digit < '0' || digit > '9' {
			return wire.Count{}
		}
		next := value*10 + uint64(digit-'0')
		// 20 digits can pass 2^64-1.
		if value > (1<<64-1)/10 || next < value*10 {
			return wire.Count{}
		}
		value = next
	}
	return wire.Counted(value)
}

// nextLine cuts the first line off, without its newline.
func nextLine(text []byte) (line, rest []byte) {
	for i, character := range text {
		if character == '\n' {
			return text[:i], text[i+1:]
		}
	}
	return text, nil
}

// nextWord cuts the first word off a line, at one or more blanks.
func nextWord(line []byte) (word, rest []byte) {
	start := 0
	for start < len(line) && line[start] == ' ' {
		start++
	}
	end := start
	for end < len(line) && line[end] != ' ' {
		end++
	}
	return line[start:end], line[end:]
}

// parseKeyed reads a flat keyed file ("nr_periods 12" and so on) and sets
// values[i] to the number of keys[i]; absent where the file has no such line.
// keys and values have the same length.
func parseKeyed(text []byte, keys []string, values []wire.Count) {
	clear(values)
	for missing := len(keys); len(text) > 0 && missing > 0; {
		var line []byte
		line, text = nextLine(text)
		name, rest := nextWord(line)
		for i, key := range keys {
			if string(name) != key || !values[i].IsZero() {
				continue
			}
			number, _ := nextWord(rest)
			values[i] = parseDigits(number)
			missing--
		}
	}
}

// parsePressure reads the total of the "some" line of a pressure file, in
// microseconds: "some avg10=0.00 avg60=0.00 avg300=0.00 total=12199".
func parsePressure(text []byte) wire.Count {
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		word, rest := nextWord(line)
		if string(word) != "some" {
			continue
		}
		for len(rest) > 0 {
			word, rest = nextWord(rest)
			if digits, ok := cutPrefix(word, "total="); ok {
				return parseDigits(digits)
			}
		}
	}
	return wire.Count{}
}

// parseIOStat sums rbytes and wbytes over the devices of v2's io.stat:
// "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6". An empty file is 0:
// the controller is on and has seen nothing. A device's line can be without
// figures.
func parseIOStat(text []byte) (read, written wire.Count) {
	var readSum, writtenSum uint64
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		_, rest := nextWord(line)
		for len(rest) > 0 {
			var word []byte
			word, rest = nextWord(rest)
			if digits, ok := cutPrefix(word, "rbytes="); ok {
				value, present := parseDigits(digits).Get()
				if !present {
					return wire.Count{}, wire.Count{}
				}
				readSum += value
			} else if digits, ok := cutPrefix(word, "wbytes="); ok {
				value, present := parseDigits(digits).Get()
				if !present {
					return wire.Count{}, wire.Count{}
				}
				writtenSum += value
			}
		}
	}
	return wire.Counted(readSum), wire.Counted(writtenSum)
}

// parseServiceBytes sums over the devices of v1's blkio.throttle.io_service_bytes:
// "8:0 Read 4096", "8:0 Write 0", …, "Total 4096". devices says whether the file
// names any: see ioV1 for what a file without means.
func parseServiceBytes(text []byte) (read, written wire.Count, devices bool) {
	var readSum, writtenSum uint64
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		device, rest := nextWord(line)
		kind, rest := nextWord(rest)
		number, _ := nextWord(rest)
		if !hasColon(device) || len(number) == 0 {
			continue
		}
		devices = true
		value, present := parseDigits(number).Get()
		if !present {
			return wire.Count{}, wire.Count{}, true
		}
		switch string(kind) {
		case "Read":
			readSum += value
		case "Write":
			writtenSum += value
		}
	}
	return wire.Counted(readSum), wire.Counted(writtenSum), devices
}

// hasColon tells a device number (8:0) from another word.
func hasColon(word []byte) bool {
	for _, character := range word {
		if character == ':' {
			return true
		}
	}
	return false
}

// cutPrefix is bytes.CutPrefix for a string prefix, without a conversion.
func cutPrefix(word []byte, prefix string) ([]byte, bool) {
	if len(word) < len(prefix) || string(word[:len(prefix)]) != prefix {
		return nil, false
	}
	return word[len(prefix):], true
}
