package builtin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/moby/sys/capability"
	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// needed are the rights that it takes to make a container.
var needed = map[capability.Cap]string{
	capability.CAP_SYS_ADMIN: "namespaces and mounts", capability.CAP_NET_ADMIN: "network cards",
	capability.CAP_SETPCAP: "dropping rights", capability.CAP_SETUID: "changing the user", capability.CAP_SETGID: "changing the group",
	capability.CAP_MKNOD: "devices", capability.CAP_DAC_OVERRIDE: "control groups", capability.CAP_KILL: "ending containers",
}

const sudo = "sudo porthole serve --engine builtin"

// lacking are the needed rights that this process does not have, in words.
func lacking() ([]string, error) {
	have, err := capability.NewPid2(0)
	if err == nil {
		err = have.Load()
	}
	if err != nil {
		return nil, err
	}
	var all []string
	for right, what := range needed {
		if !have.Get(capability.EFFECTIVE, right) {
			all = append(all, fmt.Sprintf("CAP_%s (%s)", strings.ToUpper(right.String()), what))
		}
	}
	slices.Sort(all)
	return all, nil
}

// missingRight says in a sentence which right is missing, and the command that
// would mend it; "" where none is.
func missingRight(folder string) (problem, fix string) {
	if runtime.GOOS != "linux" {
		return "The built-in engine is made of parts of Linux, which this machine does not run; use a Linux machine, or a recording.", "porthole serve --engine replay:"
	}
	lacking, err := lacking()
	if err != nil {
		return fmt.Sprintf("The built-in engine cannot tell which rights it has (%s); run Porthole as root.", err), sudo
	}
	if len(lacking) > 0 && enterProblem != nil {
		return whyNotRootless(enterProblem)
	}
	if len(lacking) > 0 {
		return fmt.Sprintf("The built-in engine lacks the right %s; run Porthole as root on the machine itself.", strings.Join(lacking, ", ")), sudo
	}
	if kinds, err := os.ReadFile("/proc/filesystems"); err == nil && !strings.Contains(string(kinds), "\toverlay\n") {
		return "This kernel has no overlay filesystem, from which the built-in engine makes a container's root; load it.", "sudo modprobe overlay"
	}
	var on unix.Statfs_t
	if unix.Statfs(existing(folder), &on) == nil && on.Type == unix.OVERLAYFS_SUPER_MAGIC {
		return fmt.Sprintf("The folder %s is itself on an overlay filesystem, and the kernel lays none on another; mount a disk or a tmpfs there.", folder), "sudo mkdir -p " + folder + " && sudo mount -t tmpfs porthole " + folder
	}
	if Rootless() {
		return missingInUserNamespace(folder)
	}
	for _, tree := range trees() {
		if err := unix.Access(tree, unix.W_OK); err != nil {
			return fmt.Sprintf("The control groups at %s cannot be written (%s), so that no limit could be set; mount them writable.", tree, err), "sudo mount -o remount,rw " + tree
		}
	}
	if len(trees()) == 0 {
		return "No control groups are mounted at " + cgroupRoot + "; mount them.", "sudo mount -t cgroup2 none " + cgroupRoot
	}
	return "", ""
}

func isForbidden(err error) bool { return errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) }

// Doctor says what this engine can and cannot do here.
func (e *Engine) Doctor(context.Context) []wire.Check {
	engine := wire.Check{ID: "engine", Title: "The built-in engine can make containers", Status: wire.CheckOK, Found: "builtin " + Version, Source: "capget(2), /proc/filesystems, " + cgroupRoot,
		Means: "Lessons can start containers, without Docker."}
	problem, fix := missingRight(e.options.Folder)
	if problem != "" {
		engine.Status, engine.Found, engine.Means, engine.Fix = wire.CheckMissing, "a lack", problem, fix
		return []wire.Check{engine}
	}
	filter := wire.Check{ID: "engine-security", Title: "Confinement of containers", Status: wire.CheckOK, Found: "Docker's default profile", Source: "seccomp(2)", Means: "System calls are filtered by seccomp."}
	if !seccomp.Supported() {
		filter.Status, filter.Found, filter.Means = wire.CheckMissing, "none", "This kernel filters no system calls, and no container is started without; build it with CONFIG_SECCOMP_FILTER."
	}
	checks := []wire.Check{engine, filter, e.delegation.check(),
		{ID: "engine-storage", Title: "Storage driver", Status: wire.CheckOK, Found: "overlayfs, in " + e.options.Folder, Source: "/proc/filesystems", Means: "Layers are joined by overlayfs, as in the chapter."},
		{ID: "engine-network", Title: "The containers' network", Status: wire.CheckLimited, Found: "a bridge without a way out", Source: "rtnetlink(7)", Means: "Containers reach each other and this machine, and nothing beyond: no lesson needs it."},
	}
	if !Rootless() {
		return checks
	}
	checks[0].Found += ", without root"
	network := &checks[len(checks)-1]
	network.Found, network.Means = "a bridge in a network namespace of its own", "Containers reach each other, and nothing beyond, not even this machine: no lesson needs it."
	return append(checks, usersCheck(ownUsers()))
}

// check is the doctor's line about limits.
func (d delegation) check() wire.Check {
	version := "v1"
	if cgroups.IsCgroup2UnifiedMode() {
		version = "v2"
	}
	c := wire.Check{ID: "engine-limits", Title: "The engine can set limits", Status: wire.CheckOK, Found: "cgroup " + version, Source: cgroupRoot, Means: "Limits that a lesson asks for reach the kernel."}
	if d.lacks != "" {
		c.Status, c.Found, c.Source, c.Fix = wire.CheckLimited, "cgroup "+version+": "+cmp.Or(strings.Join(d.limits, " "), "none"), "/proc/self/cgroup", d.fix
		c.Means = "Lessons about the others cannot be run, since " + d.lacks + "."
	}
	return c
}

// usersCheck is the doctor's line about who containers may run as.
func usersCheck(users []row) wire.Check {
	c := wire.Check{ID: "engine-users", Title: "Users in containers", Status: wire.CheckOK, Source: "/proc/self/uid_map", Means: "Root in a container is the user who started this server, and others are those set aside for that one."}
	var rows []string
	for _, r := range users {
		rows = append(rows, fmt.Sprintf("%d is %d (%d)", r.inside, r.outside, r.count))
	}
	c.Found = strings.Join(rows, ", ")
	if !has(users, 1000) {
		c.Status, c.Means = wire.CheckLimited, "Lessons with a container that does not run as root cannot be run: "+noOthers()+"."
		c.Fix = "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME"
	}
	return c
}
