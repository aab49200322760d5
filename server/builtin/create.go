package builtin

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

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
	if b.resources, err = resourcesOf(e.delegation.only(c.Limits), e.diskNumber); err != nil {
		return "", err
	}
	if b.groups, err = e.delegation.groupsFor(b.cgroupPath, b.resources); err != nil {
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
	if c.StepByStep {
		b.stepping, b.says.Steps = newStepping(), toCome()
	}
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
			paths := []string{path}
			if one.file == "net" { // with the network comes the name, as Docker has it
				paths = append(paths, fmt.Sprintf("/proc/%d/ns/uts", other))
			}
			for _, path := range paths {
				switch {
				case e.isOurs(path): // the other has the host's
				case one.file == "pid":
					enterPID = path
				default:
					joins = append(joins, path)
				}
			}
		}
	}
	if strings.HasPrefix(b.spec.Network, "container:") {
		flags &^= unix.CLONE_NEWUTS
	}
	return flags, joins, enterPID, nil
}

// isOurs reports whether a namespace, by its file in /proc/PID/ns, is our own: a
// process that we make is in it already, and without root may not enter it anew.
func (e *Engine) isOurs(path string) bool {
	theirs, err := os.Readlink(path)
	return err == nil && theirs == e.ours[filepath.Base(path)]
}

// ownSpaces are our own namespaces by their kinds, as readlink(2) has them.
func ownSpaces() map[string]string {
	all := map[string]string{}
	for _, kind := range namespaceKinds {
		all[kind], _ = os.Readlink("/proc/self/ns/" + kind)
	}
	return all
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
