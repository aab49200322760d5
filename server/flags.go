package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"porthole/server/wire"
)

const usage = `Porthole: a window into how Docker works.

Usage:
  porthole [serve] [flags]       the dashboard, on http://localhost:8080
  porthole verify [flags]        run lessons without a browser, print each claim's verdict
  porthole doctor [--json]       what this machine can and cannot show, and how to mend it
  porthole record FILE [flags]   run a lesson and save all that a viewer would see of it
  porthole clean                 remove every container, volume, network and image that Porthole made
  porthole healthcheck           exit 0 when the dashboard at --listen is alive
  porthole version               print the version
  porthole licenses              print the licences of all that is in this program
  porthole workload NAME         what runs inside demo containers (see 'porthole workload --help')

Flags of serve:
  --listen ADDRESS      where to serve (default 127.0.0.1:8080)
  --interval DURATION   time between samples while somebody watches (default 100ms, 20ms to 10s)
  --allow-host NAME     a further Host name to answer to; repeat, or separate by commas
  --allow-embed ORIGIN  a further site that may frame panels, for example https://slides.example
  --base-path PATH      serve below this path, for example /porthole
  --control MODE        who may start lessons: auto, open or token (default auto: everybody
                        on loopback; with the printed one-time link beyond it)
  --also NAME           show this container too, though Porthole did not start it: by name, or
                        12 digits of its ID or more; repeat, or separate by commas, up to 8.
                        It is only looked at, never touched (Docker only)
Flags of serve, verify and record:
  --engine NAME         auto, docker, or builtin: containers without Docker, from the same
                        parts of the kernel, on Linux, best as root (default auto: docker, or
                        builtin where nothing of Docker is installed); for serve also
                        replay:FILE, a recording, or replay: for the one that Porthole brings
                        along (which auto plays where neither can be); also for doctor and clean
  --reader MODE         who reads the kernel: auto, direct (this process), container (a helper
                        container), none (default auto: by trying, in this order; also for doctor)
  --demos DIR           lessons of your own, beside the built-in ones
  --log-format FORMAT   text or json (default text; also for doctor and clean)
Flags of verify and record:
  --lesson SLUG         only this lesson; repeat for more (record: default architecture)
  --patience N          wait N times as long before a claim counts as not to be told, for a
                        slow machine, such as an emulated one (verify only; 1 to 20, default 1)
  --json                for machines (verify and doctor)

Every flag can be set in the environment: --allow-host is PORTHOLE_ALLOW_HOST.
Exit codes: 0 all well, 1 a claim fails that should hold, 2 bad use, 3 no engine answers.
`

var errHelp = errors.New("help wanted")

// config is what the flags and the environment say, checked.
type config struct {
	listen     string
	engine     string
	interval   time.Duration
	demos      string
	allowHost  []string
	allowEmbed []string
	also       []string
	basePath   string
	control    string
	logFormat  string
	lessons    []string
	patience   float64
	reader     string
	json       bool
	file       string // record's argument
}

// flagsOf says which flags each command takes.
var flagsOf = map[string][]string{
	"serve":       {"listen", "engine", "interval", "demos", "allow-host", "allow-embed", "base-path", "control", "also", "reader", "log-format"},
	"verify":      {"engine", "interval", "demos", "lesson", "patience", "json", "reader", "log-format"},
	"record":      {"engine", "interval", "demos", "lesson", "reader", "log-format"},
	"doctor":      {"engine", "json", "reader", "log-format"},
	"clean":       {"engine", "log-format"},
	"healthcheck": {"listen", "base-path"},
	"version":     {},
	"licenses":    {},
}

// parseFlags reads the environment first and the arguments over it.
func parseFlags(command string, args []string, getenv func(string) string) (config, error) {
	c := config{
		listen: "127.0.0.1:8080", engine: "auto", interval: 100 * time.Millisecond,
		control: "auto", logFormat: "text", patience: 1, reader: "auto",
	}
	all := flag.NewFlagSet("porthole", flag.ContinueOnError)
	all.StringVar(&c.listen, "listen", c.listen, "")
	all.StringVar(&c.engine, "engine", c.engine, "")
	all.DurationVar(&c.interval, "interval", c.interval, "")
	all.StringVar(&c.demos, "demos", "", "")
	all.StringVar(&c.basePath, "base-path", "", "")
	all.StringVar(&c.control, "control", c.control, "")
	all.StringVar(&c.logFormat, "log-format", c.logFormat, "")
	all.StringVar(&c.reader, "reader", c.reader, "")
	all.Float64Var(&c.patience, "patience", c.patience, "")
	all.BoolVar(&c.json, "json", false, "")
	all.Func("allow-host", "", appendTo(&c.allowHost))
	all.Func("allow-embed", "", appendTo(&c.allowEmbed))
	all.Func("also", "", appendTo(&c.also))
	all.Func("lesson", "", appendTo(&c.lessons))

	flags := flag.NewFlagSet("porthole "+command, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // one line of ours instead of a page of usage
	for _, name := range flagsOf[command] {
		f := all.Lookup(name)
		flags.Var(f.Value, name, "")
		variable := "PORTHOLE_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		if value := getenv(variable); value != "" {
			if err := f.Value.Set(value); err != nil {
				return c, fmt.Errorf("%s=%s in the environment is not a value for --%s: %v", variable, value, name, err)
			}
		}
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return c, errHelp
	case err != nil && strings.HasPrefix(err.Error(), "flag provided but not defined: "):
		return c, fmt.Errorf("unknown flag -%s: run 'porthole --help' for the list",
			strings.TrimPrefix(err.Error(), "flag provided but not defined: "))
	case err != nil:
		return c, err
	}
	if command == "record" {
		if flags.NArg() == 0 {
			return c, errors.New("which file? Use 'porthole record FILE'")
		}
		c.file = flags.Arg(0)
		// Flags may stand after the file, as people write them.
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return c, err
		}
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q: run 'porthole --help' for what it takes", flags.Arg(0))
	}
	if command != "serve" && strings.HasPrefix(c.engine, replayPrefix) {
		return c, fmt.Errorf("--engine %s is for serve: nothing can be run on a recording", c.engine)
	}
	return c, c.check()
}

