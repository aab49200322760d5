package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"porthole/server/wire"
)

// ErrUnknownField: nothing of that name is read from a process' files.
var ErrUnknownField = errors.New("nothing that is read from a process' files has that name")

// rawLimit bounds the raw text of a provenance, in bytes.
const rawLimit = 64 << 10

// sourceFile is where one field of wire.View or wire.Security stands.
type sourceFile struct {
	file, key, unit, means, document string
}

// sourceFiles are the fields that [FS.Source] explains.
var sourceFiles = map[string]sourceFile{
	"pid":          {"status", "NSpid:", "process numbers", "The first process' number in each pid namespace from ours inwards: the last is the one that it sees itself.", "proc_pid_status(5), pid_namespaces(7)"},
	"uid":          {"status", "Uid:", "user numbers", "The first process' real, effective, saved and filesystem user, as the host numbers them.", "proc_pid_status(5)"},
	"capEff":       {"status", "CapEff:", "hexadecimal bit set", "The capabilities that the first process may use now, a bit for each.", "capabilities(7)"},
	"noNewPrivs":   {"status", "NoNewPrivs:", "0 or 1", "1 where no program that the process starts can gain rights.", "PR_SET_NO_NEW_PRIVS(2const)"},
	"seccomp":      {"status", "Seccomp:", "0 off, 1 strict, 2 filter", "Whether the process' system calls pass a filter.", "seccomp(2)"},
	"uidMap":       {"uid_map", "", "first user inside, first user outside, how many", "Which user of the host each user inside is.", "user_namespaces(7)"},
	"readOnlyRoot": {"mountinfo", "", "mount table", "Whether the mount at / has the option ro.", "proc_pid_mountinfo(5)"},
	"appArmor":     {"attr/apparmor/current", "", "profile (mode)", "The AppArmor profile that confines the process.", "apparmor(7)"},
}

// Source says where a field of a process comes from (pid, uid, capEff,
// noNewPrivs, seccomp, uidMap, readOnlyRoot, appArmor), and reads the file anew.
// Where it cannot be read, Raw is absent and Reason says why. The error is
// ErrUnknownField for another name. Container stays empty.
func (fs FS) Source(pid int, field string) (wire.Provenance, error) {
	name := field
	if name == "capabilities" {
		name = "capEff"
	}
	source, ok := sourceFiles[name]
	if !ok {
		return wire.Provenance{}, fmt.Errorf("%.60q: %w", field, ErrUnknownField)
	}
	if name == "appArmor" {
		source.file = fs.appArmorFile(pid)
	}
	path := fs.path(pid, source.file)
	provenance := wire.Provenance{
		Field: field, Path: path, Command: "cat " + path, Unit: source.unit,
		Means: source.means, Document: source.document, ReadAt: time.Now().UnixMilli(),
	}
	if name == "uid" || name == "uidMap" {
		provenance.Means += fs.translated()
	}
	raw, err := readBounded(path)
	if err != nil {
		provenance.Reason = plain(err).Error()
		if name == "appArmor" && fs.alive(pid) {
			provenance.Reason = "this kernel has no AppArmor, or it is off"
		}
		return provenance, nil
	}
	provenance.Raw = string(raw)
	provenance.Highlight = highlight(raw, field, source.key)
	return provenance, nil
}

// alive reports whether there is a process of that number.
func (fs FS) alive(pid int) bool {
	_, err := os.Stat(fs.path(pid, ""))
	return err == nil
}

// highlight finds a field's line; "" where it is the whole file.
func highlight(raw []byte, field, key string) string {
	found := ""
	for line := range bytes.Lines(raw) {
		text := strings.TrimSuffix(string(line), "\n")
		if key != "" && strings.HasPrefix(text, key) {
			return text
		}
		if words := strings.Fields(text); field == "readOnlyRoot" && len(words) > 4 && words[4] == "/" {
			// The last one covers those before.
			found = text
		}
	}
	return found
}

// readBounded reads at most rawLimit bytes of a file.
func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, rawLimit))
}
