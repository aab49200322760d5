package cgroup

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"porthole/server/wire"
)

// seed adds the files of a name from every captured host.
func seed(f *testing.F, names ...string) {
	f.Helper()
	count := 0
	for _, name := range names {
		for _, depth := range []string{"*/*/*/*", "*/*/*/*/*", "*/*/*/*/*/*", "*/*/*/*/*/*/*"} {
			paths, err := filepath.Glob(filepath.Join("../testdata", depth, name))
			if err != nil {
				f.Fatal(err)
			}
			for _, path := range paths {
				if text, err := os.ReadFile(path); err == nil {
					f.Add(text)
					count++
				}
			}
		}
	}
	if count == 0 {
		f.Fatalf("no captured file is called %v", names)
	}
}

func FuzzParseNumber(f *testing.F) {
	seed(f, "memory.current", "pids.max", "cpuacct.usage")
	f.Fuzz(func(t *testing.T, text []byte) {
		got, present := parseNumber(text).Get()
		want, err := strconv.ParseUint(strings.TrimRight(string(text), "\n "), 10, 64)
		if present != (err == nil) && len(text) < 20 || present && got != want {
			t.Errorf("parseNumber(%q) = %v, %v; the library says %v, %v", text, got, present, want, err)
		}
	})
}

func FuzzParseKeyed(f *testing.F) {
	seed(f, "cpu.stat", "memory.stat", "memory.events", "memory.oom_control")
	keys := []string{"usage_usec", "nr_throttled", "anon", "oom_kill"}
	f.Fuzz(func(t *testing.T, text []byte) {
		values := make([]wire.Count, len(keys))
		parseKeyed(text, keys, values)
		for i, key := range keys {
			if _, present := values[i].Get(); present && !bytes.Contains(text, []byte(key)) {
				t.Errorf("a figure was found for %s, which is not in %q", key, text)
			}
		}
	})
}

func FuzzParsePressure(f *testing.F) {
	seed(f, "*.pressure")
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, present := parsePressure(text).Get(); present && !bytes.Contains(text, []byte("total=")) {
			t.Errorf("a total was found in %q", text)
		}
	})
}

func FuzzParseIO(f *testing.F) {
	seed(f, "io.stat", "blkio.throttle.io_service_bytes")
	f.Fuzz(func(t *testing.T, text []byte) {
		read, written := parseIOStat(text)
		if read.IsZero() != written.IsZero() {
			t.Errorf("only one of two sums was found in %q", text)
		}
		read, written, devices := parseServiceBytes(text)
		if read.IsZero() != written.IsZero() {
			t.Errorf("only one of two sums was found in %q", text)
		}
		if devices && !bytes.Contains(text, []byte(":")) {
			t.Errorf("a device was found in %q", text)
		}
	})
}

func FuzzParseIOMax(f *testing.F) {
	seed(f, "io.max", "blkio.throttle.write_bps_device")
	f.Fuzz(func(t *testing.T, text []byte) {
		written, read := parseIOMax(string(text))
		for _, value := range []*float64{written, read, parseBPS(string(text))} {
			if value != nil && *value < 0 {
				t.Errorf("a limit below 0 was found in %q", text)
			}
		}
	})
}

func FuzzParseMounts(f *testing.F) {
	for _, text := range mountTables {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, m := range parseMounts(text) {
			if m.point == "" || m.unified && len(m.controllers) > 0 {
				t.Errorf("%q gave %+v", text, m)
			}
		}
	})
}

func FuzzParseMembership(f *testing.F) {
	for _, host := range []string{"hybrid", "v1", "v2"} {
		paths, _ := filepath.Glob("../testdata/" + host + "/proc/*/cgroup")
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Add([]byte("0::/../other\n1:cpu,cpuacct:/a:b\n2:name=systemd:/x (deleted)\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, line := range parseMembership(text) {
			if !strings.HasPrefix(line.path, "/") {
				t.Errorf("%q gave the path %q", text, line.path)
			}
			// No path may lead out of the mount that it is looked for in.
			if below, ok := relative("/", line.path); ok && strings.HasPrefix(filepath.Join("/mount", below)+"/", "/mount/") == false {
				t.Errorf("the path %q leads out of its mount", line.path)
			}
		}
	})
}

func FuzzParsePIDs(f *testing.F) {
	seed(f, "cgroup.procs")
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, pid := range parsePIDs(text) {
			if pid <= 0 {
				t.Errorf("%q gave the process %d", text, pid)
			}
		}
	})
}
