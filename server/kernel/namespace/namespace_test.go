package namespace

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"porthole/server/wire"
)

// makeProc writes a proc filesystem with one process.
func makeProc(t *testing.T, pid int, stat string, links map[string]string) FS {
	t.Helper()
	proc := t.TempDir()
	addProcess(t, proc, strconv.Itoa(pid), stat, links)
	fs, err := NewFS(proc)
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

func addProcess(t *testing.T, proc, name, stat string, links map[string]string) {
	t.Helper()
	folder := filepath.Join(proc, name, "ns")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if stat != "" {
		if err := os.WriteFile(filepath.Join(proc, name, "stat"), []byte(stat), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range links {
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
}

// statOf is a stat file with a start time, of a process whose name holds what
// a careless parser would trip over.
func statOf(pid, parent int, flags, start uint64) string {
	return fmt.Sprintf("%d (a b) c) (d) S %d 1 1 0 -1 %d 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0\n", pid, parent, flags, start)
}

func all(inode int) map[string]string {
	links := map[string]string{}
	for i, namespaceType := range wire.NamespaceTypes {
		links[namespaceType] = fmt.Sprintf("%s:[%d]", namespaceType, inode+i)
	}
	return links
}

func TestEachLinkOnItsOwn(t *testing.T) {
	links := all(4026532000)
	delete(links, "net")
	links["uts"] = "uts:[oops]"
	fs := makeProc(t, 7, statOf(7, 1, 0, 500), links)
	addProcess(t, fs.proc, "self", "", all(1))
	got := fs.Process(7, 500)
	for _, link := range got.Each {
		switch link.Type {
		case "net":
			// Our own process has one, so the kernel has: the process is a zombie.
			if !errors.Is(link.Err, ErrExited) {
				t.Errorf("net: %v, want %v", link.Err, ErrExited)
			}
		case "uts":
			if link.Err == nil || !strings.Contains(link.Reason(), "uts:[oops]") {
				t.Errorf("uts: reason is %q, want one that shows the text", link.Reason())
			}
		default:
			if !link.Known() || link.Reason() != "" {
				t.Errorf("%s is unknown: %s", link.Type, link.Reason())
			}
		}
	}
}

func TestKernelWithoutTimeNamespaces(t *testing.T) {
	links := all(4026532000)
	delete(links, "time")
	fs := makeProc(t, 7, "", links)
	addProcess(t, fs.proc, "self", "", links)
	got := fs.Process(7, 0)
	link := got.Of("time")
	if !errors.Is(link.Err, ErrNoSuchType) || link.Reason() != "this kernel has no time namespaces" {
		t.Errorf("time: %v, %q", link.Err, link.Reason())
	}
	if got.Exited() {
		t.Error("a process without time namespaces passes for exited")
	}
}

func TestExitedAndRecycled(t *testing.T) {
	fs := makeProc(t, 7, statOf(7, 1, 0, 500), all(4026532000))
	if got := fs.Process(8, 0); !got.Exited() || got.Of("pid").Reason() != "the process has exited" {
		t.Errorf("a process that is not there: %q", got.Of("pid").Reason())
	}
	got := fs.Process(7, 499)
	if !errors.Is(got.Of("pid").Err, ErrOtherProcess) || !got.Exited() || got.Of("pid").Inode != 0 {
		t.Errorf("a recycled number: %+v", got.Of("pid"))
	}
	if got := fs.Process(7, 500); !got.Of("pid").Known() {
		t.Errorf("the right start time: %q", got.Of("pid").Reason())
	}
	if err := os.WriteFile(filepath.Join(fs.proc, "7/stat"), []byte("7 (x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := fs.Process(7, 500); got.Of("pid").Known() {
		t.Error("a process whose start time cannot be read passes for the one expected")
	}
}

// A real process that exits while its folder is held open: what comes after
// under the same number is not seen through it.
func TestExitedBetweenReads(t *testing.T) {
	fs, err := NewFS("/proc")
	if err != nil {
		t.Fatal(err)
	}
	pid, directory, kill := child(t)
	if link := fs.read(directory, "pid"); !link.Known() {
		t.Fatalf("a living child's link is unknown: %s", link.Reason())
	}
	kill()
	for _, namespaceType := range wire.NamespaceTypes {
		if link := fs.read(directory, namespaceType); !errors.Is(link.Err, ErrExited) {
			t.Errorf("%s of an exited process: %+v", namespaceType, link)
		}
	}
	if _, err := startTimeAt(directory); !errors.Is(err, ErrExited) {
		t.Errorf("start time of an exited process: %v", err)
	}
	links := fs.Process(pid, 0)
	if !links.Exited() {
		t.Errorf("process %d: %+v", pid, links)
	}
}

func TestPermissionDenied(t *testing.T) {
	fs, err := NewFS("/proc")
	if err != nil {
		t.Fatal(err)
	}
	pid, _, _ := child(t)
	if os.Geteuid() != 0 {
		pid = 1
	}
	asNobody(t, func() {
		links := fs.Process(pid, 0)
		for _, link := range links.Each {
			if !errors.Is(link.Err, ErrPermission) || !strings.HasPrefix(link.Reason(), "permission denied") {
				t.Errorf("%s: %v, want %v", link.Type, link.Err, ErrPermission)
			}
		}
		if links.Exited() {
			t.Error("a process that we may not read passes for exited")
		}
	})
}

func TestInitial(t *testing.T) {
	initial := map[string]string{}
	for namespaceType, inode := range initialInodes {
		initial[namespaceType] = fmt.Sprintf("%s:[%d]", namespaceType, inode)
	}
	kthreadd := "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 20 0 0\n"
	fs := makeProc(t, 2, kthreadd, initial)
	got := fs.Initial()
	if got.From != "kthreadd" {
		t.Errorf("read from %q", got.From)
	}
	for _, link := range got.Each {
		if !link.Initial {
			t.Errorf("%s is not initial: %+v", link.Type, link)
		}
	}
	// In a container any process can be number 2, and have any name.
	fs = makeProc(t, 2, "2 (kthreadd) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 20 0 0\n", all(4026532000))
	addProcess(t, fs.proc, "1", "", all(4026533000))
	got = fs.Initial()
	if got.From != "init" || got.PID != 1 {
		t.Errorf("read from %q, process %d", got.From, got.PID)
	}
	if got.Of("pid").Initial {
		t.Error("a container's namespace passes for the initial one")
	}
	// Neither can be read: our own, as far as they are the host's.
	initial["net"] = "net:[4026531840]" // an older kernel's
	fs = makeProc(t, os.Getpid(), "", initial)
	if got = fs.Initial(); got.From != "self" || !got.Of("net").Known() || !got.Of("mnt").Known() {
		t.Errorf("read from %q: %+v", got.From, got)
	}
	initial["mnt"], initial["net"] = "mnt:[4026532255]", "net:[4026532256]" // a container's
	fs = makeProc(t, os.Getpid(), "", initial)
	got = fs.Initial()
	if got.From != "self" || !errors.Is(got.Of("net").Err, ErrHostHidden) || !errors.Is(got.Of("mnt").Err, ErrHostHidden) || !got.Of("pid").Known() {
		t.Errorf("a container's namespaces pass for the host's: %+v", got)
	}
	// Nothing at all.
	fs = makeProc(t, 1<<30, "", nil)
	if got = fs.Initial(); got.Of("pid").Known() || got.Of("pid").Reason() == "" {
		t.Errorf("links out of nothing: %+v", got)
	}
}

func TestIsInitial(t *testing.T) {
	for _, test := range []struct {
		namespaceType string
		inode         uint64
		want          bool
	}{
		{"pid", 4026531836, true}, {"pid", 4026532183, false}, {"mnt", 4026531832, true}, {"mnt", 4026531841, true},
		{"mnt", 4026531840, true}, {"net", 4026531833, true}, {"net", 4026531840, false}, {"ipc", 0, false}, {"", 0, false},
	} {
		if got := isInitial(test.namespaceType, test.inode); got != test.want {
			t.Errorf("isInitial(%s, %d) = %v", test.namespaceType, test.inode, got)
		}
	}
}

func TestParseLink(t *testing.T) {
	for text, want := range map[string]uint64{
		"pid:[4026532183]": 4026532183, "pid:[0]": 0, "pid:[]": 0, "pid:[4026532183": 0, "pid:4026532183]": 0,
		"net:[4026532183]": 0, "pid:[-1]": 0, "pid:[99999999999999999999]": 0, "": 0, "pid:[1]x": 0,
	} {
		got, err := parseLink([]byte(text), "pid")
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("parseLink(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestParseStat(t *testing.T) {
	got, ok := parseStat([]byte(statOf(7, 3, 2129984, 129295)))
	if want := (stat{parent: 3, flags: 2129984, startTime: 129295}); !ok || got != want {
		t.Errorf("got %+v, %v; want %+v", got, ok, want)
	}
	for _, text := range []string{"", "7 (x", "7 (x) S 1", "7 (x) S a b c", ")", strings.Replace(statOf(7, 1, 0, 5), " 5 ", " x ", 1)} {
		if got, ok := parseStat([]byte(text)); ok {
			t.Errorf("parseStat(%q) = %+v, want none", text, got)
		}
	}
}

func TestNewFS(t *testing.T) {
	if _, err := NewFS(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFS(file); err == nil || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("error is %v", err)
	}
}

func TestSource(t *testing.T) {
	fs := makeProc(t, 7, statOf(7, 1, 0, 500), map[string]string{"pid": "pid:[4026532180]"})
	got, err := fs.Source(7, 500, "pid")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(fs.proc, "7/ns/pid")
	if got.Path != path || got.Raw != "pid:[4026532180]" || got.Command != "readlink "+path || got.Highlight != "4026532180" ||
		got.Reason != "" || got.Document != "namespaces(7)" || got.Means == "" || got.ReadAt == 0 || got.Field != "namespace.pid" {
		t.Errorf("source is %+v", got)
	}
	if got, err = fs.Source(7, 499, "pid"); err != nil || got.Raw != "" || got.Reason != ErrOtherProcess.Error() {
		t.Errorf("source of a recycled number is %+v, %v", got, err)
	}
	for _, name := range []string{"", "PID", "pid_for_children", "../stat"} {
		if _, err := fs.Source(7, 0, name); !errors.Is(err, ErrUnknownField) {
			t.Errorf("Source(%q): %v", name, err)
		}
	}
}

func FuzzParseLink(f *testing.F) {
	f.Add([]byte("pid:[4026532183]"))
	f.Add([]byte("pid:[]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		inode, err := parseLink(text, "pid")
		digits := strings.TrimLeft(strings.TrimSuffix(strings.TrimPrefix(string(text), "pid:["), "]"), "0")
		if err == nil && strconv.FormatUint(inode, 10) != digits {
			t.Errorf("parseLink(%q) = %d", text, inode)
		}
	})
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte(statOf(7, 1, 2129984, 500)))
	paths, err := filepath.Glob("../testdata/*/proc/*/stat")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no captured stat file: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, ok := parseStat(text); ok && !strings.Contains(string(text), ")") {
			t.Errorf("parseStat(%q) = %+v", text, got)
		}
	})
}
