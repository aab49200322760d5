package lab

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

// env gathers all figures, those of samples over the given window.
func (r *run) env(window demos.Window) demos.Env {
	now := time.Now()
	env := demos.Env{Host: r.host, Containers: map[string]*demos.Facts{}, Actions: map[string]*demos.ActionFacts{}}
	for _, c := range r.containers {
		env.Containers[c.spec.Key] = c.facts(window, now)
	}
	for id, state := range r.actions {
		facts := &demos.ActionFacts{Taken: pointer(!state.at.IsZero())}
		if !state.at.IsZero() {
			facts.SecondsAgo = pointer(now.Sub(state.at).Seconds())
		}
		state.factsInto(facts)
		env.Actions[id] = facts
	}
	return env
}

func pointer[T any](value T) *T { return &value }

func (s *subject) facts(window demos.Window, now time.Time) *demos.Facts {
	f := &demos.Facts{
		Created: pointer(s.state != "waiting"), Running: pointer(s.running()), Exited: pointer(s.final),
		Done: pointer(s.done), Failed: pointer(s.failed), Name: pointer(s.name), Asked: askedFacts(s),
	}
	switch {
	case s.startedAt.IsZero():
		f.Explain("", "the container has not started")
	case s.topology == nil:
		f.Explain("", "the container was not seen alive by the kernel readers")
	}
	if s.final && s.exitCode != nil {
		f.ExitCode, f.OOMKilledByEngine = pointer(float64(*s.exitCode)), s.oomKilled
	} else if s.word.there && s.running() {
		f.OOMKilledByEngine = s.word.oomKilled
	}
	f.Explain("exitCode", "the engine has not said how it ended")
	if !s.startedAt.IsZero() {
		end := now
		if !s.finishedAt.IsZero() {
			end = s.finishedAt
			f.Seconds = pointer(s.finishedAt.Sub(s.startedAt).Seconds())
		}
		f.UpSeconds = pointer(end.Sub(s.startedAt).Seconds())
		f.Explain("seconds", "the container has not exited")
	}
	if s.says != "" {
		f.Says = pointer(s.says)
	}
	if s.view != nil {
		f.Inside = viewFacts(s.view, true)
		f.Explain("inside.segments", "/proc/sysvipc/shm cannot be read there")
		f.Explain("inside.processors", "it is the host that sees them")
		f.Explain("inside.touched", "the workload has not reported that it touched a file")
	}
	f.Explain("inside", "the workload has not reported it")
	s.wordFacts(f)
	f.Steps = stepsFacts(s.steps, f.Explain)
	f.Result = resultFacts(s.result)
	explainResult(f.Explain, s.result)
	f.Explain("result", "the workload has not reported it")
	if s.topology != nil {
		s.kernelFacts(f)
	}
	s.windowFacts(f, window)
	return f
}

// kernelFacts are those that the topology has.
func (s *subject) kernelFacts(f *demos.Facts) {
	c := s.topology
	if c.PID > 0 {
		f.PID = pointer(float64(c.PID))
	}
	namespaceFacts(&f.NS, c.Namespaces, f.Explain)
	limit := func(name string, l *wire.Limit, figure **float64) {
		switch {
		case l == nil:
			f.Explain("limits."+name, "the kernel's file for it was not read")
		case l.Unlimited:
			*figure = pointer(math.Inf(1))
		case l.Value != nil:
			*figure = l.Value
		default:
			f.Explain("limits."+name, withFile(l))
		}
	}
	limit("cpuCores", c.Limits.CPU, &f.Limits.CPUCores)
	limit("cpuWeight", c.Limits.CPUWeight, &f.Limits.CPUWeight)
	limit("memoryBytes", c.Limits.Memory, &f.Limits.MemoryBytes)
	limit("memorySwapBytes", c.Limits.MemorySwap, &f.Limits.MemorySwapBytes)
	limit("memoryReservationBytes", c.Limits.MemoryReservation, &f.Limits.MemoryReservationBytes)
	limit("pids", c.Limits.Pids, &f.Limits.Pids)
	limit("ioBytesPerSecond", c.Limits.IO, &f.Limits.IOBytesPerSecond)
	if l := c.Limits.CPUSet; l != nil {
		if l.Reason == "" {
			f.Limits.CPUSet = pointer(l.Raw)
		} else {
			f.Explain("limits.cpuSet", withFile(l))
		}
	}
	// The host's own reading comes first; the workload's report of itself
	// stands in where we may not read it.
	switch {
	case c.Security != nil:
		f.Security = securityFacts(c.Security)
	case s.security != nil:
		f.Security = securityFacts(s.security)
	}
	f.Explain("security", "the process' status cannot be read")
	if c.Outside != nil {
		f.Outside = viewFacts(c.Outside, false)
		f.Explain("outside.segments", "the kernel reader is not in the host's IPC namespace")
		f.Explain("outside.touched", "the workload has not reported that it touched a file")
	}
	s.layerFacts(f)
	fileFacts(&f.Files, c.Limits, f.Explain)
	f.Explain("outside", "the container's processes cannot be read from the host")
}

