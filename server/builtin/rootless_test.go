package builtin_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"porthole/server/programtest"
	"porthole/server/wire"
)

// stranger is a user who has nothing and is nobody, with a folder of his own.
type stranger struct {
	t        *testing.T
	uid, gid int
	home     string
	// enter is a shell command that is run as root before the program.
	enter string
}

// newStranger is a user whom this machine does not know. At the test's end
// nothing of his may be there.
func newStranger(t *testing.T) *stranger {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("these tests are for root, who can become a user without rights")
	}
	uid := 61000 + os.Getpid()%1000
	return strangerAs(t, uid, uid)
}

func strangerAs(t *testing.T, uid, gid int) *stranger {
	t.Helper()
	s := &stranger{t: t, uid: uid, gid: gid, enter: ":"}
	var err error
	if s.home, err = os.MkdirTemp("", "porthole-stranger-"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(s.home, uid, gid); err != nil {
		t.Fatal(err)
	}
	before := networkCards()
	t.Cleanup(func() {
		until(t, "the last of the user's processes to end", func() bool { return len(s.processes()) == 0 })
		if left, _ := os.ReadDir(s.state()); len(left) > 0 {
			t.Errorf("left in his folder: %v", left)
		}
		if mounts, _ := os.ReadFile("/proc/self/mountinfo"); strings.Contains(string(mounts), s.home) {
			t.Errorf("a mount is left:\n%s", mounts)
		}
		if cards := networkCards(); !slices.Equal(before, cards) {
			t.Errorf("the host had the network cards %v, and has %v", before, cards)
		}
		os.RemoveAll(s.home)
	})
	return s
}

// state is the folder that the engine keeps its things in.
func (s *stranger) state() string { return filepath.Join(s.home, ".local/state/porthole") }

// networkCards are those of this program's engine in the host's network namespace.
func networkCards() []string {
	found, _ := filepath.Glob("/sys/class/net/ph*")
	more, _ := filepath.Glob("/sys/class/net/porthole*")
	return append(found, more...)
}

// as makes the user run a command.
func (s *stranger) as(command *exec.Cmd) *exec.Cmd {
	path, err := exec.LookPath("setpriv")
	if err != nil {
		s.t.Fatalf("setpriv (util-linux) takes the rights away: %v", err)
	}
	words := append([]string{"sh", "-c", s.enter + ` && exec "$@"`, "sh", path, "--reuid", strconv.Itoa(s.uid), "--regid", strconv.Itoa(s.gid), "--clear-groups"}, command.Args...)
	command.Path, command.Args = "/bin/sh", words
	command.Env = []string{"PATH=" + os.Getenv("PATH") + ":/usr/bin:/usr/sbin", "HOME=" + s.home}
	return command
}

func (s *stranger) program(arguments ...string) *exec.Cmd {
	return s.as(exec.Command(programtest.Program, arguments...))
}

// processes are those of the user, and of users that are set aside for him; those
// that have ended and are not reaped yet among them.
func (s *stranger) processes() (pids []int) {
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		text, _ := os.ReadFile(folder + "/status")
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			if len(words) < 2 || words[0] != "Uid:" {
				continue
			}
			if uid, _ := strconv.Atoi(words[1]); uid == s.uid || uid >= firstAside && uid < firstAside+65536 {
				pid, _ := strconv.Atoi(filepath.Base(folder))
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// outcome is what verify --json says of a lesson.
type outcome struct {
	Lesson      string       `json:"lesson"`
	Claims      []wire.Claim `json:"claims"`
	Unavailable string       `json:"unavailable"`
	Problem     string       `json:"problem"`
}

// verify runs lessons; none may surprise.
func (s *stranger) verify(slugs ...string) map[string]outcome {
	s.t.Helper()
	arguments := []string{"verify", "--engine", "builtin", "--json"}
	for _, slug := range slugs {
		arguments = append(arguments, "--lesson", slug)
	}
	command := s.program(arguments...)
	var problems strings.Builder
	command.Stderr = &problems
	output, err := command.Output()
	var report struct {
		Host      wire.Host `json:"host"`
		Lessons   []outcome `json:"lessons"`
		Surprises int       `json:"surprises"`
	}
	if json.Unmarshal(output, &report) != nil {
		s.t.Fatalf("verify: %v\n%s%s", err, problems.String(), output)
	}
	for _, each := range report.Lessons {
		for _, claim := range each.Claims {
			if claim.Verdict == wire.Holds && claim.Expected == wire.Fails || claim.Verdict == wire.Fails && claim.Expected == wire.Holds {
				s.t.Errorf("%s: %s: %s, %s %s", each.Lesson, claim.ID, claim.Verdict, claim.Measured, claim.Reason)
			}
		}
	}
	if err != nil || report.Surprises > 0 {
		s.t.Errorf("verify: %v, %d surprises\n%s", err, report.Surprises, problems.String())
	}
	if !slices.Contains(report.Host.Engine.SecurityOptions, "name=rootless") {
		s.t.Errorf("the engine does not say that it is rootless: %+v", report.Host.Engine)
	}
	all := map[string]outcome{}
	for _, each := range report.Lessons {
		all[each.Lesson] = each
	}
	return all
}

// allHold checks that every claim of a lesson holds, but for some.
func (o outcome) allHold(t *testing.T, butFor ...string) {
	t.Helper()
	if o.Unavailable != "" || o.Problem != "" || len(o.Claims) == 0 {
		t.Errorf("%s: %s%s", o.Lesson, o.Unavailable, o.Problem)
		return
	}
	for _, claim := range o.Claims {
		if claim.Verdict != wire.Holds && !slices.Contains(butFor, claim.ID) {
			t.Errorf("%s: %s: %s %s%s", o.Lesson, claim.ID, claim.Verdict, claim.Reason, claim.Measured)
		}
	}
}

// TestRootless runs lessons as a user with no rights at all.
func TestRootless(t *testing.T) {
	s := newStranger(t)
	all := s.verify("namespace-ids", "pid-namespace", "net-namespace", "ipc-namespace", "mnt-namespace", "copy-on-write", "verify-isolation", "container-from-scratch", "user-namespace", "memory-limit")
	for _, slug := range []string{"namespace-ids", "pid-namespace", "net-namespace", "ipc-namespace", "mnt-namespace", "copy-on-write", "verify-isolation"} {
		all[slug].allHold(t)
	}
	// How quick it is says more of the machine than of us.
	all["container-from-scratch"].allHold(t, "limits-first", "quick")
	for _, claim := range all["container-from-scratch"].Claims {
		if claim.ID == "limits-first" && (claim.Verdict != wire.Unknown || !strings.Contains(claim.Reason, "no control group")) {
			t.Errorf("limits that nobody set: %s, %s", claim.Verdict, claim.Reason)
		}
	}
	if why := all["memory-limit"].Unavailable; !strings.Contains(why, "given no control group") {
		t.Errorf("a lesson on limits is unavailable because %q", why)
	}
	if why := all["user-namespace"].Unavailable; !strings.Contains(why, "/etc/subuid") {
		t.Errorf("a lesson with another user than root is unavailable because %q", why)
	}
	said, err := s.program("doctor", "--engine", "builtin").CombinedOutput()
	if err != nil || !strings.Contains(string(said), "without root") || !strings.Contains(string(said), fmt.Sprintf("0 is %d (1)", s.uid)) {
		t.Errorf("the doctor: %v\n%s", err, said)
	}
}

// delegate gives the user control groups, in which his programs start.
func (s *stranger) delegate() {
	s.t.Helper()
	trees, _ := filepath.Glob("/sys/fs/cgroup/*/cgroup.procs")
	if onlyV2() {
		trees = []string{"/sys/fs/cgroup/cgroup.procs"}
		// Where they are on already, that is well.
		os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte("+cpu +cpuset +io +memory +pids"), 0)
	}
	var groups []string
	for _, tree := range trees {
		group := filepath.Join(filepath.Dir(tree), filepath.Base(s.home))
		if err := os.Mkdir(group, 0o755); err != nil {
			s.t.Fatal(err)
		}
		groups = append(groups, group)
		for _, name := range []string{"cpuset.cpus", "cpuset.mems"} { // cgroup v1 leaves them empty
			if text, err := os.ReadFile(filepath.Join(filepath.Dir(tree), name)); err == nil && !onlyV2() {
				os.WriteFile(filepath.Join(group, name), text, 0)
			}
		}
		for _, name := range []string{"", "cgroup.procs", "tasks", "cgroup.subtree_control", "cgroup.threads"} {
			if err := os.Chown(filepath.Join(group, name), s.uid, s.gid); err != nil && !os.IsNotExist(err) {
				s.t.Fatal(err)
			}
		}
		s.enter += fmt.Sprintf(" && echo $$ >%s/cgroup.procs", group)
	}
	s.t.Cleanup(func() {
		until(s.t, "the last of the user's processes to end", func() bool { return len(s.processes()) == 0 })
		for _, group := range groups {
			if left, _ := filepath.Glob(group + "/*/"); len(left) > 0 {
				s.t.Errorf("control groups are left: %v", left)
			}
			var err error
			until(s.t, group+" to be empty", func() bool { err = os.Remove(group); return err == nil })
		}
	})
}

// TestRootlessWithControlGroups runs lessons on limits.
func TestRootlessWithControlGroups(t *testing.T) {
	s := newStranger(t)
	s.delegate()
	all := s.verify("container-from-scratch", "process-limit", "memory-limit")
	all["container-from-scratch"].allHold(t, "quick")
	all["process-limit"].allHold(t)
	all["memory-limit"].allHold(t, "file-writer-killed") // which is expected to fail
}

// TestRootlessServer stops one, and kills others with kill -9, inside and outside of
// their user namespace: everything ends with them, and the next one sweeps.
func TestRootlessServer(t *testing.T) {
	s := newStranger(t)
	s.delegate()
	folder := programtest.Lesson(t, "rootless", 5*time.Minute)
	begin := func() *programtest.Server {
		t.Helper()
		server := programtest.Start(t, s.as(programtest.Command("--engine", "builtin", "--demos", folder)), nil)
		server.Topology("the engine", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineUp })
		server.StartLesson("rootless")
		seen := server.Topology("two containers whose namespaces are known", func(topology wire.Topology) bool { return programtest.BothRun(topology, "rootless") })
		for _, c := range seen.Containers {
			for _, n := range c.Namespaces {
				link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", c.PID, n.Type))
				if want := fmt.Sprintf("%s:[%d]", n.Type, n.Inode); err != nil || link != want {
					t.Errorf("%s: the page has %s, and root's readlink prints %s (%v)", c.Name, want, link, err)
				}
			}
			if c.Outside == nil || c.Outside.UID == nil || *c.Outside.UID != s.uid {
				t.Errorf("%s runs as user %d of the host, and the page says %+v", c.Name, s.uid, c.Outside)
			}
		}
		return server
	}
	begin().Stop(os.Interrupt) // and its exit code is 0
	begin().Stop(syscall.SIGTERM)
	for _, which := range []string{"outside", "inside"} {
		server := begin()
		if which == "outside" {
			server.Stop(syscall.SIGKILL)
		} else {
			pids := s.processes()
			slices.Sort(pids)
			for _, pid := range pids { // the one with the containers as its children
				if children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)); len(strings.Fields(string(children))) == 1 {
					inside, _ := strconv.Atoi(strings.TrimSpace(string(children)))
					syscall.Kill(inside, syscall.SIGKILL)
					break
				}
			}
			server.Stop(syscall.SIGCONT) // it ends by itself
		}
		until(t, "all to die with the server", func() bool { return len(s.processes()) == 0 })
		said, err := s.program("clean", "--engine", "builtin").CombinedOutput()
		if err != nil || !strings.Contains(string(said), "removed 2 containers") {
			t.Errorf("killed %s, clean: %v\n%s", which, err, said)
		}
	}
}

