package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/client"

	"porthole/demos"
)

// Our ceilings. See the package comment for why these and not others.
const (
	// MaxContainersPerRun is how many containers one run of a lesson may have.
	MaxContainersPerRun = 12
	// MaxContainers is how many containers all runs of one server may have.
	MaxContainers = 48
	// MaxTTL is the longest time to live of a container.
	MaxTTL = time.Hour

	outOfMemoryScore = 500     // added to the kernel's badness, of 1000: ours go before the host's
	largestFile      = 4 << 30 // bytes
	smallestData     = 1 << 30 // bytes: what every process may have, however small the host
)

// Create makes the container c of a lesson for a run, without starting it, and
// returns its ID. Its time to live is ttl, more than 0 and at most MaxTTL, from
// now. The workload image is loaded if need be. What it joins (container:KEY)
// must be there already. A left-over of the same name is removed where it is
// ours to remove; else ErrNameTaken. ErrRefused: more than our ceilings or the
// host allow. When Create fails, nothing that it made is left.
func (d *Docker) Create(ctx context.Context, run string, lesson demos.Lesson, c demos.Container, ttl time.Duration) (id string, err error) {
	if ttl <= 0 || ttl > MaxTTL {
		return "", fail(ErrRefused, nil, "a container's time to live must be between 1 s and %v, not %v", MaxTTL, ttl)
	}
	image, err := d.EnsureImage(ctx)
	if err != nil {
		return "", err
	}
	l := d.current()
	if l == nil {
		return "", stateError(d.State(), nil)
	}
	if err := l.mayChange(); err != nil {
		return "", err
	}
	name := d.containerName(lesson.Slug, c.Key)
	if err := d.refuse(ctx, l, run, c, name); err != nil {
		return "", err
	}
	labels := d.labels(run, lesson, c, image, ttl)
	config := &container.Config{
		Image: image, Cmd: slices.Clone(c.Workload), Hostname: c.Hostname, User: c.User, Labels: labels,
		Env: []string{"PORTHOLE_TTL_SECONDS=" + strconv.Itoa(int(ttl.Seconds()+0.999))},
	}
	environment := maps.Clone(d.options.Environment)
	if environment == nil {
		environment = map[string]string{}
	}
	maps.Copy(environment, c.Env) // the lesson's word is the last
	for _, key := range sortedKeys(environment) {
		config.Env = append(config.Env, key+"="+environment[key])
	}
	host, err := d.hostConfig(l, lesson.Slug, c, ttl, labels)
	if err != nil {
		return "", err
	}
	volumes, err := d.createVolumes(ctx, l, lesson.Slug, c.Volumes, labels)
	defer func() {
		if err != nil {
			d.removeVolumes(ctx, l, volumes)
		}
	}()
	if err != nil {
		return "", err
	}
	what := "create the container " + name
	create := func() error {
		return l.callMaking(ctx, what, func(ctx context.Context, cli *client.Client) error {
			answer, err := cli.ContainerCreate(ctx, config, host, nil, nil, name)
			for _, warning := range answer.Warnings {
				d.log.Warn("the engine warns", "container", name, "warning", warning)
			}
			id = answer.ID
			return err
		})
	}
	// Twice, since each of two things may be in the way: an old name, and an
	// image that another server swept since.
	err = create()
	for range 2 {
		switch {
		case err == nil:
			return id, nil
		case strings.Contains(err.Error(), "is already in use"):
			if err = d.makeRoom(ctx, l, name, run); err == nil {
				err = create()
			}
		case errors.Is(err, ErrNoSuchContainer) && strings.Contains(strings.ToLower(err.Error()), "no such image"):
			if _, err = d.EnsureImage(ctx); err == nil {
				err = create()
			}
		}
	}
	if err == nil {
		return id, nil
	}
	d.undo(ctx, l, name, run)
	return "", err
}

// containerName is the engine's name for a container of a lesson.
func (d *Docker) containerName(slug, key string) string {
	if d.options.Scope == "" {
		return demos.ContainerName(slug, key)
	}
	return demos.ContainerName(d.options.Scope+"-"+slug, key)
}

func (d *Docker) labels(run string, lesson demos.Lesson, c demos.Container, image string, ttl time.Duration) map[string]string {
	return map[string]string{
		LabelManaged: "true", LabelInstance: d.options.Instance, LabelServer: serverMark(), LabelScope: d.options.Scope,
		LabelLesson: lesson.Slug, LabelRun: run, LabelKey: c.Key, LabelTitle: c.Title, LabelSubtitle: c.Subtitle,
		LabelOrder: strconv.Itoa(c.Order), LabelCommand: demos.WithDisk(c.Command(lesson, image), d.diskName()),
		LabelExpires: strconv.FormatInt(d.options.Now().Add(ttl).Unix(), 10),
	}
}

