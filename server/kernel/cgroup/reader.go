package cgroup

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// Reader reads one container's groups. Its methods may be called at the same
// time. It holds at most 14 files open until Close.
type Reader struct {
	version int
	groups  groups

	// mutex guards all that follows.
	mutex  sync.Mutex
	closed bool
	files  []openFile
	// blkioTop is the io_service_bytes file of the hierarchy's top; -1 where
	// there is none.
	blkioTop int
	top      *topIO // shared with the FS' other readers
	buffer   []byte
	values   [fieldCount]wire.Count
	reasons  [fieldCount]string
}

// openFile is one source's file.
type openFile struct {
	source *source
	// path is the file's; "" where its folder is unknown.
	path string
	// descriptor is -1 where it could not be opened.
	descriptor int
	// reason says why.
	reason string
}

// open opens every file that this kernel has. Those that are missing are not
// tried again.
func (r *Reader) open() error {
	r.blkioTop = -1
	sources := sourcesV1
	if r.version == 2 {
		sources = sourcesV2
	}
	for i := range sources {
		file, err := r.openSource(&sources[i])
		if err != nil {
			return err
		}
		r.files = append(r.files, file)
		for _, figure := range sources[i].figures {
			r.reasons[figure.field] = file.reason
		}
		if sources[i].kind == kindServiceBytes && file.descriptor >= 0 {
			top := filepath.Join(r.groups["blkio"].top, filepath.Base(file.path))
			r.blkioTop, err = unix.Open(top, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				r.blkioTop = -1
			}
		}
	}
	return nil
}

// openSource opens the first of a source's files that exists.
func (r *Reader) openSource(source *source) (openFile, error) {
	file := openFile{source: source, descriptor: -1}
	group := r.groups.get(source.controller)
	if group.path == "" {
		file.reason = group.reason
		return file, nil
	}
	for _, name := range source.names {
		file.path = filepath.Join(group.path, name)
		descriptor, err := unix.Open(file.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		switch {
		case err == nil:
			file.descriptor, file.reason = descriptor, ""
			return file, nil
		case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
			// That is our own shortage and passes; no fact about the file.
			return file, fmt.Errorf("the file %s cannot be opened, because too many files are open; raise the limit (ulimit -n): %w", file.path, err)
		}
		file.reason = reasonOf(err, name)
	}
	return file, nil
}

// opened counts the files that are open.
func (r *Reader) opened() int {
	count := 0
	for _, file := range r.files {
		if file.descriptor >= 0 {
			count++
		}
	}
	return count
}

// Close closes the files. A second call does nothing.
func (r *Reader) Close() error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	var problems []error
	for _, file := range r.files {
		if file.descriptor >= 0 {
			problems = append(problems, unix.Close(file.descriptor))
		}
	}
	if r.blkioTop >= 0 {
		problems = append(problems, unix.Close(r.blkioTop))
	}
	return errors.Join(problems...)
}

// Read sets c to the container's counters now. Units are those of
// wire.Counters; what cannot be read is absent, and Reason says why. Where the
// container has gone, the error is ErrGone and c stays as it was. It does not
// allocate, unless pressure has been turned off meanwhile.
func (r *Reader) Read(c *wire.Counters) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.closed {
		return ErrGone
	}
	clear(r.values[:])
	for i := range r.files {
		file := &r.files[i]
		if file.descriptor < 0 {
			continue
		}
		text, err := r.pread(file.descriptor)
		if isGone(err) && file.source.kind == kindPressure {
			text, err = r.pressureAnew(file)
		}
		if isGone(err) {
			return ErrGone
		}
		if err != nil {
			reason := reasonOf(err, "")
			for _, figure := range file.source.figures {
				r.reasons[figure.field] = reason
			}
			continue
		}
		r.parse(file.source, text)
	}
	r.workingSet()
	*c = counters(&r.values)
	return nil
}

// pressureAnew reads a pressure file that is gone from under its descriptor.
// Writing 0 into cgroup.pressure takes these files alone away, and 1 makes new
// ones: the group is there all the while, and the container has not exited.
func (r *Reader) pressureAnew(file *openFile) ([]byte, error) {
	group := r.groups.get(file.source.controller)
	if group.inode == 0 || inodeOf(group.path) != group.inode {
		return nil, unix.ENODEV
	}
	descriptor, err := unix.Open(file.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		// What an older kernel answers, which keeps the file.
		return nil, unix.EOPNOTSUPP
	}
	_ = unix.Close(file.descriptor)
	file.descriptor = descriptor
	return r.pread(descriptor)
}

