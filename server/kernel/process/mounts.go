package process

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"porthole/server/kernel/internal/small"
	"porthole/server/wire"
)

// tableLimit is the longest mount table that is read, in bytes.
const tableLimit = 1 << 20

// mount is one row of a mount table.
type mount struct {
	wire.Mount
	// device is major:minor.
	device string
	// upper is the folder of an overlay's writable layer.
	upper string
}

// parseMounts reads a table of the form of proc_pid_mountinfo(5). procfs has a
// parser too, but leaves blanks in paths in their octal form.
func parseMounts(table string) []mount {
	var list []mount
	for line := range strings.Lines(table) {
		before, after, found := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !found || len(left) < 6 || len(right) < 3 {
			continue
		}
		super := strings.Split(right[2], ",")
		one := mount{device: left[2], Mount: wire.Mount{
			Path: unescape(left[4]), Root: unescape(left[3]), Type: right[0], Source: unescape(right[1]),
			ReadOnly: slices.Contains(strings.Split(left[5], ","), "ro") || slices.Contains(super, "ro"),
		}}
		for _, option := range super {
			if upper, is := strings.CutPrefix(option, "upperdir="); is && one.Type == "overlay" {
				one.upper = unescape(upper)
			}
		}
		list = append(list, one)
	}
	return list
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

// mountTable reads a process' mount table; nil where it cannot.
func (fs FS) mountTable(process string) []mount {
	text, err := small.Read(filepath.Join(fs.proc, process, "mountinfo"))
	if err != nil || len(text) > tableLimit {
		return nil
	}
	return parseMounts(string(text))
}

// mounts are the rows of a table as a View has them, at most wire.MaxMounts:
// the one at / is always among them.
func mounts(table []mount) []wire.Mount {
	var list []wire.Mount
	for _, one := range table {
		if one.Root == "/" {
			one.Root = "" // the whole filesystem, which is the rule
		}
		switch {
		case len(list) < wire.MaxMounts:
			list = append(list, one.Mount)
		case one.Path == "/":
			list[len(list)-1] = one.Mount
		}
	}
	return list
}

// holds finds the mount on which a path is seen: that with the longest mount
// point; of equal ones, the last.
func holds(table []mount, path string) (mount, bool) {
	best, found := mount{}, false
	for _, one := range table {
		if below(one.Path, path) && (!found || len(one.Path) >= len(best.Path)) {
			best, found = one, true
		}
	}
	return best, found
}

// below reports whether a clean path is the folder, or in it.
func below(folder, path string) bool {
	return folder == "/" || path == folder || strings.HasPrefix(path, folder+"/")
}

// segments reads the table of shared memory segments of proc_sysvipc(5), at most
// wire.MaxSegments rows of it.
func segments(table string) []wire.Segment {
	var list []wire.Segment
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 7 || len(list) == wire.MaxSegments {
			continue
		}
		key, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			continue // the heading
		}
		one := wire.Segment{Key: key}
		one.ID, _ = strconv.Atoi(fields[1])
		one.Bytes, _ = strconv.ParseUint(fields[3], 10, 64)
		one.CreatorPID, _ = strconv.Atoi(fields[4])
		one.Attached, _ = strconv.Atoi(fields[6])
		list = append(list, one)
	}
	return list
}
