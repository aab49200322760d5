package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 3*maximumLine)
	input := "one\r\n\n" + long + "\nbad \xff\xfe bytes\nlast"
	for _, size := range []int{1, 7, 4096, len(input)} {
		var got []string
		w := &lineWriter{line: func(line []byte) { got = append(got, string(line)) }}
		for rest := []byte(input); len(rest) > 0; {
			n := min(size, len(rest))
			if m, err := w.Write(rest[:n]); m != n || err != nil {
				t.Fatal(m, err)
			}
			rest = rest[n:]
		}
		w.end()
		want := []string{"one", "", long[:maximumLine], "bad \uFFFD bytes", "last"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("in pieces of %d: %s", size, diff)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb"), 1)
	f.Add([]byte("\xff\n\n"), 2)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		w := &lineWriter{line: func(line []byte) {
			if !utf8.Valid(line) || bytes.ContainsRune(line, '\n') || len(line) > 3*maximumLine {
				t.Errorf("line %q", line)
			}
		}}
		at := min(max(cut, 0), len(data))
		w.Write(data[:at])
		w.Write(data[at:])
		w.end()
	})
}

func TestAsked(t *testing.T) {
	pids, none := int64(10), int64(-1)
	for _, test := range []struct {
		in   container.Resources
		want Asked
		kept map[string]string
	}{
		{container.Resources{}, Asked{}, map[string]string{}},
		{container.Resources{PidsLimit: &none}, Asked{}, map[string]string{"pids": "PidsLimit -1"}},
		{container.Resources{NanoCPUs: 1_500_000_000, PidsLimit: &pids}, Asked{CPU: "--cpus 1.5", CPUs: 1.5, Pids: "--pids-limit 10", PidsLimit: 10}, map[string]string{"cpu": "NanoCpus 1500000000", "pids": "PidsLimit 10"}},
		{container.Resources{CPUQuota: 50_000}, Asked{CPU: "--cpu-quota 50000", CPUs: 0.5}, map[string]string{"cpu": "CpuQuota 50000"}},
		{container.Resources{CPUQuota: 50_000, CPUPeriod: 200_000}, Asked{CPU: "--cpu-quota 50000 --cpu-period 200000", CPUs: 0.25}, map[string]string{"cpu": "CpuQuota 50000"}},
		{container.Resources{Memory: 256 << 20, MemorySwap: 512 << 20}, Asked{Memory: "--memory 256m", MemoryBytes: 256 << 20, MemorySwapBytes: 512 << 20}, map[string]string{"memory": "Memory 268435456", "memorySwap": "MemorySwap 536870912"}},
		{container.Resources{Memory: 1000, MemorySwap: -1}, Asked{Memory: "--memory 1000", MemoryBytes: 1000, MemorySwap: "--memory-swap -1", MemorySwapBytes: -1}, map[string]string{"memory": "Memory 1000", "memorySwap": "MemorySwap -1"}},
		{container.Resources{BlkioDeviceWriteBps: []*blkiodev.ThrottleDevice{{Path: "/dev/vda", Rate: 10 << 20}}}, Asked{IO: "--device-write-bps /dev/vda:10m", WriteBytesPerSecond: 10 << 20}, map[string]string{"io": "BlkioDeviceWriteBps /dev/vda 10485760"}},
	} {
		test.want.HostConfig = test.kept
		if diff := cmp.Diff(test.want, parseAsked(test.in)); diff != "" {
			t.Errorf("%+v: %s", test.in, diff)
		}
	}
}

func TestWhoseServerLives(t *testing.T) {
	mark := serverMark()
	parts := strings.Split(mark, "/")
	if len(parts) != 4 {
		t.Fatalf("our mark is %q", mark)
	}
	change := func(i int, to string) string {
		changed := append([]string(nil), parts...)
		changed[i] = to
		return strings.Join(changed, "/")
	}
	for mark, want := range map[string]life{
		mark:                  alive,
		change(3, "1"):        dead, // the number is ours, but we began later
		change(2, "4194303"):  dead, // nobody has that number (or it began at another time)
		change(2, "0"):        unknowable,
		change(2, "-1"):       unknowable,
		change(1, "1"):        unknowable, // another PID namespace
		change(0, "elsewhen"): unknowable, // another machine, or before a restart of this one
		"":                    unknowable,
		"rubbish":             unknowable,
	} {
		if got := lifeOf(mark); got != want {
			t.Errorf("%q: %d, want %d", mark, got, want)
		}
	}
}

