package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The house has rooms, and each knows only its neighbours: control goes down
// (site, lab, engine), observation comes up (kernel, sampler, stream, site),
// and main alone knows everybody. These tables are that plan.

const (
	ours     = "porthole/"
	anything = "..." // as the last of a room's neighbours: no limit
)

// room is what one package, or with /... a family of packages, may import.
type room struct {
	ours []string // packages of this module
	// plain: nothing but the standard library and golang.org/x besides.
	plain bool
}

var house = map[string]room{
	"server":                  {ours: []string{anything}},
	"server/bench":            {ours: []string{anything}},
	"server/composetest":      {},                              // tests alone
	"server/programtest":      {ours: []string{"server/wire"}}, // for tests
	"server/rightstest":       {},                              // tests alone
	"server/faultstest":       {},                              // tests alone
	"server/wire":             {plain: true},
	"server/licences":         {plain: true},
	"server/licences/collect": {plain: true},
	"server/wire/typescript":  {plain: true},
	"server/workload":         {ours: []string{"server/wire"}, plain: true},
	"server/stream":           {ours: []string{"server/wire"}, plain: true},
	"server/kernel/...":       {ours: []string{"server/wire", "server/kernel/internal/..."}},
	"server/doctor":           {ours: []string{"server/wire", "server/kernel/..."}},
	"server/engine":           {ours: []string{"server/wire", "demos"}},
	"server/builtin":          {ours: []string{"server/wire", "demos"}},
	"server/sampler":          {ours: []string{"server/wire", "server/kernel/..."}},
	// Both ends of a sampler in a helper container; what it may not do itself
	// (containers, the engine's address) main hands it.
	"server/reader":    {ours: []string{"server/wire", "server/sampler", "server/doctor", "server/kernel/..."}},
	"server/lab":       {ours: []string{"server/wire", "demos"}},
	"server/recording": {ours: []string{"server/wire"}, plain: true},
	"server/room":      {ours: []string{"server/wire"}, plain: true},
	"server/site":      {ours: []string{"server/wire", "server/stream", "demos"}},
	"demos":            {ours: []string{"server/wire"}},
	"templates":        {ours: []string{"server/wire"}, plain: true},
	"static":           {ours: []string{"server/wire"}, plain: true},
}

// keepers are the only packages that may import a library, so that to swap it
// is to change one room. A path covers all that is below it.
var keepers = map[string][]string{
	"github.com/docker/docker":               {"server/engine"},
	"github.com/google/go-containerregistry": {"server/engine"},
	"github.com/opencontainers/cgroups":      {"server/builtin"},
	"github.com/vishvananda":                 {"server/builtin"},
	"github.com/moby":                        {"server/builtin"},
	"github.com/elastic/go-seccomp-bpf":      {"server/builtin"},
	"github.com/go-chi/chi":                  {"server/site"},
	"nhooyr.io/websocket":                    {"server/site", "server/programtest"}, // the server's side, and a viewer for tests
	"github.com/coder/websocket":             {"server/site"},
	"github.com/boombuler/barcode":           {"server/site"},
	"github.com/prometheus/procfs":           {"server/kernel/...", "server/bench"},
	"github.com/expr-lang/expr":              {"demos"},
	"github.com/goccy/go-yaml":               {"demos"},
}

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// TestHouse keeps the rules over the packages as they are. It looks at what
// each imports for the program; a test may bring any parts together.
func TestHouse(t *testing.T) {
	packages := listPackages(t)
	for _, problem := range problems(packages) {
		t.Error(problem)
	}
	for name := range house {
		if !slices.ContainsFunc(packages, func(p listed) bool { return covers(name, strings.TrimPrefix(p.ImportPath, ours)) }) {
			t.Errorf("the house has a rule for %s, but there is no such package: remove the rule", name)
		}
	}
}

// TestOfTheEngineOnlyItsClient keeps a promise of docs/security.md: the engine's
// module holds the daemon too, whose weak points are none of this program as
// long as nothing of the daemon is in it.
func TestOfTheEngineOnlyItsClient(t *testing.T) {
	seen := 0
	for _, p := range listPackages(t) {
		path, isEngines := strings.CutPrefix(p.ImportPath, "github.com/docker/docker/")
		if !isEngines {
			continue
		}
		seen++
		if first, _, _ := strings.Cut(path, "/"); first != "api" && first != "client" && path != "pkg/stdcopy" {
			t.Errorf("%s is built in, which is not the engine's client", p.ImportPath)
		}
	}
	if seen == 0 {
		t.Error("nothing of the engine's module is built in: the test looks at the wrong path")
	}
}

// listPackages asks go for all that this module is built from.
func listPackages(t *testing.T) []listed {
	t.Helper()
	command := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Standard", "./...")
	command.Dir = ".."
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list cannot tell what imports what: %v\n%s", err, stderr.String())
	}
	var packages []listed
	decoder := json.NewDecoder(strings.NewReader(string(output)))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("go list did not print JSON: %v", err)
		}
		packages = append(packages, p)
	}
}

