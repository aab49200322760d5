package demos

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	userForm     = regexp.MustCompile(`^[0-9]{1,9}(:[0-9]{1,9})?$`)
	hostnameForm = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)
	cpuSetForm   = regexp.MustCompile(`^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$`)
	capForm      = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	envForm      = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	volumeForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*:/[a-zA-Z0-9_./-]+(:ro)?$`)
	tmpfsForm    = regexp.MustCompile(`^/[a-zA-Z0-9_./-]+(:[a-z0-9=,]+)?$`)
	securityForm = regexp.MustCompile(`^(seccomp=unconfined|apparmor=[a-z0-9-]+|label=disable)$`)
)

// minimumMemory is the least that the engine takes for --memory.
const minimumMemory = 6 << 20

func (c *checker) container(at string, one *Container, keys []string) {
	c.need(at+"title", one.Title)
	if len(one.Workload) == 0 {
		c.problem(at+"workload", "a container needs a workload, for example [idle]")
	} else if c.loader.CheckWorkload != nil {
		if err := c.loader.CheckWorkload(one.Workload); err != nil {
			c.problem(at+"workload", "%v", err)
		}
	}
	other := func(field, key string) {
		if key == one.Key || !slices.Contains(keys, key) {
			c.problem(at+field, "there is no other container %q; the keys are %s", key, strings.Join(keys, ", "))
		}
	}
	if one.After != "" {
		other("after", one.After)
	}
	switch {
	case one.AfterState == "":
		one.AfterState = "exited"
	case one.After == "":
		c.problem(at+"after-state", "after-state says how far the container in after must be; add after")
	default:
		c.oneOf(at+"after-state", one.AfterState, []string{"running", "done", "exited"})
	}
	mode := func(field, value string, words ...string) {
		if key, ok := strings.CutPrefix(value, "container:"); ok && slices.Contains(words, "container:KEY") {
			other(field, key)
			return
		}
		if value != "" && !slices.Contains(words, value) {
			c.problem(at+field, "%q is not offered; choose among %s", value, strings.Join(words, ", "))
		}
	}
	mode("network", one.Network, "bridge", "none", "host", "container:KEY")
	mode("pid", one.PIDNamespace, "host", "container:KEY")
	mode("ipc", one.IPCNamespace, "private", "shareable", "host", "container:KEY")
	mode("uts", one.UTSNamespace, "host")
	mode("cgroupns", one.CgroupNamespace, "private", "host")
	mode("userns", one.UserNamespace, "host")

	form := func(field, value string, form *regexp.Regexp, rule string) {
		if value != "" && !form.MatchString(value) {
			c.problem(at+field, "%q cannot be used here; %s", value, rule)
		}
	}
	form("hostname", one.Hostname, hostnameForm, "a hostname has letters, digits and dashes, at most 63")
	form("user", one.User, userForm, "write a number, or number:number: the image knows no names")
	if one.Hostname != "" && (strings.HasPrefix(one.Network, "container:") || one.UTSNamespace == "host") {
		c.problem(at+"hostname", "docker sets no hostname in another's UTS or network namespace; leave hostname out")
	}
	list := func(field string, values []string, pattern *regexp.Regexp, rule string) {
		for i, value := range values {
			form(fmt.Sprintf("%s[%d]", field, i), value, pattern, rule)
		}
	}
	list("cap-drop", one.CapDrop, capForm, "write ALL or a capability's name, for example NET_RAW")
	list("cap-add", one.CapAdd, capForm, "write ALL or a capability's name, for example NET_RAW")
	list("security-opt", one.SecurityOpt, securityForm, "write seccomp=unconfined, apparmor=PROFILE or label=disable; no-new-privileges has a field of its own")
	list("volume", one.Volumes, volumeForm, "write NAME:/path or NAME:/path:ro; no folder of the host can be mounted")
	list("tmpfs", one.Tmpfs, tmpfsForm, "write /path or /path:options, for example /scratch:size=64m")
	for name := range one.Env {
		if !envForm.MatchString(name) || strings.HasPrefix(name, "PORTHOLE_") {
			c.problem(at+"env", "%q cannot be a variable here; use capital letters, digits and _, and not PORTHOLE_ at the start", name)
		}
	}
	if one.StepByStep && !slices.Contains(c.lesson.Needs, NeedBuiltin) {
		c.problem(at+"step-by-step", "only the built-in engine makes containers step by step; add needs: [%s]", NeedBuiltin)
	}
	if one.ShmSize < 0 {
		c.problem(at+"shm-size", "an amount of memory is needed, for example 64m")
	}
	c.limits(at+"limits.", one.Limits)
}

func (c *checker) limits(at string, l Limits) {
	if l.CPUs != 0 && (l.CPUs < 0.01 || l.CPUs > 1024) {
		c.problem(at+"cpus", "--cpus takes 0.01 and more, and this is %v", l.CPUs)
	}
	if l.CPUShares != 0 && (l.CPUShares < 2 || l.CPUShares > 262144) {
		c.problem(at+"cpu-shares", "--cpu-shares takes 2 to 262144, and this is %d", l.CPUShares)
	}
	if l.CPUSet != "" && !cpuSetForm.MatchString(l.CPUSet) {
		c.problem(at+"cpuset-cpus", "--cpuset-cpus takes processors such as 0 or 0-1 or 0,2, and this is %q", l.CPUSet)
	}
	if l.Memory != 0 && l.Memory < minimumMemory {
		c.problem(at+"memory", "the engine takes no --memory below 6m, and this is %s", l.Memory)
	}
	if l.MemorySwap != 0 && (l.Memory == 0 || l.MemorySwap != -1 && l.MemorySwap < l.Memory) {
		c.problem(at+"memory-swap", "--memory-swap counts memory and swap together: it needs a --memory, and is not below it (or -1)")
	}
	if l.MemoryReservation != 0 && (l.MemoryReservation < minimumMemory || l.Memory != 0 && l.MemoryReservation > l.Memory) {
		c.problem(at+"memory-reservation", "--memory-reservation takes 6m and more, and not more than --memory")
	}
	if l.Pids < 0 && l.Pids != -1 {
		c.problem(at+"pids-limit", "--pids-limit takes 1 and more, or -1 for none, and this is %d", l.Pids)
	}
	if l.DeviceReadBPS < 0 {
		c.problem(at+"device-read-bps", "a rate is 1 byte a second or more, for example 10m")
	}
	if l.DeviceWriteBPS < 0 {
		c.problem(at+"device-write-bps", "a rate is 1 byte a second or more, for example 10m")
	}
}

// WaitsFor are the keys of the containers that must be there before this one:
// the one in After, and those whose namespaces it joins.
func (c Container) WaitsFor() []string {
	keys := c.Joins()
	if c.After != "" && !slices.Contains(keys, c.After) {
		keys = append(keys, c.After)
	}
	return keys
}

// Joins are the keys of the containers whose namespaces it joins. The engine
// creates it only while they run.
func (c Container) Joins() []string {
	var keys []string
	for _, mode := range []string{c.Network, c.PIDNamespace, c.IPCNamespace} {
		if key, ok := strings.CutPrefix(mode, "container:"); ok && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// circles finds containers that wait for each other.
func (c *checker) circles() {
	settled := map[string]bool{}
	for range c.lesson.Containers {
		for _, one := range c.lesson.Containers {
			if !slices.ContainsFunc(one.WaitsFor(), func(key string) bool { return !settled[key] }) {
				settled[one.Key] = true
			}
		}
	}
	for i, one := range c.lesson.Containers {
		if settled[one.Key] {
			continue
		}
		for _, key := range one.WaitsFor() {
			if c.known(key) && !settled[key] {
				c.problem(fmt.Sprintf("containers[%d]", i), "%s waits for %s, which waits for it in turn", one.Key, key)
				return
			}
		}
	}
}

func (c *checker) known(key string) bool {
	return slices.ContainsFunc(c.lesson.Containers, func(one Container) bool { return one.Key == key })
}
