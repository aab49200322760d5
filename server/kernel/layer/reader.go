package layer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// walkLimit bounds how many things of a writable layer one Read looks at.
const walkLimit = 5000

// tableLimit bounds a mount table, in bytes.
const tableLimit = 1 << 20

// FS finds layers by way of a mount of the proc filesystem.
type FS struct{ proc string }

// NewFS returns an FS for the proc filesystem mounted at proc, usually /proc.
func NewFS(proc string) FS { return FS{proc: proc} }

// Reader reads the layers of one container. It keeps no file open. Its zero
// value knows nothing.
type Reader struct {
	// known is all but what is in the writable layer.
	known wire.Layers
	// host is what leads to the host's files from here: "" or /proc/1/root.
	host  string
	upper string   // the folder of the writable layer, from here
	lower []string // folders of all layers below, from here, the uppermost first
}

// Open finds the layers of a process' root. What cannot be found is absent in
// what Read returns, with the reason.
func (f FS) Open(pid int) *Reader {
	r := &Reader{}
	table, err := f.table(strconv.Itoa(pid))
	if err != nil {
		r.known.Reason = reasonOf(err, "its mount table")
		return r
	}
	found, err := parseRoot(table)
	if err != nil {
		r.known.Reason = err.Error()
		return r
	}
	r.known.StorageDriver = found.kind
	if found.kind != "overlay" || len(found.lower) == 0 {
		r.known.Reason = fmt.Sprintf("its root is on %s, and only overlay says in its mount options where the layers are", found.kind)
		return r
	}
	f.absolute(&found)
	if found.upper == "" {
		r.known.Reason = "its root has no writable layer"
	}
	r.known.Upper = found.upper
	r.host = f.hostRoot(found)
	for i, folder := range found.lower {
		folder = r.resolve(folder)
		r.lower = append(r.lower, r.host+folder)
		// In the first one the engine prepares files for this container alone.
		if i == 0 && len(found.lower) > 1 && (strings.HasSuffix(filepath.Dir(folder), "-init") || exists(filepath.Join(r.host+folder, ".dockerenv"))) {
			continue
		}
		if len(r.known.Lower) < wire.MaxLayers {
			r.known.Lower = append(r.known.Lower, wire.LowerLayer{ID: nameOf(folder), Path: folder})
		}
	}
	hash := sha256.New()
	for _, one := range r.known.Lower {
		fmt.Fprintln(hash, one.Path)
	}
	r.known.LowerDigest = hex.EncodeToString(hash.Sum(nil))
	if found.upper != "" {
		r.upper = r.host + found.upper
	}
	return r
}

// table reads a process' mount table.
func (f FS) table(process string) (string, error) {
	data, err := os.ReadFile(filepath.Join(f.proc, process, "mountinfo"))
	if err == nil && len(data) > tableLimit {
		err = errors.New("it is longer than a mount table can be")
	}
	return string(data), err
}

// absolute makes relative folders whole, which an engine uses where the mount
// options would be too long otherwise.
func (f FS) absolute(found *root) {
	base := ""
	whole := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		if base == "" {
			table, _ := f.table("1")
			if merged := mergedFolder(table, found.device); merged != "" {
				base = filepath.Dir(filepath.Dir(merged))
			}
		}
		return filepath.Join("/", base, path)
	}
	found.upper = whole(found.upper)
	for i, path := range found.lower {
		found.lower[i] = whole(path)
	}
}

// hostRoot is what leads to the host's files: by way of process 1 or, where
// that is closed to us, the kernel's thread 2, where we are in a container with
// the host's processes; else our own root.
func (f FS) hostRoot(found root) string {
	for _, process := range []string{"1", "2"} {
		way := filepath.Join(f.proc, process, "root")
		for _, folder := range append([]string{found.upper}, found.lower...) {
			if folder != "" && exists(way+folder) {
				return way
			}
		}
	}
	return ""
}

