package process

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/procfs"

	"porthole/server/wire"
)

// pointer makes a *int for wanted values.
func pointer(value int) *int { return &value }

func TestFixtures(t *testing.T) {
	for _, host := range []string{"hybrid", "v1", "v1-comounted", "v2"} {
		for _, name := range []string{"plain", "limited"} {
			t.Run(host+"/"+name, func(t *testing.T) {
				tree := filepath.Join("..", "testdata", host)
				fs, err := NewFS(filepath.Join(tree, "proc"), filepath.Join(tree, "sys"))
				if err != nil {
					t.Fatal(err)
				}
				text, err := os.ReadFile(filepath.Join(tree, name+".pid"))
				if err != nil {
					t.Fatal(err)
				}
				pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
				if err != nil {
					t.Fatal(err)
				}
				got, err := fs.Security(pid)
				if err != nil {
					t.Fatal(err)
				}
				yes, no := true, false
				want := wire.Security{CapEff: "00000000a80425fb", Capabilities: pointer(14), CapabilitiesKnown: 41,
					NoNewPrivs: pointer(0), Seccomp: pointer(2), UIDMap: "0 0 4294967295", ReadOnlyRoot: &no}
				if name == "limited" {
					want.CapEff, want.Capabilities = "0000000000000000", pointer(0)
					want.NoNewPrivs, want.ReadOnlyRoot = pointer(1), &yes
				}
				// AppArmor is the host's choice.
				want.AppArmor = got.AppArmor
				if difference := cmp.Diff(want, got); difference != "" {
					t.Errorf("security (-want +got):\n%s", difference)
				}
				view, err := fs.Outside(pid, []int{pid, 1 << 30})
				if err != nil {
					t.Fatal(err)
				}
				bare, err := fs.NamesOnly().Outside(pid, []int{pid})
				if err != nil || len(bare.Processes) != 1 || bare.Processes[0].Command == "" || bare.Processes[0].Command == view.Processes[0].Command {
					t.Errorf("by its name alone the process is %+v, %v", bare.Processes, err)
				}
				if len(view.Interfaces) != 1 || !strings.HasPrefix(view.Interfaces[0].Name, "veth") {
					t.Errorf("the host's ends are %v, want one veth", view.Interfaces)
				}
				if len(view.Processes) != 1 || len(view.Processes[0].NSpid) != 2 || view.Processes[0].NSpid[0] != pid || view.Processes[0].NSpid[1] != 1 {
					t.Errorf("the processes are %+v", view.Processes)
				}
				user := 0
				if name == "limited" {
					user = 1000
				}
				if view.UID == nil || *view.UID != user || view.PID != pid || view.Hostname == "" {
					text, _ := json.Marshal(view)
					t.Errorf("the view is %s", text)
				}
				if identity, err := fs.Identity(pid); err != nil || identity.PID != pid || identity.StartTime == 0 {
					t.Errorf("identity is %+v, %v", identity, err)
				}
			})
		}
	}
}

func TestParseStatus(t *testing.T) {
	got := parseStatus([]byte("Name:\tCapEff: ffff\nUid:\t100000\t100001\t3\t4\nNSpid:\t21820\t17\t1\nCapEff:\t00000000a80425fb\nNoNewPrivs:\t1\nSeccomp:\t2\n"))
	want := status{capEff: "00000000a80425fb", noNewPrivs: pointer(1), seccomp: pointer(2), uid: pointer(100001), nsPid: []int{21820, 17, 1}}
	if difference := cmp.Diff(want, got, cmp.AllowUnexported(status{})); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
	// What an older kernel does not say stays absent.
	for _, text := range []string{"", "Name:\tsh\n", "NoNewPrivs:\nSeccomp:\tx\nUid:\t1\nNSpid:\t1\t-2\nCapEff:\tzz\n"} {
		if difference := cmp.Diff(status{}, parseStatus([]byte(text)), cmp.AllowUnexported(status{})); difference != "" {
			t.Errorf("%q (-want +got):\n%s", text, difference)
		}
	}
}