func withFile(l *wire.Limit) string {
	reason := l.Reason
	if reason == "" {
		reason = "it is not a number: " + strconv.Quote(l.Raw)
	}
	if l.File == "" {
		return reason
	}
	return l.File + ": " + reason
}

func namespaceFacts(to *demos.Namespaces, links []wire.Namespace, explain func(prefix, why string)) {
	for _, link := range links {
		var one *demos.NamespaceFacts
		switch link.Type {
		case "pid":
			one = &to.PID
		case "net":
			one = &to.Net
		case "mnt":
			one = &to.Mnt
		case "uts":
			one = &to.UTS
		case "ipc":
			one = &to.IPC
		case "user":
			one = &to.User
		case "cgroup":
			one = &to.Cgroup
		case "time":
			one = &to.Time
		default:
			continue
		}
		if link.Inode != 0 {
			one.Inode = pointer(float64(link.Inode))
		}
		if link.Relation != wire.RelationUnknown && link.Relation != "" {
			one.Relation = pointer(string(link.Relation))
		}
		explain("ns."+link.Type, link.Reason)
	}
}

func securityFacts(s *wire.Security) demos.SecurityFacts {
	var f demos.SecurityFacts
	if s.CapEff != "" {
		f.CapEff = pointer(s.CapEff)
	}
	f.Capabilities, f.NoNewPrivs, f.Seccomp = number(s.Capabilities), number(s.NoNewPrivs), number(s.Seccomp)
	if s.UIDMap != "" {
		f.UIDMap = pointer(s.UIDMap)
	}
	f.ReadOnlyRoot = s.ReadOnlyRoot
	return f
}

func number(value *int) *float64 {
	if value == nil {
		return nil
	}
	return pointer(float64(*value))
}

func viewFacts(v *wire.View, inside bool) demos.ViewFacts {
	var f demos.ViewFacts
	if v.PID > 0 {
		f.PID = pointer(float64(v.PID))
	}
	if v.Hostname != "" {
		f.Hostname = pointer(v.Hostname)
	}
	f.UID = number(v.UID)
	for _, i := range v.Interfaces {
		one := demos.InterfaceFacts{Name: i.Name, Addresses: []string{}}
		for _, address := range i.Addresses {
			bare, _, _ := strings.Cut(address, "/")
			one.Addresses = append(one.Addresses, bare)
		}
		f.Interfaces = append(f.Interfaces, one)
	}
	for _, p := range v.Processes {
		one := demos.ProcessFacts{PID: float64(p.PID), InnerPID: float64(p.PID), Command: p.Command, UID: -1}
		if p.UID != nil {
			one.UID = float64(*p.UID)
		}
		if n := len(p.NSpid); n > 0 {
			one.InnerPID = float64(p.NSpid[n-1])
		} else if !inside {
			continue // without the line nobody knows its number inside
		}
		f.Processes = append(f.Processes, one)
	}
	sightFacts(&f, v)
	return f
}

