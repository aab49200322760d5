package workload_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"porthole/server/wire"
	"porthole/server/workload"
)

func counted(t *testing.T, what string, c wire.Count) uint64 {
	t.Helper()
	value, there := c.Get()
	if !there {
		t.Fatalf("%s is absent", what)
	}
	return value
}

func TestBurnSaysOnWhichProcessorsItRan(t *testing.T) {
	got := run(t, nil, "burn", "--work", "300", "--threads", "2").last(t, wire.ReportDone).Result
	if len(got.ProcessorsUsed) == 0 || uint64(len(got.ProcessorsUsed)) > counted(t, "processorsSeen", got.ProcessorsSeen) {
		t.Errorf("it ran on %v, and may use %v", got.ProcessorsUsed, got.ProcessorsSeen)
	}
}

func TestCopyAsTheChaptersDD(t *testing.T) {
	got := run(t, nil, "copy", "--from", "/dev/zero", "--to", "/dev/null", "--block", "1m", "--count", "20")
	if copied := counted(t, "copiedBytes", got.last(t, wire.ReportDone).Result.CopiedBytes); got.code != 0 || copied != 20<<20 {
		t.Errorf("%d bytes, exit %d", copied, got.code)
	}
	target := filepath.Join(t.TempDir(), "copy")
	if got := run(t, nil, "copy", "--to", target, "--block", "4k"); got.code != 0 {
		t.Errorf("to a file: %+v", got)
	}
	if _, err := os.Stat(target); err == nil {
		t.Error("the copy is still there")
	}
	for _, bad := range [][]string{{"--from", "/dev/sda"}, {"--to", "/proc/sysrq-trigger"}, {"--to", "/dev"}, {"--to", "relative"}, {"--block", "1g"}, {"--to", "/tmp/x", "--block", "64m", "--count", "100"}} {
		if err := workload.Check(append([]string{"copy"}, bad...)); err == nil {
			t.Errorf("copy %v was taken", bad)
		}
	}
}

func TestEditDeleteRead(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	got := run(t, nil, "edit", "--path", path, "--text", "hello", "--hold", "0")
	view := got.last(t, wire.ReportInside).View
	if text, err := os.ReadFile(path); err != nil || string(text) != "hello\n" || got.code != 0 {
		t.Fatalf("%q, %v, %+v", text, err, got)
	}
	if len(view.Files) != 1 || view.Files[0].Path != path || !*view.Files[0].Exists || len(view.Files[0].Digest) != 64 {
		t.Errorf("files %+v", view.Files)
	}
	edited := view.Files[0].Digest
	if got := run(t, nil, "read", "--path", path, "--hold", "0").last(t, wire.ReportDone).Result; !*got.Found || got.Digest != edited {
		t.Errorf("read says %+v", got)
	}
	view = run(t, nil, "delete", "--path", path, "--hold", "0").last(t, wire.ReportInside).View
	if *view.Files[0].Exists {
		t.Errorf("deleted, and yet %+v", view.Files)
	}
	if got := run(t, nil, "delete", "--path", path, "--hold", "0"); got.code != 1 {
		t.Errorf("deleting twice: %+v", got)
	}
	if got := run(t, nil, "read", "--path", path, "--hold", "0").last(t, wire.ReportDone).Result; *got.Found {
		t.Error("found what is not there")
	}
}

func TestInsideHasKernelMountsAndSegments(t *testing.T) {
	view := workload.View()
	var name syscall.Utsname
	if err := syscall.Uname(&name); err != nil {
		t.Fatal(err)
	}
	if view.Kernel == "" || !view.SegmentsKnown {
		t.Errorf("kernel %q, segments known %v", view.Kernel, view.SegmentsKnown)
	}
	root := 0
	for _, mount := range view.Mounts {
		if mount.Path == "/" && mount.Type != "" {
			root++
		}
	}
	if root == 0 || len(view.Mounts) > wire.MaxMounts {
		t.Errorf("%d mounts, of them %d at /", len(view.Mounts), root)
	}
}

