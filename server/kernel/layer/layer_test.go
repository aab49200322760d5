package layer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"porthole/server/kernel/internal/dockertest"
	"porthole/server/wire"
)

func TestMain(m *testing.M) { os.Exit(dockertest.Main(m)) }

func TestParseRoot(t *testing.T) {
	const table = `1 0 254:0 / / rw - ext4 /dev/vda rw
612 554 0:53 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/a/l/AB:/a/l/C\134:D::/data,upperdir=/a/with\040blank/diff,workdir=/a/work
613 612 0:56 / /proc rw - proc proc rw
`
	got, err := parseRoot(table)
	want := root{kind: "overlay", device: "0:53", lower: []string{"/a/l/AB", "/a/l/C:D", "/data"}, upper: "/a/with blank/diff"}
	if err != nil || got.kind != want.kind || got.device != want.device || got.upper != want.upper || !slices.Equal(got.lower, want.lower) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	got, err = parseRoot("1 0 0:53 / / rw - overlay o rw,lowerdir+=/a,lowerdir+=/b:c,upperdir=/u\n")
	if err != nil || !slices.Equal(got.lower, []string{"/a", "/b:c"}) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := parseRoot("1 0 0:1 / /proc rw - proc proc rw\n"); err == nil {
		t.Error("a root was found where there is none")
	}
	if got := mergedFolder("9 1 0:53 / /x/overlay2/ID/merged rw - overlay overlay rw\n", "0:53"); got != "/x/overlay2/ID/merged" {
		t.Errorf("merged %q", got)
	}
}

