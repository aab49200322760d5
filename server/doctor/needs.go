package doctor

import (
	"fmt"
	"slices"
	"strings"

	"porthole/server/wire"
)

// Lacks says in a sentence why this host does not have what a lesson needs;
// it returns "" where the host has it. The needs are those of a lesson's
// needs list, such as cgroup-memory or kernel-log.
func (k Kernel) Lacks(need string, host wire.Host) string {
	if controller, ok := strings.CutPrefix(need, "cgroup-"); ok {
		return k.lacksController(controller)
	}
	switch need {
	case "namespaces":
		return unless(k.namespaces())
	case "kernel-log":
		return unless(k.log())
	case "block-device":
		return unless(k.disk())
	case "two-cpus":
		return unless(k.processors(host))
	}
	return fmt.Sprintf("This version of Porthole does not know the need %q.", need)
}

func (k Kernel) lacksController(name string) string {
	if k.CgroupProblem != nil {
		return fmt.Sprintf("No cgroup can be read here: %v.", k.CgroupProblem)
	}
	if slices.Contains(k.Controllers, name) || name == "io" && slices.Contains(k.Controllers, "blkio") {
		return ""
	}
	return fmt.Sprintf("This host's cgroups have no %s controller.", name)
}

// unless is what follows from a check that is not well.
func unless(c wire.Check) string {
	if c.Status == wire.CheckOK {
		return ""
	}
	return fmt.Sprintf("%s: %s. %s", c.Title, c.Found, c.Means)
}
