package builtin

import (
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

// missingRight says in a sentence which right is missing, and the command that
// would mend it; "" where none is.
func missingRight(folder string) (problem, fix string) {
	const sudo = "sudo porthole serve --engine builtin"
	if runtime.GOOS != "linux" {
		return "The built-in engine is made of parts of Linux, which this machine does not run; use a Linux machine, or a recording.", "porthole serve --engine replay:"
	}
	have, err := capability.NewPid2(0)
	if err == nil {
		err = have.Load()
	}
	if err != nil {
		return fmt.Sprintf("The built-in engine cannot tell which rights it has (%s); run Porthole as root.", err), sudo
	}
	var lacking []string
	for right, what := range needed {
		if !have.Get(capability.EFFECTIVE, right) {
			lacking = append(lacking, fmt.Sprintf("CAP_%s (%s)", strings.ToUpper(right.String()), what))
		}
	}
	if len(lacking) > 0 {
		slices.Sort(lacking)
		return fmt.Sprintf("The built-in engine lacks the right %s; run Porthole as root on the machine itself.", strings.Join(lacking, ", ")), sudo
	}
	if kinds, err := os.ReadFile("/proc/filesystems"); err == nil && !strings.Contains(string(kinds), "\toverlay\n") {
		return "This kernel has no overlay filesystem, from which the built-in engine makes a container's root; load it.", "sudo modprobe overlay"
	}
	var on unix.Statfs_t
	if unix.Statfs(existing(folder), &on) == nil && on.Type == unix.OVERLAYFS_SUPER_MAGIC {
		return fmt.Sprintf("The folder %s is itself on an overlay filesystem, and the kernel lays none on another; mount a disk or a tmpfs there.", folder), "sudo mkdir -p " + folder + " && sudo mount -t tmpfs porthole " + folder
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
	version := "v1"
	if cgroups.IsCgroup2UnifiedMode() {
		version = "v2"
	}
	filter := wire.Check{ID: "engine-security", Title: "Confinement of containers", Status: wire.CheckOK, Found: "Docker's default profile", Source: "seccomp(2)", Means: "System calls are filtered by seccomp."}
	if !seccomp.Supported() {
		filter.Status, filter.Found, filter.Means = wire.CheckMissing, "none", "This kernel filters no system calls, and no container is started without; build it with CONFIG_SECCOMP_FILTER."
	}
	return []wire.Check{engine, filter,
		{ID: "engine-limits", Title: "The engine can set limits", Status: wire.CheckOK, Found: "cgroup " + version, Source: cgroupRoot, Means: "Limits that a lesson asks for reach the kernel."},
		{ID: "engine-storage", Title: "Storage driver", Status: wire.CheckOK, Found: "overlayfs, in " + e.options.Folder, Source: "/proc/filesystems", Means: "Layers are joined by overlayfs, as in the chapter."},
		{ID: "engine-network", Title: "The containers' network", Status: wire.CheckLimited, Found: "a bridge without a way out", Source: "rtnetlink(7)", Means: "Containers reach each other and this machine, and nothing beyond: no lesson needs it."},
	}
}
