// Package doctor examines what this machine can and cannot show, and names the
// one command that would mend each lack.
package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"porthole/server/kernel/namespace"
	"porthole/server/wire"
)

// Engine reports the checks that only the container engine can answer.
type Engine interface {
	Doctor(ctx context.Context) []wire.Check
}

// Kernel says where the kernel's filesystems are mounted, and what the cgroup
// reader found there.
type Kernel struct {
	// Proc and Sys are mount points, normally /proc and /sys.
	Proc, Sys string
	// KernelLog is normally /dev/kmsg.
	KernelLog string
	// Controllers are those of the cgroup tree that containers can use.
	Controllers []string
	// CgroupProblem says why no cgroup tree could be read; nil where one can.
	CgroupProblem error
}

// Examine runs every check. It takes as long as the engine needs to answer.
func Examine(ctx context.Context, kernel Kernel, host wire.Host, engine Engine) wire.Doctor {
	return Report(ctx, kernel.Facts(host), host, engine)
}

// checks are those of the kernel.
func (k Kernel) checks(host wire.Host) []wire.Check {
	return []wire.Check{
		k.release(host),
		k.cgroups(host),
		k.controllers(host),
		k.namespaces(),
		k.pressure(),
		k.log(),
		k.processors(host),
		k.disk(),
	}
}

func (k Kernel) release(host wire.Host) wire.Check {
	c := wire.Check{
		ID: "kernel", Title: "Kernel", Source: "uname(2)",
		Found: host.Kernel, Status: wire.CheckOK,
	}
	if runtime.GOOS != "linux" {
		c.Status, c.Found = wire.CheckMissing, runtime.GOOS
		c.Means = "Namespaces and cgroups belong to Linux: without its kernel there is nothing to read."
		c.Fix = "docker compose up"
	}
	return c
}

func (k Kernel) cgroups(host wire.Host) wire.Check {
	c := wire.Check{
		ID: "cgroup-mode", Title: "Cgroup mode", Source: k.Proc + "/self/mountinfo",
		Found: string(host.CgroupMode), Status: wire.CheckOK,
	}
	switch host.CgroupMode {
	case wire.CgroupV2:
		c.Means = "One tree with all controllers; pressure and write-back limits can be shown."
	case wire.CgroupV1, wire.CgroupHybrid:
		c.Means = "A tree for each controller, with the older file names; some figures exist on v2 only."
	default:
		c.Status = wire.CheckMissing
		c.Means = "No cgroup filesystem can be read, so no counter can be shown."
		if k.CgroupProblem != nil {
			c.Means = fmt.Sprintf("No counter can be shown: %v.", k.CgroupProblem)
		}
		c.Fix = "sudo mount -t cgroup2 none /sys/fs/cgroup"
	}
	return c
}

// wanted are the controllers that the lessons use.
var wanted = []string{"cpu", "cpuset", "io", "memory", "pids"}

