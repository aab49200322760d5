package process

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParseStatus(f *testing.F) {
	paths, err := filepath.Glob("../testdata/*/proc/*/status")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no captured status file: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got := parseStatus(text)
		for _, number := range append(got.nsPid, 0) {
			if number < 0 {
				t.Errorf("a number below 0 in %q", text)
			}
		}
		if got.capEff != "" && !strings.Contains(string(text), "CapEff") {
			t.Errorf("capabilities were found in %q", text)
		}
	})
}

func FuzzParseStartTime(f *testing.F) {
	paths, err := filepath.Glob("../testdata/*/proc/*/stat")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no captured stat file: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		started, ok := parseStartTime(text)
		if ok && !strings.Contains(string(text), strconv.FormatUint(started, 10)) {
			t.Errorf("the start time %d was found in %q", started, text)
		}
	})
}

func FuzzParseUIDMap(f *testing.F) {
	f.Add([]byte("         0     100000      65536\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if got := parseUIDMap(text); got != parseUIDMap([]byte(got)) {
			t.Errorf("%q is not read again as it was written: %q", text, got)
		}
	})
}

func FuzzParseCommand(f *testing.F) {
	f.Add([]byte("sh\x00-c\x00sleep 1\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got := parseCommand(text)
		if len(got) > commandLimit || !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\n\x1b") {
			t.Errorf("parseCommand(%q) = %q", text, got)
		}
	})
}