func TestSharedMemoryIsFoundByItsKey(t *testing.T) {
	key := strconv.Itoa(900000 + os.Getpid())
	if got := run(t, nil, "find-memory", "--key", key, "--hold", "0").last(t, wire.ReportDone).Result; *got.Found {
		t.Fatal("found before it was made")
	}
	writer, stdout, _ := command(t, nil, "share-memory", "--key", key, "--bytes", "8k", "--hold", "1m")
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	end := func() {
		if !ended {
			ended = true
			_ = writer.Process.Signal(syscall.SIGTERM)
			_ = writer.Wait()
		}
	}
	defer end()
	var found wire.Report
	for deadline := time.Now().Add(20 * time.Second); ; {
		found = run(t, nil, "find-memory", "--key", key, "--hold", "0").last(t, wire.ReportDone)
		if *found.Result.Found || time.Now().After(deadline) {
			break
		}
	}
	if !*found.Result.Found || len(found.Result.Digest) != 64 {
		t.Fatalf("found %+v", found)
	}
	end()
	written := parse(t, stdout.Bytes())
	done := written[len(written)-1]
	// The finder may have come between shmget and the last byte.
	if done.Porthole != wire.ReportDone {
		t.Fatalf("the writer's last word: %+v", done)
	}
	if got := run(t, nil, "find-memory", "--key", key, "--hold", "0").last(t, wire.ReportDone).Result; *got.Found {
		t.Error("the segment outlived its writer")
	}
}

func TestUnshareUserGivesAMapOrTheKernelsReason(t *testing.T) {
	got := run(t, nil, "unshare-user", "--as", "7", "--hold", "0").last(t, wire.ReportDone).Result
	if got.Refused != "" {
		if got.Inner != nil || !strings.HasPrefix(got.Refused, "E") {
			t.Errorf("refused with %q, and yet %+v", got.Refused, got.Inner)
		}
		return
	}
	want := "7 " + strconv.Itoa(os.Geteuid()) + " 1"
	if got.Inner == nil || *got.Inner.UID != 7 || got.Inner.UIDMap != want {
		t.Errorf("inner %+v, want the map %q", got.Inner, want)
	}
	var own syscall.Stat_t
	if err := syscall.Stat("/proc/self/ns/user", &own); err == nil && counted(t, "userNamespace", got.Inner.UserNamespace) == own.Ino {
		t.Error("its user namespace is ours")
	}
	if err := workload.Check([]string{"inside-user"}); err == nil {
		t.Error("a lesson may ask for the hidden workload")
	}
}

func TestLoadMeasuresAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	listener.Close()
	server, _, _ := command(t, nil, "serve", "--port", port)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	got := run(t, nil, "load", "--target", "127.0.0.1:"+port, "--seconds", "500ms", "--rate", "100").last(t, wire.ReportDone).Result
	_ = server.Process.Signal(syscall.SIGTERM)
	_ = server.Wait()
	if counted(t, "requestsAnswered", got.RequestsAnswered) == 0 || counted(t, "requestsFailed", got.RequestsFailed) != 0 || counted(t, "latencyP99Usec", got.LatencyP99Usec) < counted(t, "latencyP50Usec", got.LatencyP50Usec) {
		t.Errorf("result %+v", got)
	}
	// Nobody there any more: that is a failure.
	if got := run(t, nil, "load", "--target", "127.0.0.1:"+port, "--seconds", "1", "--patience", "100ms"); got.code != 1 {
		t.Errorf("nobody answers, and yet %+v", got)
	}
}

func TestDirectWriteWhereThereIsNoDirectIO(t *testing.T) {
	folder, err := os.MkdirTemp("/proc/self/cwd", "direct")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	folder, _ = filepath.EvalSymlinks(folder)
	got := run(t, nil, "write-file", "--direct", "--sync", "--bytes", "4m", "--path", filepath.Join(folder, "x"), "--hold", "0")
	if got.code == 1 {
		if says := got.last(t, wire.ReportFailed).Says; !strings.Contains(says, "direct I/O") {
			t.Errorf("failed with %q", says)
		}
		return
	}
	result := got.last(t, wire.ReportDone).Result
	if counted(t, "writtenBytes", result.WrittenBytes) != 4<<20 || counted(t, "bytesPerSecond", result.BytesPerSecond) == 0 {
		t.Errorf("result %+v", result)
	}
	counted(t, "syncUsec", result.SyncUsec)
}
