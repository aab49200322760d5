package builtin

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/cgroups"
	_ "github.com/opencontainers/cgroups/devices" // so that devices can be limited
	rule "github.com/opencontainers/cgroups/devices/config"
	"golang.org/x/sys/unix"

	"porthole/demos"
	"porthole/server/wire"
)

const cgroupRoot = "/sys/fs/cgroup"

// allowedDevices are those that Docker lets every container use; any node may
// be made, since it could not be opened.
func allowedDevices() []*rule.Rule {
	rules := []*rule.Rule{
		{Type: rule.WildcardDevice, Major: rule.Wildcard, Minor: rule.Wildcard, Permissions: "rwm", Allow: false},
		{Type: rule.CharDevice, Major: rule.Wildcard, Minor: rule.Wildcard, Permissions: "m", Allow: true},
		{Type: rule.BlockDevice, Major: rule.Wildcard, Minor: rule.Wildcard, Permissions: "m", Allow: true},
		{Type: rule.CharDevice, Major: 136, Minor: rule.Wildcard, Permissions: "rwm", Allow: true},
		{Type: rule.CharDevice, Major: 5, Minor: 2, Permissions: "rwm", Allow: true},
	}
	for _, number := range [][2]int64{{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}} {
		rules = append(rules, &rule.Rule{Type: rule.CharDevice, Major: number[0], Minor: number[1], Permissions: "rwm", Allow: true})
	}
	return rules
}

// cpuPeriod is over what a number of processors becomes a quota, in µs.
const cpuPeriod = 100_000

// resourcesOf turns limits into what is written into control groups. disk is
// that under the volumes, or the reason why it is not known.
func resourcesOf(l demos.Limits, disk func() (uint64, error)) (*cgroups.Resources, error) {
	r := &cgroups.Resources{
		CpuShares: uint64(l.CPUShares), CpusetCpus: l.CPUSet, Devices: allowedDevices(),
		Memory: int64(l.Memory), MemoryReservation: int64(l.MemoryReservation), MemorySwap: int64(l.MemorySwap),
		SkipFreezeOnSet: true,
	}
	if l.CPUs > 0 {
		r.CpuQuota, r.CpuPeriod = int64(l.CPUs*cpuPeriod+0.5), cpuPeriod
	}
	if r.Memory > 0 && r.MemorySwap == 0 {
		r.MemorySwap = 2 * r.Memory // as Docker has it
	}
	if l.Pids != 0 {
		r.PidsLimit = &l.Pids
	}
	if cgroups.IsCgroup2UnifiedMode() {
		if r.CpuShares > 0 {
			r.CpuWeight = cgroups.ConvertCPUSharesToCgroupV2Value(r.CpuShares)
		}
	} else if _, err := os.Stat(cgroupRoot + "/memory/memory.memsw.limit_in_bytes"); err != nil {
		r.MemorySwap = 0 // this kernel does not count swap
	}
	if l.DeviceReadBPS > 0 || l.DeviceWriteBPS > 0 {
		device, err := disk()
		if err != nil {
			return nil, fail(ErrRefused, err, "a limit on a disk's speed was asked for, but the disk cannot be told: %s", err)
		}
		throttle := func(rate demos.Bytes) []*cgroups.ThrottleDevice {
			if rate <= 0 {
				return nil
			}
			return []*cgroups.ThrottleDevice{cgroups.NewThrottleDevice(int64(unix.Major(device)), int64(unix.Minor(device)), uint64(rate))}
		}
		r.BlkioThrottleReadBpsDevice, r.BlkioThrottleWriteBpsDevice = throttle(l.DeviceReadBPS), throttle(l.DeviceWriteBPS)
	}
	return r, nil
}