// firstAside is the first of the users that the test sets aside.
const firstAside = 1_700_000_000

// TestRootlessWithOtherUsers gives the user others, as /etc/subuid has them.
func TestRootlessWithOtherUsers(t *testing.T) {
	for _, program := range []string{"newuidmap", "newgidmap"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("this test needs %s: install uidmap (%v)", program, err)
		}
	}
	const nobody = 65534 // newuidmap serves nobody else whom /etc/passwd does not have
	for _, path := range []string{"/etc/subuid", "/etc/subgid"} {
		was, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("this test adds a line to %s for as long as it runs: %v", path, err)
		}
		t.Cleanup(func() { os.WriteFile(path, was, 0o644) })
		if err := os.WriteFile(path, fmt.Appendf(slices.Clone(was), "nobody:%d:65536\n", firstAside), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := strangerAs(t, nobody, nobody)
	s.verify("user-namespace")["user-namespace"].allHold(t)
	said, err := s.program("doctor", "--engine", "builtin").CombinedOutput()
	if want := fmt.Sprintf("0 is %d (1), 1 is %d (65536)", nobody, firstAside); err != nil || !strings.Contains(string(said), want) {
		t.Errorf("the doctor: %v\n%s", err, said)
	}
}

// withoutDocker is the program's command where nothing points to Docker.
func (s *stranger) withoutDocker() *exec.Cmd {
	s.t.Helper()
	mount, err := exec.LookPath("mount")
	if err != nil {
		s.t.Fatal(err)
	}
	s.enter += " && " + mount + " --make-rprivate / && " + mount + " -t tmpfs none /run" // where a socket would be
	command := s.as(programtest.Command())
	command.Env[0] = "PATH=/nonexistent"
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	return command
}

