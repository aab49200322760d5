// Collect writes the licences of all Go modules that a program is made of into
// one file: each text once, under the modules that it is for.
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	out := flag.String("out", "modules.txt", "the `file` to write")
	of := flag.String("of", "./server", "the program's `package`")
	check := flag.Bool("check", false, "write nothing, and fail when the file is not up to date")
	flag.Parse()
	text, err := collect(*of)
	if err == nil && *check {
		var old []byte
		if old, err = os.ReadFile(*out); err == nil && !bytes.Equal(old, text) {
			err = fmt.Errorf("%s is not what the modules say: run 'go generate ./server/licences'", *out)
		}
	} else if err == nil {
		err = os.WriteFile(*out, text, 0o644)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "collect: %v\n", err)
		os.Exit(1)
	}
}

// list prints the module of each package: name, version, folder.
const list = `{{with .Module}}{{if not .Main}}{{.Path}}	{{.Version}}	{{.Dir}}{{end}}{{end}}`

func collect(program string) ([]byte, error) {
	command := exec.Command("go", "list", "-deps", "-f", list, program)
	// As the image has it, on whatever machine this runs.
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("the modules cannot be listed: %w", err)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("the place of the standard library cannot be told: %w", err)
	}
	lines := slices.Compact(slices.Sorted(strings.Lines(string(output))))
	lines = append(lines, "Go's standard library\t\t"+strings.TrimSpace(string(root)))
	users := map[string][]string{} // by text
	for _, line := range lines {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 3 {
			continue // the standard library's packages have no module
		}
		text, err := licence(fields[2])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fields[0], err)
		}
		users[text] = append(users[text], strings.TrimSpace(fields[0]+" "+fields[1]))
	}
	type entry struct{ names, text string }
	var all []entry
	for text, names := range users {
		slices.Sort(names)
		all = append(all, entry{strings.Join(names, "\n"), text})
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.names, b.names) })
	var written bytes.Buffer
	for _, e := range all {
		fmt.Fprintf(&written, "%s\n\n%s\n\n---\n\n", e.names, e.text)
	}
	return written.Bytes(), nil
}

var licenceName = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice|patents)(\.(md|txt))?$`)

// licence is what a module's folder says at its top.
func licence(folder string) (string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !licenceName.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return "", err
		}
		texts = append(texts, strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
	}
	if len(texts) == 0 {
		return "", fmt.Errorf("there is no licence in %s", folder)
	}
	return strings.Join(texts, "\n\n"), nil
}
