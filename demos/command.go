package demos

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ContainerName is the engine's name for a container of a lesson.
func ContainerName(slug, key string) string { return "porthole-" + slug + "-" + key }

// Command is the docker run line that makes the same container by hand, ready
// to copy into a shell. The engine creates precisely this, and adds what
// changes nothing inside: labels by which Porthole finds its own containers
// again, and the variable PORTHOLE_TTL_SECONDS, by which the workload ends
// itself when nobody else does.
func (c Container) Command(lesson Lesson, image string) string {
	line := append([]string{"docker", "run", "--detach", "--name", ContainerName(lesson.Slug, c.Key)}, c.Flags(lesson.Slug)...)
	line = append(line, image)
	line = append(line, c.Workload...)
	for i, word := range line {
		line[i] = quote(word)
	}
	return strings.Join(line, " ")
}

// Flags are the flags of docker run that this container asks for, without
// --detach and --name, as separate words and unquoted.
func (c Container) Flags(slug string) []string {
	var words []string
	flag := func(name, value string) {
		if value != "" {
			words = append(words, name, value)
		}
	}
	flag("--hostname", c.Hostname)
	flag("--user", c.User)
	flag("--network", namespaceMode(slug, c.Network))
	flag("--pid", namespaceMode(slug, c.PIDNamespace))
	flag("--ipc", namespaceMode(slug, c.IPCNamespace))
	flag("--uts", c.UTSNamespace)
	flag("--cgroupns", c.CgroupNamespace)
	flag("--userns", c.UserNamespace)
	words = append(words, c.Limits.Flags()...)
	if c.ReadOnly {
		words = append(words, "--read-only")
	}
	for _, name := range c.CapDrop {
		flag("--cap-drop", name)
	}
	for _, name := range c.CapAdd {
		flag("--cap-add", name)
	}
	if c.NoNewPrivileges {
		flag("--security-opt", "no-new-privileges")
	}
	for _, option := range c.SecurityOpt {
		flag("--security-opt", option)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		flag("--env", name+"="+c.Env[name])
	}
	for _, volume := range c.Volumes {
		flag("--volume", VolumeName(slug, volume))
	}
	for _, mount := range c.Tmpfs {
		flag("--tmpfs", mount)
	}
	if c.ShmSize > 0 {
		flag("--shm-size", c.ShmSize.String())
	}
	return words
}

// Flags are the limits as flags of docker run and docker update, as separate
// words, in one fixed order.
func (l Limits) Flags() []string {
	var words []string
	add := func(asked bool, name, value string) {
		if asked {
			words = append(words, name, value)
		}
	}
	add(l.CPUs != 0, "--cpus", strconv.FormatFloat(l.CPUs, 'f', -1, 64))
	add(l.CPUShares != 0, "--cpu-shares", strconv.FormatInt(l.CPUShares, 10))
	add(l.CPUSet != "", "--cpuset-cpus", l.CPUSet)
	add(l.Memory != 0, "--memory", l.Memory.String())
	add(l.MemoryReservation != 0, "--memory-reservation", l.MemoryReservation.String())
	add(l.MemorySwap != 0, "--memory-swap", l.MemorySwap.String())
	add(l.Pids != 0, "--pids-limit", strconv.FormatInt(l.Pids, 10))
	// The disk differs from machine to machine; $DISK stands for it in what
	// is shown, and the engine puts the real one in its place.
	add(l.DeviceReadBPS != 0, "--device-read-bps", "$DISK:"+l.DeviceReadBPS.String())
	add(l.DeviceWriteBPS != 0, "--device-write-bps", "$DISK:"+l.DeviceWriteBPS.String())
	return words
}

// Command is the docker line that does the action by hand; "" for a step in the
// making of a container, since Docker takes all of them at once.
func (a Action) Command(lesson Lesson) string {
	if a.Step != "" {
		return ""
	}
	name := ContainerName(lesson.Slug, a.Container)
	var line []string
	if len(a.Exec) > 0 {
		line = append([]string{"docker", "exec", name, "/porthole", "workload"}, a.Exec...)
	} else {
		line = append(append([]string{"docker", "update"}, a.Update.Flags()...), name)
	}
	for i, word := range line {
		line[i] = quote(word)
	}
	return strings.Join(line, " ")
}

// WithDisk puts the real disk, such as /dev/vda, in the place of $DISK in a
// command. Where it is not known, the command stays as it is.
func WithDisk(command, disk string) string {
	if disk == "" {
		return command
	}
	return strings.ReplaceAll(command, `"$DISK":`, disk+":")
}

// VolumeName puts the engine's name of a run's volume in the place of the
// lesson's own: data:/data becomes porthole-<slug>-data:/data.
func VolumeName(slug, volume string) string { return "porthole-" + slug + "-" + volume }

// namespaceMode puts the engine's name of a container in the place of its key.
func namespaceMode(slug, mode string) string {
	if key, ok := strings.CutPrefix(mode, "container:"); ok {
		return "container:" + ContainerName(slug, key)
	}
	return mode
}

// quote makes a word safe to paste into a POSIX shell. $DISK stays as it is,
// for the shell to fill in.
func quote(word string) string {
	if strings.HasPrefix(word, "$DISK:") {
		return `"$DISK"` + strings.TrimPrefix(word, "$DISK")
	}
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,+@%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