// resolve follows the one symbolic link that an engine puts before a layer's
// folder to keep mount options short.
func (r *Reader) resolve(folder string) string {
	target, err := os.Readlink(r.host + folder)
	switch {
	case err != nil:
		return folder
	case filepath.IsAbs(target):
		return filepath.Clean(target)
	}
	return filepath.Join(filepath.Dir(folder), target)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// nameOf is a layer's short name: that of the folder above its files.
func nameOf(folder string) string {
	name := filepath.Base(filepath.Dir(folder))
	return name[:min(len(name), 12)]
}

// Read looks at the writable layer, at most 5000 things of it, and returns all
// that is known. What is in it can change meanwhile: it is then counted or not.
func (r *Reader) Read() *wire.Layers {
	layers := r.known
	if r.upper == "" {
		return &layers
	}
	// A Root, so that nothing in the layer can lead us out of it.
	upper, err := os.OpenRoot(r.upper)
	if err != nil {
		layers.Reason = reasonOf(err, "its writable layer")
		return &layers
	}
	defer upper.Close()
	w := walk{reader: r, layers: &layers}
	for _, folder := range r.lower {
		if below, err := os.OpenRoot(folder); err == nil {
			w.lower = append(w.lower, below)
			defer below.Close()
		}
	}
	if err := fs.WalkDir(upper.FS(), ".", w.visit); err != nil {
		layers.Reason = reasonOf(err, "its writable layer")
		return &layers
	}
	layers.UpperBytes, layers.UpperEntries = wire.Counted(w.bytes), wire.Counted(w.entries)
	return &layers
}

// walk counts what is in a writable layer.
type walk struct {
	reader         *Reader
	layers         *wire.Layers
	lower          []*os.Root
	seen           int
	bytes, entries uint64
}

func (w *walk) visit(path string, entry fs.DirEntry, err error) error {
	if path == "." {
		return err
	}
	if err != nil {
		return nil // it went meanwhile, or is closed to us: the rest counts
	}
	if w.seen++; w.seen > walkLimit {
		w.layers.Truncated = true
		return fs.SkipAll
	}
	info, err := entry.Info()
	if err != nil {
		return nil
	}
	one, counts := w.describe(path, info)
	if !counts {
		return nil
	}
	w.entries++
	if bytes, there := one.Bytes.Get(); there {
		w.bytes += bytes
	}
	if len(w.layers.Entries) < wire.MaxEntries {
		w.layers.Entries = append(w.layers.Entries, one)
	}
	return nil
}

// describe says what an entry is. A folder that a lower layer has too only
// holds what has changed in it, and does not count by itself.
func (w *walk) describe(path string, info fs.FileInfo) (one wire.LayerEntry, counts bool) {
	one = wire.LayerEntry{Path: "/" + path, Kind: "added"}
	whole := filepath.Join(w.reader.upper, path)
	switch mode := info.Mode(); {
	case mode.IsDir():
		below := w.isBelow(path)
		if below && attribute(whole, "opaque") {
			one.Kind, one.Whiteout = "changed", "opaque"
			return one, true
		}
		return one, !below
	case mode&fs.ModeCharDevice != 0 && deviceNumber(info) == 0:
		one.Kind, one.Whiteout = "removed", "device"
		return one, true
	case mode.IsRegular() && info.Size() == 0 && attribute(whole, "whiteout"):
		one.Kind, one.Whiteout = "removed", "attribute"
		return one, true
	case mode.IsRegular():
		one.Bytes = wire.Counted(uint64(info.Size()))
	}
	if w.isBelow(path) {
		one.Kind = "changed"
	}
	return one, true
}

// isBelow reports whether a lower layer has something at the path that shows.
func (w *walk) isBelow(path string) bool {
	for _, folder := range w.lower {
		if info, err := folder.Lstat(path); err == nil {
			return info.Mode()&fs.ModeCharDevice == 0 || deviceNumber(info) != 0
		}
	}
	return false
}

func deviceNumber(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Rdev)
	}
	return 1
}

// attribute reports whether overlay has marked a file or folder: in the
// trusted attributes, or where an engine without root mounted it, in the user's.
func attribute(path, name string) bool {
	for _, space := range []string{"trusted.overlay.", "user.overlay."} {
		if _, err := unix.Lgetxattr(path, space+name, make([]byte, 8)); err == nil {
			return true
		}
	}
	return false
}

// reasonOf is an error in words.
func reasonOf(err error, what string) string {
	switch {
	case errors.Is(err, os.ErrPermission):
		return what + " may not be read: it needs root with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
	case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ESRCH):
		return what + " is not there: the container has gone, or the engine keeps its files where we do not see them"
	}
	return fmt.Sprintf("%s cannot be read: %v", what, err)
}