// problems says in a sentence each what breaks the rules.
func problems(packages []listed) []string {
	standard := map[string]bool{}
	for _, p := range packages {
		standard[p.ImportPath] = p.Standard
	}
	var found []string
	for _, p := range packages {
		name, isOurs := strings.CutPrefix(p.ImportPath, ours)
		if !isOurs {
			continue
		}
		rule, known := roomOf(name)
		if !known {
			found = append(found, fmt.Sprintf("package %s has no rule: say in server/house_test.go what it may import", name))
			continue
		}
		for _, imported := range p.Imports {
			if says := forbids(name, rule, imported, standard[imported]); says != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", name, imported, says))
			}
		}
	}
	return found
}

// forbids says why a package may not import another; empty where it may.
func forbids(name string, rule room, imported string, standard bool) string {
	if neighbour, isOurs := strings.CutPrefix(imported, ours); isOurs {
		if slices.ContainsFunc(rule.ours, func(allowed string) bool { return covers(allowed, neighbour) }) {
			return ""
		}
		return fmt.Sprintf("of this module it may know only %q; declare a small interface where it is used, and let main pass the real thing", rule.ours)
	}
	if standard {
		return ""
	}
	for library, allowed := range keepers {
		if imported != library && !strings.HasPrefix(imported, library+"/") {
			continue
		}
		if !slices.ContainsFunc(allowed, func(keeper string) bool { return covers(keeper, name) }) {
			return fmt.Sprintf("only %q may, so that the library can be swapped in one place", allowed)
		}
	}
	if rule.plain && !strings.HasPrefix(imported, "golang.org/x/") {
		return "this package keeps to the standard library"
	}
	return ""
}

// roomOf finds a package's rule.
func roomOf(name string) (room, bool) {
	if rule, ok := house[name]; ok {
		return rule, true
	}
	for pattern, rule := range house {
		if covers(pattern, name) {
			return rule, true
		}
	}
	return room{}, false
}

// covers reports whether a pattern means a package: itself, or with /... all
// that is below it.
func covers(pattern, name string) bool {
	if pattern == anything {
		return true
	}
	parent, family := strings.CutSuffix(pattern, "/...")
	return pattern == name || family && strings.HasPrefix(name, parent+"/")
}

// TestHouseCatches makes sure that the rules can be broken: each forbidden
// import is found, and the one beside it that is allowed is not.
func TestHouseCatches(t *testing.T) {
	tests := map[string]struct {
		importer, imported string
		says               string // empty: allowed
	}{
		"main knows everybody":                   {"server", ours + "server/site", ""},
		"sampler reads the kernel":               {"server/sampler", ours + "server/kernel/cgroup", ""},
		"sampler does not know the engine":       {"server/sampler", ours + "server/engine", "may know only"},
		"the kernel readers know wire alone":     {"server/kernel/cgroup", ours + "server/kernel/namespace", "may know only"},
		"site does not reach into the lab":       {"server/site", ours + "server/lab", "may know only"},
		"wire knows nothing of ours":             {"server/wire", ours + "demos", "may know only"},
		"workload knows wire":                    {"server/workload", ours + "server/wire", ""},
		"workload does not know the demos":       {"server/workload", ours + "demos", "may know only"},
		"the engine speaks to Docker":            {"server/engine", "github.com/docker/docker/client", ""},
		"the lab does not":                       {"server/lab", "github.com/docker/docker/client", "only [\"server/engine\"] may"},
		"not even main does":                     {"server", "github.com/docker/docker/client", "only [\"server/engine\"] may"},
		"a like name is another library":         {"server/lab", "github.com/docker/dockerless", ""},
		"the stream has no transport in it":      {"server/stream", "nhooyr.io/websocket", "only [\"server/site\" \"server/programtest\"] may"},
		"procfs is for the kernel's readers":     {"server/kernel/process", "github.com/prometheus/procfs", ""},
		"procfs is not for the sampler":          {"server/sampler", "github.com/prometheus/procfs", "may, so that"},
		"a workload is the standard library's":   {"server/workload", "github.com/example/library", "keeps to the standard library"},
		"a new package needs a rule":             {"server/attic", "fmt", "has no rule"},
		"a test's helper is a package like any":  {"server/site/sitetest", "fmt", "has no rule"},
		"the standard library is for everybody":  {"server/wire", "encoding/json", ""},
		"another module's wire is not our wire":  {"server/workload", "example.org/porthole/server/wire", "standard library"},
		"a prefix of the name is not the family": {"server/kernels", "fmt", "has no rule"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			found := problems([]listed{
				{ImportPath: ours + test.importer, Imports: []string{test.imported}},
				{ImportPath: "fmt", Standard: true},
				{ImportPath: "encoding/json", Standard: true},
			})
			switch {
			case test.says == "" && len(found) > 0:
				t.Errorf("this is allowed, but: %q", found)
			case test.says != "" && (len(found) != 1 || !strings.Contains(found[0], test.says)):
				t.Errorf("%q is not said, but: %q", test.says, found)
			}
		})
	}
}