func resultFacts(r *wire.Result) demos.ResultFacts {
	if r == nil {
		return demos.ResultFacts{}
	}
	scaled := func(c wire.Count, by float64) *float64 {
		value, present := c.Get()
		if !present {
			return nil
		}
		return pointer(float64(value) / by)
	}
	f := demos.ResultFacts{
		ElapsedSeconds: scaled(r.ElapsedUsec, 1e6), CPUSeconds: scaled(r.CPUUsec, 1e6),
		AllocatedBytes: scaled(r.AllocatedBytes, 1), WrittenBytes: scaled(r.WrittenBytes, 1),
		ProcessesStarted: scaled(r.ProcessesStarted, 1), ProcessesRefused: scaled(r.ProcessesRefused, 1),
		ProcessorsSeen: scaled(r.ProcessorsSeen, 1), ProcessorsUsed: floats(r.ProcessorsUsed),
		SyncSeconds: scaled(r.SyncUsec, 1e6), BytesPerSecond: scaled(r.BytesPerSecond, 1), CopiedBytes: scaled(r.CopiedBytes, 1),
		RequestsAnswered: scaled(r.RequestsAnswered, 1), RequestsFailed: scaled(r.RequestsFailed, 1),
		LatencyP50Seconds: scaled(r.LatencyP50Usec, 1e6), LatencyP99Seconds: scaled(r.LatencyP99Usec, 1e6),
		ChildrenKilled: scaled(r.ChildrenKilled, 1), Found: r.Found,
	}
	if r.Digest != "" {
		f.Digest = pointer(r.Digest)
	}
	if f.ElapsedSeconds != nil && f.WrittenBytes != nil {
		f.WriteSeconds = pointer(*f.ElapsedSeconds)
		if f.SyncSeconds != nil {
			f.WriteSeconds = pointer(*f.ElapsedSeconds - *f.SyncSeconds)
		}
	}
	if r.Refused != "" || r.Inner != nil {
		f.Refused = pointer(r.Refused)
	}
	if r.Inner != nil {
		f.Inner.UID, f.Inner.UserNamespace = number(r.Inner.UID), scaled(r.Inner.UserNamespace, 1)
		if r.Inner.UIDMap != "" {
			f.Inner.UIDMap = pointer(r.Inner.UIDMap)
		}
		if r.Inner.CapEff != "" {
			f.Inner.CapEff = pointer(r.Inner.CapEff)
		}
	}
	return f
}

func askedFacts(s *subject) demos.AskedFacts {
	amount := func(b demos.Bytes) *float64 {
		if b == 0 {
			return nil
		}
		return pointer(float64(b))
	}
	f := demos.AskedFacts{
		MemoryBytes: amount(s.asked.Memory), MemorySwapBytes: amount(s.asked.MemorySwap),
		MemoryReservationBytes: amount(s.asked.MemoryReservation),
		WriteBytesPerSecond:    amount(s.asked.DeviceWriteBPS), ReadBytesPerSecond: amount(s.asked.DeviceReadBPS),
	}
	if s.asked.CPUs != 0 {
		f.CPUCores = pointer(s.asked.CPUs)
	}
	if s.asked.CPUShares != 0 {
		f.CPUShares = pointer(float64(s.asked.CPUShares))
	}
	if s.asked.CPUSet != "" {
		f.CPUSet = pointer(s.asked.CPUSet)
	}
	if s.asked.Pids != 0 {
		f.Pids = pointer(float64(s.asked.Pids))
	}
	if s.spec.Hostname != "" {
		f.Hostname = pointer(s.spec.Hostname)
	}
	return f
}

func hostFacts(h wire.Host, links []wire.Namespace) demos.Host {
	var f demos.Host
	text := func(to **string, value string) {
		if value != "" {
			*to = pointer(value)
		}
	}
	text(&f.Kernel, h.Kernel)
	text(&f.Hostname, h.Hostname)
	text(&f.Engine, h.Engine.Name)
	text(&f.StorageDriver, h.Engine.StorageDriver)
	text(&f.CgroupDriver, h.Engine.CgroupDriver)
	text(&f.Runtime, h.Engine.Runtime)
	if h.CgroupMode != wire.CgroupUnknown {
		text(&f.CgroupMode, string(h.CgroupMode))
	}
	if h.CPUs > 0 {
		f.CPUs = pointer(float64(h.CPUs))
	}
	if h.MemoryBytes > 0 {
		f.MemoryBytes = pointer(float64(h.MemoryBytes))
	}
	major, rest, _ := strings.Cut(h.Engine.Version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	if n, err := strconv.Atoi(major); err == nil {
		f.EngineMajor = pointer(float64(n))
	}
	if n, err := strconv.Atoi(minor); err == nil {
		f.EngineMinor = pointer(float64(n))
	}
	// An engine that has not answered has not said that it does not remap.
	if h.Engine.State == wire.EngineUp {
		has := func(word string) *bool {
			return pointer(slices.ContainsFunc(h.Engine.SecurityOptions, func(option string) bool {
				return option == word || strings.HasPrefix(strings.TrimPrefix(option, "name="), word)
			}))
		}
		f.UserRemapped, f.Rootless = has("userns"), has("rootless")
	}
	namespaceFacts(&f.NS, links, f.Explain)
	return f
}
