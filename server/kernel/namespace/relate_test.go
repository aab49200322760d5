package namespace

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"porthole/server/wire"
)

// linksOf makes links in which every type has its inode, or a reason for none.
func linksOf(inodes map[string]uint64, errs map[string]error) Links {
	var links Links
	for i, namespaceType := range wire.NamespaceTypes {
		links.Each[i] = Link{Type: namespaceType, Inode: inodes[namespaceType], Err: errs[namespaceType]}
	}
	return links
}

func TestRelate(t *testing.T) {
	host := linksOf(map[string]uint64{"pid": 1, "net": 2, "mnt": 3, "user": 6, "uts": 4}, map[string]error{"ipc": ErrPermission, "cgroup": ErrNoSuchType, "time": ErrNoSuchType})
	a := linksOf(map[string]uint64{"pid": 11, "net": 2, "mnt": 13, "user": 6, "ipc": 15, "uts": 14}, map[string]error{"cgroup": ErrNoSuchType, "time": ErrNoSuchType})
	b := linksOf(map[string]uint64{"pid": 11, "net": 2, "mnt": 23, "user": 6, "ipc": 15}, map[string]error{"uts": ErrExited, "cgroup": ErrNoSuchType, "time": ErrNoSuchType})
	hostGot, membersGot := Relate(host, []Member{{"a", a}, {"b", b}})
	get := func(list []wire.Namespace, namespaceType string) wire.Namespace {
		for _, one := range list {
			if one.Type == namespaceType {
				return one
			}
		}
		t.Fatalf("no %s in %v", namespaceType, list)
		return wire.Namespace{}
	}
	const noIPC = "the host's own ipc namespace is unknown: "
	for _, test := range []struct {
		who  string
		list []wire.Namespace
		want wire.Namespace
	}{
		{"host", hostGot, wire.Namespace{Type: "pid", Inode: 1, Relation: wire.RelationHost}},
		{"host", hostGot, wire.Namespace{Type: "net", Inode: 2, Relation: wire.RelationHost, SharedWith: []string{"a", "b"}}},
		{"host", hostGot, wire.Namespace{Type: "ipc", Relation: wire.RelationUnknown, Reason: ErrPermission.Error()}},
		{"a", membersGot[0], wire.Namespace{Type: "pid", Inode: 11, Relation: wire.RelationShared, SharedWith: []string{"b"}}},
		{"b", membersGot[1], wire.Namespace{Type: "pid", Inode: 11, Relation: wire.RelationShared, SharedWith: []string{"a"}}},
		{"a", membersGot[0], wire.Namespace{Type: "net", Inode: 2, Relation: wire.RelationHost, SharedWith: []string{"b"}}},
		{"a", membersGot[0], wire.Namespace{Type: "mnt", Inode: 13, Relation: wire.RelationOwn}},
		{"a", membersGot[0], wire.Namespace{Type: "uts", Inode: 14, Relation: wire.RelationOwn}},
		{"b", membersGot[1], wire.Namespace{Type: "uts", Relation: wire.RelationUnknown, Reason: ErrExited.Error()}},
		{"a", membersGot[0], wire.Namespace{Type: "ipc", Inode: 15, Relation: wire.RelationUnknown, SharedWith: []string{"b"}, Reason: noIPC + ErrPermission.Error()}},
		{"a", membersGot[0], wire.Namespace{Type: "time", Relation: wire.RelationUnknown, Reason: "this kernel has no time namespaces"}},
	} {
		if difference := cmp.Diff(test.want, get(test.list, test.want.Type)); difference != "" {
			t.Errorf("%s of %s (-want +got):\n%s", test.want.Type, test.who, difference)
		}
	}
}

func TestRelateNobody(t *testing.T) {
	host, members := Relate(Links{}, nil)
	if len(host) != typeCount || len(members) != 0 || host[0].Type != "pid" || host[0].Relation != wire.RelationUnknown {
		t.Errorf("got %+v, %+v", host, members)
	}
}

// Links as captured on real hosts. On v1 the cgroup namespace is the host's, on
// v2 it is private: that is the engine's doing, and only read here.
func TestFixtures(t *testing.T) {
	for host, cgroup := range map[string]wire.Relation{"hybrid": wire.RelationHost, "v1": wire.RelationHost, "v2": wire.RelationOwn} {
		tree := filepath.Join("..", "testdata", host)
		fs, err := NewFS(filepath.Join(tree, "proc"))
		if err != nil {
			t.Fatal(err)
		}
		initial := fs.Initial()
		if initial.From != "kthreadd" || !initial.Of("pid").Initial || !initial.Of("mnt").Initial {
			t.Errorf("%s: the host's links are %+v", host, initial)
		}
		var members []Member
		for _, name := range []string{"plain", "limited"} {
			text, err := os.ReadFile(filepath.Join(tree, name+".pid"))
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			members = append(members, Member{name, fs.Process(pid, 0)})
		}
		_, related := Relate(initial, members)
		want := map[string]wire.Relation{"pid": "own", "net": "own", "mnt": "own", "uts": "own", "ipc": "own", "user": "host", "cgroup": cgroup, "time": "host"}
		for i, namespaces := range related {
			for _, namespace := range namespaces {
				if namespace.Relation != want[namespace.Type] {
					t.Errorf("%s: %s of %s is %s (%s), want %s", host, namespace.Type, members[i].Name, namespace.Relation, namespace.Reason, want[namespace.Type])
				}
			}
		}
	}
}
