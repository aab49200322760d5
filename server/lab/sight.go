package lab

import (
	"cmp"
	"strconv"

	"porthole/demos"
	"porthole/server/wire"
)

// sightFacts are what a side sees beside its processes and interfaces.
func sightFacts(f *demos.ViewFacts, v *wire.View) {
	if v.Kernel != "" {
		f.Kernel = pointer(v.Kernel)
	}
	for _, m := range v.Mounts {
		root := m.Root
		if root == "" {
			root = "/"
		}
		f.Mounts = append(f.Mounts, demos.MountFacts{Path: m.Path, Type: m.Type, Source: m.Source, Root: root, ReadOnly: m.ReadOnly})
		if m.Path == "/" {
			f.RootType = pointer(m.Type) // the last one covers those before
		}
	}
	if v.SegmentsKnown {
		f.Segments = []demos.SegmentFacts{}
	}
	for _, s := range v.Segments {
		f.Segments = append(f.Segments, demos.SegmentFacts{Key: float64(s.Key), Bytes: float64(s.Bytes), Attached: float64(s.Attached)})
	}
	for _, file := range v.Files {
		if file.Exists == nil {
			continue // it could not be told, which is no answer
		}
		one := demos.FileFacts{Path: file.Path, Exists: *file.Exists, Bytes: -1, Digest: file.Digest, HostPath: file.HostPath, InVolume: file.InVolume}
		if bytes, there := file.Bytes.Get(); there {
			one.Bytes = float64(bytes)
		}
		f.Touched = append(f.Touched, one)
	}
	f.Processors = floats(v.Processors)
}

func floats(numbers []int) []float64 {
	var all []float64
	for _, n := range numbers {
		all = append(all, float64(n))
	}
	return all
}

// layerFacts are those of the root filesystem.
func (s *subject) layerFacts(f *demos.Facts) {
	layers := s.topology.Layers
	if layers == nil {
		f.Explain("layers", "its root filesystem was not read")
		return
	}
	if layers.StorageDriver != "" {
		f.Layers.StorageDriver = pointer(layers.StorageDriver)
	}
	if layers.LowerDigest != "" {
		f.Layers.LowerDigest, f.Layers.LowerCount = pointer(layers.LowerDigest), pointer(float64(len(layers.Lower)))
	}
	if bytes, there := layers.UpperBytes.Get(); there {
		f.Layers.UpperBytes, f.Layers.Entries = pointer(float64(bytes)), []demos.LayerEntryFacts{}
	}
	if count, there := layers.UpperEntries.Get(); there {
		f.Layers.UpperEntries = pointer(float64(count))
	}
	for _, e := range layers.Entries {
		bytes, _ := e.Bytes.Get()
		f.Layers.Entries = append(f.Layers.Entries, demos.LayerEntryFacts{Path: e.Path, Kind: e.Kind, Bytes: float64(bytes), Whiteout: e.Whiteout})
	}
	f.Explain("layers", layers.Reason)
}

// wordFacts are what the engine and the kernel's log say of the container.
func (s *subject) wordFacts(f *demos.Facts) {
	seconds := func(c wire.Count) *float64 {
		value, there := c.Get()
		if !there {
			return nil
		}
		return pointer(float64(value) / 1e6)
	}
	f.CreatedInSeconds, f.StartedInSeconds = seconds(micros(s.createdIn)), seconds(micros(s.startedIn()))
	f.Explain("createdInSeconds", "it was not measured")
	f.Explain("startedInSeconds", "the workload has not said its first word")
	if s.exitSeen.IsZero() || s.word.complete() {
		for _, event := range s.word.events {
			f.Events = append(f.Events, event.What)
		}
	} else {
		f.Explain("events", "the engine has not sent the event of its end")
	}
	f.Explain("events", "the engine's events about it were not seen")
	switch {
	case !s.word.there:
		f.Explain("kernelLog", "the container was not seen by the kernel readers")
	case s.word.mute != "":
		f.Explain("kernelLog", s.word.mute)
	default:
		f.KernelLog = []demos.KernelLineFacts{}
	}
	for _, line := range s.word.kernelLog {
		f.KernelLog = append(f.KernelLog, demos.KernelLineFacts{Text: line.Text, Kind: line.Kind, PID: float64(line.PID), Task: line.Task})
	}
	if image := s.word.image; image != nil {
		f.Layers.ImageBytes, f.Layers.Image = pointer(float64(image.Bytes)), []demos.ImageLayerFacts{}
		for _, layer := range image.Layers {
			f.Layers.Image = append(f.Layers.Image, demos.ImageLayerFacts{Digest: layer.Digest, Bytes: float64(layer.Bytes), CreatedBy: layer.CreatedBy, Empty: layer.Empty})
		}
	}
	f.Explain("layers.image", "the engine has not described the image")
	f.Explain("layers.imageBytes", "the engine has not described the image")
}

// fileFacts are the kernel's files that hold the limits.
func fileFacts(to *demos.LimitFiles, limits wire.Limits, explain func(prefix, why string)) {
	file := func(name string, l *wire.Limit, one *demos.LimitFile) {
		if l == nil {
			explain("files."+name, "the kernel's file for it was not read")
			return
		}
		text := func(to **string, value string) {
			if value != "" {
				*to = pointer(value)
			}
		}
		// That the engine keeps none is a figure too: it may have been asked.
		text(&one.HostConfig, cmp.Or(l.HostConfig, "no limit in HostConfig"))
		if l.Reason != "" {
			explain("files."+name, withFile(l))
			return
		}
		text(&one.Path, l.Path)
		text(&one.Name, l.File)
		if l.Path != "" {
			one.Raw = pointer(l.Raw)
		}
		explain("files."+name, "the kernel's file for it was not read")
	}
	file("cpu", limits.CPU, &to.CPU)
	file("cpuWeight", limits.CPUWeight, &to.CPUWeight)
	file("cpuSet", limits.CPUSet, &to.CPUSet)
	file("memory", limits.Memory, &to.Memory)
	file("memorySwap", limits.MemorySwap, &to.MemorySwap)
	file("memoryReservation", limits.MemoryReservation, &to.MemoryReservation)
	file("pids", limits.Pids, &to.Pids)
	file("io", limits.IO, &to.IO)
}

// explainResult says why parts of a result are absent.
func explainResult(explain func(prefix, why string), r *wire.Result) {
	if r == nil {
		return
	}
	if r.Refused != "" {
		explain("result.inner", "the kernel refused to make the user namespace: "+r.Refused)
	}
	explain("result.syncSeconds", "the workload did not wait for the disk, see --sync")
}

// factsInto gives what an action has left.
func (t *taken) factsInto(f *demos.ActionFacts) {
	f.Value = t.value
	f.ExitCode = number(t.exitCode)
	if t.says != "" {
		f.Says = pointer(t.says)
	}
	f.Result = resultFacts(t.result)
	switch {
	case t.at.IsZero():
		f.Explain("", "the action has not been taken")
	case t.exitCode != nil && t.result == nil:
		f.Explain("", "the action's workload reported nothing before it ended with exit code "+strconv.Itoa(*t.exitCode))
	default:
		explainResult(f.Explain, t.result)
		f.Explain("", "the action's workload has not reported it")
	}
}
