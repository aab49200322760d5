package engine

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// program is an executable and what it needs to run by itself in an otherwise
// empty root.
type program struct {
	architecture string // as Go names it
	files        []file
}

// inspectProgram finds what the executable at path needs. A static one, as the
// Dockerfile and `make run` build it, needs nothing. `go run` may link
// dynamically (cgo): then its loader and libraries go along, at their own
// paths. See ld.so(8) for where they are looked for.
func inspectProgram(path string) (program, error) {
	binary, err := elf.Open(path)
	if err != nil {
		return program{}, fmt.Errorf("it is no Linux executable that can be read (%w)", err)
	}
	defer binary.Close()
	p := program{architecture: machineName(binary.Machine)}
	p.files = append(p.files, file{path: "porthole", mode: 0o755, from: path})
	loader := interpreter(binary)
	if loader == "" {
		return p, nil
	}
	found := map[string]bool{loader: true}
	if err := libraries(path, binary, found); err != nil {
		return program{}, err
	}
	// In a fixed order, and each folder before what is in it.
	folders := map[string]bool{}
	for library := range found {
		for folder := filepath.Dir(library); folder != "/"; folder = filepath.Dir(folder) {
			folders[strings.TrimPrefix(folder, "/")+"/"] = true
		}
	}
	for _, folder := range sortedKeys(folders) {
		p.files = append(p.files, file{path: folder, mode: 0o755})
	}
	for _, library := range sortedKeys(found) {
		p.files = append(p.files, file{path: strings.TrimPrefix(library, "/"), mode: 0o755, from: library})
	}
	return p, nil
}

func machineName(machine elf.Machine) string {
	switch machine {
	case elf.EM_X86_64:
		return "amd64"
	case elf.EM_AARCH64:
		return "arm64"
	case elf.EM_ARM:
		return "arm"
	case elf.EM_386:
		return "386"
	}
	return strings.ToLower(strings.TrimPrefix(machine.String(), "EM_"))
}

// interpreter is the loader that the kernel starts for a dynamic executable.
func interpreter(binary *elf.File) string {
	for _, segment := range binary.Progs {
		if segment.Type == elf.PT_INTERP && segment.Filesz < 4096 {
			data := make([]byte, segment.Filesz)
			if _, err := segment.ReadAt(data, 0); err == nil {
				return strings.TrimRight(string(data), "\x00")
			}
		}
	}
	return ""
}

// libraries adds to found what the binary needs, and what that needs in turn.
func libraries(path string, binary *elf.File, found map[string]bool) error {
	needed, err := binary.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("its list of libraries cannot be read (%w)", err)
	}
	for _, name := range needed {
		library := findLibrary(path, binary, name)
		if library == "" {
			return fmt.Errorf("it needs the library %s, which is in none of the usual folders; build it with CGO_ENABLED=0", name)
		}
		if found[library] {
			continue
		}
		if len(found) > 100 {
			return errors.New("it needs more than 100 libraries; build it with CGO_ENABLED=0")
		}
		found[library] = true
		next, err := elf.Open(library)
		if err != nil {
			return fmt.Errorf("its library %s cannot be read (%w)", library, err)
		}
		err = libraries(library, next, found)
		next.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func findLibrary(path string, binary *elf.File, name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	var folders []string
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		values, _ := binary.DynString(tag)
		for _, value := range values {
			for _, folder := range strings.Split(value, ":") {
				if resolved, err := filepath.EvalSymlinks(path); err == nil {
					folder = strings.NewReplacer("$ORIGIN", filepath.Dir(resolved), "${ORIGIN}", filepath.Dir(resolved)).Replace(folder)
				}
				folders = append(folders, folder)
			}
		}
	}
	triplet := map[elf.Machine]string{elf.EM_X86_64: "x86_64-linux-gnu", elf.EM_AARCH64: "aarch64-linux-gnu", elf.EM_ARM: "arm-linux-gnueabihf", elf.EM_386: "i386-linux-gnu"}[binary.Machine]
	if triplet != "" {
		folders = append(folders, "/lib/"+triplet, "/usr/lib/"+triplet)
	}
	folders = append(folders, "/lib64", "/usr/lib64", "/lib", "/usr/lib")
	for _, folder := range folders {
		candidate := filepath.Join(folder, name)
		other, err := elf.Open(candidate)
		if err != nil {
			continue
		}
		same := other.Machine == binary.Machine && other.Class == binary.Class
		other.Close()
		if same {
			return candidate
		}
	}
	return ""
}

func openRegular(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}
