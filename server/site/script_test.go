package site

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestScripts plays testdata/*.txt, each against a server of its own, in
// order. A script is a list of cases with empty lines between them:
//
//	# a comment
//	POST /path?query
//	with Header-Name: value
//	body what is sent
//	code == 200
//	header NAME == TEXT        (or: contains, lacks)
//	text contains TEXT         (or: ==, lacks)
//
// The last three are what is expected; NAME is a header of the answer, and
// text is its body.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			server := serve(t, func(o *Options) {
				switch filepath.Base(file) {
				case "token.txt":
					o.ControlToken = "a long enough token"
				case "room.txt":
					o.ControlToken = "a long enough token"
					o.Room = openRoom(o)
					o.Reach = []string{"192.168.7.7:8080"}
				case "basepath.txt":
					o.BasePath = "/porthole"
				}
				o.Static = withBundle()
			})
			server.publish(7)
			play(t, server, file)
		})
	}
}

// play runs one script.
func play(t *testing.T, server *server, file string) {
	content, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	var block []string
	number, begins, cases := 0, 0, 0
	flush := func() {
		if len(block) > 0 {
			cases++
			at := fmt.Sprintf("%s:%d", file, begins)
			playCase(t, server, at, block)
			block = nil
		}
	}
	lines := bufio.NewScanner(content)
	for lines.Scan() {
		number++
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "#"):
		case strings.TrimSpace(line) == "":
			flush()
		default:
			if len(block) == 0 {
				begins = number
			}
			block = append(block, line)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	flush()
	if cases == 0 {
		t.Errorf("%s has no cases", file)
	}
}

func playCase(t *testing.T, server *server, at string, block []string) {
	method, path, ok := strings.Cut(block[0], " ")
	if !ok {
		t.Fatalf("%s: %q is no request", at, block[0])
	}
	var headers, expected []string
	var body string
	for _, line := range block[1:] {
		switch word, rest, _ := strings.Cut(line, " "); word {
		case "with":
			name, value, _ := strings.Cut(rest, ": ")
			headers = append(headers, name, value)
		case "body":
			body = rest
		case "code", "header", "text":
			expected = append(expected, line)
		default:
			t.Fatalf("%s: %q is not understood", at, line)
		}
	}
	if len(expected) == 0 {
		t.Fatalf("%s expects nothing", at)
	}
	response, text := server.do(t, method, path, body, headers...)
	for _, line := range expected {
		word, rest, _ := strings.Cut(line, " ")
		got := ""
		switch word {
		case "code":
			got = fmt.Sprint(response.StatusCode)
		case "text":
			got = strings.TrimSpace(text)
		case "header":
			var name string
			name, rest, _ = strings.Cut(rest, " ")
			got = strings.Join(response.Header.Values(name), ", ")
		}
		how, want, _ := strings.Cut(rest, " ")
		var right bool
		switch how {
		case "==":
			right = got == want
		case "contains":
			right = strings.Contains(got, want)
		case "lacks":
			right = !strings.Contains(got, want)
		default:
			t.Fatalf("%s: %q is not understood", at, line)
		}
		if !right {
			t.Errorf("%s: %s: expected %s; got %.600s", at, block[0], line, got)
		}
	}
}
