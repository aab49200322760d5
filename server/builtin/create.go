package builtin

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/manager"
	"golang.org/x/sys/unix"

	"porthole/demos"
	"porthole/server/wire"
)

// Our ceilings, as those for Docker's engine.
const (
	maxContainersPerRun = 12
	maxContainers       = 48
	maxTTL              = time.Hour
	largestFile         = 4 << 30 // bytes
	smallestData        = 1 << 30 // bytes
)

// dockerCapabilities are those that Docker leaves to a container.
var dockerCapabilities = []string{
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
	"CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
}

// Create prepares the container c of a lesson for a run, without starting it,
// and returns its ID. Its time to live is ttl, more than 0 and at most an hour.
// What it joins (container:KEY) must be there already. When it fails, nothing
// of it is left.
func (e *Engine) Create(ctx context.Context, run string, lesson demos.Lesson, c demos.Container, ttl time.Duration) (string, error) {
	if ttl <= 0 || ttl > maxTTL {
		return "", fail(ErrRefused, nil, "a container's time to live must be between 1 s and %v, not %v", maxTTL, ttl)
	}
	imageName, err := e.EnsureImage(ctx)
	if err != nil {
		return "", err
	}
	name := demos.ContainerName(lesson.Slug, c.Key)
	if err := e.refuse(run, c, name); err != nil {
		return "", err
	}
	var random [32]byte
	rand.Read(random[:])
	id := hex.EncodeToString(random[:])
	b := &box{
		engine: e, name: name, run: run, lesson: lesson.Slug, spec: c, ttl: ttl, limits: c.Limits,
		cgroupPath: "/porthole/" + e.instance + "/" + id, veth: "ph" + id[:10], output: newOutput(), ended: make(chan struct{}),
	}
	if b.resources, err = resourcesOf(c.Limits, e.diskNumber); err != nil {
		return "", err
	}
	if b.groups, err = manager.New(&cgroups.Cgroup{Path: b.cgroupPath, Resources: b.resources}); err != nil {
		return "", fail(ErrRefused, err, "no control group can be made for %s: %s", name, err)
	}
	disk, _ := e.Disk()
	killed := false
	b.says = Container{Container: wire.Container{
		ID: id, Name: name, Title: c.Title, Subtitle: c.Subtitle, Key: c.Key, Order: c.Order, Lesson: lesson.Slug, Run: run,
		State: "created", Image: imageName, Command: demos.WithDisk(c.Command(lesson, imageName), disk),
		Limits: asked(c.Limits, disk), OOMKilled: &killed,
	}}
	note(&b.says, "create", nil)
	if b.plan, err = e.planOf(b, id); err != nil {
		os.RemoveAll(e.folder("containers", id))
		return "", err
	}
	e.mu.Lock()
	e.boxes[id] = b
	e.mu.Unlock()
	e.nudge()
	return id, nil
}

// refuse keeps the ceilings, and removes an old holder of the name.
func (e *Engine) refuse(run string, c demos.Container, name string) error {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err == nil && c.Limits.Memory > 0 && uint64(c.Limits.Memory) > uint64(info.Totalram)*uint64(info.Unit) {
		return fail(ErrRefused, nil, "%s asks for %s of memory, which is more than this machine has; run this lesson on a larger machine", name, c.Limits.Memory)
	}
	if c.Limits.CPUs > float64(runtime.NumCPU()) {
		return fail(ErrRefused, nil, "%s asks for %v cores, but this machine has %d; run this lesson on a larger machine", name, c.Limits.CPUs, runtime.NumCPU())
	}
	ofRun := 0
	all := e.all()
	for _, b := range all {
		if b.run == run {
			ofRun++
		}
		switch {
		case b.name != name:
		case b.run == run:
			return fail(ErrRefused, nil, "the run has a container %s already", name)
		default:
			if err := e.remove(b); err != nil {
				return err
			}
		}
	}
	if ofRun >= maxContainersPerRun {
		return fail(ErrRefused, nil, "the run has %d containers already, and a lesson may have no more than %d; split the lesson", ofRun, maxContainersPerRun)
	}
	if len(all) >= maxContainers {
		return fail(ErrRefused, nil, "Porthole runs %d containers already, and no more than %d are allowed; stop another lesson first", len(all), maxContainers)
	}
	return nil
}

