package composetest

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The Dockerfile's base images come from a registry, and a test machine may
// have none. So its two ARGs are given an image made of this machine's own Go
// and Node, which are what the tests are run with anyway. The Dockerfile itself
// is the real one, and every line of it is carried out.

// standInRecipe rises when what goes into the image changes.
const standInRecipe = "1"

// passedOn are the settings of this machine that a build needs to reach its
// package registries: they are in the image's environment, for the Dockerfile
// must not know of them.
var passedOn = []string{
	"NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
}

// standIn returns the name of an image that can serve as both bases, and makes
// it where the engine does not have it yet. It is kept for the next time, so
// that the engine can reuse what was built upon it; make clean removes it.
func standIn(t *testing.T) string {
	t.Helper()
	environment := standInEnvironment(t)
	paths := standInPaths(t)
	hash := sha256.Sum256([]byte(strings.Join(slices.Concat(
		[]string{standInRecipe, output(t, "go", "version"), output(t, "node", "--version")}, environment, paths), "\n")))
	name := fmt.Sprintf("porthole-stand-in:%x", hash[:6])
	if exec.Command("docker", "image", "inspect", name).Run() == nil {
		return name
	}

	arguments := []string{"import"}
	for _, setting := range environment {
		arguments = append(arguments, "--change", "ENV "+setting)
	}
	arguments = append(arguments, "--change", "LABEL porthole.standin=true", "-", name)
	load := exec.Command("docker", arguments...)
	var said bytes.Buffer
	load.Stdout, load.Stderr = &said, &said
	stdin, err := load.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	packErr := pack(stdin, paths, goRoot(t))
	closeErr := stdin.Close()
	if err := errors.Join(packErr, closeErr, load.Wait()); err != nil {
		t.Fatalf("the stand-in for the base images could not be made: %v\n%s", err, said.String())
	}
	return name
}

// standInEnvironment is the image's environment, as NAME="VALUE".
func standInEnvironment(t *testing.T) []string {
	t.Helper()
	settings := []string{
		`PATH="` + filepath.Join(goRoot(t), "bin") + `:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"`,
		`HOME="/root"`,
		`GOTOOLCHAIN="local"`,
		`GOFLAGS="-buildvcs=false"`,
	}
	for _, name := range []string{"GOPROXY", "GOSUMDB"} {
		settings = append(settings, fmt.Sprintf("%s=%q", name, output(t, "go", "env", name)))
	}
	settings = append(settings, fmt.Sprintf("NPM_CONFIG_REGISTRY=%q", output(t, "npm", "config", "get", "registry")))
	if authorities := output(t, "npm", "config", "get", "cafile"); authorities != "null" && authorities != "" {
		settings = append(settings, fmt.Sprintf("NPM_CONFIG_CAFILE=%q", authorities))
	}
	for _, name := range passedOn {
		if value := os.Getenv(name); value != "" {
			settings = append(settings, fmt.Sprintf("%s=%q", name, value))
		}
	}
	return settings
}

// standInPaths are the files and folders to pack, sorted and whole: programs
// with the libraries that they load.
func standInPaths(t *testing.T) []string {
	t.Helper()
	paths := []string{goRoot(t), "/etc/ssl/certs/ca-certificates.crt"}
	npm := filepath.Dir(filepath.Dir(resolve(t, "npm"))) // of …/npm/bin/npm-cli.js
	paths = append(paths, npm)
	if strings.HasPrefix(npm, "/usr/share/nodejs/") {
		// Debian's own Node keeps npm's parts, and some of its own, in packages beside it.
		paths = append(paths, existing("/usr/share/nodejs", "/usr/share/node_modules", "/usr/lib/nodejs")...)
	}
	// A Dockerfile's RUN asks for /bin/sh, and a script's first line for /usr/bin/env.
	for _, program := range []string{"node", "npm", "/bin/sh", "/usr/bin/env", "mkdir", "cp", "rm"} {
		found, err := exec.LookPath(program)
		if err != nil {
			t.Fatalf("%s is needed in the stand-in for the base images: %v", program, err)
		}
		paths = append(paths, chain(t, found)...)
		paths = append(paths, libraries(resolve(t, program))...)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// existing leaves out what this machine does not have.
func existing(paths ...string) []string {
	return slices.DeleteFunc(paths, func(path string) bool {
		_, err := os.Stat(path)
		return err != nil
	})
}

func goRoot(t *testing.T) string {
	t.Helper()
	return output(t, "go", "env", "GOROOT")
}

// chain follows a program's links, and returns each path on the way.
func chain(t *testing.T, path string) []string {
	t.Helper()
	var paths []string
	for range 10 {
		paths = append(paths, path)
		target, err := os.Readlink(path)
		if err != nil {
			return paths
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	t.Fatalf("%s is a link without an end", path)
	return nil
}

func resolve(t *testing.T, program string) string {
	t.Helper()
	found, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := filepath.EvalSymlinks(found)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

var libraryPath = regexp.MustCompile(`(/\S+) \(0x`)

// libraries asks the loader what a program loads; none for a static one or a
// script.
func libraries(program string) []string {
	listed, err := exec.Command("ldd", program).Output()
	if err != nil {
		return nil
	}
	var paths []string
	for _, match := range libraryPath.FindAllStringSubmatch(string(listed), -1) {
		paths = append(paths, match[1])
	}
	return paths
}

// notPacked are parts of Go that no build reads.
var notPacked = []string{"test", "api", "doc", "misc"}

// pack writes the paths as a tar archive. A library is packed by its content,
// for /lib may be a link here.
func pack(w io.Writer, paths []string, goRoot string) error {
	archive := tar.NewWriter(w)
	packed := map[string]bool{} // npm's script lies within npm's folder
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || packed[name] {
				return err
			}
			packed[name] = true
			if entry.IsDir() && filepath.Dir(name) == goRoot && slices.Contains(notPacked, entry.Name()) {
				return filepath.SkipDir
			}
			return packOne(archive, name)
		})
		if err != nil {
			return err
		}
	}
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}); err != nil {
		return err
	}
	return archive.Close()
}

func packOne(archive *tar.Writer, name string) error {
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if target, err = os.Readlink(name); err != nil {
			return err
		}
		// A library's link leads to a file that is not in the list.
		if strings.Contains(filepath.Base(name), ".so") {
			if info, err = os.Stat(name); err != nil {
				return err
			}
		}
	}
	header, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	header.Name = strings.TrimPrefix(name, "/")
	header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
	if err := archive.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(archive, file)
	return err
}
