package engine

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"porthole/demos"
)

// The labels on everything that we make.
const (
	LabelManaged  = "porthole.managed"  // "true" on containers, volumes, networks and images
	LabelInstance = "porthole.instance" // random name of the server process that made it
	LabelServer   = "porthole.server"   // which process that is, see serverMark
	LabelScope    = "porthole.scope"    // Options.Scope
	LabelLesson   = "porthole.lesson"   // the lesson's slug
	LabelRun      = "porthole.run"      // the run's ID
	LabelKey      = "porthole.key"      // the container's key in the lesson
	LabelTitle    = "porthole.title"    // the lesson's name for it
	LabelSubtitle = "porthole.subtitle" // the lesson's word for it
	LabelOrder    = "porthole.order"    // its place on the drawing, from 1
	LabelCommand  = "porthole.command"  // the equivalent docker run command
	LabelExpires  = "porthole.expires"  // Unix seconds after which anybody may remove it
)

// Container is a container, as the engine tells it. It is a value
// that nobody changes: do not write to its map and slices.
type Container struct {
	// ID is the engine's, 64 hexadecimal digits.
	ID string
	// Name is the engine's name for it, without the leading slash.
	Name string
	// State is created, running, paused, restarting, removing, exited or dead.
	State string
	// Image is the name that it was created from.
	Image string
	// PID is its first process as the engine's host numbers it; 0 when it does
	// not run.
	PID int
	// StartedAt and FinishedAt are zero where it never did.
	StartedAt, FinishedAt time.Time
	// ExitCode means something only once it has exited.
	ExitCode int
	// OOMKilled is the engine's own word; see the kernel's count for the truth.
	OOMKilled bool
	Labels    map[string]string

	// From the labels: which lesson, run and box of the drawing it is.
	Lesson, Run, Key, Title, Subtitle, Command string
	Order                                      int
	// Foreign is true for one that Porthole did not make: then there are no
	// labels, and all that is read from them is empty. Only Others has such.
	Foreign bool
	// Expires is when its time to live is over.
	Expires time.Time

	// Address are its networks' addresses, in CIDR notation.
	Address []string
	// Asked are the limits that were asked of the engine.
	Asked Asked
	// ReadOnlyRoot is docker run's --read-only.
	ReadOnlyRoot bool
	// PIDMode, IPCMode, NetworkMode are as the engine keeps them, for example
	// "", "host", "container:<id>".
	PIDMode, IPCMode, NetworkMode string
	// Events are what the engine said of it while it was followed, the oldest
	// first, at most wire.MaxEvents; only in what Containers returns.
	Events []Event
}

// Running reports whether it has a process, be it paused.
func (c Container) Running() bool { return c.PID > 0 && (c.State == "running" || c.State == "paused") }

// Asked are the limits that were asked of the engine (HostConfig), which is
// not always what the kernel has. The strings are flags of docker run, such as
// "--cpus 0.5"; empty where the limit was not asked for. The numbers are 0 there.
type Asked struct {
	CPU, CPUWeight, CPUSet, Memory, MemorySwap, MemoryReservation, Pids, IO string

	// HostConfig is each of the limits above as docker inspect shows it, by its
	// name in wire.Limits, for example "NanoCpus 500000000".
	HostConfig map[string]string

	// CPUs in cores.
	CPUs float64
	// CPUShares is --cpu-shares, relative.
	CPUShares int64
	// The memory limits in bytes; MemorySwapBytes is memory and swap together,
	// -1 for no limit, and is set by the engine even where nobody asked.
	MemoryBytes, MemorySwapBytes, MemoryReservationBytes int64
	// PidsLimit in tasks.
	PidsLimit int64
	// WriteBytesPerSecond and ReadBytesPerSecond are the smallest over all devices.
	WriteBytesPerSecond, ReadBytesPerSecond uint64
}

// ours reports whether a thing with these labels was made by Porthole, by any
// server, under this scope. Containers inherit their image's labels, so one
// that a student ran by hand from our image has porthole.managed too: only we
// write porthole.instance.
func ours(labels map[string]string, scope string) bool {
	return labels[LabelManaged] == "true" && labels[LabelInstance] != "" && labels[LabelScope] == scope
}

// parseContainer makes a Container of what the engine says.
func parseContainer(in container.InspectResponse) Container {
	c := Container{}
	if in.ContainerJSONBase != nil {
		c.ID, c.Name = in.ID, strings.TrimPrefix(in.Name, "/")
		if s := in.State; s != nil {
			c.State, c.PID, c.ExitCode, c.OOMKilled = string(s.Status), s.Pid, s.ExitCode, s.OOMKilled
			c.StartedAt, c.FinishedAt = parseTime(s.StartedAt), parseTime(s.FinishedAt)
			if c.FinishedAt.Before(c.StartedAt) {
				c.FinishedAt = time.Time{} // of an earlier start
			}
		}
		if h := in.HostConfig; h != nil {
			c.Asked = parseAsked(h.Resources)
			// An engine fills in -1 where it cannot limit swap, and else twice
			// the memory: the command tells whether that was asked for.
			if in.Config != nil && (h.MemorySwap == -1 || h.MemorySwap != 0 && h.MemorySwap == 2*h.Memory) {
				c.Asked.MemorySwap = ""
				if strings.Contains(in.Config.Labels[LabelCommand], "--memory-swap ") {
					c.Asked.MemorySwap = memorySwapFlag(h.MemorySwap)
				}
			}
			c.ReadOnlyRoot = h.ReadonlyRootfs
			c.PIDMode, c.IPCMode, c.NetworkMode = string(h.PidMode), string(h.IpcMode), string(h.NetworkMode)
		}
	}
	if in.Config != nil {
		c.Image, c.Labels = shortName(in.Config.Image), in.Config.Labels
		c.Lesson, c.Run, c.Key = c.Labels[LabelLesson], c.Labels[LabelRun], c.Labels[LabelKey]
		c.Title, c.Subtitle, c.Command = c.Labels[LabelTitle], c.Labels[LabelSubtitle], c.Labels[LabelCommand]
		c.Order, _ = strconv.Atoi(c.Labels[LabelOrder])
		c.Expires = expiry(c.Labels)
	}
	if in.NetworkSettings != nil {
		for _, name := range sortedKeys(in.NetworkSettings.Networks) {
			if e := in.NetworkSettings.Networks[name]; e != nil {
				if e.IPAddress != "" {
					c.Address = append(c.Address, e.IPAddress+"/"+strconv.Itoa(e.IPPrefixLen))
				}
				if e.GlobalIPv6Address != "" {
					c.Address = append(c.Address, e.GlobalIPv6Address+"/"+strconv.Itoa(e.GlobalIPv6PrefixLen))
				}
			}
		}
	}
	return c
}

