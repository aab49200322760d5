package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"porthole/server/wire"
)

// Facts are what the checks of the kernel found, wherever they ran: they can be
// sent from one machine to another.
type Facts struct {
	Checks []wire.Check `json:"checks"`
	// Controllers are those of the cgroup tree that containers can use.
	Controllers []string `json:"controllers"`
	// CgroupProblem says why no cgroup tree could be read; "" where one can.
	CgroupProblem string `json:"cgroupProblem,omitempty"`
}

// Facts runs the checks of the kernel.
func (k Kernel) Facts(host wire.Host) Facts {
	facts := Facts{Checks: k.checks(host), Controllers: k.Controllers}
	if k.CgroupProblem != nil {
		facts.CgroupProblem = k.CgroupProblem.Error()
	}
	return facts
}

// Report joins the engine's checks, and what others there are, with those of
// the kernel.
func Report(ctx context.Context, facts Facts, host wire.Host, engine Engine, others ...wire.Check) wire.Doctor {
	checks := append(engine.Doctor(ctx), others...)
	return wire.Doctor{Host: host, Checks: append(checks, facts.Checks...)}
}

// checkOf is the check that decides on a need.
var checkOf = map[string]string{
	"namespaces": "namespaces", "kernel-log": "kernel-log", "block-device": "block-device", "two-cpus": "processors",
}

// Lacks is [Kernel.Lacks], for the machine that the facts are of.
func (f Facts) Lacks(need string) string {
	if name, ok := strings.CutPrefix(need, "cgroup-"); ok {
		switch {
		case f.CgroupProblem != "":
			return fmt.Sprintf("No cgroup can be read here: %s.", f.CgroupProblem)
		case slices.Contains(f.Controllers, name), name == "io" && slices.Contains(f.Controllers, "blkio"):
			return ""
		}
		return fmt.Sprintf("This host's cgroups have no %s controller.", name)
	}
	for _, check := range f.Checks {
		if check.ID == checkOf[need] {
			return unless(check)
		}
	}
	return fmt.Sprintf("This version of Porthole does not know the need %q.", need)
}

// Check returns the check of an ID; false where there is none.
func (f Facts) Check(id string) (wire.Check, bool) {
	for _, check := range f.Checks {
		if check.ID == id {
			return check, true
		}
	}
	return wire.Check{}, false
}
