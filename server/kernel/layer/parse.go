package layer

import (
	"errors"
	"strconv"
	"strings"
)

// root is the mount at / of a process.
type root struct {
	kind   string // the filesystem's type
	device string // major:minor
	lower  []string
	upper  string
}

var errNoRoot = errors.New("its mount table has no mount at /")

// parseRoot finds the root in a table of the form of proc_pid_mountinfo(5): the
// last mount at /, which covers those before it.
func parseRoot(table string) (root, error) {
	var found root
	for line := range strings.Lines(table) {
		before, after, ok := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 6 || len(right) < 3 || left[4] != "/" {
			continue
		}
		found = root{kind: right[0], device: left[2]}
		for option := range strings.SplitSeq(right[2], ",") {
			name, value, _ := strings.Cut(option, "=")
			value = unescape(value)
			switch name {
			case "lowerdir":
				found.lower = append(found.lower, splitLower(value)...)
			case "lowerdir+": // mounts made with fsconfig(2) have one for each
				found.lower = append(found.lower, value)
			case "upperdir":
				found.upper = value
			}
		}
	}
	if found.kind == "" {
		return root{}, errNoRoot
	}
	return found, nil
}

// splitLower splits a list at its colons; those in a path follow a backslash.
func splitLower(list string) []string {
	var all []string
	var one strings.Builder
	for i := 0; i < len(list); i++ {
		switch {
		case list[i] == '\\' && i+1 < len(list):
			i++
			one.WriteByte(list[i])
		case list[i] == ':':
			if one.Len() > 0 { // a second colon begins layers of data alone
				all = append(all, one.String())
			}
			one.Reset()
		default:
			one.WriteByte(list[i])
		}
	}
	if one.Len() > 0 {
		all = append(all, one.String())
	}
	return all
}

// unescape undoes the octal escapes of a mount table, such as \040 for a blank.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if code, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(code))
				i += 3
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// mergedFolder finds the mount point of a device in the host's table, for an
// engine that mounted by relative paths: they are relative to the folder two
// above it. "" where there is none.
func mergedFolder(table, device string) string {
	for line := range strings.Lines(table) {
		if fields := strings.Fields(line); len(fields) > 5 && fields[2] == device && strings.HasSuffix(fields[4], "/merged") {
			return unescape(fields[4])
		}
	}
	return ""
}