// replayPrefix begins the name of an engine that is a recording.
const replayPrefix = "replay:"

// appendTo collects a flag that may be repeated or hold a comma-separated list.
func appendTo(list *[]string) func(string) error {
	return func(value string) error {
		for _, v := range strings.Split(value, ",") {
			if v = strings.TrimSpace(v); v == "" {
				return errors.New("it is empty")
			}
			*list = append(*list, v)
		}
		return nil
	}
}

// check refuses values that could only fail later, and less clearly.
func (c *config) check() error {
	if _, port, err := net.SplitHostPort(c.listen); err != nil || port == "" {
		return fmt.Errorf("--listen %s is not HOST:PORT, for example 127.0.0.1:8080", c.listen)
	}
	if !slices.Contains([]string{"auto", "docker", "builtin"}, c.engine) && !strings.HasPrefix(c.engine, replayPrefix) {
		return fmt.Errorf("--engine %s is not one that this version has: use auto, docker, builtin or replay:FILE", c.engine)
	}
	if c.interval < 20*time.Millisecond || c.interval > 10*time.Second {
		return fmt.Errorf("--interval %s is out of range: use 20ms to 10s", c.interval)
	}
	if !(c.patience >= 1 && c.patience <= 20) { // NaN is neither
		return fmt.Errorf("--patience %v is out of range: use 1 to 20", c.patience)
	}
	if !slices.Contains([]string{"auto", "open", "token"}, c.control) {
		return fmt.Errorf("--control %s is not auto, open or token", c.control)
	}
	if !slices.Contains(readers, c.reader) {
		return fmt.Errorf("--reader %s is not auto, direct, container or none", c.reader)
	}
	if !slices.Contains([]string{"text", "json"}, c.logFormat) {
		return fmt.Errorf("--log-format %s is not text or json", c.logFormat)
	}
	if c.basePath != "" && (c.basePath[0] != '/' || path.Clean(c.basePath) != strings.TrimSuffix(c.basePath, "/")) {
		return fmt.Errorf("--base-path %s is not a plain path that begins with /, for example /porthole", c.basePath)
	}
	c.basePath = strings.TrimSuffix(c.basePath, "/")
	for _, origin := range c.allowEmbed {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.User != nil || u.RawQuery != "" {
			return fmt.Errorf("--allow-embed %s is not an origin, for example https://slides.example", origin)
		}
	}
	if err := c.checkAlso(); err != nil {
		return err
	}
	if c.demos != "" {
		if info, err := os.Stat(c.demos); err != nil || !info.IsDir() {
			return fmt.Errorf("--demos %s is not a folder that can be read", c.demos)
		}
	}
	return nil
}

// containerName is what Docker lets a container be called.
var containerName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$`)

// checkAlso refuses what --also cannot name.
func (c *config) checkAlso() error {
	var once []string
	for _, name := range c.also {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	c.also = once // in the order in which they will stand
	for _, name := range c.also {
		if !containerName.MatchString(name) || name == wire.HostName {
			return fmt.Errorf("--also %.60q cannot be shown: give a container's name as docker ps has it, other than %q, or at least 12 digits of its ID", name, wire.HostName)
		}
	}
	if len(c.also) > wire.MaxForeign {
		return fmt.Errorf("--also names %d containers, and the drawing has room for %d that Porthole did not start: leave some out", len(c.also), wire.MaxForeign)
	}
	switch {
	case len(c.also) == 0:
	case c.engine == "builtin":
		return alsoNeedsDocker("the built-in engine has no containers but its own")
	case strings.HasPrefix(c.engine, replayPrefix):
		return alsoNeedsDocker("a recording holds what it held when it was made")
	}
	return nil
}

// alsoNeedsDocker says why --also cannot be had here.
func alsoNeedsDocker(why string) error {
	return fmt.Errorf("--also needs Docker: %s; leave it out, or use --engine docker", why)
}

// version is the module's version where it was built from one, else the
// commit, else "development".
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "development"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "development"
}
