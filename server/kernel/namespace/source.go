package namespace

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"porthole/server/wire"
)

// ErrUnknownField: the type asked for is not one of the eight.
var ErrUnknownField = errors.New("there is no namespace type of that name; the types are pid, net, mnt, uts, ipc, user, cgroup and time")

// means says in one sentence what each type separates. See namespaces(7).
var means = map[string]string{
	"pid":    "Processes in one pid namespace see and number only each other and those nested below.",
	"net":    "Processes in one net namespace have the same interfaces, addresses, routes and ports.",
	"mnt":    "Processes in one mnt namespace see the same mounted filesystems.",
	"uts":    "Processes in one uts namespace have the same host name.",
	"ipc":    "Processes in one ipc namespace can reach the same System V shared memory and POSIX message queues.",
	"user":   "Processes in one user namespace have the same map of user numbers, and rights within it.",
	"cgroup": "Processes in one cgroup namespace see the same cgroup as the root of the tree.",
	"time":   "Processes in one time namespace have the same offsets of the monotonic and boot clocks.",
}

// Source says where a namespace's number comes from: the link, its text as
// readlink(1) prints it, and the command. startTime is as in [FS.Process].
// Where the link cannot be read now, Raw is absent and Reason says why.
func (fs FS) Source(pid int, startTime uint64, namespaceType string) (wire.Provenance, error) {
	if !slices.Contains(wire.NamespaceTypes, namespaceType) {
		return wire.Provenance{}, fmt.Errorf("%q: %w", namespaceType, ErrUnknownField)
	}
	links := fs.Process(pid, startTime)
	// What we may not read ourselves was handed over by the process itself.
	if handed, ok := fs.handedOver(); ok && handed.PID == pid {
		links = handed
	}
	link := links.Of(namespaceType)
	path := filepath.Join(fs.proc, strconv.Itoa(pid), "ns", namespaceType)
	provenance := wire.Provenance{
		Field:    "namespace." + namespaceType,
		Path:     path,
		Command:  "readlink " + path,
		Unit:     "inode number",
		ReadAt:   time.Now().UnixMilli(),
		Means:    means[namespaceType],
		Document: "namespaces(7)",
		Reason:   link.Reason(),
	}
	if link.Known() {
		provenance.Raw = fmt.Sprintf("%s:[%d]", namespaceType, link.Inode)
		provenance.Highlight = strconv.FormatUint(link.Inode, 10)
	}
	return provenance, nil
}
