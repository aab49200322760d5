// Package outside is what a process knows of the namespaces that it was in
// before it put itself, or a copy of itself, into a user namespace. From in there
// nobody may look at a process outside (ptrace(2), PTRACE_MODE_READ_FSCREDS), not
// even at the one that started it, so that one hands it over.
package outside

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"porthole/server/wire"
)

// variable is the one in the environment by which it is handed over.
const variable = "PORTHOLE_OUTSIDE"

// Handover is the assignment that the process which is started needs in its
// environment: our own number, and our links of /proc/self/ns as readlink(2)
// gives them. A link that cannot be read is left out.
func Handover() string {
	words := []string{strconv.Itoa(os.Getpid())}
	for _, kind := range wire.NamespaceTypes {
		if link, err := os.Readlink("/proc/self/ns/" + kind); err == nil {
			words = append(words, link)
		}
	}
	return fmt.Sprintf("%s=%s", variable, strings.Join(words, " "))
}

// Read returns what was handed to us: the number of the process outside, which
// is our parent, and its links by their types, such as "mnt:[4026531832]". It is
// false where nothing was, or where that process is our parent no more.
func Read() (pid int, links map[string]string, handed bool) {
	words := strings.Fields(os.Getenv(variable))
	if len(words) == 0 {
		return 0, nil, false
	}
	pid, err := strconv.Atoi(words[0])
	if err != nil || pid != os.Getppid() {
		return 0, nil, false
	}
	links = map[string]string{}
	for _, link := range words[1:] {
		kind, _, _ := strings.Cut(link, ":")
		links[kind] = link
	}
	return pid, links, true
}
