package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"porthole/server/recording"
	"porthole/server/wire"
)

// program builds the real one: what runs in containers is the program itself,
// which a test binary is not.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "porthole")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the program does not build: %v: %s", err, out)
	}
	return path
}

// TestRecordAndReplay records the architecture lesson on the real engine, and
// plays it on a server of its own.
func TestRecordAndReplay(t *testing.T) {
	binary := program(t)
	file := filepath.Join(t.TempDir(), "architecture.porthole")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, binary, "record", file).CombinedOutput(); err != nil {
		t.Fatalf("it could not be recorded: %v: %s", err, out)
	}
	if out, err := exec.CommandContext(ctx, binary, "record", file).CombinedOutput(); err == nil || !strings.Contains(string(out), "is there already") {
		t.Errorf("a recording was written over another: %v: %s", err, out)
	}

	saved, err := recording.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if saved.Cut || saved.LengthMs() < recordedAfter.Milliseconds() || len(saved.Chapters()) != 1 {
		t.Errorf("cut %v, %d ms, chapters %v", saved.Cut, saved.LengthMs(), saved.Chapters())
	}
	address := replayed(t, binary, file)

	var topology wire.Topology
	wound := get[wire.Replay](t, http.MethodPost, address+"/api/v1/replay", `{"paused":true,"positionMs":`+jsonOf(saved.LengthMs()/2)+`}`, http.StatusOK)
	if !wound.Paused || wound.PositionMs != saved.LengthMs()/2 {
		t.Errorf("it was wound to %+v", wound)
	}
	// The player tells the stream of it in its own time.
	for topology = get[wire.Topology](t, http.MethodGet, address+"/api/v1/topology", "", http.StatusOK); len(topology.Containers) != 3; {
		if ctx.Err() != nil {
			t.Fatalf("in the middle there are %d containers, want 3", len(topology.Containers))
		}
		topology = get[wire.Topology](t, http.MethodGet, address+"/api/v1/topology", "", http.StatusOK)
	}
	for _, one := range topology.Containers {
		for _, field := range recording.Fields(one) {
			path := address + "/api/v1/containers/" + one.Name + "/sources/" + field
			if source := get[wire.Provenance](t, http.MethodGet, path, "", http.StatusOK); source.Path == "" && source.Reason == "" {
				t.Errorf("%s of %s has neither its file nor a reason", field, one.Name)
			}
		}
		for _, namespace := range one.Namespaces {
			source := get[wire.Provenance](t, http.MethodGet, address+"/api/v1/containers/"+one.Name+"/sources/namespace."+string(namespace.Type), "", http.StatusOK)
			if !strings.Contains(source.Raw, jsonOf(namespace.Inode)) {
				t.Errorf("the link of %s of %s was %q, and the cell shows %d", namespace.Type, one.Name, source.Raw, namespace.Inode)
			}
		}
	}
	get[wire.Problem](t, http.MethodPost, address+"/api/v1/lessons/architecture/runs", "", http.StatusConflict)
	get[wire.Problem](t, http.MethodPost, address+"/api/v1/replay", `{"speed":99}`, http.StatusBadRequest)
	if doctor := get[wire.Doctor](t, http.MethodGet, address+"/api/v1/host", "", http.StatusOK); doctor.Checks[0].ID != "recording" {
		t.Errorf("the doctor begins with %+v", doctor.Checks[0])
	}
}

// replayed serves a recording, and ends it with the test.
func replayed(t *testing.T, binary, file string) string {
	t.Helper()
	server := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--engine", "replay:"+file)
	var stderr bytes.Buffer
	server.Stderr = &stderr
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Signal(syscall.SIGTERM)
		if err := server.Wait(); err != nil {
			t.Errorf("it ended with %v: %s", err, stderr.String())
		}
	})
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("it says nothing: %v", err)
	}
	go io.Copy(io.Discard, lines) // until its end, which the clean-up waits for
	return strings.TrimSuffix(regexp.MustCompile(`http://\S+`).FindString(line), "/")
}

func get[T any](t *testing.T, method, url, body string, status int) T {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	var answer T
	if err := json.Unmarshal(text, &answer); err != nil || response.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d: %v: %.200s", method, url, response.StatusCode, status, err, text)
	}
	return answer
}

func jsonOf(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}