// refuse keeps the ceilings on what may be created.
func (d *Docker) refuse(ctx context.Context, l *link, run string, c demos.Container, name string) error {
	if c.Limits.Memory > 0 && l.info.memory > 0 && int64(c.Limits.Memory) > l.info.memory {
		return fail(ErrRefused, nil, "%s asks for %s of memory, but the engine's machine has %s; run this lesson on a larger machine",
			name, c.Limits.Memory, gibibytes(l.info.memory))
	}
	if c.Limits.CPUs > 0 && l.info.cpus > 0 && c.Limits.CPUs > float64(l.info.cpus) {
		return fail(ErrRefused, nil, "%s asks for %v cores, but the engine's machine has %d; run this lesson on a larger machine",
			name, c.Limits.CPUs, l.info.cpus)
	}
	containers, err := d.listOurs(ctx, l)
	if err != nil {
		return err
	}
	ofRun, all := 0, 0
	for _, summary := range containers {
		if summary.Labels[LabelRun] == run {
			ofRun++
			if len(summary.Names) == 1 && summary.Names[0] == "/"+name {
				return fail(ErrNameTaken, nil, "the run has a container %s already", name)
			}
		}
		if summary.Labels[LabelInstance] == d.options.Instance && summary.Labels[LabelRole] == "" {
			all++
		}
	}
	if ofRun >= MaxContainersPerRun {
		return fail(ErrRefused, nil, "the run has %d containers already, and a lesson may have no more than %d; split the lesson", ofRun, MaxContainersPerRun)
	}
	if all >= MaxContainers {
		return fail(ErrRefused, nil, "Porthole runs %d containers already, and no more than %d are allowed; stop another lesson first", all, MaxContainers)
	}
	return nil
}

func gibibytes(bytes int64) string { return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30)) }

func (d *Docker) hostConfig(l *link, slug string, c demos.Container, ttl time.Duration, labels map[string]string) (*container.HostConfig, error) {
	resources, err := l.resources(c.Limits)
	if err != nil {
		return nil, err
	}
	resources.Ulimits = ulimits(l.info, ttl)
	join := func(mode string) string {
		if key, ok := strings.CutPrefix(mode, "container:"); ok {
			return "container:" + d.containerName(slug, key)
		}
		return mode
	}
	no := false
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(join(c.Network)), PidMode: container.PidMode(join(c.PIDNamespace)),
		IpcMode: container.IpcMode(join(c.IPCNamespace)), UTSMode: container.UTSMode(c.UTSNamespace),
		CgroupnsMode: container.CgroupnsMode(c.CgroupNamespace), UsernsMode: container.UsernsMode(c.UserNamespace),
		ReadonlyRootfs: c.ReadOnly, CapDrop: c.CapDrop, CapAdd: c.CapAdd, SecurityOpt: slices.Clone(c.SecurityOpt),
		ShmSize: int64(c.ShmSize), Resources: resources,
		OomScoreAdj: outOfMemoryScore, Init: &no,
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyDisabled},
		LogConfig:     container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "1m", "max-file": "1"}},
	}
	if c.NoNewPrivileges {
		host.SecurityOpt = append(host.SecurityOpt, "no-new-privileges")
	}
	for _, volume := range c.Volumes {
		// With its labels: where the run has been removed while we were asking,
		// the engine makes the volume anew, and it must still be known as ours.
		words := strings.Split(volume, ":")
		host.Mounts = append(host.Mounts, mount.Mount{
			Type: mount.TypeVolume, Source: d.volumeName(slug, words[0]), Target: words[1], ReadOnly: len(words) > 2 && words[2] == "ro",
			VolumeOptions: &mount.VolumeOptions{Labels: labels},
		})
	}
	for _, mount := range c.Tmpfs {
		if host.Tmpfs == nil {
			host.Tmpfs = map[string]string{}
		}
		path, options, _ := strings.Cut(mount, ":")
		host.Tmpfs[path] = options
	}
	return host, nil
}

// ulimits are ceilings on each process that change no cgroup file: see
// getrlimit(2).
func ulimits(engine engineInfo, ttl time.Duration) []*container.Ulimit {
	same := func(name string, value int64) *container.Ulimit {
		return &container.Ulimit{Name: name, Soft: value, Hard: value}
	}
	return []*container.Ulimit{
		same("core", 0),
		same("fsize", largestFile),
		same("data", max(smallestData, engine.memory/2)),
		same("cpu", int64((ttl+time.Minute).Seconds())*int64(max(1, engine.cpus))),
	}
}

// resources are limits as the engine's API has them.
func (l *link) resources(limits demos.Limits) (container.Resources, error) {
	r := container.Resources{
		NanoCPUs: int64(limits.CPUs*1e9 + 0.5), CPUShares: limits.CPUShares, CpusetCpus: limits.CPUSet,
		Memory: int64(limits.Memory), MemoryReservation: int64(limits.MemoryReservation), MemorySwap: int64(limits.MemorySwap),
	}
	if limits.Pids != 0 {
		r.PidsLimit = &limits.Pids
	}
	if limits.DeviceReadBPS > 0 || limits.DeviceWriteBPS > 0 {
		disk, err := l.disk()
		if err != nil {
			return r, fail(ErrRefused, err, "a limit on a disk's speed was asked for, but the disk under %s cannot be told: %s", l.info.root, err)
		}
		if limits.DeviceReadBPS > 0 {
			r.BlkioDeviceReadBps = []*blkiodev.ThrottleDevice{{Path: disk, Rate: uint64(limits.DeviceReadBPS)}}
		}
		if limits.DeviceWriteBPS > 0 {
			r.BlkioDeviceWriteBps = []*blkiodev.ThrottleDevice{{Path: disk, Rate: uint64(limits.DeviceWriteBPS)}}
		}
	}
	return r, nil
}
