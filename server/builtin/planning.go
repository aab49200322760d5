package builtin

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"

	"porthole/demos"
)

// planOf makes the container's folders, and writes down what it is to become.
func (e *Engine) planOf(b *box, id string) (plan, error) {
	c := b.spec
	home := e.folder("containers", id)
	p := plan{
		Root: filepath.Join(home, "merged"), Upper: filepath.Join(home, "upper"), Work: filepath.Join(home, "work"),
		Lower: e.image.lower, ReadOnly: c.ReadOnly, ShmBytes: int64(c.ShmSize), NoNewPrivileges: c.NoNewPrivileges,
		HostIPC: c.IPCNamespace == "host", Trace: c.StepByStep, Filter: true, Hostname: c.Hostname,
		CgroupNamespace: c.CgroupNamespace == "private" || c.CgroupNamespace == "" && cgroups.IsCgroup2UnifiedMode(),
		Argv:            append([]string{"/porthole", "workload"}, c.Workload...),
		Files:           map[string]string{},
	}
	if p.Rootless = Rootless(); p.Rootless {
		p.NoGroups, p.NoTTYGroup, p.Foreign = !mayDropGroups(), !has(ownGroups(), 5), e.ours
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
	if users := ownUsers(); !has(users, p.UID) || !has(ownGroups(), p.GID) {
		return fail(ErrRefused, nil, "the user %d:%d is asked for, and %s", p.UID, p.GID, noOthers())
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
