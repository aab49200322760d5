package builtin

import (
	"fmt"
	"os"
	"strings"

	"porthole/demos"
)

// noOthers says why a container cannot run as just any user here.
func noOthers() string {
	why := "none is set aside for that one in /etc/subuid and /etc/subgid"
	if failed := os.Getenv(usersMark); failed != "" {
		why = failed
	}
	return "this server may be no user but the one who started it (" + why + "); install uidmap, let root set some aside (sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME), and start Porthole again"
}

// Lacks says in a sentence why this engine cannot give what a lesson needs, such
// as cgroup-memory; "" where it can, or where it is not the engine's to give.
func (e *Engine) Lacks(need string) string {
	if controller, ok := strings.CutPrefix(need, "cgroup-"); ok {
		return e.delegation.lacksLimits(controller)
	}
	switch need {
	case "block-device":
		if _, err := e.Disk(); err != nil {
			return fmt.Sprintf("The containers' files are on no disk whose speed could be limited: %s.", err)
		}
	case demos.NeedUsers:
		if users := ownUsers(); len(users) > 0 && !has(users, 1000) {
			return "A container of it runs as another user than root, and " + noOthers() + "."
		}
	}
	return ""
}
