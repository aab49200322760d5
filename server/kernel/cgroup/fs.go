package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"porthole/server/kernel/internal/hidden"
	"porthole/server/kernel/internal/stat"
	"porthole/server/wire"
)

// ErrGone: the process has exited, or its group has been removed.
var ErrGone = errors.New("the container has exited: its cgroup is gone")

// ErrHidden: the process runs, but the proc filesystem does not show it to us.
var ErrHidden = hidden.Err

// ErrUnknownField: no counter and no limit has that name.
var ErrUnknownField = errors.New("no counter or limit has that name")

// FS finds control groups.
type FS struct {
	proc   string
	mounts []mount
	mode   wire.CgroupMode
	top    *topIO
	// apart is a process whose groups are nobody else's; 0: none is.
	apart int
}

// Apart returns an FS that takes no group of that process for a container's own:
// where a container was given none, it is counted together with who started it.
func (fs FS) Apart(pid int) FS {
	fs.apart = pid
	return fs
}

// NewFS reads from proc (usually "/proc") where the cgroup filesystems are
// mounted, once. sysfsCgroup is where they are looked for, usually
// "/sys/fs/cgroup": mounts at or below it are preferred to others. Where none is
// there, it is taken as a copy of the host's /sys/fs/cgroup.
//
// It fails where proc has no mount table. A host without any cgroup mount is no
// error: its mode is "unknown".
func NewFS(proc, sysfsCgroup string) (FS, error) {
	path := filepath.Join(proc, "self/mountinfo")
	text, err := os.ReadFile(path)
	if err != nil {
		return FS{}, fmt.Errorf("cgroups cannot be found, because the mount table %s cannot be read; mount the proc filesystem there: %w", path, err)
	}
	mounts := place(parseMounts(text), sysfsCgroup)
	return FS{proc: proc, mounts: mounts, mode: modeOf(mounts), top: &topIO{now: time.Now}}, nil
}

// Mode says which hierarchies the host uses: "v2", "v1", "hybrid" (controllers
// in v1 and a v2 tree beside them), or "unknown" where none is mounted.
func (fs FS) Mode() wire.CgroupMode { return fs.mode }