func TestWhatIsAbandoned(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	d, err := NewDocker(Options{Instance: "me", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	labels := func(instance, server string, expires int64) map[string]string {
		return map[string]string{LabelManaged: "true", LabelInstance: instance, LabelServer: server, LabelExpires: fmt.Sprint(expires)}
	}
	gone := strings.Join(append(strings.Split(serverMark(), "/")[:3], "1"), "/")
	for _, test := range []struct {
		what   string
		labels map[string]string
		want   bool
	}{
		{"our own", labels("me", gone, 1), false},
		{"a dead server's, however young", labels("it", gone, 2_000_000), true},
		{"a living server's, however old", labels("it", serverMark(), 1), false},
		{"an unknowable server's, still in time", labels("it", "elsewhere", 1_000_001), false},
		{"an unknowable server's, out of time", labels("it", "elsewhere", 999_999), true},
		{"one that does not say", map[string]string{LabelManaged: "true", LabelInstance: "it"}, false},
		{"one made by hand from our image", map[string]string{LabelManaged: "true", LabelExpires: "1"}, false},
		{"one of another scope", map[string]string{LabelManaged: "true", LabelInstance: "it", LabelServer: gone, LabelScope: "x"}, false},
		{"somebody else's", map[string]string{}, false},
	} {
		if got := d.abandoned(test.labels); got != test.want {
			t.Errorf("%s: %v", test.what, got)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, bad := range []string{"A", "a b", "a/b", "a_b"} {
		if _, err := NewDocker(Options{Scope: bad}); err == nil {
			t.Errorf("the scope %q is taken", bad)
		}
	}
}

// Where no Docker engine listens, Podman's socket is found; Docker's own come first.
func TestSocketAddress(t *testing.T) {
	root, runtime := t.TempDir(), t.TempDir()
	if got := socketAddress(root, runtime); got != defaultAddress {
		t.Errorf("without any socket: %s, want the usual place, for the message that it is missing", got)
	}
	for _, path := range []string{root + "/run/podman/podman.sock", runtime + "/podman/podman.sock", runtime + "/docker.sock", root + "/var/run/docker.sock"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := socketAddress(root, runtime); got != "unix://"+path {
			t.Errorf("found %s, want %s", got, path)
		}
	}
}

func TestFindAddress(t *testing.T) {
	home := t.TempDir()
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			if name == "HOME" {
				return home
			}
			return ""
		}
	}
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(home, ".docker", path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	meta := func(name, text string) {
		sum := sha256.Sum256([]byte(name))
		write("contexts/meta/"+hex.EncodeToString(sum[:])+"/meta.json", text)
	}
	meta("colima", `{"Name":"colima","Endpoints":{"docker":{"Host":"unix:///colima.sock"}}}`)
	meta("damaged", `{`)
	meta("empty", `{}`)
	for _, test := range []struct {
		env        func(string) string
		want, says string
	}{
		{env(), defaultAddress, ""},
		{env("DOCKER_HOST", "tcp://127.0.0.1:2375", "DOCKER_CONTEXT", "colima"), "tcp://127.0.0.1:2375", ""},
		{env("DOCKER_CONTEXT", "colima"), "unix:///colima.sock", ""},
		{env("DOCKER_CONTEXT", "default"), defaultAddress, ""},
		{env("DOCKER_CONTEXT", "nobody"), "", "docker context ls"},
		{env("DOCKER_CONTEXT", "damaged"), "", "damaged"},
		{env("DOCKER_CONTEXT", "empty"), "", "names no engine"},
	} {
		got, err := FindAddress(test.env)
		if got != test.want || (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("got %q, %v; want %q, %q", got, err, test.want, test.says)
		}
	}
	write("config.json", `{"currentContext":"colima"}`)
	if got, err := FindAddress(env()); got != "unix:///colima.sock" || err != nil {
		t.Errorf("by config.json: %q, %v", got, err)
	}
	write("config.json", `rubbish`)
	if got, err := FindAddress(env()); got != defaultAddress || err != nil {
		t.Errorf("by a damaged config.json: %q, %v", got, err)
	}
}

func TestFits(t *testing.T) {
	d, err := NewDocker(Options{})
	if err != nil {
		t.Fatal(err)
	}
	made, err := d.makeImage()
	if err != nil {
		t.Fatal(err)
	}
	own := ""
	for machine, name := range map[string]string{"x86_64": "amd64", "aarch64": "arm64", "amd64": "amd64"} {
		if fits(made.image, engineInfo{os: "linux", architecture: machine}) == nil {
			own = name
		}
	}
	if own == "" {
		t.Error("it fits no machine")
	}
	for _, engine := range []engineInfo{{os: "windows", architecture: "x86_64"}, {os: "linux", architecture: "s390x"}} {
		if err := fits(made.image, engine); err == nil || !strings.Contains(err.Error(), "Linux") && !strings.Contains(err.Error(), "GOARCH=s390x") {
			t.Errorf("%+v: %v", engine, err)
		}
	}
}

func TestDisk(t *testing.T) {
	table := `22 1 254:1 / / rw - ext4 /dev/root rw
30 22 0:5 / /var rw - tmpfs tmpfs rw
31 30 8:3 / /var/lib/docker rw shared:1 - xfs /dev/sda3 rw
32 22 8:9 / /var/lib/dock\040er rw - xfs /dev/sda9 rw
`
	for folder, want := range map[string]string{
		"/srv": "254:1", "/var/lib": "0:5", "/var/lib/docker": "8:3", "/var/lib/docker/volumes": "8:3", "/var/lib/dockerish": "0:5", "/var/lib/dock er/x": "8:9",
	} {
		if got, err := deviceOf(strings.NewReader(table), folder); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %s", folder, got, err, want)
		}
	}
	if _, err := deviceOf(strings.NewReader("rubbish\n\n"), "/"); err == nil {
		t.Error("a table without mounts tells something")
	}
	sys := t.TempDir()
	for _, folder := range []string{"devices/sda/sda3", "devices/nvme!0", "dev/block"} {
		if err := os.MkdirAll(filepath.Join(sys, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile(filepath.Join(sys, "devices/sda/sda3/partition"), []byte("3\n"), 0o644)
	os.Symlink("../../devices/sda/sda3", filepath.Join(sys, "dev/block/8:3"))
	os.Symlink("../../devices/sda", filepath.Join(sys, "dev/block/8:0"))
	os.Symlink("../../devices/nvme!0", filepath.Join(sys, "dev/block/9:0"))
	for device, want := range map[string]string{"8:3": "/dev/sda", "8:0": "/dev/sda", "9:0": "/dev/nvme/0", "0:5": "", "7:7": ""} {
		if got, err := wholeDisk(sys, device); got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v; want %q", device, got, err, want)
		}
	}
	if disk, err := diskUnder("/"); err == nil && !strings.HasPrefix(disk, "/dev/") {
		t.Errorf("this machine's disk is %q", disk)
	}
}
