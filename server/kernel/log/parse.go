package log

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"porthole/server/wire"
)

// textLimit is where a line is cut, in bytes.
const textLimit = 300

// record is one record of /dev/kmsg.
type record struct {
	// microseconds since boot, by the kernel's own clock.
	microseconds int64
	text         string
}

// parseRecord reads a record as one read of /dev/kmsg gives it:
// "6,1234,5678901,-;text", and below it lines " KEY=value", which we leave.
func parseRecord(data []byte) (record, bool) {
	prefix, rest, found := bytes.Cut(data, []byte(";"))
	if !found {
		return record{}, false
	}
	fields := strings.Split(string(prefix), ",")
	if len(fields) < 4 {
		return record{}, false
	}
	when, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || when < 0 {
		return record{}, false
	}
	text, _, _ := bytes.Cut(rest, []byte("\n"))
	return record{microseconds: when, text: strings.ToValidUTF8(string(text), "?")}, true
}

// kill is what a line says of a kill for want of memory.
type kill struct {
	kind string // as wire.KernelLine has it
	pid  int
	task string
	// cgroups are the paths of the killed task's group and of the group whose
	// limit was met; only with kind oomKill.
	cgroups []string
}

// killed is the line that follows, which names no cgroup.
var killed = regexp.MustCompile(`^(?:Memory cgroup out of memory|Out of memory(?: \(oom_kill_allocating_task\))?): Killed process ([0-9]{1,9}) \((.*)\) total-vm:`)

// parseKill reads the two lines that the kernel's mm/oom_kill.c writes for each
// kill: "oom-kill:constraint=…" and "Memory cgroup out of memory: Killed
// process …".
func parseKill(text string) (kill, bool) {
	if found := killed.FindStringSubmatch(text); found != nil {
		pid, _ := strconv.Atoi(found[1])
		return kill{kind: "killed", pid: pid, task: found[2]}, true
	}
	rest, found := strings.CutPrefix(text, "oom-kill:")
	if !found {
		return kill{}, false
	}
	one := kill{kind: "oomKill"}
	// A task's name may hold commas, so it is what is between task= and the
	// last pid=.
	before, after, found := strings.Cut(rest, ",task=")
	end := strings.LastIndex(after, ",pid=")
	if !found || end < 0 {
		return kill{}, false
	}
	one.task = after[:end]
	number, _, _ := strings.Cut(after[end+len(",pid="):], ",")
	pid, err := strconv.Atoi(number)
	if err != nil || pid <= 0 {
		return kill{}, false
	}
	one.pid = pid
	for _, name := range []string{",task_memcg=", ",oom_memcg="} {
		if _, path, found := strings.Cut(before, name); found {
			path, _, _ = strings.Cut(path, ",")
			one.cgroups = append(one.cgroups, path)
		}
	}
	return one, true
}

// identifier is a container's: engines name the group after it, in the forms
// docker/ID, docker-ID.scope, libpod-ID.scope and others.
var identifier = regexp.MustCompile(`(?:^|[^0-9a-f])([0-9a-f]{64})(?:[^0-9a-f]|$)`)

// containerOf finds the container in a killed task's groups: the innermost one
// that has a name of that form. "" where none has.
func containerOf(cgroups []string) string {
	for _, path := range cgroups {
		folders := strings.Split(path, "/")
		for i := len(folders) - 1; i >= 0; i-- {
			if found := identifier.FindStringSubmatch(folders[i]); found != nil {
				return found[1]
			}
		}
	}
	return ""
}

// line makes the message of a kill.
func line(r record, k kill, at int64) wire.KernelLine {
	text := r.text
	if len(text) > textLimit {
		text = strings.ToValidUTF8(text[:textLimit-len("…")], "") + "…"
	}
	return wire.KernelLine{At: at, Text: text, Kind: k.kind, PID: k.pid, Task: k.task}
}
