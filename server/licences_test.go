package main

import (
	"strings"
	"testing"
)

// Of each kind of thing that is shipped, one that is known to be.
func TestLicencesOfAllThatIsShipped(t *testing.T) {
	var stdout, stderr strings.Builder
	if code := run(t.Context(), []string{"licenses"}, func(string) string { return "" }, &stdout, &stderr); code != exitOK {
		t.Fatalf("it ends with %d: %s", code, &stderr)
	}
	for _, name := range []string{"Go's standard library", "github.com/go-chi/chi/v5 v", "\nlit\n", "@fontsource-variable/inter\n"} {
		if !strings.Contains(stdout.String(), name) {
			t.Errorf("there is no licence of %q", name)
		}
	}
}
