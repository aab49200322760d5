// Bench measures what Porthole costs and prints each figure beside its goal:
// the price of a sample beside that of docker stats on the same containers,
// and the price of doing nothing. It needs root and a Docker engine. The
// browser's figures are measured by web/bench.
//
//	go run ./server/bench [-containers 20] [-seconds 10] [-json]
//	go run ./server/bench -many [-seconds 10]
//	go run ./server/bench -hall [-seconds 10] [-picture FILE]
//	go run ./server/bench -soak 30m
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"text/tabwriter"
	"time"
)

// figure is one measurement beside its goal.
type figure struct {
	Name string  `json:"name"`
	Got  float64 `json:"got"`
	Unit string  `json:"unit"`
	// Goal is the most that it may be; 0 where there is none.
	Goal float64 `json:"goal,omitempty"`
}

func main() {
	containers := flag.Int("containers", 20, "how many containers to sample")
	seconds := flag.Int("seconds", 10, "how long to measure each thing")
	profile := flag.String("cpuprofile", "", "write a processor profile of the pipeline to this file")
	hall := flag.Bool("hall", false, "measure a lecture hall of 1 to 2,000 viewers instead")
	picture := flag.String("picture", "", "with -hall: draw how the cost grows into this file, as SVG")
	many := flag.Bool("many", false, "measure how the cost grows with the number of containers, from 20 to 200, instead")
	soak := flag.Duration("soak", 0, "start, stop and kill at random for so long, and see whether all is back where it began")
	asJSON := flag.Bool("json", false, "print JSON")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	each := time.Duration(*seconds) * time.Second
	var figures []figure
	var err error
	if *soak > 0 {
		err = runSoak(ctx, *soak)
	} else if *many {
		figures, err = measureMany(ctx, []int{20, 50, 100, 200}, each)
	} else if *hall {
		figures, err = measureHall(ctx, []int{1, 10, 100, 500, 1000, 2000}, each, *picture)
	} else {
		figures, err = measure(ctx, *containers, each, *profile)
	}
	if err == nil {
		err = show(os.Stdout, figures, *asJSON)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func show(w io.Writer, figures []figure, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(figures)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range figures {
		goal := ""
		if f.Goal > 0 {
			goal = fmt.Sprintf("goal: at most %g", f.Goal)
			if f.Got > f.Goal {
				goal += "  MISSED"
			}
		}
		fmt.Fprintf(table, "%s\t%.4g %s\t%s\n", f.Name, f.Got, f.Unit, goal)
	}
	return table.Flush()
}
