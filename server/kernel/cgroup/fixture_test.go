package cgroup

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"porthole/server/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fixtures are the trees taken from real hosts, see ../testdata/README.md.
var fixtures = []struct {
	host string
	mode wire.CgroupMode
}{
	{"hybrid", wire.CgroupHybrid},
	{"v1", wire.CgroupV1},
	{"v1-comounted", wire.CgroupV1},
	{"v2", wire.CgroupV2},
}

// openFixture opens a container of a captured host.
func openFixture(t testing.TB, host, name string) (FS, *Reader) {
	t.Helper()
	tree := filepath.Join("..", "testdata", host)
	fs, err := NewFS(filepath.Join(tree, "proc"), filepath.Join(tree, "sys/fs/cgroup"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(tree, name+".pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := fs.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
	})
	return fs, reader
}

// golden is all that is read of one container.
type golden struct {
	Counters wire.Counters
	Limits   wire.Limits
	// Reasons are those of absent counters.
	Reasons map[string]string
	// Highlights are the parts of the files that hold each counter or limit.
	Highlights map[string]string
	Units      map[string]string
	PIDs       []int
}

func TestFixtures(t *testing.T) {
	for _, fixture := range fixtures {
		for _, name := range []string{"plain", "limited"} {
			t.Run(fixture.host+"/"+name, func(t *testing.T) {
				fs, reader := openFixture(t, fixture.host, name)
				if fs.Mode() != fixture.mode {
					t.Errorf("mode is %q, want %q", fs.Mode(), fixture.mode)
				}
				got := golden{Reasons: map[string]string{}, Highlights: map[string]string{}, Units: map[string]string{}}
				if err := reader.Read(&got.Counters); err != nil {
					t.Fatal(err)
				}
				got.Limits = reader.Limits()
				for _, field := range allNames() {
					source, err := reader.Source(field)
					if err != nil {
						t.Fatal(err)
					}
					checkSource(t, source)
					got.Highlights[field] = source.Highlight
					got.Units[field] = source.Unit
					if reason := reader.Reason(field); reason != "" {
						got.Reasons[field] = reason
					}
				}
				var err error
				if got.PIDs, err = reader.PIDs(); err != nil {
					t.Fatal(err)
				}
				compareGolden(t, filepath.Join("testdata", fixture.host+"-"+name+".json"), got)
			})
		}
	}
}

// allNames are the names of all counters and limits.
func allNames() []string {
	var names []string
	for _, named := range fieldNames {
		names = append(names, named.name)
	}
	for _, spec := range limitSpecs {
		names = append(names, spec.source)
	}
	return names
}

// checkSource checks what every provenance must have.
func checkSource(t *testing.T, source wire.Provenance) {
	t.Helper()
	if source.Means == "" || source.Unit == "" || source.ReadAt == 0 {
		t.Errorf("%s: meaning, unit or time is missing: %+v", source.Field, source)
	}
	if source.Document == "" {
		t.Errorf("%s: no document is named", source.Field)
	}
	if source.Reason != "" {
		return
	}
	raw, err := os.ReadFile(source.Path)
	if err != nil {
		t.Errorf("%s: %v", source.Field, err)
	}
	if string(raw) != source.Raw {
		t.Errorf("%s: raw text %q is not the file's, %q", source.Field, source.Raw, raw)
	}
	if !strings.Contains(source.Raw, source.Highlight) {
		t.Errorf("%s: the file has no part %q", source.Field, source.Highlight)
	}
	if !strings.Contains(source.Command, source.Path) {
		t.Errorf("%s: the command %q does not name the file %s", source.Field, source.Command, source.Path)
	}
}

func compareGolden(t *testing.T, path string, got any) {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(got); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(string(want), text.String()); difference != "" {
		t.Errorf("read differs from %s (-want +got):\n%s", path, difference)
	}
}

// Every name in the message must be explained, and nothing else.
func TestFieldNamesAreThoseOfTheMessage(t *testing.T) {
	values := [fieldCount]wire.Count{}
	for i := range values {
		values[i] = wire.Counted(uint64(i))
	}
	text, err := json.Marshal(counters(&values))
	if err != nil {
		t.Fatal(err)
	}
	var message map[string]uint64
	if err := json.Unmarshal(text, &message); err != nil {
		t.Fatal(err)
	}
	if len(message) != int(fieldCount) {
		t.Errorf("the message has %d counters, and %d are read", len(message), fieldCount)
	}
	for i, named := range fieldNames {
		if got, ok := message[named.name]; !ok || got != uint64(i) {
			t.Errorf("the message's %q is %d (%v), want %d", named.name, got, ok, i)
		}
	}
}

// Every counter must come from exactly one file of each version.
func TestEveryFieldHasOneSource(t *testing.T) {
	for version, sources := range map[string][]source{"v1": sourcesV1, "v2": sourcesV2} {
		seen := make([]int, fieldCount)
		for _, source := range sources {
			for _, figure := range source.figures {
				seen[figure.field]++
			}
		}
		for i, count := range seen {
			want := 1
			if field(i) == memoryWorkingSetBytes {
				want = 0 // derived
			}
			if count != want {
				t.Errorf("%s: %s comes from %d files, want %d", version, fieldNames[i].name, count, want)
			}
		}
	}
}

func TestUnknownField(t *testing.T) {
	_, reader := openFixture(t, "v2", "plain")
	for _, name := range []string{"", "cpuMAX", "cgroup.procs", "../../etc/passwd"} {
		if _, err := reader.Source(name); err == nil || !strings.Contains(err.Error(), ErrUnknownField.Error()) {
			t.Errorf("Source(%q): %v, want %v", name, err, ErrUnknownField)
		}
	}
}

func TestControllers(t *testing.T) {
	for _, host := range []string{"hybrid", "v1", "v2"} {
		fs, _ := openFixture(t, host, "plain")
		for _, want := range []string{"cpu", "memory", "pids"} {
			if !slices.Contains(fs.Controllers(), want) {
				t.Errorf("%s: controllers are %v, without %s", host, fs.Controllers(), want)
			}
		}
	}
}
