package builtin

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/cgroups"
	v1 "github.com/opencontainers/cgroups/fs"
	"github.com/opencontainers/cgroups/manager"
	"golang.org/x/sys/unix"

	"porthole/demos"
)

// delegation is where we may make control groups, see "Delegation" in the
// kernel's Documentation/admin-guide/cgroup-v2.rst.
type delegation struct {
	// whole is true where that is everywhere, as for root.
	whole bool
	// tops are folders below which groups may be made, by the controllers that
	// act there; under "" the one of cgroup v2 (on hybrid hosts, of its tree
	// beside the others). All of them are our own process' groups.
	tops map[string]string
	// limits are the controllers that can set limits, by their names in v2.
	limits []string
	// lacks says why there are not more; "" where all are there.
	lacks string
	// fix is the command that would mend it.
	fix string
}

// wanted are the controllers that the lessons use, by their names in v2, and
// what it takes of them in v1: to set limits, and to count.
var wanted = map[string][]string{
	"cpu": {"cpu", "cpuacct"}, "cpuset": {"cpuset"}, "io": {"blkio"}, "memory": {"memory"}, "pids": {"pids"},
}

// delegate is what gives a user control groups: systemd does so on cgroup v2 alone.
func delegate(unified bool) string {
	if unified {
		return "systemd-run --user --scope -p Delegate=yes porthole serve --engine builtin"
	}
	return sudo
}

