package lab

import (
	"math/bits"
	"reflect"
	"strconv"
	"strings"

	"porthole/demos"
	"porthole/server/wire"
)

// stepsFacts are the steps in which a container is made.
func stepsFacts(steps []wire.MakingStep, explain func(prefix, why string)) demos.StepsFacts {
	var f demos.StepsFacts
	if len(steps) == 0 {
		explain("steps", "the container is not made step by step, or none of its steps was seen")
		return f
	}
	for _, step := range steps {
		// Where it has no control group with limits, that step has said why.
		if why, none := strings.CutPrefix(step.Detail, "none: "); none && step.Name == "cgroup" {
			for _, limit := range []string{"memoryBytes", "pids"} {
				explain("steps.execve.before."+limit, "the container has no control group of its own: "+why)
			}
		}
	}
	explain("steps", "the kernel did not say it, or the step has not been taken")
	places := map[string]*demos.StepFacts{}
	group := reflect.ValueOf(&f).Elem()
	for i := range group.NumField() {
		if place, ok := group.Field(i).Addr().Interface().(*demos.StepFacts); ok {
			places[group.Type().Field(i).Tag.Get("expr")] = place
		}
	}
	taken, seconds := 0, 0.0
	stands := stand{}
	for _, step := range steps {
		place := places[lowerCamel(step.Name)]
		if place == nil {
			continue
		}
		place.Taken = &step.Done
		if !step.Done {
			continue
		}
		took, _ := step.TookUsec.Get()
		taken++
		seconds += float64(took) / 1e6
		place.Seconds = pointer(float64(took) / 1e6)
		if taken == 1 {
			stands.before(step.Changes)
		}
		place.Before = stands.facts()
		for _, change := range step.Changes {
			stands.now(change)
		}
		place.After = stands.facts()
	}
	f.All, f.Taken, f.Seconds = pointer(float64(len(steps))), pointer(float64(taken)), pointer(seconds)
	return f
}

// lowerCamel is pivotRoot for pivot-root.
func lowerCamel(name string) string {
	words := strings.Split(name, "-")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}

// stand is what the kernel says of a process, by the names of wire.Change; the
// server's own namespaces are under server.TYPE.
type stand map[string]string

// before takes the changes of the first step, which are all that is looked at.
func (s stand) before(changes []wire.Change) {
	for _, change := range changes {
		s[change.What] = change.Before
		if kind, ok := strings.CutPrefix(change.What, "namespace."); ok {
			s["server."+kind] = change.Before
		}
	}
}

func (s stand) now(change wire.Change) { s[change.What] = change.After }

func (s stand) facts() demos.StandFacts {
	text := func(what string) *string {
		if s[what] == "" {
			return nil
		}
		return pointer(s[what])
	}
	// A limit of cgroup v2 that is not set says max, which is no number.
	number := func(what string, base int) *float64 {
		word, _, _ := strings.Cut(s[what], ",")
		value, err := strconv.ParseUint(word, base, 64)
		if err != nil {
			return nil
		}
		return pointer(float64(value))
	}
	set := func(what string) *float64 {
		value, err := strconv.ParseUint(s[what], 16, 64)
		if err != nil {
			return nil
		}
		return pointer(float64(bits.OnesCount64(value)))
	}
	f := demos.StandFacts{
		Root: text("root"), Hostname: text("hostname"), Program: text("program"), Mounts: number("mounts", 10),
		Capabilities: set("capEff"), Bounding: set("capBnd"), NoNewPrivs: number("noNewPrivs", 10), Seccomp: number("seccomp", 10),
		MemoryBytes: number("memoryMax", 10), Pids: number("pidsMax", 10),
	}
	if f.Root != nil {
		kind, _, _ := strings.Cut(*f.Root, ",")
		f.RootType = &kind
	}
	if s["interfaces"] != "" {
		f.Interfaces = strings.Fields(s["interfaces"])
	}
	own, known := 0, 0
	for what, link := range s {
		kind, ok := strings.CutPrefix(what, "namespace.")
		if !ok || link == "" || s["server."+kind] == "" {
			continue
		}
		if known++; link != s["server."+kind] {
			own++
		}
	}
	if known == 8 {
		f.OwnNamespaces = pointer(float64(own))
	}
	return f
}