func TestParseStartTime(t *testing.T) {
	const fields = " S 3 1 1 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 129295 0 0\n"
	for text, want := range map[string]uint64{
		"7 (sh)" + fields: 129295, "7 (a b) c) (d)" + fields: 129295, "7 (sh) S 1 2\n": 0, "": 0, "7 sh" + fields: 0,
		"7 (sh)" + strings.Replace(fields, "129295", "x", 1): 0,
	} {
		if got, ok := parseStartTime([]byte(text)); got != want || ok != (want != 0) {
			t.Errorf("parseStartTime(%q) = %d, %v; want %d", text, got, ok, want)
		}
	}
	// The library must say the same of our own process.
	fs := realFS(t)
	identity, err := fs.Identity(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	self, err := procfs.Self()
	if err != nil {
		t.Fatal(err)
	}
	if stat, err := self.Stat(); err != nil || stat.Starttime != identity.StartTime {
		t.Errorf("we started at %d, and the library says %d (%v)", identity.StartTime, stat.Starttime, err)
	}
}

func TestParseUIDMap(t *testing.T) {
	for text, want := range map[string]string{
		"         0          0 4294967295\n":                           "0 0 4294967295",
		"         0     100000      65536\n":                           "0 100000 65536",
		"         0       1000          1\n         1     100000 10\n": "0 1000 1\n1 100000 10",
		"":           "",
		"0 0\n":      "",
		"a b c\n":    "",
		"0 0 5 7 \n": "",
	} {
		if got := parseUIDMap([]byte(text)); got != want {
			t.Errorf("parseUIDMap(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestParseCommand(t *testing.T) {
	for text, want := range map[string]string{
		"sh\x00-c\x00sleep 1\x00": "sh -c sleep 1",
		"":                        "",
		"\x00\x00":                "",
		"a\nb\x1b[31m\x00\xff":    "a b [31m ?",
	} {
		if got := parseCommand([]byte(text)); got != want {
			t.Errorf("parseCommand(%q) = %q, want %q", text, got, want)
		}
	}
	got := parseCommand([]byte(strings.Repeat("é", 300)))
	if len(got) > commandLimit || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
		t.Errorf("a long command became %d bytes: %q", len(got), got)
	}
}

func TestRootIsReadOnly(t *testing.T) {
	row := func(point string, options, super string) string {
		return "1 0 0:1 / " + point + " " + options + " - overlay overlay " + super + "\n"
	}
	show := func(value *bool) string {
		if value == nil {
			return "unknown"
		}
		return strconv.FormatBool(*value)
	}
	for _, test := range []struct {
		want  string
		table string
	}{
		{"unknown", ""},
		{"unknown", row("/proc", "ro", "ro")},
		{"true", row("/", "ro", "rw") + row("/proc", "rw", "rw")},
		{"true", row("/", "rw", "ro")},
		{"false", row("/", "ro", "rw") + row("/", "rw", "rw")},
	} {
		if got := show(rootIsReadOnly(parseMounts(test.table))); got != test.want {
			t.Errorf("%q: %s, want %s", test.table, got, test.want)
		}
	}
}

func TestIdentity(t *testing.T) {
	fs := realFS(t)
	command := exec.Command("sleep", "600")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}
	t.Cleanup(kill)
	identity, err := fs.Identity(command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := fs.Check(identity); err != nil {
		t.Errorf("a living process: %v", err)
	}
	if err := fs.Check(Identity{PID: identity.PID, StartTime: identity.StartTime - 1}); !errors.Is(err, ErrOtherProcess) {
		t.Errorf("a recycled number: %v, want %v", err, ErrOtherProcess)
	}
	kill()
	if err := fs.Check(identity); !errors.Is(err, ErrExited) {
		t.Errorf("an exited process: %v, want %v", err, ErrExited)
	}
	if _, err := fs.Security(identity.PID); !errors.Is(err, ErrExited) {
		t.Errorf("rights of an exited process: %v, want %v", err, ErrExited)
	}
	if _, err := fs.Outside(identity.PID, nil); !errors.Is(err, ErrExited) {
		t.Errorf("view of an exited process: %v, want %v", err, ErrExited)
	}
	source, err := fs.Source(identity.PID, "capEff")
	if err != nil || source.Raw != "" || source.Reason != ErrExited.Error() {
		t.Errorf("source of an exited process: %+v, %v", source, err)
	}
}

func TestSource(t *testing.T) {
	fs := realFS(t)
	for field, part := range map[string]string{"pid": "NSpid:", "uid": "Uid:", "capEff": "CapEff:", "capabilities": "CapEff:", "noNewPrivs": "NoNewPrivs:", "seccomp": "Seccomp:", "readOnlyRoot": " / "} {
		source, err := fs.Source(os.Getpid(), field)
		if err != nil {
			t.Fatal(err)
		}
		if source.Field != field || source.Reason != "" || !strings.Contains(source.Highlight, part) || !strings.Contains(source.Raw, source.Highlight) ||
			source.Command != "cat "+source.Path || source.Means == "" || source.Document == "" || source.Unit == "" || source.ReadAt == 0 {
			t.Errorf("%s: %+v", field, source)
		}
	}
	if source, err := fs.Source(os.Getpid(), "uidMap"); err != nil || source.Raw == "" || source.Highlight != "" {
		t.Errorf("uidMap: %+v, %v", source, err)
	}
	for _, name := range []string{"", "environ", "../1/status"} {
		if _, err := fs.Source(os.Getpid(), name); !errors.Is(err, ErrUnknownField) {
			t.Errorf("Source(%q): %v, want %v", name, err, ErrUnknownField)
		}
	}
}

// The file of whichever security module is on is AppArmor's only where that is.
func TestAppArmor(t *testing.T) {
	tree := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(tree, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fs := FS{proc: filepath.Join(tree, "proc"), sys: filepath.Join(tree, "sys"), hostEnds: &knownEnds{}, kthreadd: &atomic.Bool{}}
	fs.procfs, _ = procfs.NewFS(fs.proc)
	check := func(want string) {
		t.Helper()
		security, err := fs.Security(7)
		if err != nil || security.AppArmor != want {
			t.Errorf("the profile is %q, %v; want %q", security.AppArmor, err, want)
		}
		source, err := fs.Source(7, "appArmor")
		if err != nil || (want == "") != (source.Reason != "") || !strings.HasPrefix(source.Raw, want) {
			t.Errorf("the source is %+v, %v", source, err)
		}
	}
	write("proc/7/status", "Name:\tsh\n")
	write("proc/7/attr/current", "system_u:system_r:container_t:s0\x00")
	check("")
	write("sys/module/apparmor/parameters/enabled", "Y\n")
	write("proc/7/attr/current", "docker-default (enforce)\n")
	check("docker-default (enforce)")
	write("proc/7/attr/apparmor/current", "unconfined\n")
	check("unconfined")
}

// In a container of its own the server sees neither the host's name nor the
// host's ends, and must not take the container's for them.
func TestOutsideFromWithinAContainer(t *testing.T) {
	tree := t.TempDir()
	proc := filepath.Join(tree, "proc")
	for _, process := range []string{"self", "1", "2"} {
		folder := filepath.Join(proc, process, "ns")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Symlink("uts:[4026532181]", filepath.Join(folder, "uts")), os.Symlink("net:[4026532184]", filepath.Join(folder, "net")),
			os.WriteFile(filepath.Join(proc, process, "comm"), []byte("kthreadd\n"), 0o644),
			os.WriteFile(filepath.Join(proc, process, "status"), []byte("Name:\tkthreadd\n"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	stat := "2 (kthreadd) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 20 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
	if err := errors.Join(os.WriteFile(filepath.Join(proc, "2/stat"), []byte(stat), 0o644), os.MkdirAll(filepath.Join(proc, "sys/kernel"), 0o755),
		os.WriteFile(filepath.Join(proc, "sys/kernel/hostname"), []byte("0123456789ab\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	fs, err := NewFS(proc, filepath.Join(tree, "sys"))
	if err != nil {
		t.Fatal(err)
	}
	view, err := fs.Outside(1, []int{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	if view.Hostname != "" || len(view.Interfaces) != 0 || len(view.Processes) != 2 {
		t.Errorf("the view is %+v", view)
	}
	// With the kernel's own kthreadd in sight, and in the same namespace as we.
	if err := os.WriteFile(filepath.Join(proc, "2/stat"), []byte(strings.Replace(strings.Replace(stat, " S 1 1 1 ", " S 0 0 0 ", 1), "4194560", "2129984", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if view, err = fs.Outside(1, nil); err != nil || view.Hostname != "0123456789ab" {
		t.Errorf("the host's name is %q, %v", view.Hostname, err)
	}
	// One look has one answer for all its processes; the next look has its own.
	round := fs.Round()
	for _, want := range []string{"0123456789ab", "0123456789ab", "renamed"} {
		if want == "renamed" {
			round = fs.Round()
		}
		if view, err = round.Outside(1, nil); err != nil || view.Hostname != want {
			t.Errorf("within a look the host's name is %q, %v; want %q", view.Hostname, err, want)
		}
		if err := os.WriteFile(filepath.Join(proc, "sys/kernel/hostname"), []byte("renamed\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNewFS(t *testing.T) {
	if _, err := NewFS(filepath.Join(t.TempDir(), "none"), "/sys"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func realFS(t testing.TB) FS {
	t.Helper()
	fs, err := NewFS("/proc", "/sys")
	if err != nil {
		t.Fatal(err)
	}
	return fs
}
