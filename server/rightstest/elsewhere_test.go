package rightstest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"porthole/server/programtest"
	"porthole/server/wire"
)

// An engine at an address on the network, with TLS: lessons run, and a helper
// reads its kernel over the same connection.
func TestOverTLS(t *testing.T) {
	docker(t)
	address, certificates := tlsFront(t)
	folder, slug := lessonFolder(t)
	run := func(certificates string, arguments ...string) (string, string, int) {
		command := exec.CommandContext(t.Context(), programtest.Program, arguments...)
		command.Env = []string{"PATH=" + os.Getenv("PATH"), "DOCKER_HOST=" + address, "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + certificates}
		var stderr strings.Builder
		command.Stderr = &stderr
		output, _ := command.Output()
		return string(output), stderr.String(), command.ProcessState.ExitCode()
	}
	// As if it were another machine: --reader container goes the whole way.
	output, stderr, code := run(certificates, "verify", "--json", "--reader", "container", "--demos", folder, "--lesson", slug)
	held(t, output, stderr, code)

	// Somebody whom the engine does not know.
	_, strangers := tlsFront(t)
	output, stderr, code = run(strangers, "doctor")
	if said := output + stderr; code != 3 || !strings.Contains(said, "do not trust each other") || !strings.Contains(said, "DOCKER_CERT_PATH") {
		t.Errorf("with certificates of another authority, doctor ends with %d and says:\n%s%s", code, output, stderr)
	}
}

// held checks what verify --json prints of the one claim, read through a helper.
func held(t *testing.T, output, stderr string, code int) {
	t.Helper()
	var report struct {
		Host wire.Host `json:"host"`
		Held int       `json:"held"`
	}
	if err := json.Unmarshal([]byte(output), &report); err != nil || code != 0 {
		t.Fatalf("verify ends with %d: %v\n%s%s", code, err, output, stderr)
	}
	if report.Held != 1 || report.Host.Reader.Mode != wire.ReaderContainer || report.Host.Kernel == "" {
		t.Errorf("%d claims hold, on %+v\n%s", report.Held, report.Host, stderr)
	}
}

// An engine that is reached over ssh, as the docker command does it.
func TestOverSSH(t *testing.T) {
	docker(t)
	daemon := "/usr/sbin/sshd"
	if _, err := os.Stat(daemon); err != nil {
		t.Fatalf("this test needs an ssh server: install openssh-server, as .ci/setup does (%v)", err)
	}
	place := t.TempDir()
	file := func(name string) string { return filepath.Join(place, name) }
	for _, key := range []string{"host", "student"} {
		if output, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file(key)).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v\n%s", err, output)
		}
	}
	public, err := os.ReadFile(file("student.pub"))
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(file(name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("authorized", string(public), 0o600)
	write("sshd_config", fmt.Sprintf("Port %d\nListenAddress 127.0.0.1\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nMaxStartups 50\n",
		port, file("host"), file("authorized")), 0o600)
	write("ssh_config", fmt.Sprintf("Host engine\n  HostName 127.0.0.1\n  Port %d\n  User root\n  IdentityFile %s\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n  BatchMode yes\n", port, file("student")), 0o600)
	// The user's own configuration stays out of it.
	write("ssh", "#!/bin/sh\nexec /usr/bin/ssh -F "+file("ssh_config")+" \"$@\"\n", 0o755)
	_ = os.MkdirAll("/run/sshd", 0o755) // where privileges are separated
	sshd := exec.Command(daemon, "-D", "-e", "-f", file("sshd_config"))
	log := &programtest.Log{}
	sshd.Stderr = log
	if err := sshd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sshd.Process.Kill()
		sshd.Wait()
		if t.Failed() {
			t.Logf("the ssh server's log:\n%s", log)
		}
	})
	awaitPort(t, port)

	folder, slug := lessonFolder(t)
	command := exec.CommandContext(t.Context(), programtest.Program, "verify", "--json", "--reader", "container", "--demos", folder, "--lesson", slug)
	command.Env = []string{"PATH=" + place + ":" + os.Getenv("PATH"), "DOCKER_HOST=ssh://engine"}
	var stderr strings.Builder
	command.Stderr = &stderr
	output, _ := command.Output()
	held(t, string(output), stderr.String(), command.ProcessState.ExitCode())

	// Nobody there: said in a sentence.
	command = exec.CommandContext(t.Context(), programtest.Program, "doctor")
	command.Env = []string{"PATH=" + place + ":" + os.Getenv("PATH"), "DOCKER_HOST=ssh://nobody@127.0.0.1:1"}
	output, _ = command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 3 || !strings.Contains(string(output), "cannot be reached over ssh://") {
		t.Errorf("doctor ends with %d and says:\n%s", code, output)
	}
}

