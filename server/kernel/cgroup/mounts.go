package cgroup

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"porthole/server/wire"
)

// mount is one mounted cgroup hierarchy.
type mount struct {
	// root is the group that is seen at the mount's top, "/" for all.
	root string
	// point is the folder where it is mounted.
	point string
	// unified is true for the v2 tree.
	unified bool
	// controllers are the v1 hierarchy's; empty for a named one (name=systemd).
	controllers []string
	// id is the mount's number in the table.
	id string
}

// has reports whether a mount is of a controller's v1 hierarchy; of the v2 tree
// for "".
func (m mount) has(controller string) bool {
	if controller == "" {
		return m.unified
	}
	return !m.unified && slices.Contains(m.controllers, controller)
}

// notControllers are words among a v1 mount's options that name no controller.
var notControllers = []string{"rw", "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode", "nsdelegate", "favordynmods", "none", "seclabel"}

// parseMounts finds the cgroup mounts in /proc/PID/mountinfo. Its lines are, see
// proc_pid_mountinfo(5):
//
//	36 31 0:33 /root /mount/point rw,relatime shared:9 - cgroup cgroup rw,memory
//
// with any number of fields before the dash; the first two are the mount's number
// and that of the mount it was made on. The root and the point have blanks written
// as \040. What another mount covers, at the same point or above, is left out.
func parseMounts(text []byte) []mount {
	var mounts []mount
	var table []mounted
	for line := range bytes.Lines(text) {
		left, right, found := bytes.Cut(line, []byte(" - "))
		if !found {
			continue
		}
		before, after := strings.Fields(string(left)), strings.Fields(string(right))
		if len(before) < 6 || len(after) < 3 {
			continue
		}
		point := unescape(before[4])
		table = append(table, mounted{id: before[0], on: before[1], point: point})
		switch after[0] {
		case "cgroup2":
			mounts = append(mounts, mount{root: unescape(before[3]), point: point, unified: true, id: before[0]})
		case "cgroup":
			mounts = append(mounts, mount{root: unescape(before[3]), point: point, controllers: controllersOf(after[2]), id: before[0]})
		}
	}
	return slices.DeleteFunc(mounts, func(m mount) bool { return covered(table, m.id, m.point) })
}

// mounted is any line of a mount table.
type mounted struct{ id, on, point string }

// covered reports whether another mount than this one is seen at its point. It
// goes the way of a path's lookup: from the root, at each folder on the way, onto
// what is mounted there on the mount that one is in.
func covered(table []mounted, id, point string) bool {
	known := map[string]bool{}
	for _, m := range table {
		known[m.id] = true
	}
	// The root is on a mount that the table does not have, and so is all that
	// a table without our root has.
	now := mounted{}
	for _, m := range table {
		if _, on := under(point, m.point); on && !known[m.on] && len(m.point) >= len(now.point) {
			now = m
		}
	}
	if now.id == "" {
		return false
	}
	for range table { // at most once onto each
		next := mounted{}
		for _, m := range table {
			if _, on := under(point, m.point); on && m.on == now.id && (next.id == "" || len(m.point) <= len(next.point)) {
				next = m
			}
		}
		if next.id == "" {
			break
		}
		now = next
	}
	return now.id != id
}

// controllersOf picks the controllers out of a v1 mount's super options.
func controllersOf(options string) []string {
	var names []string
	for option := range strings.SplitSeq(options, ",") {
		// name=systemd, release_agent=/path and the like.
		if option == "" || strings.Contains(option, "=") || slices.Contains(notControllers, option) {
			continue
		}
		names = append(names, option)
	}
	return names
}

// unescape undoes the octal escapes that mountinfo writes for blanks.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(text)
}

// place puts the mounts at or below folder first. Where there is none, folder is
// a copy of the host's /sys/fs/cgroup, and the mounts of that are moved to it.
func place(mounts []mount, folder string) []mount {
	const usual = "/sys/fs/cgroup"
	folder = filepath.Clean(folder)
	var inside, others []mount
	for _, m := range mounts {
		if _, below := under(m.point, folder); below {
			inside = append(inside, m)
		} else {
			others = append(others, m)
		}
	}
	if len(inside) > 0 {
		return append(inside, others...)
	}
	for i, m := range others {
		if below, ok := under(m.point, usual); ok {
			others[i].point = filepath.Join(folder, below)
		}
	}
	return others
}

// under returns a path's part below a folder.
func under(path, folder string) (string, bool) {
	if path == folder {
		return ".", true
	}
	return strings.CutPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}

// modeOf says which hierarchies the mounts are of. A v1 mount without
// controllers (name=systemd) holds no figures, so it makes no v1 host.
func modeOf(mounts []mount) wire.CgroupMode {
	var v1, v2 bool
	for _, m := range mounts {
		v1 = v1 || len(m.controllers) > 0
		v2 = v2 || m.unified
	}
	switch {
	case v1 && v2:
		return wire.CgroupHybrid
	case v1:
		return wire.CgroupV1
	case v2:
		return wire.CgroupV2
	}
	return wire.CgroupUnknown
}

// membership is one line of /proc/PID/cgroup.
type membership struct {
	unified     bool
	controllers []string
	path        string
}

// parseMembership reads /proc/PID/cgroup, see cgroups(7): lines of
// "hierarchy:controllers:path", where the v2 tree is "0::path" and a named
// hierarchy has "name=…" for controllers. A group that was removed while its
// process lived on has " (deleted)" behind its path.
func parseMembership(text []byte) []membership {
	var lines []membership
	for line := range bytes.Lines(text) {
		fields := strings.SplitN(strings.TrimSuffix(string(line), "\n"), ":", 3)
		if len(fields) != 3 || !strings.HasPrefix(fields[2], "/") {
			continue
		}
		one := membership{path: strings.TrimSuffix(fields[2], " (deleted)")}
		one.unified = fields[0] == "0" && fields[1] == ""
		if !one.unified {
			one.controllers = controllersOf(fields[1])
		}
		lines = append(lines, one)
	}
	return lines
}
