package cgroup

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"porthole/server/wire"
)

// rawLimit bounds the raw text of a provenance, in bytes.
const rawLimit = 64 << 10

// Source says where a counter (by its name in JSON) or a limit (by its Source,
// for example "cpuMax") comes from, and reads the file anew. Where there is
// none, Raw is absent and Reason says why. The error is ErrUnknownField where no
// counter and no limit has that name. Container stays empty.
func (r *Reader) Source(name string) (wire.Provenance, error) {
	for i, named := range fieldNames {
		if named.name == name {
			return r.counterSource(field(i)), nil
		}
	}
	for i := range limitSpecs {
		if limitSpecs[i].source == name {
			return r.limitSource(&limitSpecs[i]), nil
		}
	}
	return wire.Provenance{}, fmt.Errorf("%.60q: %w", name, ErrUnknownField)
}

// counterSource explains a counter.
func (r *Reader) counterSource(wanted field) wire.Provenance {
	if wanted == memoryWorkingSetBytes {
		return r.workingSetSource()
	}
	for i := range r.files {
		file := &r.files[i]
		for _, figure := range file.source.figures {
			if figure.field != wanted {
				continue
			}
			provenance := wire.Provenance{
				Field:    fieldNames[wanted].name,
				Unit:     figure.unit,
				Means:    fieldNames[wanted].means,
				Document: file.source.document,
			}
			fill(&provenance, file.path, file.reason)
			if r.groups.get(file.source.controller).replaced() {
				provenance.Raw, provenance.Reason = "", reasonReplaced
			}
			provenance.Highlight = highlight(file.source, figure.key, provenance.Raw)
			if provenance.Reason == "" {
				provenance.Reason = r.Reason(provenance.Field)
			}
			return provenance
		}
	}
	return wire.Provenance{Field: fieldNames[wanted].name, Reason: reasonNoLine, ReadAt: time.Now().UnixMilli()}
}

// workingSetSource explains the one counter that is made of two: the file is
// that of all memory, and the command subtracts the other.
func (r *Reader) workingSetSource() wire.Provenance {
	provenance := r.counterSource(memoryCurrentBytes)
	inactive := r.counterSource(memoryInactiveFileBytes)
	provenance.Field = fieldNames[memoryWorkingSetBytes].name
	provenance.Means = fieldNames[memoryWorkingSetBytes].means
	if provenance.Reason == "" {
		provenance.Reason = inactive.Reason
	}
	if provenance.Path != "" && inactive.Path != "" {
		key := "inactive_file"
		if r.version == 1 {
			key = "total_inactive_file"
		}
		provenance.Command = fmt.Sprintf("echo $(( $(cat %s) - $(grep '^%s ' %s | cut -d' ' -f2) ))",
			quote(provenance.Path), key, quote(inactive.Path))
	}
	return provenance
}

// limitSource explains a limit.
func (r *Reader) limitSource(spec *limitSpec) wire.Provenance {
	file := spec.file(r.version)
	limit := r.limit(spec)
	provenance := wire.Provenance{Field: spec.source, Unit: file.unit, Means: file.means, Document: file.document}
	group := r.groups.get(file.controller)
	path := ""
	if group.path != "" {
		// Reading can have chosen another file than the usual one.
		path = filepath.Join(group.path, limit.File)
	}
	fill(&provenance, path, group.reason)
	if provenance.Reason == "" {
		provenance.Reason = limit.Reason
	}
	if group.replaced() {
		provenance.Raw, provenance.Reason = "", reasonReplaced
	}
	if spec.source == "cpuMax" && r.version == 1 && path != "" {
		provenance.Command = "cat " + quote(path) + " " + quote(filepath.Join(group.path, "cpu.cfs_period_us"))
	}
	return provenance
}

// fill reads the file of a provenance.
func fill(provenance *wire.Provenance, path, reason string) {
	provenance.Path = path
	provenance.Reason = reason
	provenance.ReadAt = time.Now().UnixMilli()
	if path == "" {
		return
	}
	provenance.Command = "cat " + quote(path)
	raw, err := readBounded(path)
	switch {
	case err == nil:
		provenance.Raw, provenance.Reason = raw, ""
	case reason != "":
		// The reason from opening it says more.
	case isGone(err):
		provenance.Reason = ErrGone.Error()
	default:
		var pathError *os.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		provenance.Reason = reasonOf(err, filepath.Base(path))
	}
}

// readBounded reads at most rawLimit bytes of a file.
func readBounded(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, rawLimit))
	return string(data), err
}

// highlight finds the line of a figure; "" where it is the whole file, or a sum
// over its lines.
func highlight(source *source, key, raw string) string {
	if source.kind != kindKeyed && source.kind != kindPressure {
		return ""
	}
	for line := range strings.Lines(raw) {
		if strings.HasPrefix(line, key+" ") {
			return strings.TrimSuffix(line, "\n")
		}
	}
	return ""
}

// quote makes a path safe to paste into a shell.
func quote(path string) string {
	for _, r := range path {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("/._-:@+,=", r):
		default:
			return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
		}
	}
	return path
}
