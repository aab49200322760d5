// Command typescript writes the browser's types (web/src/wire.ts) from the Go
// types of package wire, so that there is one schema and not two.
//
//	go run ./typescript -out ../../web/src/wire.ts          # write
//	go run ./typescript -out ../../web/src/wire.ts -check   # is it up to date?
//
// It knows just the Go that package wire uses. Anything else is an error that
// names the file and line, never a guess.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process around it. It returns the exit code: 0 for
// written or up to date, 1 for stale or impossible, 2 for a bad flag.
func run(arguments []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("typescript", flag.ContinueOnError)
	flags.SetOutput(stderr)
	source := flags.String("in", ".", "the folder of the Go package to read")
	target := flags.String("out", "", "the TypeScript file to write (standard output without it)")
	check := flags.Bool("check", false, "write nothing; exit 1 when the file is not what would be written")
	if err := flags.Parse(arguments); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "typescript: unknown argument %q: this command takes only flags\n", flags.Arg(0))
		return 2
	}
	if *check && *target == "" {
		fmt.Fprintln(stderr, "typescript: -check needs -out FILE, the file to look at")
		return 2
	}

	schema, err := load(*source)
	if err != nil {
		fmt.Fprintf(stderr, "typescript: %v\n", err)
		return 1
	}
	text := schema.render()

	switch {
	case *target == "":
		_, err = stdout.Write(text)
	case *check:
		err = upToDate(*target, text)
	default:
		err = os.WriteFile(*target, text, 0o644)
	}
	if err != nil {
		fmt.Fprintf(stderr, "typescript: %v\n", err)
		return 1
	}
	return 0
}

// upToDate returns an error that says what to do when the file does not hold
// the text.
func upToDate(file string, text []byte) error {
	have, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing; run: go generate ./server/wire", file)
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(have, text) {
		return fmt.Errorf("%s is stale: the Go types in server/wire have changed since it was written; run: go generate ./server/wire", file)
	}
	return nil
}
