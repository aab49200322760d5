package cgroup

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"porthole/server/kernel/internal/small"
	"porthole/server/wire"
)

// limitFile is where a limit stands in one version of cgroups.
type limitFile struct {
	controller, name, unit, document, means string
}

// limitSpec is one limit.
type limitSpec struct {
	// source is its name under /sources/.
	source string
	// unit is that of wire.Limit.Value.
	unit   string
	v1, v2 limitFile
}

// limitSpecs are all limits, in the order of wire.Limits.
var limitSpecs = []limitSpec{
	{"cpuMax", "cores",
		limitFile{"cpu", "cpu.cfs_quota_us", "microseconds", documentBandwidth,
			"The CPU time that the container may use in each period of cpu.cfs_period_us: the quota divided by the period is the number of cores, and -1 is no limit."},
		limitFile{"", "cpu.max", "microseconds", documentV2,
			"The CPU time that the container may use in each period: the quota divided by the period behind it is the number of cores, and max is no limit."}},
	{"cpuWeight", "weight",
		limitFile{"cpu", "cpu.shares", "shares", documentShares,
			"The container's part of the processors while others want them too, in proportion to the others' shares (1024 unless set); without contention it limits nothing."},
		limitFile{"", "cpu.weight", "weight", documentV2,
			"The container's part of the processors while others want them too, in proportion to the others' weights (from 1 to 10000, 100 unless set); without contention it limits nothing."}},
	{"cpuSet", "",
		limitFile{"cpuset", "cpuset.cpus", "processor numbers", documentV1Cpuset,
			"The processors on which the container's tasks may run."},
		limitFile{"", "cpuset.cpus.effective", "processor numbers", documentV2,
			"The processors on which the container's tasks may run."}},
	{"memoryMax", "bytes",
		limitFile{"memory", "memory.limit_in_bytes", "bytes", documentV1Memory,
			"The most memory that the container may use: above it the kernel reclaims page cache, and then kills."},
		limitFile{"", "memory.max", "bytes", documentV2,
			"The most memory that the container may use: above it the kernel reclaims page cache, and then kills."}},
	{"memorySwapMax", "bytes",
		limitFile{"memory", "memory.memsw.limit_in_bytes", "bytes", documentV1Memory,
			"The most memory and swap together that the container may use."},
		limitFile{"", "memory.swap.max", "bytes", documentV2,
			"The most swap that the container may use, beside its memory."}},
	{"memoryReservation", "bytes",
		limitFile{"memory", "memory.soft_limit_in_bytes", "bytes", documentV1Memory,
			"A soft limit: when the machine runs short, memory above it is reclaimed first. It sets nothing aside."},
		limitFile{"", "memory.low", "bytes", documentV2,
			"Memory up to this is reclaimed only when there is nothing else to reclaim. It sets nothing aside."}},
	{"pidsMax", "processes",
		limitFile{"pids", "pids.max", "tasks", documentV1Pids,
			"The most tasks (processes and threads) that the container may have: above it fork fails with EAGAIN."},
		limitFile{"", "pids.max", "tasks", documentV2,
			"The most tasks (processes and threads) that the container may have: above it fork fails with EAGAIN."}},
	{"ioMax", "bytes/s",
		limitFile{"blkio", "blkio.throttle.write_bps_device", "bytes per second", documentV1Blkio,
			"How fast the container may write to each disk, direct I/O only (cgroup v1 does not hold back buffered writes); an empty file is no limit."},
		limitFile{"", "io.max", "bytes and operations per second", documentV2,
			"How fast the container may read from and write to each disk; an empty file is no limit."}},
}

