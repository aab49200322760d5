//go:build linux

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"porthole/server/wire"
)

// words are the verdicts as a teacher reads them.
var words = map[wire.Verdict]string{
	wire.Pending: "not judged",
	wire.Holds:   "holds",
	wire.Fails:   "DOES NOT HOLD",
	wire.Unknown: "cannot tell here",
}

// surprising reports whether a verdict is not what this kernel is expected to
// give: a claim that fails and should hold, or one that was never judged.
func surprising(c wire.Claim) bool {
	return c.Verdict == wire.Pending || c.Verdict == wire.Fails && c.Expected != wire.Fails
}

// inShort is an outcome in a few words, for the line of progress.
func (o *verifyOutcome) inShort() string {
	if why := cmp.Or(o.Problem, o.Unavailable); why != "" {
		return why
	}
	held, surprises := 0, 0
	for _, c := range o.Claims {
		if c.Verdict == wire.Holds {
			held++
		}
		if surprising(c) {
			surprises++
		}
	}
	short := fmt.Sprintf("%d of %d claims hold, %.0f s", held, len(o.Claims), o.Seconds)
	if surprises > 0 {
		short += fmt.Sprintf(", %d not as expected", surprises)
	}
	return short
}

func (r *verifyReport) count() {
	for _, lesson := range r.Lessons {
		if lesson.Problem != "" {
			r.Surprises++
		}
		for _, c := range lesson.Claims {
			switch c.Verdict {
			case wire.Holds:
				r.Held++
			case wire.Fails:
				r.Failed++
			case wire.Unknown:
				r.Unknown++
			}
			if surprising(c) {
				r.Surprises++
			}
		}
	}
}

// write is the report for a program, or for a teacher.
func (r *verifyReport) write(w io.Writer, asJSON bool) error {
	if !asJSON {
		return r.print(w)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// print writes the table that a teacher reads before the workshop.
func (r *verifyReport) print(w io.Writer) error {
	fmt.Fprintf(w, "%s %s, kernel %s, cgroup %s\n", r.Host.Engine.Name, r.Host.Engine.Version, r.Host.Kernel, r.Host.CgroupMode)
	for _, lesson := range r.Lessons {
		fmt.Fprintf(w, "\n%s: %s (%.1f s)\n", lesson.Lesson, lesson.Title, lesson.Seconds)
		if why := cmp.Or(lesson.Problem, lesson.Unavailable); why != "" {
			fmt.Fprintf(w, "  %s\n", why)
		}
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, c := range lesson.Claims {
			figure := c.Measured
			if c.Verdict == wire.Unknown || figure == "" {
				figure = c.Reason
			}
			note := ""
			if c.Verdict == wire.Fails && c.Expected == wire.Fails {
				note = " (as expected here)"
			}
			fmt.Fprintf(table, "  %s%s\t%s\t%s\n", words[c.Verdict], note, strings.TrimSpace(c.Says), figure)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%d hold, %d do not hold, %d cannot be told here; %d differ from what this kernel is expected to do.\n",
		r.Held, r.Failed, r.Unknown, r.Surprises)
	return err
}