// delegated looks where groups may be made, and changes nothing.
func delegated() delegation {
	unified := cgroups.IsCgroup2UnifiedMode()
	d := delegation{whole: !Rootless() && !lacksRights(), tops: map[string]string{}, fix: delegate(unified)}
	own, err := cgroups.ParseCgroupFile("/proc/self/cgroup")
	if err != nil && !d.whole {
		d.lacks = fmt.Sprintf("its control groups are not known (%s)", err)
		return d
	}
	have := map[string]bool{}
	for controller := range own {
		if d.whole || unified && controller != "" {
			continue
		}
		top, err := filepath.Join(cgroupRoot, map[bool]string{false: "unified"}[unified], own[""]), error(nil)
		if controller != "" {
			top, err = cgroups.GetOwnCgroupPath(controller)
		}
		if err == nil && writable(top) {
			d.tops[controller], have[controller] = top, true
		}
	}
	if top := d.tops[""]; unified && top != "" {
		text, _ := os.ReadFile(filepath.Join(top, "cgroup.controllers"))
		for _, controller := range strings.Fields(string(text)) {
			have[controller] = true
		}
		if others := strangers(top); len(others) > 0 {
			d.tops, have = nil, nil
			d.lacks = fmt.Sprintf("other programs are in its control group %s (process %d), and the kernel limits none that has programs beside groups", own[""], others[0])
		}
	}
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		parts := wanted[name]
		if unified {
			parts = []string{name}
		}
		if d.whole || !slices.ContainsFunc(parts, func(part string) bool { return !have[part] }) {
			d.limits = append(d.limits, name)
		} else {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 && d.lacks == "" {
		d.lacks = "this user was given no control group for " + strings.Join(missing, ", ")
	}
	return d
}

// MayLimit reports whether control groups with limits can be made: everywhere by
// root, and by another user where some were given to him.
func MayLimit() bool { return len(delegated().limits) > 0 }

// writable reports whether groups can be made below a folder of the cgroup
// filesystem, and processes be moved from it into them.
func writable(folder string) bool {
	for _, file := range []string{"", "cgroup.procs"} {
		if unix.Faccessat(unix.AT_FDCWD, filepath.Join(folder, file), unix.W_OK, unix.AT_EACCESS) != nil {
			return false
		}
	}
	return true
}

// strangers are the processes in a group beside us and the one outside of our
// user namespace.
func strangers(folder string) []int {
	pids, _ := cgroups.GetPids(folder)
	return slices.DeleteFunc(pids, func(pid int) bool { return pid == os.Getpid() || pid == os.Getppid() })
}

// lacksLimits says in a sentence why a controller cannot be used; "" where it can.
func (d delegation) lacksLimits(controller string) string {
	if slices.Contains(d.limits, controller) {
		return ""
	}
	// The same for every controller, so that a lesson says it once.
	return fmt.Sprintf("This Porthole runs without root, so that its containers have no limits and no counters: %s; start it so that it may make such groups: %s", d.lacks, d.fix)
}

// groupsFor prepares the control groups of a container: path is their place, such
// as /porthole/INSTANCE/ID. Nothing is made yet.
func (d delegation) groupsFor(path string, r *cgroups.Resources) (cgroups.Manager, error) {
	if d.whole {
		return manager.New(&cgroups.Cgroup{Path: path, Resources: r})
	}
	config := &cgroups.Cgroup{Path: path, Resources: r, Rootless: true} // nobody but root may limit devices
	paths := map[string]string{}
	for controller, top := range d.tops {
		paths[controller] = filepath.Join(top, path)
	}
	if len(paths) > 0 && cgroups.IsCgroup2UnifiedMode() {
		return manager.NewWithPaths(config, paths)
	}
	return v1.NewManager(config, paths) // also the one that has none
}

// only leaves of limits those that can be set here.
func (d delegation) only(l demos.Limits) demos.Limits {
	can := func(controller string) bool { return slices.Contains(d.limits, controller) }
	if !can("cpu") {
		l.CPUs, l.CPUShares = 0, 0
	}
	if !can("cpuset") {
		l.CPUSet = ""
	}
	if !can("memory") {
		l.Memory, l.MemoryReservation, l.MemorySwap = 0, 0, 0
	}
	if !can("pids") {
		l.Pids = 0
	}
	if !can("io") {
		l.DeviceReadBPS, l.DeviceWriteBPS = 0, 0
	}
	return l
}

// trees are the folders below which our groups are.
func (d delegation) trees() []string {
	if d.whole {
		return trees()
	}
	return slices.Compact(slices.Sorted(maps.Values(d.tops)))
}

// pidsIn are the processes in a container's control groups: any of them tells, and
// the library asks that of devices.
func pidsIn(groups cgroups.Manager) ([]int, error) {
	pids, err := groups.GetAllPids()
	for _, path := range groups.GetPaths() {
		if err == nil {
			break
		}
		pids, err = cgroups.GetAllPids(path)
	}
	return pids, err
}

// serverGroup is the name of the one that room puts us into.
const serverGroup = "server"

// room makes room for groups with limits below our own group of cgroup v2, which
// may then have no processes itself: we go into one of our own. It does nothing
// where there is nothing to be done.
func (d delegation) room(instance string) error {
	top := d.tops[""]
	if d.whole || top == "" || !cgroups.IsCgroup2UnifiedMode() {
		return nil
	}
	ours := filepath.Join(top, "porthole", instance, serverGroup)
	if err := os.MkdirAll(ours, 0o755); err != nil {
		return err
	}
	if err := move(top, ours); err != nil {
		return err
	}
	for _, folder := range []string{top, filepath.Join(top, "porthole"), filepath.Dir(ours)} {
		if err := switchAll(folder, "+", d.limits); err != nil {
			return err
		}
	}
	return nil
}

// giveBack takes back what room did: from top on, all is as it was.
func (d delegation) giveBack(instance string) error {
	top := d.tops[""]
	if d.whole || top == "" || !cgroups.IsCgroup2UnifiedMode() {
		return nil
	}
	ours := filepath.Join(top, "porthole", instance, serverGroup)
	var failures []error
	for _, folder := range []string{filepath.Dir(ours), filepath.Join(top, "porthole"), top} {
		failures = append(failures, switchAll(folder, "-", d.limits))
	}
	failures = append(failures, move(ours, top))
	for _, folder := range []string{ours, filepath.Dir(ours), filepath.Join(top, "porthole")} {
		failures = append(failures, os.Remove(folder))
	}
	return errors.Join(failures...)
}

// switchAll switches controllers on (+) or off (-) for the groups below a folder.
func switchAll(folder, how string, controllers []string) error {
	if len(controllers) == 0 {
		return nil
	}
	words := how + strings.Join(controllers, " "+how)
	return failed("write cgroup.subtree_control", os.WriteFile(filepath.Join(folder, "cgroup.subtree_control"), []byte(words), 0))
}

// switchOff switches off what a dead server has switched on for groups below its
// own one of cgroup v2, where there are none left: else nobody may enter it again.
func switchOff(tops []string) {
	for _, top := range tops {
		below, _ := filepath.Glob(top + "/*/cgroup.procs")
		text, err := os.ReadFile(filepath.Join(top, "cgroup.subtree_control"))
		if err == nil && len(below) == 0 {
			switchAll(top, "-", strings.Fields(string(text)))
		}
	}
}

// move moves all processes of a group into another one.
func move(from, to string) error {
	pids, err := cgroups.GetPids(from)
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if err := os.WriteFile(filepath.Join(to, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0); err != nil && !errors.Is(err, unix.ESRCH) {
			return failed("write cgroup.procs", err)
		}
	}
	return nil
}