// planOf makes the container's folders, and writes down what it is to become.
func (e *Engine) planOf(b *box, id string) (plan, error) {
	c := b.spec
	home := e.folder("containers", id)
	p := plan{
		Root: filepath.Join(home, "merged"), Upper: filepath.Join(home, "upper"), Work: filepath.Join(home, "work"),
		Lower: e.image.lower, ReadOnly: c.ReadOnly, ShmBytes: int64(c.ShmSize), NoNewPrivileges: c.NoNewPrivileges,
		HostIPC: c.IPCNamespace == "host", Filter: true, Hostname: c.Hostname,
		CgroupNamespace: c.CgroupNamespace == "private" || c.CgroupNamespace == "" && cgroups.IsCgroup2UnifiedMode(),
		Argv:            append([]string{"/porthole", "workload"}, c.Workload...),
		Files:           map[string]string{},
	}
	if p.ShmBytes == 0 {
		p.ShmBytes = 64 << 20
	}
	if p.Hostname == "" {
		p.Hostname = id[:12]
	}
	for _, folder := range []string{p.Root, p.Upper, p.Work} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return p, fail(ErrRefused, err, "the folder of %s cannot be made: %s", b.name, err)
		}
	}
	for _, option := range c.SecurityOpt {
		switch option {
		case "seccomp=unconfined":
			p.Filter = false
		case "no-new-privileges", "no-new-privileges=true":
			p.NoNewPrivileges = true
		case "apparmor=unconfined", "label=disable":
		default:
			return p, fail(ErrRefused, nil, "%s asks for --security-opt %s, which the built-in engine does not have; run this lesson on Docker", b.name, option)
		}
	}
	for name, text := range map[string]string{"etc/hostname": p.Hostname + "\n", "etc/hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost\n", "etc/resolv.conf": ""} {
		path := filepath.Join(home, filepath.Base(name))
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return p, fail(ErrRefused, err, "a file of %s cannot be written: %s", b.name, err)
		}
		p.Files[name] = path
	}
	if err := e.storage(b, &p); err != nil {
		return p, err
	}
	if err := identity(c, &p); err != nil {
		return p, err
	}
	p.Env = []string{"PATH=/:/bin:/usr/bin", "HOME=/tmp", "HOSTNAME=" + p.Hostname, "PORTHOLE_TTL_SECONDS=" + strconv.Itoa(int(b.ttl.Seconds()+0.999))}
	environment := maps.Clone(e.options.Environment)
	if environment == nil {
		environment = map[string]string{}
	}
	maps.Copy(environment, c.Env) // the lesson's word is the last
	for _, key := range sortedKeys(environment) {
		p.Env = append(p.Env, key+"="+environment[key])
	}
	if c.UTSNamespace == "host" || c.Network == "host" && c.Hostname == "" {
		if name, err := os.Hostname(); err == nil && c.UTSNamespace != "host" {
			p.Hostname = name
		} else {
			p.Hostname = ""
		}
	}
	var info unix.Sysinfo_t
	unix.Sysinfo(&info)
	p.Rlimits = map[int]uint64{
		unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: largestFile,
		unix.RLIMIT_DATA: max(smallestData, uint64(info.Totalram)*uint64(info.Unit)/2),
		unix.RLIMIT_CPU:  uint64((b.ttl + time.Minute).Seconds()) * uint64(runtime.NumCPU()),
	}
	return p, nil
}

