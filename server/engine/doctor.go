package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"porthole/server/wire"
)

// Doctor says what the engine can and cannot do for the lessons. It uses what
// the engine said when it was reached, and asks only whether it still answers.
func (d *Docker) Doctor(ctx context.Context) []wire.Check {
	state := d.State()
	l := d.current()
	if l != nil {
		asking, cancel := context.WithTimeout(ctx, d.options.PingTimeout)
		defer cancel()
		if _, err := l.client.Ping(asking); err != nil {
			state, l = judge(err, state.Address), nil
		}
	}
	engine := wire.Check{ID: "engine", Title: "A container engine answers", Source: "GET /version at " + cmp.Or(state.Address, defaultAddress)}
	if l == nil {
		engine.Status, engine.Found, engine.Means, engine.Fix = wire.CheckMissing, string(state.State), cmp.Or(state.Problem, "No engine has been reached yet."), state.Fix
		return []wire.Check{engine}
	}
	engine.Status, engine.Found = wire.CheckOK, state.Name+" "+state.Version
	engine.Means = "Lessons can start containers."
	if state.ObserveOnly != "" {
		engine.Status, engine.Means = wire.CheckLimited, state.ObserveOnly
	}
	checks := []wire.Check{engine, {
		ID: "engine-api", Title: "An API version in common", Status: wire.CheckOK, Found: state.APIVersion,
		Means: fmt.Sprintf("Porthole speaks %s and later; this is the newest that both know.", oldestAPI), Source: "GET /_ping, header Api-Version",
	}}
	checks = append(checks, l.place(), l.limits(), l.runtime(state), l.storage(state), l.users(state), l.rootless(state), l.confinement(state))
	return checks
}

func (l *link) place() wire.Check {
	c := wire.Check{ID: "engine-local", Title: "The engine is on this machine", Status: wire.CheckOK, Found: "a local socket", Source: "the engine's address",
		Means: "The kernel that we read is the one that the containers run on."}
	if !l.info.local {
		c.Title, c.Found = "Where the engine is", "an address on the network"
		c.Means = "If that is another machine, a helper container there reads its kernel for us."
	}
	return c
}

func (l *link) limits() wire.Check {
	var missing []string
	for name, there := range map[string]bool{"memory": l.info.memoryLimit, "cpu": l.info.cpuQuota, "pids": l.info.pidsLimit} {
		if !there {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	c := wire.Check{ID: "engine-limits", Title: "The engine can set limits", Status: wire.CheckOK, Found: "memory, cpu and pids, cgroup v" + cmp.Or(l.info.cgroupVersion, "?"), Source: "GET /info",
		Means: "Limits that a lesson asks for reach the kernel."}
	if len(missing) > 0 {
		c.Status, c.Found = wire.CheckLimited, "none on "+strings.Join(missing, ", ")
		c.Means = "The engine ignores such limits without an error, so lessons on them cannot show what they are about."
	}
	return c
}

func (l *link) runtime(state wire.Engine) wire.Check {
	return wire.Check{ID: "engine-runtime", Title: "The low-level runtime", Status: wire.CheckOK, Found: cmp.Or(state.Runtime, "not told") + ", cgroup driver " + cmp.Or(state.CgroupDriver, "not told"), Source: "GET /version, GET /info",
		Means: "It turns flags into kernel files; versions differ, for example in what --cpu-shares becomes."}
}

func (l *link) storage(state wire.Engine) wire.Check {
	c := wire.Check{ID: "engine-storage", Title: "Storage driver", Status: wire.CheckOK, Found: state.StorageDriver, Source: "GET /info",
		Means: "Layers are joined by overlayfs, as in the chapter."}
	if !strings.Contains(state.StorageDriver, "overlay") {
		c.Status = wire.CheckLimited
		c.Means = "Layers are kept in another way than the chapter's overlayfs, so lessons on layers cannot show them."
	}
	return c
}

func has(state wire.Engine, name string) (option string, ok bool) {
	for _, each := range state.SecurityOptions {
		if each == name || strings.HasPrefix(each, name+",") {
			return each, true
		}
	}
	return "", false
}

func (l *link) users(state wire.Engine) wire.Check {
	c := wire.Check{ID: "engine-userns", Title: "User namespaces (userns-remap)", Status: wire.CheckOK, Found: "off", Source: "GET /info, SecurityOptions",
		Means: "Root in a container is root on the host, as is usual; the lesson on users shows it."}
	if _, on := has(state, "userns"); on {
		c.Found, c.Means = "on", "Root in a container is another user on the host."
	}
	return c
}

func (l *link) rootless(state wire.Engine) wire.Check {
	c := wire.Check{ID: "engine-rootless", Title: "Rootless engine", Status: wire.CheckOK, Found: "no", Source: "GET /info, SecurityOptions", Means: "The engine runs as root and can set every limit."}
	if _, on := has(state, "rootless"); on {
		c.Status, c.Found = wire.CheckLimited, "yes"
		c.Means = "A rootless engine sets only the limits whose cgroup controllers were delegated to its user."
	}
	return c
}

func (l *link) confinement(state wire.Engine) wire.Check {
	c := wire.Check{ID: "engine-security", Title: "Confinement of containers", Status: wire.CheckOK, Found: cmp.Or(strings.Join(state.SecurityOptions, "; "), "none"), Source: "GET /info, SecurityOptions",
		Means: "System calls are filtered by seccomp."}
	if _, on := has(state, "seccomp"); !on {
		c.Status, c.Means = wire.CheckLimited, "The engine filters no system calls, so the claim that it does will not hold here."
	}
	return c
}
