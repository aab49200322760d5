package builtin

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The page about this engine lists the steps that are taken, and no others.
func TestStepsAreThoseOfTheDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/builtin.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for _, step := range Steps() {
		fmt.Fprintf(&rows, "| %s | `%s` | %s |\n", step.Name, strings.ReplaceAll(step.Call, "|", `\|`), step.Says)
	}
	if !strings.Contains(string(page), rows.String()) {
		t.Errorf("docs/builtin.md should have these rows:\n%s", rows.String())
	}
}
