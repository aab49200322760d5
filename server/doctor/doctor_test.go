package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"porthole/server/wire"
)

// healthy writes the files of a host that lacks nothing which files can tell.
func healthy(t *testing.T) Kernel {
	t.Helper()
	tree := t.TempDir()
	k := Kernel{
		Proc: filepath.Join(tree, "proc"), Sys: filepath.Join(tree, "sys"), KernelLog: filepath.Join(tree, "kmsg"),
		Controllers: []string{"cpu", "cpuset", "io", "memory", "pids"},
	}
	for path, text := range map[string]string{
		"proc/pressure/cpu": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", "kmsg": "",
		"proc/2/stat": "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 20 0 0\n",
	} {
		path = filepath.Join(tree, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	links := filepath.Join(k.Proc, "2/ns")
	if err := os.Mkdir(links, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range wire.NamespaceTypes {
		if err := os.Symlink(name+":[4026531836]", filepath.Join(links, name)); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func host(mode wire.CgroupMode) wire.Host {
	return wire.Host{Kernel: "6.12", CPUs: 2, CgroupMode: mode}
}

// noEngine is an engine that says nothing.
type noEngine struct{}

func (noEngine) Doctor(context.Context) []wire.Check { return nil }

// examine returns the check of that name.
func examine(t *testing.T, k Kernel, h wire.Host, id string) wire.Check {
	t.Helper()
	for _, check := range Examine(t.Context(), k, h, noEngine{}).Checks {
		if check.ID == id {
			return check
		}
	}
	t.Fatalf("the doctor does not check %s", id)
	return wire.Check{}
}

func TestAHealthyHost(t *testing.T) {
	for _, check := range Examine(t.Context(), healthy(t), host(wire.CgroupV2), noEngine{}).Checks {
		if check.Status != wire.CheckOK && check.ID != "block-device" { // which asks the real host
			t.Errorf("%s is %s: %s", check.ID, check.Status, check.Means)
		}
	}
}

// What a host lacks is said, with what follows from it and what would mend it.
func TestWhatIsMissing(t *testing.T) {
	for name, test := range map[string]struct {
		harm   func(*Kernel, *wire.Host)
		check  string
		status wire.CheckStatus
		says   string // in Found or Means
	}{
		"no cgroup filesystem": {func(_ *Kernel, h *wire.Host) { h.CgroupMode = wire.CgroupUnknown }, "cgroup-mode", wire.CheckMissing, "No cgroup filesystem"},
		"cgroups unreadable": {func(k *Kernel, h *wire.Host) {
			h.CgroupMode, k.CgroupProblem = wire.CgroupUnknown, errors.New("the mount table is not there")
		}, "cgroup-mode", wire.CheckMissing, "the mount table is not there"},
		"two controllers missing": {func(k *Kernel, _ *wire.Host) { k.Controllers = []string{"cpu", "memory", "pids"} }, "cgroup-controllers", wire.CheckLimited, "cpuset, io"},
		"no controller at all":    {func(k *Kernel, _ *wire.Host) { k.Controllers = nil }, "cgroup-controllers", wire.CheckLimited, "none"},
		"pressure off":            {func(k *Kernel, _ *wire.Host) { os.Remove(filepath.Join(k.Proc, "pressure/cpu")) }, "pressure", wire.CheckLimited, "off"},
		// As with psi=0 on kernels that keep the file: it can be opened, and not read.
		"pressure not supported": {func(k *Kernel, _ *wire.Host) {
			os.Remove(filepath.Join(k.Proc, "pressure/cpu"))
			os.Mkdir(filepath.Join(k.Proc, "pressure/cpu"), 0o755)
		}, "pressure", wire.CheckLimited, "off"},
		"namespaces unreadable": {func(k *Kernel, _ *wire.Host) { os.RemoveAll(filepath.Join(k.Proc, "2")) }, "namespaces", wire.CheckLimited, "0 of 8"},
		"no proc":               {func(k *Kernel, _ *wire.Host) { os.RemoveAll(k.Proc) }, "namespaces", wire.CheckMissing, "unreadable"},
		"no kernel log":         {func(k *Kernel, _ *wire.Host) { os.Remove(k.KernelLog) }, "kernel-log", wire.CheckLimited, "not readable"},
		"one processor":         {func(_ *Kernel, h *wire.Host) { h.CPUs = 1 }, "processors", wire.CheckLimited, "always compete"},
	} {
		k, h := healthy(t), host(wire.CgroupV2)
		test.harm(&k, &h)
		check := examine(t, k, h, test.check)
		if check.Status != test.status || !strings.Contains(check.Found+" "+check.Means, test.says) || check.Means == "" {
			t.Errorf("%s: %+v, want %s and %q", name, check, test.status, test.says)
		}
	}
}

// What mends a missing controller under v2 would do nothing elsewhere.
func TestTheFixIsTheHosts(t *testing.T) {
	k := healthy(t)
	k.Controllers = nil
	for mode, want := range map[wire.CgroupMode]string{wire.CgroupV2: "subtree_control", wire.CgroupHybrid: "cgroups(7)", wire.CgroupUnknown: ""} {
		if fix := examine(t, k, host(mode), "cgroup-controllers").Fix; (fix == "") != (want == "") || !strings.Contains(fix, want) {
			t.Errorf("%s: %q, want %q", mode, fix, want)
		}
	}
}

// A lesson that needs what is missing is told why, and only then.
func TestLacks(t *testing.T) {
	whole, poor := healthy(t), healthy(t)
	poor.Controllers = []string{"blkio", "memory"} // v1's name for io
	poor.KernelLog = filepath.Join(t.TempDir(), "none")
	for _, need := range []string{"cgroup-cpu", "cgroup-io", "cgroup-memory", "namespaces", "kernel-log", "two-cpus"} {
		if lack := whole.Lacks(need, host(wire.CgroupV2)); lack != "" {
			t.Errorf("a healthy host lacks %s: %s", need, lack)
		}
	}
	for need, part := range map[string]string{"cgroup-cpu": "no cpu controller", "cgroup-io": "", "cgroup-memory": "", "kernel-log": "Kernel log", "nonsense": "does not know"} {
		if lack := poor.Lacks(need, host(wire.CgroupV1)); (part == "") != (lack == "") || !strings.Contains(lack, part) {
			t.Errorf("%s: %q, want %q", need, lack, part)
		}
	}
	poor.CgroupProblem = errors.New("nothing is mounted")
	if lack := poor.Lacks("cgroup-memory", host(wire.CgroupUnknown)); !strings.Contains(lack, "nothing is mounted") {
		t.Errorf("without cgroups: %q", lack)
	}
}