// storage plans volumes and memory filesystems.
func (e *Engine) storage(b *box, p *plan) error {
	for _, each := range b.spec.Volumes {
		words := strings.Split(each, ":")
		if len(words) < 2 || words[0] == "" || strings.ContainsAny(words[0], "/.") || !strings.HasPrefix(words[1], "/") {
			return fail(ErrRefused, nil, "the volume %q must be written NAME:/path; a lesson may not mount folders of the host", each)
		}
		source := e.folder("volumes", b.run, demos.VolumeName(b.lesson, words[0]))
		if err := os.MkdirAll(source, 0o755); err != nil {
			return fail(ErrRefused, err, "the volume %s cannot be made: %s", words[0], err)
		}
		p.Volumes = append(p.Volumes, volume{Source: source, Target: words[1], ReadOnly: len(words) > 2 && words[2] == "ro"})
	}
	for _, each := range b.spec.Tmpfs {
		target, options, _ := strings.Cut(each, ":")
		p.Tmpfs = append(p.Tmpfs, tmpfs{Target: target, Options: options})
	}
	return nil
}

// identity plans who it is, and which of root's rights it keeps.
func identity(c demos.Container, p *plan) error {
	for i, word := range strings.SplitN(c.User, ":", 2) {
		number, err := strconv.Atoi(word)
		if c.User == "" {
			break
		}
		if err != nil || number < 0 {
			return fail(ErrRefused, err, "the user %q is no number: the image has no user names", c.User)
		}
		if i == 0 {
			p.UID = number
			p.GID = map[bool]int{true: number}[number == 1000] // as the image's /etc/passwd has it
		} else {
			p.GID = number
		}
	}
	long := func(name string) string {
		if name = strings.ToUpper(name); name == "ALL" || strings.HasPrefix(name, "CAP_") {
			return name
		}
		return "CAP_" + name
	}
	p.Keep = slices.Clone(dockerCapabilities)
	for _, name := range c.CapDrop {
		if long(name) == "ALL" {
			p.Keep = nil
		}
		p.Keep = slices.DeleteFunc(p.Keep, func(have string) bool { return have == long(name) })
	}
	for _, name := range c.CapAdd {
		if long(name) == "ALL" {
			return fail(ErrRefused, nil, "all capabilities are asked for, which the built-in engine gives nobody; name those that are needed")
		}
		if !slices.Contains(p.Keep, long(name)) {
			p.Keep = append(p.Keep, long(name))
		}
	}
	return nil
}

func (e *Engine) diskNumber() (uint64, error) {
	_, number, err := diskUnder(existing(e.options.Folder))
	return number, err
}

// spaces says which namespaces a container gets of its own, as flags of
// clone(2), which it joins, and in which PID namespace it is born.
func (e *Engine) spaces(b *box) (flags uintptr, joins []string, enterPID string, err error) {
	flags = unix.CLONE_NEWNS
	for _, one := range []struct {
		mode, file string
		flag       uintptr
	}{
		{b.spec.IPCNamespace, "ipc", unix.CLONE_NEWIPC},
		{b.spec.Network, "net", unix.CLONE_NEWNET},
		{b.spec.UTSNamespace, "uts", unix.CLONE_NEWUTS},
		{b.spec.PIDNamespace, "pid", unix.CLONE_NEWPID},
	} {
		key, joined := strings.CutPrefix(one.mode, "container:")
		switch {
		case one.mode == "host":
		case !joined:
			flags |= one.flag
		default:
			other, err := e.ofRun(b.run, demos.ContainerName(b.lesson, key))
			if err != nil {
				return 0, nil, "", err
			}
			path := fmt.Sprintf("/proc/%d/ns/%s", other, one.file)
			if one.file == "pid" {
				enterPID = path
			} else {
				joins = append(joins, path)
			}
			// With the network comes the name, as Docker has it.
			if one.file == "net" {
				joins = append(joins, fmt.Sprintf("/proc/%d/ns/uts", other))
			}
		}
	}
	if strings.HasPrefix(b.spec.Network, "container:") {
		flags &^= unix.CLONE_NEWUTS
	}
	return flags, joins, enterPID, nil
}

// ofRun is the first process of another container of the run.
func (e *Engine) ofRun(run, name string) (int, error) {
	for _, b := range e.all() {
		if word := b.word(); b.run == run && b.name == name && word.PID != 0 {
			return word.PID, nil
		}
	}
	return 0, fail(ErrNotRunning, nil, "the container %s does not run, so that its namespaces cannot be joined; start it first", name)
}
