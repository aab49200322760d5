package main

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestFlagsOverEnvironmentOverDefaults(t *testing.T) {
	c, err := parseFlags("serve", nil, environment())
	if err != nil || c.listen != "127.0.0.1:8080" || c.interval != 100*time.Millisecond {
		t.Errorf("the defaults are %+v, %v", c, err)
	}
	c, err = parseFlags("serve", []string{"--interval", "200ms", "--allow-host", "a.example", "--allow-host", "b.example,c.example"},
		environment("PORTHOLE_LISTEN", "127.0.0.1:9", "PORTHOLE_INTERVAL", "1s"))
	if err != nil {
		t.Fatal(err)
	}
	if c.listen != "127.0.0.1:9" || c.interval != 200*time.Millisecond || len(c.allowHost) != 3 {
		t.Errorf("got %+v", c)
	}
	if _, err := parseFlags("serve", []string{"-h"}, environment()); !errors.Is(err, errHelp) {
		t.Errorf("-h gives %v", err)
	}
}

func TestBadUseIsOneLineAndExitCodeTwo(t *testing.T) {
	for _, args := range [][]string{
		{"nonsense"},
		{"--nonsense"},
		{"serve", "--nonsense=1"},
		{"serve", "extra"},
		{"verify", "--lesson", "nonsense"},
		{"verify", "--lesson", ""},
		{"--listen", "8080"},
		{"--engine", "podmanx"},
		{"--interval", "1ms"},
		{"--interval", "soon"},
		{"verify", "--patience", "0.5"},
		{"verify", "--patience", "NaN"},
		{"--patience", "2"},
		{"--control", "maybe"},
		{"--reader", "sideways"},
		{"clean", "--reader", "none"},
		{"reader", "--interval", "1ms"},
		{"--log-format", "xml"},
		{"--base-path", "porthole"},
		{"--base-path", "/a/../b"},
		{"--allow-embed", "slides.example"},
		{"--allow-embed", "https://slides.example/path"},
		{"--demos", "/nonexistent"},
		{"clean", "--listen", "127.0.0.1:1"},
		{"workload", "nonsense"},
		{"--also", "/web"},
		{"--also", "host"},
		{"--also", "web,"},
		{"--also", "1,2,3,4,5,6,7,8,9"},
		{"--also", "web", "--engine", "builtin"},
		{"--also", "web", "--engine", "replay:"},
		{"verify", "--also", "web"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(context.Background(), args, environment(), &stdout, &stderr)
		if code != exitUsage {
			t.Errorf("%v: exit code %d, want %d", args, code, exitUsage)
		}
		if text := stderr.String(); strings.Count(text, "\n") != 1 || len(text) < 20 {
			t.Errorf("%v: standard error is not one clear line: %q", args, text)
		}
		if stdout.Len() > 0 {
			t.Errorf("%v: standard output has %q", args, stdout.String())
		}
	}
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), nil, environment("PORTHOLE_INTERVAL", "soon"), &stdout, &stderr); code != exitUsage || !strings.Contains(stderr.String(), "PORTHOLE_INTERVAL") {
		t.Errorf("a bad environment gives %d, %q", code, stderr.String())
	}
}

func TestContainersOfOthersAreAskedForByName(t *testing.T) {
	c, err := parseFlags("serve", []string{"--also", "web,db.1", "--also", "0123456789ab", "--also", "web"}, environment("PORTHOLE_ALSO", "cache_2,web"))
	if want := []string{"cache_2", "web", "db.1", "0123456789ab"}; err != nil || !slices.Equal(c.also, want) {
		t.Errorf("got %v, %v; want each once, in the order in which they were given: %v", c.also, err, want)
	}
	if _, err := parseFlags("serve", []string{"--also", "1,2,3,4,5,6,7,8,1"}, environment()); err != nil {
		t.Errorf("eight, one of them twice: %v", err)
	}
	for args, why := range map[string]string{"1,2,3,4,5,6,7,8,9": "room for 8", "web --engine builtin": "needs Docker: the built-in engine", "web --engine replay:x": "needs Docker: a recording"} {
		if _, err := parseFlags("serve", strings.Fields("--also "+args), environment()); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("--also %s: %v, want %q in it", args, err, why)
		}
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), []string{"--help"}, environment(), &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	for command, flags := range flagsOf {
		if !strings.Contains(stdout.String(), command) {
			t.Errorf("help does not name the command %s", command)
		}
		for _, f := range flags {
			if !strings.Contains(stdout.String(), "--"+f) {
				t.Errorf("help does not name --%s", f)
			}
		}
	}
}
