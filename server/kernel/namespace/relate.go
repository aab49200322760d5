package namespace

import (
	"fmt"

	"porthole/server/wire"
)

// Member is one container, with the links of its first process.
type Member struct {
	Name  string
	Links Links
}

// Relate says whose each namespace is. It returns the host's own eight, and
// those of each member in the members' order.
//
// A member's namespace is the host's where the numbers are equal; shared where
// it is another member's but not the host's; otherwise its own. It is unknown
// where the member's link or the host's cannot be read; where only the host's
// cannot, the number and the members that share it are still given.
func Relate(host Links, members []Member) (hostNamespaces []wire.Namespace, memberNamespaces [][]wire.Namespace) {
	holders := make([]map[uint64][]string, typeCount)
	for i := range holders {
		holders[i] = make(map[uint64][]string)
		for _, member := range members {
			if link := member.Links.Each[i]; link.Known() {
				holders[i][link.Inode] = append(holders[i][link.Inode], member.Name)
			}
		}
	}
	hostNamespaces = make([]wire.Namespace, typeCount)
	for i, link := range host.Each {
		hostNamespaces[i] = describe(link, i)
		if link.Known() {
			hostNamespaces[i].Relation = wire.RelationHost
			hostNamespaces[i].SharedWith = holders[i][link.Inode]
		}
	}
	memberNamespaces = make([][]wire.Namespace, len(members))
	for m, member := range members {
		memberNamespaces[m] = make([]wire.Namespace, typeCount)
		for i, link := range member.Links.Each {
			namespace := describe(link, i)
			if link.Known() {
				namespace.SharedWith = without(holders[i][link.Inode], member.Name)
				judge(&namespace, host.Each[i], link)
			}
			memberNamespaces[m][i] = namespace
		}
	}
	return hostNamespaces, memberNamespaces
}

// judge sets the relation of a namespace whose own link is known.
func judge(namespace *wire.Namespace, host, own Link) {
	switch {
	case !host.Known():
		namespace.Reason = fmt.Sprintf("the host's own %s namespace is unknown: %s", own.Type, host.Reason())
	case host.Inode == own.Inode:
		namespace.Relation = wire.RelationHost
	case len(namespace.SharedWith) > 0:
		namespace.Relation = wire.RelationShared
	default:
		namespace.Relation = wire.RelationOwn
	}
}

// describe returns a link's part of the message, its relation not judged yet.
func describe(link Link, index int) wire.Namespace {
	return wire.Namespace{
		// A zero Links has no types; the order gives them.
		Type:     wire.NamespaceTypes[index],
		Inode:    link.Inode,
		Initial:  link.Initial,
		Relation: wire.RelationUnknown,
		Reason:   link.Reason(),
	}
}

// without returns names less one, in a slice of its own; nil where none is left.
func without(names []string, name string) []string {
	var others []string
	for _, other := range names {
		if other != name {
			others = append(others, other)
		}
	}
	return others
}