// merged are limits with those of next in the place of the old ones.
func merged(old, next demos.Limits) demos.Limits {
	set(&old.CPUs, next.CPUs)
	set(&old.CPUShares, next.CPUShares)
	set(&old.CPUSet, next.CPUSet)
	set(&old.Memory, next.Memory)
	set(&old.MemoryReservation, next.MemoryReservation)
	set(&old.MemorySwap, next.MemorySwap)
	set(&old.Pids, next.Pids)
	set(&old.DeviceReadBPS, next.DeviceReadBPS)
	set(&old.DeviceWriteBPS, next.DeviceWriteBPS)
	return old
}

func set[T comparable](old *T, next T) {
	var zero T
	if next != zero {
		*old = next
	}
}

// asked are the limits as they were asked for, in docker's flags, beside what
// docker inspect would show.
func asked(l demos.Limits, disk string) wire.Limits {
	limit := func(source string, one demos.Limits, field string, value any) *wire.Limit {
		flags := one.Flags()
		if len(flags) == 0 {
			return nil
		}
		return &wire.Limit{Source: source, Asked: strings.ReplaceAll(strings.Join(flags, " "), "$DISK", disk), HostConfig: fmt.Sprintf("%s %v", field, value)}
	}
	io := demos.Limits{DeviceReadBPS: l.DeviceReadBPS, DeviceWriteBPS: l.DeviceWriteBPS}
	rate, field := l.DeviceWriteBPS, "BlkioDeviceWriteBps"
	if rate == 0 {
		rate, field = l.DeviceReadBPS, "BlkioDeviceReadBps"
	}
	return wire.Limits{
		CPU:               limit("cpuMax", demos.Limits{CPUs: l.CPUs}, "NanoCpus", int64(l.CPUs*1e9+0.5)),
		CPUWeight:         limit("cpuWeight", demos.Limits{CPUShares: l.CPUShares}, "CpuShares", l.CPUShares),
		CPUSet:            limit("cpuSet", demos.Limits{CPUSet: l.CPUSet}, "CpusetCpus", l.CPUSet),
		Memory:            limit("memoryMax", demos.Limits{Memory: l.Memory}, "Memory", int64(l.Memory)),
		MemorySwap:        limit("memorySwapMax", demos.Limits{MemorySwap: l.MemorySwap}, "MemorySwap", int64(l.MemorySwap)),
		MemoryReservation: limit("memoryReservation", demos.Limits{MemoryReservation: l.MemoryReservation}, "MemoryReservation", int64(l.MemoryReservation)),
		Pids:              limit("pidsMax", demos.Limits{Pids: l.Pids}, "PidsLimit", l.Pids),
		IO:                limit("ioMax", io, field, fmt.Sprintf("%s %d", disk, int64(rate))),
	}
}

// visible are the control groups that a container is shown, each under its
// folder's name below /sys/fs/cgroup; under "" where there is one for all.
func visible(paths map[string]string) map[string]string {
	if cgroups.IsCgroup2UnifiedMode() && paths[""] != "" {
		return map[string]string{"": paths[""]}
	}
	shown := map[string]string{}
	for _, path := range paths {
		below, ok := strings.CutPrefix(path, cgroupRoot+"/")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(below, "/")
		shown[name] = path
	}
	return shown
}

// groupWrites are the writes by which the library puts a process into its groups.
func groupWrites(groups cgroups.Manager, pid int) []string {
	var all []string
	for _, path := range slices.Compact(slices.Sorted(maps.Values(groups.GetPaths()))) {
		all = append(all, fmt.Sprintf(`write("%s/cgroup.procs", "%d")`, path, pid))
	}
	return all
}

