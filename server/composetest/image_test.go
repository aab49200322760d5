package composetest

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mostBytes is what the final image may weigh.
const mostBytes = 25_000_000

// checkImage: the image is small, holds the one program and nothing else, and
// that program is static.
func checkImage(t *testing.T, image string) {
	t.Helper()
	size, err := strconv.ParseInt(output(t, "docker", "image", "inspect", "--format", "{{.Size}}", image), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the image weighs %.1f MB", float64(size)/1e6)
	if size >= mostBytes {
		t.Errorf("the image weighs %d bytes, and not less than %d", size, mostBytes)
	}
	if architecture := output(t, "docker", "image", "inspect", "--format", "{{.Architecture}}", image); architecture != runtime.GOARCH {
		t.Errorf("the image is for %s, and this machine is %s", architecture, runtime.GOARCH)
	}
	files := filesOf(t, image)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	if difference := cmp.Diff([]string{"porthole"}, names); difference != "" {
		t.Fatalf("the image does not hold the one program alone (- want, + got):\n%s", difference)
	}
	checkProgram(t, files["porthole"], map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH])
}

// checkProgram: a static program for one kind of processor.
func checkProgram(t *testing.T, content []byte, machine elf.Machine) {
	t.Helper()
	program, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("the program is not one of Linux: %v", err)
	}
	if program.Machine != machine {
		t.Errorf("the program is for %s, and not %s", program.Machine, machine)
	}
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP {
			t.Error("the program asks for a loader, which an empty image does not have: build it with CGO_ENABLED=0")
		}
	}
}

// filesOf unpacks an image's layers: what its files hold, by their path.
func filesOf(t *testing.T, image string) map[string][]byte {
	t.Helper()
	saved := filepath.Join(t.TempDir(), "image.tar")
	output(t, "docker", "image", "save", "--output", saved, image)
	parts := untar(t, readFile(t, saved))
	var manifest []struct{ Layers []string }
	if err := json.Unmarshal(parts["manifest.json"], &manifest); err != nil || len(manifest) != 1 {
		t.Fatalf("the saved image has no manifest of one image: %v: %s", err, parts["manifest.json"])
	}
	files := map[string][]byte{}
	for _, layer := range manifest[0].Layers {
		for name, content := range untar(t, parts[layer]) {
			files[name] = content
		}
	}
	return files
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// untar reads an archive, compressed or not, without its folders.
func untar(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	var source io.Reader = bufio.NewReader(bytes.NewReader(archive))
	if bytes.HasPrefix(archive, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(source)
		if err != nil {
			t.Fatal(err)
		}
		source = unzipped
	}
	files := map[string][]byte{}
	reader := tar.NewReader(source)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatalf("an archive of the image cannot be read: %v", err)
		}
		if header.Typeflag == tar.TypeDir {
			continue
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = content
	}
}

// TestServerForArm64 compiles what the Dockerfile compiles where an image for
// arm64 is asked for, for this machine may not be one.
func TestServerForArm64(t *testing.T) {
	program := filepath.Join(t.TempDir(), "porthole")
	compile := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "..")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	if said, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("the server does not compile for arm64: %v\n%s", err, said)
	}
	content := readFile(t, program)
	checkProgram(t, content, elf.EM_AARCH64)
	t.Logf("the program for arm64 weighs %.1f MB", float64(len(content))/1e6)
	if len(content) >= mostBytes {
		t.Errorf("the program for arm64 weighs %d bytes, and not less than %d", len(content), mostBytes)
	}
}