// shortName is an image's name without the registry that Podman writes before
// a name that has none.
func shortName(image string) string {
	for _, registry := range []string{"localhost/", "docker.io/library/"} {
		image = strings.TrimPrefix(image, registry)
	}
	return image
}

// parseAsked reads the limits in docker's own spelling of flags.
func parseAsked(r container.Resources) Asked {
	a := Asked{
		CPUShares: r.CPUShares, MemoryBytes: r.Memory, MemorySwapBytes: r.MemorySwap, MemoryReservationBytes: r.MemoryReservation,
		WriteBytesPerSecond: slowest(r.BlkioDeviceWriteBps), ReadBytesPerSecond: slowest(r.BlkioDeviceReadBps),
	}
	switch {
	case r.NanoCPUs > 0:
		a.CPUs = float64(r.NanoCPUs) / 1e9
		a.CPU = "--cpus " + strconv.FormatFloat(a.CPUs, 'f', -1, 64)
	case r.CPUQuota > 0:
		period := cmp.Or(r.CPUPeriod, cpuPeriod) // the kernel's default too
		a.CPUs = float64(r.CPUQuota) / float64(period)
		a.CPU = "--cpu-quota " + strconv.FormatInt(r.CPUQuota, 10)
		if r.CPUPeriod > 0 {
			a.CPU += " --cpu-period " + strconv.FormatInt(r.CPUPeriod, 10)
		}
	}
	if r.CPUShares > 0 {
		a.CPUWeight = "--cpu-shares " + strconv.FormatInt(r.CPUShares, 10)
	}
	if r.CpusetCpus != "" {
		a.CPUSet = "--cpuset-cpus " + r.CpusetCpus
	}
	if r.Memory > 0 {
		a.Memory = "--memory " + demos.Bytes(r.Memory).String()
	}
	// Without the flag the engine itself fills in twice the memory.
	if r.MemorySwap != 0 && r.MemorySwap != 2*r.Memory {
		a.MemorySwap = memorySwapFlag(r.MemorySwap)
	}
	if r.MemoryReservation > 0 {
		a.MemoryReservation = "--memory-reservation " + demos.Bytes(r.MemoryReservation).String()
	}
	if r.PidsLimit != nil && *r.PidsLimit > 0 {
		a.PidsLimit = *r.PidsLimit
		a.Pids = "--pids-limit " + strconv.FormatInt(a.PidsLimit, 10)
	}
	var flags []string
	for _, d := range r.BlkioDeviceReadBps {
		flags = append(flags, "--device-read-bps "+d.Path+":"+demos.Bytes(d.Rate).String())
	}
	for _, d := range r.BlkioDeviceWriteBps {
		flags = append(flags, "--device-write-bps "+d.Path+":"+demos.Bytes(d.Rate).String())
	}
	a.IO = strings.Join(flags, " ")
	a.HostConfig = hostConfigOf(r)
	return a
}

func memorySwapFlag(value int64) string { return "--memory-swap " + demos.Bytes(value).String() }

// hostConfigOf writes the limits that are set as docker inspect has them.
func hostConfigOf(r container.Resources) map[string]string {
	all := map[string]string{}
	whole := func(limit, field string, value int64) {
		if value != 0 {
			all[limit] = field + " " + strconv.FormatInt(value, 10)
		}
	}
	whole("cpu", "CpuQuota", r.CPUQuota)
	whole("cpu", "NanoCpus", r.NanoCPUs)
	whole("cpuWeight", "CpuShares", r.CPUShares)
	whole("memory", "Memory", r.Memory)
	whole("memorySwap", "MemorySwap", r.MemorySwap)
	whole("memoryReservation", "MemoryReservation", r.MemoryReservation)
	if r.PidsLimit != nil {
		whole("pids", "PidsLimit", *r.PidsLimit)
	}
	if r.CpusetCpus != "" {
		all["cpuSet"] = "CpusetCpus " + r.CpusetCpus
	}
	for _, d := range r.BlkioDeviceReadBps {
		all["io"] = "BlkioDeviceReadBps " + d.Path + " " + strconv.FormatUint(d.Rate, 10)
	}
	for _, d := range r.BlkioDeviceWriteBps {
		all["io"] = "BlkioDeviceWriteBps " + d.Path + " " + strconv.FormatUint(d.Rate, 10)
	}
	return all
}

// parseTime reads the engine's time; the year 1 stands for never.
func parseTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t
}

// expiry is when a labelled thing's time to live is over; zero where it does
// not say.
func expiry(labels map[string]string) time.Time {
	seconds, err := strconv.ParseInt(labels[LabelExpires], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