// flags are the flags of docker run and the fields of docker inspect behind the
// limits, in the order of limitSpecs.
var flags = [][3]string{
	{"cpu", "--cpus", "NanoCpus"},
	{"cpuWeight", "--cpu-shares", "CpuShares"},
	{"cpuSet", "--cpuset-cpus", "CpusetCpus"},
	{"memory", "--memory", "Memory"},
	{"memorySwap", "--memory-swap", "MemorySwap"},
	{"memoryReservation", "--memory-reservation", "MemoryReservation"},
	{"pids", "--pids-limit", "PidsLimit"},
	{"io", "--device-write-bps", "BlkioDeviceWriteBps"},
}

// Files is the table from a flag of docker run to the kernel's file in both
// versions of cgroups, in the order of wire.Limits.
func Files() []wire.CgroupFile {
	table := make([]wire.CgroupFile, 0, len(limitSpecs))
	for i, spec := range limitSpecs {
		table = append(table, wire.CgroupFile{
			Limit: flags[i][0], Source: spec.source, Flag: flags[i][1], HostConfig: flags[i][2],
			V1File: spec.v1.name, V1Unit: spec.v1.unit, V2File: spec.v2.name, V2Unit: spec.v2.unit,
		})
	}
	return table
}

// file returns the limit's file for the reader's version.
func (s *limitSpec) file(version int) limitFile {
	if version == 2 {
		return s.v2
	}
	return s.v1
}

// Limits reads what the kernel's files hold now; Asked stays empty. None is
// nil: one that cannot be read has only Source, File and Reason.
func (r *Reader) Limits() wire.Limits {
	read := make([]*wire.Limit, len(limitSpecs))
	for i := range limitSpecs {
		read[i] = r.limit(&limitSpecs[i])
	}
	// After all were read, so that none is another group's.
	replaced := map[string]bool{}
	for i, limit := range read {
		group := r.groups.get(limitSpecs[i].file(r.version).controller)
		if group.path == "" {
			continue
		}
		if _, asked := replaced[group.path]; !asked {
			replaced[group.path] = group.replaced()
		}
		if replaced[group.path] {
			read[i] = &wire.Limit{Source: limit.Source, Unit: limit.Unit, File: limit.File, Path: limit.Path, Reason: reasonReplaced}
		}
	}
	return wire.Limits{
		CPU: read[0], CPUWeight: read[1], CPUSet: read[2], Memory: read[3],
		MemorySwap: read[4], MemoryReservation: read[5], Pids: read[6], IO: read[7],
	}
}

// limit reads one limit.
func (r *Reader) limit(spec *limitSpec) *wire.Limit {
	file := spec.file(r.version)
	limit := &wire.Limit{Source: spec.source, Unit: spec.unit, File: file.name}
	if folder := r.groups.get(file.controller).path; folder != "" {
		limit.Path = filepath.Join(folder, file.name)
	}
	raw, reason := r.text(file.controller, file.name)
	if reason != "" {
		limit.Reason = reason
		return limit
	}
	limit.Raw = raw
	switch spec.source {
	case "cpuMax":
		r.cpuMax(limit)
	case "cpuSet":
		r.cpuSet(limit)
	case "ioMax":
		r.ioMax(limit)
	default:
		setNumber(limit, raw)
	}
	return limit
}

// text reads a small file of a group, without the newline at its end.
func (r *Reader) text(controller, name string) (text, reason string) {
	group := r.groups.get(controller)
	if group.path == "" {
		return "", group.reason
	}
	data, err := small.Read(filepath.Join(group.path, name))
	if err != nil {
		return "", reasonOf(err, name)
	}
	return strings.TrimSuffix(string(data), "\n"), ""
}

// unlimitedFrom is the least number that v1 writes for "no limit": 2^63-1
// rounded down to a page, whose size is 4 KiB to 64 KiB.
const unlimitedFrom = 1<<63 - 64<<10

// setNumber reads a limit's raw text as one number.
func setNumber(limit *wire.Limit, raw string) {
	if raw == "max" || raw == "-1" {
		limit.Unlimited = true
		return
	}
	number, present := parseNumber([]byte(raw)).Get()
	switch {
	case !present:
		limit.Reason = fmt.Sprintf("the file's text is not a number: %.40q", raw)
	case number >= unlimitedFrom:
		limit.Unlimited = true
	default:
		value := float64(number)
		limit.Value = &value
	}
}

