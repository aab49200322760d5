package workload

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"math/bits"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"porthole/server/wire"
)

// The most that a View holds, so that a report stays one short line even where
// a container sees the whole host.
const (
	maximumProcesses  = 64
	maximumInterfaces = 32
	maximumCommand    = 200 // bytes
)

// View is what this process sees from where it stands: its own number, host
// name, network interfaces and user, and the processes in its /proc.
func View() *wire.View {
	view := &wire.View{PID: os.Getpid()}
	if name, err := os.Hostname(); err == nil {
		view.Hostname = name
	}
	uid := os.Getuid()
	view.UID = &uid
	interfaces, _ := net.Interfaces()
	for _, each := range interfaces[:min(len(interfaces), maximumInterfaces)] {
		one := wire.Interface{Name: each.Name}
		addresses, _ := each.Addrs()
		for _, address := range addresses {
			one.Addresses = append(one.Addresses, address.String())
		}
		view.Interfaces = append(view.Interfaces, one)
	}
	view.Processes = processes()
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		view.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	if table, err := os.ReadFile("/proc/self/mountinfo"); err == nil {
		view.Mounts = mounts(table)
	}
	if table, err := os.ReadFile("/proc/sysvipc/shm"); err == nil {
		view.Segments, view.SegmentsKnown = segments(table), true
	}
	return view
}

// mounts reads a table of the form of proc_pid_mountinfo(5), at most
// wire.MaxMounts rows of it: always the last one at /, which is the root.
func mounts(table []byte) []wire.Mount {
	var list []wire.Mount
	for line := range strings.Lines(string(table)) {
		before, after, found := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !found || len(left) < 6 || len(right) < 3 {
			continue
		}
		one := wire.Mount{
			Path: unescape(left[4]), Type: right[0], Source: unescape(right[1]),
			ReadOnly: slices.Contains(strings.Split(left[5], ","), "ro") || slices.Contains(strings.Split(right[2], ","), "ro"),
		}
		if left[3] != "/" {
			one.Root = unescape(left[3])
		}
		switch {
		case len(list) < wire.MaxMounts:
			list = append(list, one)
		case one.Path == "/":
			list[len(list)-1] = one
		}
	}
	return list
}

// unescape undoes the octal escapes of a mount table.
func unescape(text string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(text)
}

// segments reads /proc/sysvipc/shm, at most wire.MaxSegments rows of it, see
// proc_sysvipc(5).
func segments(table []byte) []wire.Segment {
	var list []wire.Segment
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) < 7 || len(list) == wire.MaxSegments {
			continue
		}
		key, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			continue // the heading
		}
		one := wire.Segment{Key: key}
		one.ID, _ = strconv.Atoi(fields[1])
		one.Bytes, _ = strconv.ParseUint(fields[3], 10, 64)
		one.CreatorPID, _ = strconv.Atoi(fields[4])
		one.Attached, _ = strconv.Atoi(fields[6])
		list = append(list, one)
	}
	return list
}

// processes are those in /proc, by number, at most maximumProcesses.
func processes() []wire.Process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	var list []wire.Process
	for _, pid := range pids {
		if len(list) == maximumProcesses {
			break
		}
		folder := "/proc/" + strconv.Itoa(pid)
		one := wire.Process{PID: pid}
		status, err := os.ReadFile(folder + "/status")
		if err != nil {
			continue // it ended meanwhile
		}
		fields := statusFields(status)
		for _, number := range strings.Fields(fields["NSpid"]) {
			if n, err := strconv.Atoi(number); err == nil {
				one.NSpid = append(one.NSpid, n)
			}
		}
		if command, err := os.ReadFile(folder + "/cmdline"); err == nil && len(command) > 0 {
			one.Command = string(bytes.ReplaceAll(bytes.TrimRight(command, "\x00"), []byte{0}, []byte{' '}))
		} else {
			one.Command = "[" + fields["Name"] + "]" // a kernel thread or a zombie, as ps(1) writes it
		}
		if len(one.Command) > maximumCommand {
			one.Command = one.Command[:maximumCommand]
		}
		one.Command = strings.ToValidUTF8(one.Command, "\uFFFD")
		list = append(list, one)
	}
	return list
}

// Security is what this process may do, from its own files in /proc. What
// cannot be read is absent.
func Security() *wire.Security {
	security := &wire.Security{}
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		fields := statusFields(status)
		if mask, err := strconv.ParseUint(fields["CapEff"], 16, 64); err == nil {
			count := bits.OnesCount64(mask)
			security.CapEff, security.Capabilities = fields["CapEff"], &count
		}
		security.NoNewPrivs = number(fields["NoNewPrivs"])
		security.Seccomp = number(fields["Seccomp"])
	}
	if last, err := os.ReadFile("/proc/sys/kernel/cap_last_cap"); err == nil {
		if n := number(strings.TrimSpace(string(last))); n != nil {
			security.CapabilitiesKnown = *n + 1
		}
	}
	if table, err := os.ReadFile("/proc/self/uid_map"); err == nil {
		security.UIDMap = strings.Join(strings.Fields(string(table)), " ")
	}
	if table, err := os.ReadFile("/proc/self/mountinfo"); err == nil {
		security.ReadOnlyRoot = readOnlyRoot(table)
	}
	if label, err := os.ReadFile("/proc/self/attr/current"); err == nil {
		security.AppArmor = strings.TrimRight(string(label), "\x00\n")
	}
	return security
}

// statusFields are the lines of a /proc/PID/status, see proc_pid_status(5).
func statusFields(status []byte) map[string]string {
	fields := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok {
			fields[name] = strings.TrimSpace(value)
		}
	}
	return fields
}

func number(text string) *int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil
	}
	return &n
}

// readOnlyRoot looks for ro among the options of the mount at /, see
// proc_pid_mountinfo(5). The last one is the one on top.
func readOnlyRoot(table []byte) *bool {
	var answer *bool
	for line := range strings.Lines(string(table)) {
		if fields := strings.Fields(line); len(fields) > 5 && fields[4] == "/" {
			readOnly := slices.Contains(strings.Split(fields[5], ","), "ro")
			answer = &readOnly
		}
	}
	return answer
}

func describe(view *wire.View) string {
	var names []string
	for _, each := range view.Interfaces {
		names = append(names, each.Name)
	}
	return fmt.Sprintf("I am process %d on %s, user %d, and see %s and %s",
		view.PID, view.Hostname, *view.UID, counted(len(view.Processes), "process", "processes"), interfaces(names))
}

func look(*flag.FlagSet) (func() error, func(*process) (outcome, error)) {
	return nil, func(p *process) (outcome, error) {
		p.report.inside()
		return outcome{}, nil
	}
}

func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", more)
}

func interfaces(names []string) string {
	switch len(names) {
	case 0:
		return "no interface"
	case 1:
		return "the interface " + names[0]
	}
	return "the interfaces " + strings.Join(names, ", ")
}