// limitWrites are the writes by which the library sets those limits that the
// drawing shows.
func limitWrites(groups cgroups.Manager, r *cgroups.Resources) []string {
	var all []string
	write := func(asked bool, controller, v1, v2 string, text any) {
		if path := limitPath(groups, controller, v1, v2); asked && path != "" {
			all = append(all, fmt.Sprintf(`write(%q, "%v")`, path, text))
		}
	}
	write(r.Memory > 0, "memory", "memory.limit_in_bytes", "memory.max", r.Memory)
	if cgroups.IsCgroup2UnifiedMode() {
		write(r.CpuQuota > 0, "cpu", "", "cpu.max", fmt.Sprintf("%d %d", r.CpuQuota, r.CpuPeriod))
	} else {
		write(r.CpuQuota > 0, "cpu", "cpu.cfs_quota_us", "", r.CpuQuota)
	}
	if r.PidsLimit != nil {
		write(*r.PidsLimit > 0, "pids", "pids.max", "pids.max", *r.PidsLimit)
	}
	return all
}

// limitPath is the file of a limit, by its names on v1 and v2; "" where this
// machine has no such controller.
func limitPath(groups cgroups.Manager, controller, v1, v2 string) string {
	if path := groups.Path(""); cgroups.IsCgroup2UnifiedMode() && path != "" {
		return filepath.Join(path, v2)
	}
	if path := groups.Path(controller); path != "" {
		return filepath.Join(path, v1)
	}
	return ""
}

// trees are the folders under which control groups are made: one on v2, one
// for each controller on v1.
func trees() []string {
	if cgroups.IsCgroup2UnifiedMode() {
		return []string{cgroupRoot}
	}
	found, _ := filepath.Glob(cgroupRoot + "/*")
	return found
}

// removeGroups kills all that is in the control groups below a path such as
// /porthole/INSTANCE of some trees, and removes them, it and its parent where that
// is empty.
func removeGroups(trees []string, path string) (removed int, err error) {
	var failures []error
	ids := map[string]bool{}
	for _, tree := range trees {
		top := filepath.Join(tree, path)
		below, _ := os.ReadDir(top)
		for _, each := range below {
			if !each.IsDir() {
				continue
			}
			if each.Name() == serverGroup { // a living one gives it back itself
				os.Remove(filepath.Join(top, serverGroup))
				continue
			}
			ids[each.Name()] = true
			group := filepath.Join(top, each.Name())
			killAll(group)
			if err := cgroups.RemovePath(group); err != nil {
				failures = append(failures, err)
			}
		}
		for _, folder := range []string{top, filepath.Dir(top)} {
			if folder != filepath.Clean(tree) {
				os.Remove(folder) // where another server still has some, it stays
			}
		}
	}
	if len(failures) > 0 {
		return len(ids), fail(ErrRefused, failures[0], "a control group could not be removed: %s", failures[0])
	}
	return len(ids), nil
}

// killAll kills every process of a control group.
func killAll(group string) {
	data, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
	if err != nil {
		return
	}
	for _, word := range strings.Fields(string(data)) {
		if pid, err := strconv.Atoi(word); err == nil && pid > 1 {
			unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// diskUnder finds the whole disk that a folder is on, as /dev/vda, with its number.
func diskUnder(folder string) (name string, device uint64, err error) {
	var stat unix.Stat_t
	if err := unix.Stat(folder, &stat); err != nil {
		return "", 0, failed("stat "+folder, err)
	}
	if unix.Major(stat.Dev) == 0 {
		return "", 0, fmt.Errorf("the file system of %s is on no block device", folder)
	}
	path, err := filepath.EvalSymlinks(fmt.Sprintf("/sys/dev/block/%d:%d", unix.Major(stat.Dev), unix.Minor(stat.Dev)))
	if err != nil {
		return "", 0, err
	}
	if _, err := os.Stat(filepath.Join(path, "partition")); err == nil {
		path = filepath.Dir(path)
	}
	number, err := os.ReadFile(filepath.Join(path, "dev"))
	if err != nil {
		return "", 0, err
	}
	var major, minor uint32
	if _, err := fmt.Sscanf(string(number), "%d:%d", &major, &minor); err != nil {
		return "", 0, err
	}
	return "/dev/" + strings.ReplaceAll(filepath.Base(path), "!", "/"), unix.Mkdev(major, minor), nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