// Controllers names the controllers that can be read here, sorted: those of
// mounted v1 hierarchies, and those that the v2 tree's cgroup.controllers lists.
func (fs FS) Controllers() []string {
	var names []string
	for _, m := range fs.mounts {
		if !m.unified {
			names = append(names, m.controllers...)
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.point, "cgroup.controllers"))
		if err == nil {
			names = append(names, strings.Fields(string(text))...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Open finds a process' groups and opens their files, which stay open until
// Close: at most 14 per Reader. The error is ErrGone where the process has
// exited. A file that this kernel does not have is no error: see [Reader.Reason].
//
// PIDs are recycled: compare the process' start time before and after Open.
func (fs FS) Open(pid int) (*Reader, error) {
	groups, err := fs.locate(pid)
	if err != nil {
		return nil, err
	}
	version := fs.version()
	if _, unified := groups[""]; unified && len(groups) == 1 && fs.mode == wire.CgroupUnknown {
		version = 2 // whose tree is not mounted, or masked
	}
	reader := &Reader{version: version, groups: groups, top: fs.top, buffer: make([]byte, 16<<10)}
	if err := reader.open(); err != nil {
		reader.Close()
		return nil, err
	}
	// A group that was removed between the two reads leaves only missing files.
	if reader.opened() == 0 {
		if _, err := fs.locate(pid); errors.Is(err, ErrGone) {
			reader.Close()
			return nil, ErrGone
		}
	}
	return reader, nil
}

// version is 2 where the controllers are in the v2 tree.
func (fs FS) version() int {
	if fs.mode == wire.CgroupV2 {
		return 2
	}
	return 1
}

// group is where one hierarchy has the process.
type group struct {
	// path is the group's folder; "" where unknown.
	path string
	// top is the folder of the hierarchy's mount that path is below.
	top string
	// inode is the folder's number: one of the same name that was made after
	// this was removed has another. 0 where unknown.
	inode uint64
	// reason says why path is unknown.
	reason string
}

// replaced reports whether the group was removed and another one has its name.
func (g group) replaced() bool {
	now := inodeOf(g.path)
	return g.inode != 0 && now != 0 && now != g.inode
}

// inodeOf is a folder's number; 0 where there is none.
func inodeOf(path string) uint64 {
	var stat unix.Stat_t
	if unix.Stat(path, &stat) != nil || stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		return 0
	}
	return stat.Ino
}

// groups are a process' groups by controller; that of the v2 tree is "".
type groups map[string]group

// locate finds the groups of a process.
func (fs FS) locate(pid int) (groups, error) {
	path := filepath.Join(fs.proc, fmt.Sprint(pid), "cgroup")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && hidden.Process(fs.proc, pid) {
		return nil, ErrHidden
	}
	if isGone(err) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("the cgroups of process %d cannot be found, because %s cannot be read; run as root: %w", pid, path, err)
	}
	found := groups{}
	shared := fs.ofApart(pid)
	find := func(controller, path string) {
		if path != "/" && shared[controller] == path {
			found[controller] = group{reason: reasonShared}
			return
		}
		found[controller] = fs.resolve(controller, path)
	}
	for _, line := range parseMembership(text) {
		// cgroup v1 shows a process that is dying in the root group, whose
		// counters would be taken for the container's last.
		if !line.unified && line.path == "/" && fs.exiting(pid) {
			return nil, ErrGone
		}
		if line.unified {
			find("", line.path)
		}
		for _, controller := range line.controllers {
			find(controller, line.path)
		}
	}
	return found, nil
}

// ofApart are the groups of the process that is to be told apart, by controller;
// none for itself.
func (fs FS) ofApart(pid int) map[string]string {
	if fs.apart == 0 || fs.apart == pid {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(fs.proc, fmt.Sprint(fs.apart), "cgroup"))
	if err != nil {
		return nil
	}
	paths := map[string]string{}
	for _, line := range parseMembership(text) {
		if line.unified {
			paths[""] = line.path
		}
		for _, controller := range line.controllers {
			paths[controller] = line.path
		}
	}
	return paths
}

// exiting reports whether a process is on its way out, or a zombie:
// PF_EXITING (0x4) in field 9 of /proc/PID/stat, see proc_pid_stat(5). False
// where that cannot be read.
func (fs FS) exiting(pid int) bool {
	text, err := os.ReadFile(filepath.Join(fs.proc, fmt.Sprint(pid), "stat"))
	return err == nil && stat.Exiting(text)
}

// get returns a controller's group, with a reason where there is none.
func (g groups) get(controller string) group {
	if one, ok := g[controller]; ok {
		return one
	}
	if controller == "" {
		return group{reason: "this kernel has no cgroup v2 tree"}
	}
	return group{reason: fmt.Sprintf("this kernel has no %s controller in cgroup v1", controller)}
}

// Reasons why a group's folder is unknown.
const (
	reasonRoot    = "the process is in the hierarchy's root group, which counts the whole machine and not the container"
	reasonShared  = "the container has no control group of its own here, and is counted together with the server that started it"
	reasonForeign = "the group lies outside our own cgroup namespace; start the server in the host's (docker run --cgroupns host)"
)

// resolve turns a path of /proc/PID/cgroup into a folder.
func (fs FS) resolve(controller, path string) group {
	mounted := false
	foreign := false
	var fallback group
	for _, m := range fs.mounts {
		if !m.has(controller) {
			continue
		}
		mounted = true
		if path == "/" {
			return group{reason: reasonRoot}
		}
		below, ok := relative(m.root, path)
		if !ok {
			foreign = foreign || strings.HasPrefix(path, "/..")
			continue
		}
		candidate := group{path: filepath.Join(m.point, below), top: m.point}
		if candidate.inode = inodeOf(candidate.path); candidate.inode != 0 {
			return candidate
		}
		if fallback.path == "" {
			fallback = candidate
		}
	}
	switch {
	case fallback.path != "":
		return fallback
	case !mounted && controller == "":
		return group{reason: "the cgroup v2 tree is not mounted here"}
	case !mounted:
		return group{reason: fmt.Sprintf("the %s controller's hierarchy is not mounted here", controller)}
	case foreign:
		return group{reason: reasonForeign}
	}
	return group{reason: fmt.Sprintf("the group %s is not below what is mounted here; mount the host's /sys/fs/cgroup", path)}
}

// relative returns the part of a group's path below a mount's root, both as the
// kernel shows them to us. Inside a cgroup namespace either can begin with
// "/..", once per level above the namespace's own root; a path can be told only
// where the mount reaches as far up.
func relative(root, path string) (string, bool) {
	root, path = strings.TrimSuffix(root, "/"), strings.TrimSuffix(path, "/")
	if path == root {
		return ".", true
	}
	below, ok := strings.CutPrefix(path, root+"/")
	if !ok || !filepath.IsLocal(below) {
		return "", false
	}
	return below, true
}
