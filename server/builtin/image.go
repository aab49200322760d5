package builtin

import (
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"

	"porthole/demos"
	"porthole/server/wire"
)

// image is the one image that there is: our own program.
type image struct {
	said  wire.Image
	lower []string // the layers' folders, the lowest first
}

// EnsureImage writes the image's layers into our folder where they are not
// there yet, and returns its name.
func (e *Engine) EnsureImage(context.Context) (string, error) {
	if err := e.begin(); err != nil {
		return "", err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.image != nil {
		return e.image.said.Name, nil
	}
	program := e.options.Executable
	if program == "" {
		program = "/proc/self/exe" // also where the file was replaced meanwhile
	}
	if err := standsAlone(program); err != nil {
		return "", fail(ErrImage, err, "the workload image cannot be made from %s: %s", program, err)
	}
	made := &image{}
	all := sha256.New()
	for _, layer := range []struct {
		name, createdBy string
		write           func(folder string, sum hash.Hash) (uint64, error)
	}{
		{"1-base", "users, groups and /tmp", texts(demos.BaseFiles())},
		{"2-program", "the program /porthole, as it runs this server", func(folder string, sum hash.Hash) (uint64, error) { return copyProgram(program, folder, sum) }},
		{"3-lessons", "files for the lessons on file systems in /srv", texts(demos.LessonFiles())},
	} {
		folder := e.folder("layers", layer.name)
		sum := sha256.New()
		size, err := layer.write(folder, sum)
		if err != nil {
			return "", fail(ErrImage, err, "the workload image cannot be written into %s: %s", e.folder(), err)
		}
		digest := hex.EncodeToString(sum.Sum(nil))
		fmt.Fprintln(all, digest)
		made.lower = append(made.lower, folder)
		made.said.Bytes += size
		made.said.Layers = append(made.said.Layers, wire.ImageLayer{Digest: "sha256:" + digest, Bytes: size, CreatedBy: "porthole: " + layer.createdBy})
	}
	// The mount points of every container are in a layer of their own, so that
	// the writable one begins empty; its name is as Docker has it.
	points := e.folder("layers", "mounts-init", "diff")
	for _, name := range []string{"dev", "proc", "sys", "etc"} {
		if err := os.MkdirAll(filepath.Join(points, name), 0o755); err != nil {
			return "", fail(ErrImage, err, "the workload image cannot be written into %s: %s", e.folder(), err)
		}
	}
	for _, name := range []string{"etc/hostname", "etc/hosts", "etc/resolv.conf"} {
		if err := os.WriteFile(filepath.Join(points, name), nil, 0o644); err != nil {
			return "", fail(ErrImage, err, "the workload image cannot be written into %s: %s", e.folder(), err)
		}
	}
	made.lower = append(made.lower, points)
	made.said.ID = "sha256:" + hex.EncodeToString(all.Sum(nil))
	made.said.Name = "porthole-workload:" + strings.TrimPrefix(made.said.ID, "sha256:")[:12]
	e.image = made
	return made.said.Name, nil
}

// Images are the image, once it is made.
func (e *Engine) Images() []wire.Image {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.image == nil {
		return nil
	}
	return []wire.Image{e.image.said}
}

// texts writes small files. The sum is over names, modes and contents.
func texts(files []demos.ImageFile) func(string, hash.Hash) (uint64, error) {
	return func(folder string, sum hash.Hash) (size uint64, err error) {
		for _, f := range files {
			path := filepath.Join(folder, f.Path)
			if strings.HasSuffix(f.Path, "/") {
				err = os.MkdirAll(path, 0o755)
			} else {
				err = os.WriteFile(path, []byte(f.Text), 0o644)
			}
			if err != nil {
				return 0, err
			}
			mode := os.FileMode(f.Mode & 0o777)
			if f.Mode&0o1000 != 0 {
				mode |= os.ModeSticky
			}
			if err := os.Chmod(path, mode); err != nil { // whatever the umask is
				return 0, err
			}
			fmt.Fprintf(sum, "%s %o %d\n%s", f.Path, f.Mode, len(f.Text), f.Text)
			size += uint64(len(f.Text))
		}
		return size, nil
	}
}

func copyProgram(from, folder string, sum hash.Hash) (uint64, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return 0, err
	}
	source, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer source.Close()
	target, err := os.OpenFile(filepath.Join(folder, "porthole"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return 0, err
	}
	size, err := io.Copy(io.MultiWriter(target, sum), source)
	if closed := target.Close(); err == nil {
		err = closed
	}
	return uint64(size), err
}

// standsAlone tells whether a program needs no other files.
func standsAlone(path string) error {
	binary, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("it is no Linux executable that can be read (%w)", err)
	}
	defer binary.Close()
	for _, segment := range binary.Progs {
		if segment.Type == elf.PT_INTERP {
			return fmt.Errorf("it needs libraries of this machine; build it with CGO_ENABLED=0, as 'make build' does")
		}
	}
	return nil
}