// TestRootlessByItself: where nothing points to Docker, --engine auto takes it.
func TestRootlessByItself(t *testing.T) {
	s := newStranger(t)
	s.delegate()
	server := programtest.Start(t, s.withoutDocker(), nil)
	seen := server.Topology("an engine that is up", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineUp })
	if seen.Host.Engine.Name != "builtin" || !slices.Contains(seen.Host.Engine.SecurityOptions, "name=rootless") {
		t.Errorf("the engine is %+v", seen.Host.Engine)
	}
}

// TestRootlessWithoutLimitsIsAsked: without control groups --engine auto shows the
// recording, which has the whole of the drawing.
func TestRootlessWithoutLimitsIsAsked(t *testing.T) {
	server := programtest.Start(t, newStranger(t).withoutDocker(), nil)
	seen := server.Topology("a host", func(t wire.Topology) bool { return t.Host.Hostname != "" })
	if slices.Contains(seen.Host.Engine.SecurityOptions, "name=rootless") {
		t.Errorf("it is live: %+v", seen.Host.Engine)
	}
}

// TestRootlessRefusals: the doctor names what the host does not allow, and how to
// mend it.
func TestRootlessRefusals(t *testing.T) {
	t.Run("no user namespaces", func(t *testing.T) {
		s := newStranger(t)
		// The ceiling is a user namespace's own: in one of ours it is lowered.
		s.enter = "echo 0 >/proc/sys/user/max_user_namespaces"
		command := s.program("doctor", "--engine", "builtin")
		command.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:                 syscall.CLONE_NEWUSER,
			UidMappings:                []syscall.SysProcIDMap{{Size: 1 << 31}},
			GidMappings:                []syscall.SysProcIDMap{{Size: 1 << 31}},
			GidMappingsEnableSetgroups: true,
		}
		said, _ := command.CombinedOutput()
		if code := command.ProcessState.ExitCode(); code != 3 || !strings.Contains(string(said), "user.max_user_namespaces is 0") || !strings.Contains(string(said), "sudo sysctl -w user.max_user_namespaces=") {
			t.Errorf("it ends with %d and says:\n%s", code, said)
		}
	})
	t.Run("no folder", func(t *testing.T) {
		s := newStranger(t)
		os.Chown(s.home, 0, 0)
		command := s.program("doctor", "--engine", "builtin")
		said, _ := command.CombinedOutput()
		if code := command.ProcessState.ExitCode(); code != 3 || !strings.Contains(string(said), "XDG_STATE_HOME=") {
			t.Errorf("it ends with %d and says:\n%s", code, said)
		}
	})
}
