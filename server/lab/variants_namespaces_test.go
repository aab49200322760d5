package lab_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"porthole/demos"
)

// namespaceVariants are those of the lessons on namespaces, layers and the
// container itself.
var namespaceVariants = []variant{
	{
		lesson: "architecture", name: "nothing isolated, limited or secure",
		take: func(l *demos.Lesson) {
			unlimited("a", "b", "c")(l)
			container(l, "a").Network = "host"
			c := container(l, "c")
			c.User, c.ReadOnly, c.CapDrop, c.NoNewPrivileges = "", false, nil, false
		},
		fails: []string{"each-isolated", "b-has-its-limits", "b-is-held-back", "c-has-no-rights", "c-cannot-write"},
	},
	{
		lesson: "container-vs-vm", name: "a slow engine, a large program and the host's process numbers",
		take: func(l *demos.Lesson) {
			container(l, "first").PIDNamespace = "host"
			works(l, "first", "allocate --bytes 16m --hold 5m")
		},
		lost:  loss{start: second},
		fails: []string{"starts-in-a-second", "costs-megabytes", "a-process-of-the-host"},
	},
	{
		lesson: "namespace-ids", name: "one in the host's network, and none joined",
		take: func(l *demos.Lesson) {
			container(l, "one").Network = "host"
			container(l, "one").CgroupNamespace = map[bool]string{true: "host", false: "private"}[onlyV2()]
			container(l, "joined").PIDNamespace = ""
		},
		fails: []string{"five-are-own", "joined-shares-pid", "joined-sees-its-partner", "cgroup-as-the-mode"},
	},
	{
		lesson: "pid-namespace", name: "the host's process numbers",
		take:  func(l *demos.Lesson) { container(l, "app").PIDNamespace = "host" },
		fails: []string{"first-inside", "another-outside", "sees-only-its-own", "own-namespace"},
	},
	{
		lesson: "net-namespace", name: "each in the network of another",
		take:  func(l *demos.Lesson) { networks(l, "none", "bridge", "none") },
		fails: []string{"bridge-has-eth0", "own-address", "none-has-lo-alone", "host-is-the-hosts"},
	},
	{
		lesson: "net-namespace", name: "all in the host's network",
		take:  func(l *demos.Lesson) { networks(l, "host", "host", "host") },
		fails: []string{"own-address", "others-have-their-own"},
	},
	{
		lesson: "mnt-namespace", name: "memory in place of the volume, and both write",
		take: func(l *demos.Lesson) {
			app, other := container(l, "app"), container(l, "other")
			app.Volumes, app.Tmpfs = nil, []string{"/shared"}
			other.Volumes = []string{"others:/shared"}
			other.Workload = []string{"edit", "--path", "/written-inside.txt", "--path", "/shared/on-both-sides.txt", "--text", "written by Other", "--hold", "5m"}
		},
		fails: []string{"other-has-no-such-file", "volume-on-the-host", "volume-on-both-sides"},
	},
	{
		lesson: "mnt-namespace", name: "nothing is written",
		take: func(l *demos.Lesson) {
			works(l, "app", "read --path /written-inside.txt --path /shared/on-both-sides.txt --hold 5m")
		},
		fails: []string{"host-has-no-such-file"},
	},
	{
		lesson: "uts-namespace", name: "the name does not reach the engine, and the others are turned round",
		take: func(l *demos.Lesson) {
			container(l, "unnamed").Hostname = "another-name"
			container(l, "shared").UTSNamespace = ""
		},
		lost: loss{create: func(c *demos.Container) {
			if c.Key == "named" {
				c.Hostname, c.UTSNamespace = "", "host"
			}
		}},
		fails: []string{"named-as-asked", "host-unchanged", "unnamed-is-the-id", "own-numbers", "shared-is-the-hosts"},
	},
	{
		lesson: "ipc-namespace", name: "the stranger joins, and the joined one is a stranger",
		take: func(l *demos.Lesson) {
			container(l, "stranger").IPCNamespace, container(l, "joined").IPCNamespace = "container:writer", ""
		},
		fails: []string{"writer-has-it", "stranger-sees-none", "joined-reads-it", "numbers-tell"},
	},
	{
		lesson: "ipc-namespace", name: "in the host's own namespace",
		take: func(l *demos.Lesson) {
			container(l, "writer").IPCNamespace, container(l, "joined").IPCNamespace = "host", ""
		},
		alone: true, before: hostSegment,
		fails: []string{"host-sees-none"},
	},
	{
		lesson: "user-namespace", name: "user 1000 with a capability, and a map to another user",
		take: func(l *demos.Lesson) {
			container(l, "root").User, container(l, "root").CapAdd = "1000", []string{"SYS_ADMIN"}
			works(l, "nested", "unshare-user --as 5 --hold 5m")
		},
		fails: []string{"root-is-unprivileged", "uid-as-the-engine", "filter-forbids", "nested-makes-its-own"},
	},
	{
		lesson: "image-layers", name: "each writes what it should not, and one is of another image",
		take: func(l *demos.Lesson) {
			works(l, "writer", "edit --path /tmp/another.txt --text x --hold 5m")
			works(l, "one", "edit --path /tmp/new.txt --text x --hold 5m")
		},
		lost:  loss{image: map[string]bool{"two": true}},
		alone: true, // it takes turns with the others' image
		fails: []string{"same-layers", "writable-starts-empty", "written-on-top"},
	},
	{
		lesson: "copy-on-write", name: "each does another's work, and one is of another image",
		take: func(l *demos.Lesson) {
			works(l, "edits", "edit --path /srv/new.txt --text x --hold 5m")
			works(l, "deletes", "read --path /srv/delete-me.txt --hold 5m")
			works(l, "reads", "edit --path /srv/edit-me.txt --text x --hold 5m")
		},
		lost:  loss{image: map[string]bool{"deletes": true}},
		alone: true,
		fails: []string{"one-image-for-all", "stores-only-differences", "edit-copies-the-file", "delete-leaves-a-whiteout", "reading-costs-nothing"},
	},
	{
		lesson: "copy-on-write", name: "a volume in place of the image's files",
		take: func(l *demos.Lesson) {
			container(l, "edits").Volumes, container(l, "reads").Volumes = []string{"srv:/srv"}, []string{"srv:/srv"}
		},
		fails: []string{"image-is-unchanged"},
	},
	{
		lesson: "verify-isolation", name: "the walls of one taken down, and those of the other put up",
		take: func(l *demos.Lesson) {
			app, bare := container(l, "app"), container(l, "bare")
			app.PIDNamespace, app.Network, app.UserNamespace = bare.PIDNamespace, bare.Network, bare.UserNamespace
			bare.PIDNamespace, bare.Network, bare.UserNamespace = "", "", ""
		},
		fails: []string{"number-one-is-the-program", "interfaces-are-its-own", "sees-no-process-of-the-host", "the-tests-can-fail"},
	},
}

func networks(l *demos.Lesson, networks ...string) {
	for i, network := range networks {
		l.Containers[i].Network = network
	}
}

// hostSegment sees to it that the writer's segment does not stay in the host's
// own namespace, should the writer be killed before it removes it.
func hostSegment(t *testing.T) func() {
	const key = 4242 // the lesson's
	if _, err := unix.SysvShmGet(key, 0, 0); err == nil {
		t.Fatalf("the host has a segment with the key %d already; look with ipcs -m whose it is, and remove it with ipcrm -M %d", key, key)
	}
	return func() {
		if id, err := unix.SysvShmGet(key, 0, 0); err == nil {
			_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		}
	}
}
