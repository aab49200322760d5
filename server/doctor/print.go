package doctor

import (
	"fmt"
	"io"
	"text/tabwriter"

	"porthole/server/wire"
)

// marks differ in shape, so that the report reads without colour.
var marks = map[wire.CheckStatus]string{
	wire.CheckOK:      "ok",
	wire.CheckLimited: "limited",
	wire.CheckMissing: "MISSING",
}

// Print writes the report for people: a line for each check, and under it
// what follows from it and the one command that mends it.
func Print(w io.Writer, report wire.Doctor) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range report.Checks {
		fmt.Fprintf(table, "%s\t%s\t%s\n", marks[c.Status], c.Title, c.Found)
		if c.Means != "" {
			fmt.Fprintf(table, "\t\t%s\n", c.Means)
		}
		if c.Fix != "" {
			fmt.Fprintf(table, "\t\tto mend it: %s\n", c.Fix)
		}
	}
	return table.Flush()
}

// Worst returns the gravest status in the report; ok for an empty one.
func Worst(report wire.Doctor) wire.CheckStatus {
	worst := wire.CheckOK
	for _, c := range report.Checks {
		if c.Status == wire.CheckMissing {
			return c.Status
		}
		if c.Status == wire.CheckLimited {
			worst = c.Status
		}
	}
	return worst
}