func (k Kernel) controllers(host wire.Host) wire.Check {
	c := wire.Check{
		ID: "cgroup-controllers", Title: "Cgroup controllers", Status: wire.CheckOK,
		Source: filepath.Join(k.Sys, "fs/cgroup"), Found: strings.Join(k.Controllers, " "),
	}
	have := map[string]bool{}
	for _, name := range k.Controllers {
		have[name] = true
	}
	have["io"] = have["io"] || have["blkio"] // v1's name for the same
	var missing []string
	for _, name := range wanted {
		if !have[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		c.Status = wire.CheckLimited
		c.Means = fmt.Sprintf("Without %s, lessons about it say that they cannot tell here.", strings.Join(missing, ", "))
		switch host.CgroupMode {
		case wire.CgroupV2:
			c.Fix = fmt.Sprintf("echo '+%s' | sudo tee /sys/fs/cgroup/cgroup.subtree_control", strings.Join(missing, " +"))
		case wire.CgroupV1, wire.CgroupHybrid:
			c.Fix = "mount | grep cgroup # a controller without a hierarchy of its own is off, see cgroups(7)"
		}
	}
	if c.Found == "" {
		c.Found = "none"
	}
	return c
}

func (k Kernel) namespaces() wire.Check {
	c := wire.Check{
		ID: "namespaces", Title: "Namespaces of other processes", Status: wire.CheckOK,
		Source: k.Proc + "/PID/ns",
	}
	fs, err := namespace.NewFS(k.Proc)
	if err != nil {
		c.Status, c.Found, c.Means = wire.CheckMissing, "unreadable", err.Error()
		return c
	}
	readable := 0
	var reason string
	links := fs.Initial().Each
	for _, link := range links {
		if link.Known() {
			readable++
		} else if reason == "" {
			reason = link.Reason()
		}
	}
	c.Found = fmt.Sprintf("%d of %d readable", readable, len(links))
	if readable < len(links) {
		c.Status = wire.CheckLimited
		c.Means = fmt.Sprintf("Some cells of the drawing say unknown (%s).", reason)
		if os.Geteuid() != 0 {
			c.Fix = "sudo porthole"
		}
	}
	return c
}

func (k Kernel) pressure() wire.Check {
	file := filepath.Join(k.Proc, "pressure/cpu")
	c := wire.Check{ID: "pressure", Title: "Pressure stall information", Source: file, Found: "on", Status: wire.CheckOK}
	// A kernel built with PSI but booted without it gives EOPNOTSUPP on read.
	if _, err := os.ReadFile(file); err != nil {
		c.Status, c.Found = wire.CheckLimited, "off"
		c.Means = "Time spent waiting for processors, memory and disks cannot be shown."
		c.Fix = "add psi=1 to the kernel's command line and restart the machine"
	}
	return c
}

func (k Kernel) log() wire.Check {
	c := wire.Check{ID: "kernel-log", Title: "Kernel log", Source: k.KernelLog, Found: "readable", Status: wire.CheckOK}
	file, err := os.OpenFile(k.KernelLog, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		c.Status, c.Found = wire.CheckLimited, "not readable"
		c.Means = "The kernel's own line about an OOM kill cannot be shown; its counters can."
		c.Fix = "sudo sysctl kernel.dmesg_restrict=0"
		return c
	}
	file.Close()
	return c
}

func (k Kernel) processors(host wire.Host) wire.Check {
	c := wire.Check{
		ID: "processors", Title: "Processors", Source: "sched_getaffinity(2)",
		Found: fmt.Sprint(host.CPUs), Status: wire.CheckOK,
	}
	if host.CPUs < 2 {
		c.Status = wire.CheckLimited
		c.Means = "With one processor, containers always compete: lessons that compare an idle host cannot tell here."
	}
	return c
}

// disk finds the whole disk behind the engine's files: a limit on block I/O
// takes a disk, never a partition.
func (k Kernel) disk() wire.Check {
	c := wire.Check{ID: "block-device", Title: "Block device under the containers", Status: wire.CheckLimited, Found: "none"}
	c.Means = "Limits on block I/O cannot be shown."
	// In a container our own root is no disk: the host's is that of its processes.
	for _, folder := range []string{"/var/lib/docker", "/", filepath.Join(k.Proc, "1/root/var/lib/docker"), filepath.Join(k.Proc, "2/root/var/lib/docker"), filepath.Join(k.Proc, "2/root")} {
		var stat unix.Stat_t
		if unix.Stat(folder, &stat) != nil {
			continue
		}
		link := filepath.Join(k.Sys, fmt.Sprintf("dev/block/%d:%d", unix.Major(stat.Dev), unix.Minor(stat.Dev)))
		device, err := filepath.EvalSymlinks(link)
		if err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(device, "partition")); err == nil {
			device = filepath.Dir(device)
		}
		c.Status, c.Found, c.Means, c.Source = wire.CheckOK, "/dev/"+filepath.Base(device), "", link
		return c
	}
	return c
}
