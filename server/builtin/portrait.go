package builtin

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// feature is one thing that the kernel says of a process; an empty text is a
// file that is not there.
type feature struct{ what, file, text string }

var namespaceKinds = []string{"pid", "net", "mnt", "uts", "ipc", "user", "cgroup", "time"}

// portrait is what the kernel says of a process on its way to become a
// container, read from outside. The limits are those of its control group to be.
func portrait(pid int, groups cgroups.Manager) []feature {
	var all []feature
	add := func(what, file, text string) { all = append(all, feature{what, file, text}) }
	proc := fmt.Sprintf("/proc/%d/", pid)
	for _, kind := range namespaceKinds {
		link, _ := os.Readlink(proc + "ns/" + kind)
		add("namespace."+kind, proc+"ns/"+kind, link)
	}
	add("cgroup", proc+"cgroup", membership(proc+"cgroup"))
	for _, limit := range []struct{ what, controller, v1, v2 string }{
		{"memoryMax", "memory", "memory.limit_in_bytes", "memory.max"},
		{"cpuMax", "cpu", "cpu.cfs_quota_us", "cpu.max"},
		{"pidsMax", "pids", "pids.max", "pids.max"},
	} {
		if path := limitPath(groups, limit.controller, limit.v1, limit.v2); path != "" {
			text, _ := os.ReadFile(path)
			add(limit.what, path, strings.TrimSpace(string(text)))
		}
	}
	add("root", proc+"root", rootOf(proc+"root/."))
	add("mounts", proc+"mountinfo", mountsOf(proc+"mountinfo"))
	add("interfaces", proc+"net/dev", interfacesOf(proc+"net/dev"))
	add("hostname", "uname(2), in "+proc+"ns/uts", hostnameIn(proc+"ns/uts"))
	status := statusOf(proc + "status")
	for _, line := range [][2]string{{"uid", "Uid"}, {"capEff", "CapEff"}, {"capBnd", "CapBnd"}, {"noNewPrivs", "NoNewPrivs"}, {"seccomp", "Seccomp"}} {
		add(line[0], proc+"status, "+line[1], status[line[1]])
	}
	limits, _ := os.ReadFile(proc + "limits")
	for line := range strings.Lines(string(limits)) {
		if rest, ok := strings.CutPrefix(line, "Max file size"); ok {
			add("fileSizeMax", proc+"limits, Max file size", strings.Join(strings.Fields(rest)[:1], ""))
		}
	}
	adjust, _ := os.ReadFile(proc + "oom_score_adj")
	add("oomScoreAdj", proc+"oom_score_adj", strings.TrimSpace(string(adjust)))
	command, _ := os.ReadFile(proc + "cmdline")
	add("program", proc+"cmdline", string(bytes.TrimSpace(bytes.ReplaceAll(command, []byte{0}, []byte{' '}))))
	return all
}

// differences are those of two portraits; where all is wanted, also what is the same.
func differences(before, after []feature, all bool) []wire.Change {
	var changes []wire.Change
	for _, now := range after {
		was := ""
		if at := slices.IndexFunc(before, func(f feature) bool { return f.what == now.what }); at >= 0 {
			was = before[at].text
		}
		if (all || was != now.text) && len(changes) < wire.MaxChanges {
			changes = append(changes, wire.Change{What: now.what, File: now.file, Before: was, After: now.text})
		}
	}
	return changes
}

// membership is the control group that a process is in: the unified one, or on
// v1 that of the memory controller, which stands for all.
func membership(path string) string {
	text, _ := os.ReadFile(path)
	unified := ""
	for line := range strings.Lines(string(text)) {
		words := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(words) < 3:
		case slices.Contains(strings.Split(words[1], ","), "memory"):
			return "memory:" + words[2]
		case words[1] == "":
			unified = words[2]
		}
	}
	return unified
}

// filesystems are those that a root may be on, by the number in statfs(2).
var filesystems = map[int64]string{
	unix.OVERLAYFS_SUPER_MAGIC: "overlay", unix.EXT4_SUPER_MAGIC: "ext4", unix.TMPFS_MAGIC: "tmpfs", unix.BTRFS_SUPER_MAGIC: "btrfs",
	unix.XFS_SUPER_MAGIC: "xfs", unix.RAMFS_MAGIC: "ramfs",
}

// rootOf is the folder that a process calls /: its filesystem, device and inode.
func rootOf(path string) string {
	var stat unix.Stat_t
	var on unix.Statfs_t
	if unix.Stat(path, &stat) != nil || unix.Statfs(path, &on) != nil {
		return ""
	}
	kind, known := filesystems[int64(on.Type)]
	if !known {
		kind = fmt.Sprintf("type %#x", on.Type)
	}
	return fmt.Sprintf("%s, device %d:%d, inode %d", kind, unix.Major(stat.Dev), unix.Minor(stat.Dev), stat.Ino)
}

// mountsOf counts a mount table, and those in it of which others hear.
func mountsOf(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	count, shared := 0, 0
	for line := range strings.Lines(string(text)) {
		count++
		optional, _, _ := strings.Cut(line, " - ")
		if strings.Contains(optional, " shared:") || strings.Contains(optional, " master:") {
			shared++
		}
	}
	if shared == 0 {
		return fmt.Sprintf("%d", count)
	}
	return fmt.Sprintf("%d, of which %d tell others of changes", count, shared)
}

func interfacesOf(path string) string {
	text, _ := os.ReadFile(path)
	var names []string
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(line, ":"); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return strings.Join(names, " ")
}

func statusOf(path string) map[string]string {
	text, _ := os.ReadFile(path)
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			all[name], _, _ = strings.Cut(strings.TrimSpace(value), "\t") // of four users, the first
		}
	}
	return all
}

// hostnameIn asks for the name in a UTS namespace, from a thread that enters it
// and is then thrown away.
func hostnameIn(namespace string) (name string) {
	var about unix.Utsname
	own, err := os.Readlink("/proc/self/ns/uts")
	if other, _ := os.Readlink(namespace); err == nil && other == own && unix.Uname(&about) == nil {
		return unix.ByteSliceToString(about.Nodename[:]) // the host's may not be entered without root
	}
	onItsOwnThread(func() {
		file, err := unix.Open(namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return
		}
		defer unix.Close(file)
		if unix.Setns(file, unix.CLONE_NEWUTS) == nil && unix.Uname(&about) == nil {
			name = unix.ByteSliceToString(about.Nodename[:])
		}
	})
	return name
}

// onItsOwnThread calls do on a thread that ends with it, so that do may change
// what is the thread's alone. That is never the first: it does not end before
// the program does, and what is true of it is what /proc/self tells of us.
func onItsOwnThread(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and not unlocked: the thread ends with us
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			onItsOwnThread(do) // nobody else gets the first one while we hold it
			return
		}
		do()
	}()
	<-done
}
