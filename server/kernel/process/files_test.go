package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"porthole/server/kernel/internal/dockertest"
	"porthole/server/wire"
)

func TestMountsOfCapturedHosts(t *testing.T) {
	for _, host := range []string{"hybrid", "v1", "v1-comounted", "v2"} {
		fs, err := NewFS(filepath.Join("../testdata", host, "proc"), "/nowhere")
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join("../testdata", host, "limited.pid"))
		if err != nil {
			t.Fatal(err)
		}
		table := fs.mountTable(strings.TrimSpace(string(text)))
		root, _ := holds(table, "/etc/passwd")
		if root.Type != "overlay" || root.upper == "" || !root.ReadOnly {
			t.Errorf("%s: root %+v", host, root)
		}
		list := mounts(table)
		if len(list) == 0 || list[0].Root != "" || list[0].Path != "/" {
			t.Errorf("%s: %+v", host, list)
		}
	}
}

func TestHolds(t *testing.T) {
	table := parseMounts(`1 0 0:1 / / rw - overlay o rw,upperdir=/u
2 1 0:2 /v /data rw - ext4 /dev/vda rw
3 1 0:3 / /data\040two rw - tmpfs t rw
`)
	for path, want := range map[string]string{"/": "0:1", "/etc": "0:1", "/data": "0:2", "/data/x": "0:2", "/database": "0:1", "/data two/x": "0:3"} {
		if got, _ := holds(table, path); got.device != want {
			t.Errorf("%s is on %s, want %s", path, got.device, want)
		}
	}
}

// A file in the container's own layer, one in a volume, one that is not there.
func TestFilesOnBothSides(t *testing.T) {
	volume := dockertest.Prefix + "files"
	dockertest.Docker(t, "volume", "create", volume)
	t.Cleanup(func() { dockertest.Docker(t, "volume", "rm", "--force", volume) })
	// The container goes first, as the volume is in use until then.
	c := dockertest.Run(t, []string{"--volume", volume + ":/data"}, "write", "/only-inside", "1", "write", "/data/both", "1", "ready")
	fs, err := NewFS("/proc", "/sys")
	if err != nil {
		t.Fatal(err)
	}
	paths := []wire.File{{Path: "/only-inside"}, {Path: "/data/both"}, {Path: "/nothing"}, {Path: "/proc/../etc"}, {Path: "/etc"}}
	var got []wire.File
	dockertest.Until(t, "the files are written", func() bool {
		got = fs.Files(c.PID, paths)
		return got[0].HostPath != "" && got[1].HostPath != "" && got[1].Bytes == wire.Counted(1<<20)
	})
	mountpoint := strings.TrimSpace(dockertest.Docker(t, "volume", "inspect", "--format", "{{.Mountpoint}}", volume))
	if *got[0].Exists || got[0].InVolume || !strings.HasSuffix(got[0].HostPath, "/diff/only-inside") {
		t.Errorf("in the layer: %+v", got[0])
	}
	if *got[1].Exists || !got[1].InVolume || got[1].HostPath != mountpoint+"/both" || len(got[1].Digest) != 64 {
		t.Errorf("in the volume: %+v, want it at %s", got[1], mountpoint)
	}
	if *got[2].Exists || got[2].HostPath != "" {
		t.Errorf("nowhere: %+v", got[2])
	}
	if got[3].Exists != nil || got[3].Reason == "" {
		t.Errorf("a path with dots: %+v", got[3])
	}
	if !*got[4].Exists {
		t.Errorf("the host's /etc: %+v", got[4])
	}
	view, err := fs.Outside(c.PID, []int{c.PID})
	if err != nil {
		t.Fatal(err)
	}
	last := view.Processes[0]
	// Its owner in /proc, which is not 0 where the engine maps root to another user.
	var owner unix.Stat_t
	if err := unix.Stat(fmt.Sprintf("/proc/%d", c.PID), &owner); err != nil {
		t.Fatal(err)
	}
	if view.Kernel == "" || !view.SegmentsKnown || last.LastCPU == nil || last.UID == nil || *last.UID != int(owner.Uid) || len(view.Mounts) < 5 {
		t.Errorf("view %+v", view)
	}
}

// What a container links to is not read as if it were its file.
func TestALinkLeadsNowhere(t *testing.T) {
	top := t.TempDir()
	for _, folder := range []string{"volume", "secret"} {
		if err := os.Mkdir(filepath.Join(top, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(top, "secret/file"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../secret", filepath.Join(top, "volume/link")); err != nil {
		t.Fatal(err)
	}
	table := parseMounts("1 0 8:0 " + top + "/volume /data rw - ext4 /dev/sda rw\n")
	hosts := parseMounts("1 0 8:0 / / rw - ext4 /dev/sda rw\n")
	one := wire.File{Path: "/data/link/file"}
	hostFile(&one, "", table, hosts)
	if one.HostPath != "" || one.Digest != "" {
		t.Errorf("%+v", one)
	}
}

func FuzzParseMounts(f *testing.F) {
	for _, path := range []string{"/proc/self/mountinfo", "../testdata/hybrid/proc/self/mountinfo"} {
		if text, err := os.ReadFile(path); err == nil {
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, table string) {
		if list := mounts(parseMounts(table)); len(list) > wire.MaxMounts {
			t.Errorf("%d mounts", len(list))
		}
	})
}

func FuzzParseLastCPU(f *testing.F) {
	text, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		if cpu := parseLastCPU(text); cpu != nil && *cpu < 0 {
			t.Errorf("processor %d", *cpu)
		}
	})
}
