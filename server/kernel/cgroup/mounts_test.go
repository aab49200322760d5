package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"porthole/server/wire"
)

// mountTables are of hosts that could not be captured, in the kernel's format.
var mountTables = map[string]string{
	// systemd's hybrid: co-mounted controllers, a named hierarchy.
	"systemd hybrid": `24 22 0:22 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
25 24 0:23 / /sys/fs/cgroup/unified rw,nosuid shared:5 - cgroup2 cgroup rw,nsdelegate
26 24 0:24 / /sys/fs/cgroup/systemd rw,nosuid shared:6 - cgroup cgroup rw,xattr,name=systemd
27 24 0:25 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:7 - cgroup cgroup rw,cpu,cpuacct
28 24 0:26 / /sys/fs/cgroup/memory rw,nosuid shared:8 - cgroup cgroup rw,memory
`,
	// v2 with only the named v1 hierarchy beside it: no controller is in v1.
	"v2 with named": `25 24 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup rw
26 24 0:24 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
`,
	// The server in a container on v1: Docker's own mounts show the server's
	// group only, and the host's tree is bind-mounted elsewhere.
	"container with bind": `30 29 0:25 /docker/self /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
31 29 0:26 /docker/self /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
40 29 0:25 / /host/cgroup/cpu,cpuacct ro master:7 - cgroup cgroup rw,cpu,cpuacct
41 29 0:26 / /host/cgroup/memory ro master:8 - cgroup cgroup rw,memory
`,
	// The server in a cgroup namespace of its own on v2.
	"foreign namespace": "25 24 0:23 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
	// The same, with the host's tree bind-mounted: its root is above ours.
	"foreign namespace with bind": `25 24 0:23 / /sys/fs/cgroup ro - cgroup2 cgroup rw
26 24 0:23 /../.. /host/cgroup ro - cgroup2 cgroup rw
`,
	// A second mount covers the first; a blank in the path.
	"covered": `25 24 0:23 / /mnt/a\040b rw - cgroup2 cgroup rw
26 24 0:99 / /sys/fs/cgroup rw - cgroup cgroup rw,memory
27 26 0:98 / /sys/fs/cgroup rw - tmpfs tmpfs rw
`,
	// A mask over the folder of a v1 host: what is mounted in it is out of reach.
	"masked": `20 1 8:1 / / rw - ext4 /dev/sda1 rw
24 20 0:22 / /sys/fs/cgroup ro - tmpfs tmpfs ro
27 24 0:25 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
28 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
90 24 0:99 / /sys/fs/cgroup ro - tmpfs tmpfs ro
`,
	// A v2 host under a mask of another folder above.
	"masked above": `20 1 8:1 / / rw - ext4 /dev/sda1 rw
21 20 0:20 / /sys rw - sysfs sysfs rw
24 21 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup rw
90 21 0:99 / /sys/fs ro - tmpfs tmpfs ro
`,
	// The root was mounted after the rest and moved under it, as from an initramfs.
	"moved": `21 25 0:20 / /sys rw - sysfs sysfs rw
24 21 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup rw
25 1 8:1 / / rw - ext4 /dev/sda1 rw
`,
	// A second /sys over the first: what is in the first is covered, and covers nothing.
	"second sys": `20 1 8:1 / / rw - ext4 /dev/sda1 rw
21 20 0:20 / /sys rw - sysfs sysfs rw
24 21 0:22 / /sys/fs/cgroup ro - tmpfs tmpfs ro
27 24 0:25 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
30 21 0:20 / /sys rw - sysfs sysfs rw
31 30 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup rw
`,
	// A loop, which no kernel writes.
	"loop":     "24 25 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n25 24 0:22 / /sys rw - sysfs sysfs rw\n",
	"none":     "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
	"nonsense": "\n - \nx y - cgroup\n1 2 3 4 5 6 - cgroup2\n",
}

