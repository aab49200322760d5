package builtin

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"porthole/demos"
)

// A lesson's claims know the steps that are taken, and no others.
func TestStepsAreThoseOfClaims(t *testing.T) {
	var want, got []string
	for _, step := range Steps() {
		first, rest, _ := strings.Cut(step.Name, "-")
		for word := range strings.SplitSeq(rest, "-") {
			if word != "" {
				first += strings.ToUpper(word[:1]) + word[1:]
			}
		}
		want = append(want, first)
	}
	for field := range reflect.TypeFor[demos.StepsFacts]().Fields() {
		if field.Type == reflect.TypeFor[demos.StepFacts]() {
			got = append(got, field.Tag.Get("expr"))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("package demos has the steps %v, and these are taken: %v", got, want)
	}
}

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