// cpuMax reads a quota and its period: one file on v2, two on v1.
func (r *Reader) cpuMax(limit *wire.Limit) {
	quota, period, _ := strings.Cut(limit.Raw, " ")
	if r.version == 1 {
		var reason string
		if period, reason = r.text("cpu", "cpu.cfs_period_us"); reason != "" {
			limit.Reason = reason
			return
		}
	}
	if quota == "max" || quota == "-1" {
		limit.Unlimited = true
		return
	}
	cores, ok := divide(quota, period)
	if !ok {
		limit.Reason = fmt.Sprintf("the quota %.20q and period %.20q are not numbers", quota, period)
		return
	}
	limit.Value = &cores
}

// divide returns the quotient of two whole numbers, the second above 0.
func divide(quota, period string) (float64, bool) {
	above, present := parseNumber([]byte(quota)).Get()
	below, also := parseNumber([]byte(period)).Get()
	if !present || !also || below == 0 {
		return 0, false
	}
	return float64(above) / float64(below), true
}

// cpuSet says whether a set of processors is a limit: on v2 nothing was asked
// for where cpuset.cpus is empty; on v1 a group is made with its parent's set.
func (r *Reader) cpuSet(limit *wire.Limit) {
	if r.version == 2 {
		asked, reason := r.text("", "cpuset.cpus")
		limit.Unlimited = reason == "" && asked == ""
		return
	}
	top, err := small.Read(filepath.Join(r.groups.get("cpuset").top, "cpuset.cpus"))
	limit.Unlimited = err == nil && strings.TrimSuffix(string(top), "\n") == limit.Raw
}

// ioMax finds the least write limit of any disk; where none is set for writing,
// the least for reading.
func (r *Reader) ioMax(limit *wire.Limit) {
	written, read := parseIOMax(limit.Raw)
	if r.version == 1 {
		written = parseBPS(limit.Raw)
		if raw, reason := r.text("blkio", "blkio.throttle.read_bps_device"); reason == "" {
			read = parseBPS(raw)
			if written == nil && read != nil {
				limit.File, limit.Raw = "blkio.throttle.read_bps_device", raw
				limit.Path = filepath.Join(filepath.Dir(limit.Path), limit.File)
			}
		}
	}
	switch {
	case written != nil:
		limit.Value = written
	case read != nil:
		limit.Value = read
	default:
		limit.Unlimited = true
	}
}

// parseIOMax reads v2's io.max ("8:0 rbps=max wbps=10485760 riops=max
// wiops=max", a line for each disk with a limit): the least limit of writing
// and of reading, in bytes per second; nil where none.
func parseIOMax(raw string) (written, read *float64) {
	for word := range strings.FieldsSeq(raw) {
		if digits, ok := strings.CutPrefix(word, "wbps="); ok {
			written = least(written, digits)
		}
		if digits, ok := strings.CutPrefix(word, "rbps="); ok {
			read = least(read, digits)
		}
	}
	return written, read
}

// parseBPS reads v1's blkio.throttle.*_bps_device ("8:0 10485760", a line for
// each disk with a limit): the least, in bytes per second; nil where none.
func parseBPS(raw string) *float64 {
	var lowest *float64
	for line := range strings.Lines(raw) {
		if words := strings.Fields(line); len(words) == 2 && strings.Contains(words[0], ":") {
			lowest = least(lowest, words[1])
		}
	}
	return lowest
}

// least returns the lower of a limit and a number in digits; max is no limit.
func least(lowest *float64, digits string) *float64 {
	number, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return lowest
	}
	value := float64(number)
	if lowest != nil && *lowest <= value {
		return lowest
	}
	return &value
}