func TestModes(t *testing.T) {
	for name, want := range map[string]wire.CgroupMode{
		"systemd hybrid":              wire.CgroupHybrid,
		"v2 with named":               wire.CgroupV2,
		"container with bind":         wire.CgroupV1,
		"foreign namespace":           wire.CgroupV2,
		"foreign namespace with bind": wire.CgroupV2,
		"covered":                     wire.CgroupV2,
		"masked":                      wire.CgroupUnknown,
		"masked above":                wire.CgroupUnknown,
		"second sys":                  wire.CgroupV2,
		"moved":                       wire.CgroupV2,
		"loop":                        wire.CgroupV2,
		"none":                        wire.CgroupUnknown,
		"nonsense":                    wire.CgroupUnknown,
	} {
		if got := modeOf(parseMounts([]byte(mountTables[name]))); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := parseMounts([]byte(mountTables["covered"])); len(got) != 1 || got[0].point != "/mnt/a b" {
		t.Errorf("a covered mount was found, or a blank not: %+v", got)
	}
}

func TestResolve(t *testing.T) {
	for _, test := range []struct {
		table, folder, controller, path string
		want                            string // the folder, or the reason
	}{
		{"systemd hybrid", "/sys/fs/cgroup", "cpuacct", "/docker/abc", "/sys/fs/cgroup/cpu,cpuacct/docker/abc"},
		{"systemd hybrid", "/sys/fs/cgroup", "cpu", "/system.slice/docker-abc.scope", "/sys/fs/cgroup/cpu,cpuacct/system.slice/docker-abc.scope"},
		{"systemd hybrid", "/sys/fs/cgroup", "", "/system.slice/docker-abc.scope", "/sys/fs/cgroup/unified/system.slice/docker-abc.scope"},
		{"systemd hybrid", "/sys/fs/cgroup", "", "/", reasonRoot},
		{"systemd hybrid", "/sys/fs/cgroup", "memory", "/", reasonRoot},
		{"systemd hybrid", "/sys/fs/cgroup", "pids", "/docker/abc", "the pids controller's hierarchy is not mounted here"},
		// Mounts elsewhere than where we were told to look still count.
		{"container with bind", "/sys/fs/cgroup", "cpu", "/docker/other", "/host/cgroup/cpu,cpuacct/docker/other"},
		{"container with bind", "/host/cgroup", "memory", "/docker/other", "/host/cgroup/memory/docker/other"},
		{"container with bind", "/sys/fs/cgroup", "memory", "/docker/self/child", "/sys/fs/cgroup/memory/child"},
		{"foreign namespace", "/sys/fs/cgroup", "", "/../other", reasonForeign},
		{"foreign namespace with bind", "/sys/fs/cgroup", "", "/../../system.slice/other", "/host/cgroup/system.slice/other"},
		{"foreign namespace with bind", "/sys/fs/cgroup", "", "/../other", reasonForeign},
		// A copied tree: nothing is mounted at the folder we were given.
		{"systemd hybrid", "/copy", "memory", "/docker/abc", "/copy/memory/docker/abc"},
		{"none", "/sys/fs/cgroup", "", "/x", "the cgroup v2 tree is not mounted here"},
	} {
		fs := FS{mounts: place(parseMounts([]byte(mountTables[test.table])), test.folder)}
		group := fs.resolve(test.controller, test.path)
		if got := group.path + group.reason; got != test.want {
			t.Errorf("%s: group %q of %q resolves to %q, want %q", test.table, test.path, test.controller, got, test.want)
		}
	}
	fs := FS{mounts: parseMounts([]byte("30 29 0:25 /docker/self /sys/fs/cgroup rw - cgroup cgroup rw,memory\n"))}
	if got := fs.resolve("memory", "/docker/other"); !strings.Contains(got.reason, "mount the host's") {
		t.Errorf("a group outside the mount resolves to %+v", got)
	}
}

func TestNoPathLeadsOutOfItsMount(t *testing.T) {
	for _, path := range []string{"/..", "/../x", "/a/../../x", "/a/.."} {
		if below, ok := relative("/", path); ok && strings.HasPrefix(filepath.Clean(below), "..") {
			t.Errorf("%q leads to %q", path, below)
		}
	}
}

func TestParseMembership(t *testing.T) {
	got := fmt.Sprint(parseMembership([]byte("5:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n0::/docker/a:b (deleted)\n\nx\n7:memory:relative\n")))
	want := "[{false [cpu cpuacct] /docker/abc} {false [] /docker/abc} {true [] /docker/a:b}]"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNewFSWithoutMountTable(t *testing.T) {
	_, err := NewFS(t.TempDir(), "/sys/fs/cgroup")
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "mountinfo") {
		t.Errorf("error is %v, want one that names the mount table", err)
	}
}
