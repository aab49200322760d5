package lab

import (
	"slices"
	"strings"
	"testing"

	"porthole/server/wire"
)

// makingSteps are those of a container that was made as it should be.
func makingSteps() []wire.MakingStep {
	change := func(what, before, after string) wire.Change {
		return wire.Change{What: what, Before: before, After: after}
	}
	changes := map[string][]wire.Change{
		"clone": {
			change("namespace.pid", "pid:[1]", "pid:[11]"), change("namespace.net", "net:[2]", "net:[12]"), change("namespace.mnt", "mnt:[3]", "mnt:[13]"),
			change("namespace.uts", "uts:[4]", "uts:[14]"), change("namespace.ipc", "ipc:[5]", "ipc:[15]"), change("namespace.user", "user:[6]", "user:[6]"),
			change("namespace.cgroup", "cgroup:[7]", "cgroup:[7]"), change("namespace.time", "time:[8]", "time:[8]"),
			change("root", "ext4, device 254:0, inode 2", "ext4, device 254:0, inode 2"), change("mounts", "30, of which 2 tell others of changes", "30, of which 2 tell others of changes"),
			change("hostname", "machine", "machine"), change("capEff", "000001ffffffffff", "000001ffffffffff"), change("capBnd", "000001ffffffffff", "000001ffffffffff"),
			change("noNewPrivs", "0", "0"), change("seccomp", "0", "0"), change("program", "porthole serve", "porthole container"), change("memoryMax", "", ""), change("pidsMax", "", ""),
		},
		"cgroup":            {change("memoryMax", "", "67108864"), change("pidsMax", "", "50")},
		"pivot-root":        {change("root", "ext4, device 254:0, inode 2", "overlay, device 0:99, inode 7"), change("mounts", "40", "12")},
		"hostname":          {change("hostname", "machine", "made-by-hand")},
		"bounding-set":      {change("capBnd", "000001ffffffffff", "00000000a80425fb")},
		"no-new-privileges": {change("noNewPrivs", "0", "1")},
		"seccomp":           {change("seccomp", "0", "2")},
		"capabilities":      {change("capEff", "000001ffffffffff", "00000000a80425fb")},
		"execve":            {change("program", "porthole container", "/porthole workload idle")},
	}
	var steps []wire.MakingStep
	for name := range strings.FieldsSeq("clone join cgroup network cgroup-namespace private-mounts overlay volumes proc sys cgroup-files dev pivot-root mask hostname ceilings bounding-set no-new-privileges seccomp user capabilities execve") {
		steps = append(steps, wire.MakingStep{Name: name, Done: true, TookUsec: wire.Counted(1000), Changes: changes[name]})
	}
	return steps
}

var scratchScenes = map[string]func() map[string]*box{
	"container-from-scratch": func() map[string]*box { return scratchBox(func(string, *wire.MakingStep) {}) },
}

// scratchBox is the lesson's container, made in steps that are changed.
func scratchBox(how func(name string, step *wire.MakingStep)) map[string]*box {
	return map[string]*box{"box": {pid: 500, topology: func(c *wire.Container) {
		c.Steps = makingSteps()
		for i := range c.Steps {
			how(c.Steps[i].Name, &c.Steps[i])
		}
	}}}
}

func TestScratchClaimsOnAHealthyHost(t *testing.T) { eachAsExpected(t, scratchScenes) }

func TestScratchClaimsOnMissingFigures(t *testing.T) { noneHoldsOnMissing(t, scratchScenes) }

func TestScratchClaimsCanTurnOut(t *testing.T) {
	// otherwise says that a step left something else, or nothing that is new.
	otherwise := func(name, what, after string) func(map[string]*box) {
		return func(w map[string]*box) {
			*w["box"] = *scratchBox(func(each string, step *wire.MakingStep) {
				at := slices.IndexFunc(step.Changes, func(c wire.Change) bool { return c.What == what })
				if each == name && at >= 0 {
					step.Changes[at].After = after
				}
			})["box"]
		}
	}
	// slow says that each step takes so long, but for clone.
	slow := func(w map[string]*box) {
		*w["box"] = *scratchBox(func(name string, step *wire.MakingStep) {
			if name != "clone" {
				step.TookUsec = wire.Counted(50_000)
			}
		})["box"]
	}
	eachCanTurnOut(t, scratchScenes, map[string]map[string][]func(map[string]*box){"container-from-scratch": {
		"five-namespaces":  {otherwise("clone", "namespace.ipc", "ipc:[5]"), otherwise("clone", "namespace.user", "user:[16]")},
		"root-until-pivot": {otherwise("pivot-root", "root", "ext4, device 254:0, inode 2"), otherwise("clone", "root", "overlay, device 0:99, inode 7"), otherwise("pivot-root", "root", "tmpfs, device 0:99, inode 1")},
		"named-late":       {otherwise("hostname", "hostname", "machine"), otherwise("clone", "hostname", "made-by-hand")},
		"rights-taken":     {otherwise("capabilities", "capEff", "000001ffffffffff"), otherwise("bounding-set", "capBnd", "000001ffffffffff"), otherwise("clone", "capEff", "00000000a80425fb")},
		"limits-first":     {otherwise("cgroup", "memoryMax", "9223372036854771712"), otherwise("cgroup", "pidsMax", "51")},
		"filtered-first":   {otherwise("seccomp", "seccomp", "0"), otherwise("no-new-privileges", "noNewPrivs", "0")},
		"program-last":     {otherwise("clone", "program", "/porthole workload idle"), otherwise("execve", "program", "porthole container")},
		"quick":            {slow},
	}})
}

// A machine whose clone alone takes long says nothing about the other steps.
func TestScratchOnASlowMachine(t *testing.T) {
	boxes := scratchBox(func(_ string, step *wire.MakingStep) { step.TookUsec = wire.Counted(50_000) })
	got := world(t, builtin(t, "container-from-scratch"), boxes).verdict(t, "quick")
	if got.Verdict != wire.Unknown || !strings.HasPrefix(got.Reason, "This machine is slow, or was busy: its kernel needed 50 ms for clone alone") {
		t.Errorf("%s: %s %s", got.Verdict, got.Measured, got.Reason)
	}
}

// The steps that expressions know are those that the made-up container has.
func TestStepsOfExpressions(t *testing.T) {
	steps := makingSteps()
	steps[len(steps)-1].Done = false
	f := stepsFacts(steps, func(string, string) {})
	if *f.All != 22 || *f.Taken != 21 || *f.Execve.Taken || f.Execve.After.Program != nil || !*f.Clone.Taken {
		t.Errorf("all %v, taken %v, execve %+v", *f.All, *f.Taken, f.Execve)
	}
	if f := stepsFacts(nil, func(string, string) {}); f.All != nil || f.Clone.Taken != nil {
		t.Errorf("without steps: %+v", f)
	}
}