// tree makes a host of its own below a folder: proc with process 7, and layers.
func tree(t *testing.T) (fs FS, at func(string) string) {
	t.Helper()
	top := t.TempDir()
	at = func(path string) string { return filepath.Join(top, "proc/1/root", path) }
	for _, folder := range []string{"o/l", "o/base/diff/srv", "o/base/diff/etc", "o/mine-init/diff/etc", "o/mine/diff"} {
		if err := os.MkdirAll(at(folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, at("o/base/diff/srv/edit"), "12345")
	write(t, at("o/base/diff/srv/delete"), "12345")
	for link, target := range map[string]string{"o/l/ONE": "../mine-init/diff", "o/l/TWO": "../base/diff"} {
		if err := os.Symlink(target, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(top, "proc/7"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(top, "proc/7/mountinfo"), "1 0 0:53 / / rw - overlay overlay rw,lowerdir=/o/l/ONE:/o/l/TWO,upperdir=/o/mine/diff,workdir=/o/mine/work\n")
	return NewFS(filepath.Join(top, "proc")), at
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAWritableLayer(t *testing.T) {
	fs, at := tree(t)
	r := fs.Open(7)
	got := r.Read()
	if bytes, there := got.UpperBytes.Get(); !there || bytes != 0 || len(got.Entries) != 0 || got.Reason != "" {
		t.Errorf("before any change: %+v", got)
	}
	if len(got.Lower) != 1 || got.Lower[0] != (wire.LowerLayer{ID: "base", Path: "/o/base/diff"}) || got.Upper != "/o/mine/diff" {
		t.Errorf("lower %+v, upper %s", got.Lower, got.Upper)
	}
	if err := os.MkdirAll(at("o/mine/diff/srv/new"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, at("o/mine/diff/srv/edit"), "1234567")
	write(t, at("o/mine/diff/srv/new/file"), "123")
	// A link out of the layer is not followed.
	if err := os.Symlink("/", at("o/mine/diff/out")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mknod(at("o/mine/diff/srv/delete"), unix.S_IFCHR, 0); err != nil {
		t.Fatalf("this test needs root, to make a whiteout: %v", err)
	}
	got = r.Read()
	want := []wire.LayerEntry{
		{Path: "/out", Kind: "added"},
		{Path: "/srv/delete", Kind: "removed", Whiteout: "device"},
		{Path: "/srv/edit", Kind: "changed", Bytes: wire.Counted(7)},
		{Path: "/srv/new", Kind: "added"},
		{Path: "/srv/new/file", Kind: "added", Bytes: wire.Counted(3)},
	}
	if difference := cmp.Diff(want, got.Entries, cmp.AllowUnexported(wire.Count{})); difference != "" {
		t.Errorf("entries (-want +got):\n%s", difference)
	}
	if bytes, _ := got.UpperBytes.Get(); bytes != 10 {
		t.Errorf("%d bytes", bytes)
	}
}

func TestTheWalkIsBounded(t *testing.T) {
	fs, at := tree(t)
	for i := range 2 * wire.MaxEntries {
		write(t, at(fmt.Sprintf("o/mine/diff/%d", i)), "1")
	}
	got := fs.Open(7).Read()
	if entries, _ := got.UpperEntries.Get(); len(got.Entries) != wire.MaxEntries || entries != 2*wire.MaxEntries {
		t.Errorf("%d entries are listed, and %d counted", len(got.Entries), entries)
	}
	w := walk{reader: &Reader{}, layers: &wire.Layers{}, seen: walkLimit}
	if err := w.visit("x", nil, nil); err == nil || !w.layers.Truncated {
		t.Errorf("the walk went on: %v", err)
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	fs, at := tree(t)
	if got := fs.Open(8).Read(); got.Reason == "" || got.UpperBytes != (wire.Count{}) {
		t.Errorf("no process: %+v", got)
	}
	write(t, filepath.Join(fs.proc, "7/mountinfo"), "1 0 0:53 / / rw - btrfs /dev/sda rw,subvol=/x\n")
	if got := fs.Open(7).Read(); !strings.Contains(got.Reason, "btrfs") || got.StorageDriver != "btrfs" {
		t.Errorf("btrfs: %+v", got)
	}
	fs, at = tree(t)
	r := fs.Open(7)
	if err := os.RemoveAll(at("o/mine")); err != nil {
		t.Fatal(err)
	}
	if got := r.Read(); got.Reason == "" || got.UpperBytes != (wire.Count{}) || got.LowerDigest == "" {
		t.Errorf("gone: %+v", got)
	}
}

// Two containers of one image on the real engine: one writes, the other does not.
func TestRealContainers(t *testing.T) {
	fs := NewFS("/proc")
	writer := dockertest.Run(t, nil, "write", "/data-of-mine", "1048576", "ready")
	quiet := dockertest.Run(t, nil, "ready")
	driver := dockertest.Inspect(t, quiet.Name, "{{.GraphDriver.Name}}")
	if driver != "overlay2" && driver != "overlay" { // Podman's name for the same
		t.Fatalf("this test needs an engine with overlay2, and this one has %q", driver)
	}
	one, other := fs.Open(writer.PID), fs.Open(quiet.PID)
	// What there is before anything is written: nothing with Docker; with Podman
	// the empty places onto which it mounts.
	rest := other.Read()
	if bytes, there := rest.UpperBytes.Get(); !there || bytes != 0 || len(rest.Entries) != 0 && driver == "overlay2" {
		t.Errorf("the quiet one: %+v", rest)
	}
	var layers *wire.Layers
	dockertest.Until(t, "the file is in the writable layer", func() bool {
		layers = one.Read()
		bytes, _ := layers.UpperBytes.Get()
		return bytes == 1<<20
	})
	added := slices.DeleteFunc(slices.Clone(layers.Entries), func(entry wire.LayerEntry) bool { return slices.Contains(rest.Entries, entry) })
	if len(added) != 1 || added[0].Path != "/data-of-mine" || added[0].Kind != "added" {
		t.Errorf("the quiet one has entries %+v, and the writer %+v", rest.Entries, layers.Entries)
	}
	if upper := dockertest.Inspect(t, writer.Name, "{{.GraphDriver.Data.UpperDir}}"); layers.Upper != upper {
		t.Errorf("the writable layer is %s, and docker says %s", layers.Upper, upper)
	}
	if again := other.Read(); !cmp.Equal(again, rest, cmp.AllowUnexported(wire.Count{})) {
		t.Errorf("the quiet one was %+v, and is %+v now", rest, again)
	}
	if rest.LowerDigest != layers.LowerDigest || len(rest.Lower) == 0 || rest.Upper == layers.Upper {
		t.Errorf("they do not share their layers: %+v and %+v", rest, layers)
	}
}

func FuzzParseRoot(f *testing.F) {
	f.Add("1 0 0:53 / / rw - overlay overlay rw,lowerdir=/a:/b,upperdir=/u\n")
	if text, err := os.ReadFile("/proc/self/mountinfo"); err == nil {
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, table string) {
		got, err := parseRoot(table)
		if (err == nil) != (got.kind != "") {
			t.Errorf("%q: %+v, %v", table, got, err)
		}
		if slices.Contains(got.lower, "") {
			t.Errorf("%q: a layer without a folder", table)
		}
	})
}