// awaitPort waits until somebody listens at a port of this machine: each try
// ends when the kernel has answered.
func awaitPort(t *testing.T, port int) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			connection.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody listens at port %d: %v", port, err)
		}
	}
}

// An engine of another machine: what it says of itself is not ours, so that no
// PID of its is looked up here.
func TestAnotherMachine(t *testing.T) {
	docker(t)
	f := newFront(t, func(r *http.Request) int { return 0 }, func(r *http.Response) error {
		if strings.HasSuffix(r.Request.URL.Path, "/info") {
			return editJSON(r, func(info map[string]any) { info["KernelVersion"] = "6.6.6-linuxkit" })
		}
		return nil
	})
	s := serve(t, func(c *exec.Cmd) { c.Env = append(c.Env, "DOCKER_HOST="+f.address) })
	topology := s.Topology("that a helper reads", func(t wire.Topology) bool { return t.Host.Reader.Container != "" })
	if !strings.Contains(topology.Host.Reader.Says, "another machine") {
		t.Errorf("it says %q", topology.Host.Reader.Says)
	}
}

// The engine is upgraded while the server runs: the page's facts change, and the
// version of the API is negotiated anew.
func TestUpgradedEngine(t *testing.T) {
	docker(t)
	const newVersion, newAPI = "99.1.2", "1.44"
	upgraded := make(chan struct{})
	isUpgraded := func() bool {
		select {
		case <-upgraded:
			return true
		default:
			return false
		}
	}
	prefix := regexp.MustCompile(`^/v[0-9.]+/`)
	var real atomic.Value // string, the API version that the real engine speaks
	f := newFront(t, func(r *http.Request) int {
		if isUpgraded() {
			// It speaks for an engine that knows more than the one behind it.
			r.URL.Path = prefix.ReplaceAllString(r.URL.Path, "/v"+real.Load().(string)+"/")
		}
		return 0
	}, func(r *http.Response) error {
		if version := r.Header.Get("Api-Version"); version != "" && !isUpgraded() {
			real.Store(version)
		}
		if !isUpgraded() {
			return nil
		}
		if r.Header.Get("Api-Version") != "" {
			r.Header.Set("Api-Version", newAPI)
		}
		if strings.HasSuffix(r.Request.URL.Path, "/version") {
			return editJSON(r, func(version map[string]any) {
				version["Version"], version["ApiVersion"] = newVersion, newAPI
			})
		}
		return nil
	})
	s := serve(t, func(c *exec.Cmd) { c.Env = append(c.Env, "DOCKER_HOST="+f.address) })
	before := s.Topology("the engine", func(t wire.Topology) bool { return t.Host.Engine.State == wire.EngineUp }).Host.Engine
	if before.Version == newVersion || before.APIVersion == newAPI {
		t.Fatalf("this test needs an engine that is older than %s: %+v", newAPI, before)
	}
	close(upgraded)
	f.cut()
	after := s.Topology("the new engine", func(t wire.Topology) bool { return t.Host.Engine.Version == newVersion }).Host.Engine
	if after.APIVersion != newAPI || after.State != wire.EngineUp {
		t.Errorf("after the upgrade it is %+v", after)
	}
	var report wire.Doctor
	s.Get("/api/v1/host", &report)
	if i := slices.IndexFunc(report.Checks, func(c wire.Check) bool { return c.ID == "engine-api" }); i < 0 || report.Checks[i].Found != newAPI {
		t.Errorf("the doctor says %+v", report.Checks)
	}
}
