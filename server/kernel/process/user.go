package process

import (
	"strconv"
	"strings"

	"porthole/server/kernel/internal/small"
)

// everyUser is the map of a user namespace that leaves each number as it is,
// which is that of the host's own, see user_namespaces(7).
const everyUser = "0 0 4294967295"

// ownMap is the map of the user namespace that we read in, a line for each row;
// "" where it cannot be read.
func (fs FS) ownMap() string {
	return once(fs, "uid_map", func() string {
		text, err := small.Read(fs.proc + "/self/uid_map")
		if err != nil {
			return ""
		}
		return parseUIDMap(text)
	})
}

// hostUser is a user number as it is called outside of our user namespace: the
// kernel writes numbers as the reader's own namespace has them. Nil where ours
// gives it no number.
func (fs FS) hostUser(uid *int) *int {
	own := fs.ownMap()
	if uid == nil || own == "" || own == everyUser {
		return uid
	}
	for row := range strings.Lines(own) {
		if words := numbers(strings.Fields(row)); len(words) == 3 && *uid >= words[0] && *uid-words[0] < words[2] {
			outside := *uid - words[0] + words[1]
			return &outside
		}
	}
	return nil
}

// translated says how the numbers of users that we read differ from the host's;
// "" where they do not.
func (fs FS) translated() string {
	own := fs.ownMap()
	if own == "" || own == everyUser {
		return ""
	}
	return " The server reads it in a user namespace of its own, whose map (first inside, first outside, how many) is " +
		strconv.Quote(strings.ReplaceAll(own, "\n", "; ")) + "."
}
