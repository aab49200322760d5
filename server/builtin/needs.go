package builtin

import (
	"fmt"
	"strings"

	"porthole/demos"
)

// noOthers says why a container cannot run as just any user here.
const noOthers = "this server may be no user but the one who started it; to be given others, install uidmap (newuidmap, newgidmap), let root add a line for you to /etc/subuid and /etc/subgid (sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME), and start Porthole again"

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
			return "A container of it runs as another user than root, and " + noOthers + "."
		}
	}
	return ""
}