// pread reads a whole file into the buffer. These files are made anew for each
// read from their start, and given in one piece where the buffer is large enough.
func (r *Reader) pread(descriptor int) ([]byte, error) {
	for {
		n, err := unix.Pread(descriptor, r.buffer, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if n < len(r.buffer) || len(r.buffer) >= 1<<20 {
			return r.buffer[:n], nil
		}
		r.buffer = make([]byte, 2*len(r.buffer))
	}
}

// parse sets the values that a source's text holds.
func (r *Reader) parse(source *source, text []byte) {
	var values [4]wire.Count
	found := values[:len(source.figures)]
	switch source.kind {
	case kindNumber:
		found[0] = parseNumber(text)
	case kindKeyed:
		parseKeyed(text, source.keys, found)
	case kindPressure:
		found[0] = parsePressure(text)
	case kindIOStat:
		found[0], found[1] = parseIOStat(text)
	case kindServiceBytes:
		var devices bool
		found[0], found[1], devices = parseServiceBytes(text)
		if !devices && !r.countsIO() {
			r.reasons[ioReadBytes], r.reasons[ioWriteBytes] = reasonUncounted, reasonUncounted
			return
		}
	}
	for i, figure := range source.figures {
		value, present := found[i].Get()
		if !present {
			r.reasons[figure.field] = reasonNoLine
			continue
		}
		if figure.divisor > 1 {
			value /= figure.divisor
		}
		r.values[figure.field] = wire.Counted(value)
		r.reasons[figure.field] = ""
	}
}

// countsIO reports whether the v1 blkio controller counts at all. Since Linux
// 6.10 it begins to count a disk only when a throttle is set on it for some
// group; before, every group's file says "Total 0", which would pass for "no
// I/O". The hierarchy's top group has seen every disk that is counted.
func (r *Reader) countsIO() bool {
	if r.blkioTop < 0 {
		return false
	}
	return r.top.counts(r.groups["blkio"].top, func() bool {
		text, err := r.pread(r.blkioTop)
		if err != nil {
			return false
		}
		_, _, devices := parseServiceBytes(text)
		return devices
	})
}

// topFresh is how long an answer about the top group holds: for the containers
// of one sample, and not for the next sample's.
const topFresh = 10 * time.Millisecond

// topIO is what the readers of one FS share about the top group of blkio. The
// kernel gathers its file from all groups, which takes as long as several
// other files together.
type topIO struct {
	now func() time.Time

	mutex   sync.Mutex
	folder  string
	readAt  time.Time
	devices bool
}

// counts returns the answer for a top folder, which read finds out.
func (t *topIO) counts(folder string, read func() bool) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	now := t.now()
	if age := now.Sub(t.readAt); t.folder != folder || age < 0 || age >= topFresh {
		t.folder, t.readAt, t.devices = folder, now, read()
	}
	return t.devices
}

// workingSet derives what docker stats shows.
func (r *Reader) workingSet() {
	current, known := r.values[memoryCurrentBytes].Get()
	inactive, also := r.values[memoryInactiveFileBytes].Get()
	switch {
	case !known:
		r.reasons[memoryWorkingSetBytes] = r.reasons[memoryCurrentBytes]
		return
	case !also:
		r.reasons[memoryWorkingSetBytes] = r.reasons[memoryInactiveFileBytes]
		return
	}
	r.reasons[memoryWorkingSetBytes] = ""
	// The two are read one after the other, and can cross.
	r.values[memoryWorkingSetBytes] = wire.Counted(current - min(current, inactive))
}

// Reason says why a counter (its name in JSON, for example "ioReadBytes") was
// absent at the last Read; "" where it was there, or the name is of no counter.
func (r *Reader) Reason(name string) string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for i, named := range fieldNames {
		if named.name == name {
			return r.reasons[i]
		}
	}
	return ""
}

// Paths returns the group's folder for each controller of /proc/PID/cgroup that
// could be found; that of the v2 tree is under "unified".
func (r *Reader) Paths() map[string]string {
	paths := make(map[string]string)
	for controller, group := range r.groups {
		if group.path == "" {
			continue
		}
		if controller == "" {
			controller = "unified"
		}
		paths[controller] = group.path
	}
	return paths
}
