package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBrowserTypesAreUpToDate keeps the one schema one: it fails when the Go
// types have changed and web/src/wire.ts has not.
func TestBrowserTypesAreUpToDate(t *testing.T) {
	var stderr bytes.Buffer
	if code := run([]string{"-in", "..", "-out", "../../../web/src/wire.ts", "-check"}, &stderr, &stderr); code != 0 {
		t.Error(stderr.String())
	}
}

// generate runs the generator over one file of Go.
func generate(source string) (string, error) {
	s, err := parse([]string{"wire.go"}, map[string]any{"wire.go": "package wire\n" + source})
	return string(s.render()), err
}

func TestRender(t *testing.T) {
	tests := map[string]struct{ source, want string }{
		"a field that may be absent has a question mark": {
			"type A struct {\n Name string `json:\"name\"`\n Title string `json:\"title,omitempty\"`\n Uses Count `json:\"uses,omitzero\"`\n}",
			"export interface A {\n  name: string;\n  title?: string;\n  uses?: number;\n}\n",
		},
		"documentation is kept, on types and fields": {
			"// A is it.\n//\n// Two paragraphs, and a */ in it.\ntype A struct {\n // Name has a doc.\n Name string `json:\"name\"`\n Age int64 `json:\"age\"` // Age has a comment.\n}",
			"/**\n * A is it.\n *\n * Two paragraphs, and a * / in it.\n */\nexport interface A {\n  /** Name has a doc. */\n  name: string;\n  /** Age has a comment. */\n  age: number;\n}\n",
		},
		"lists, maps and pointers": {
			"type A struct {\n L []A `json:\"l\"`\n M map[string][]float64 `json:\"m\"`\n P *bool `json:\"p,omitempty\"`\n N *A `json:\"n\"`\n B []byte `json:\"b\"`\n}",
			"export interface A {\n  l: A[];\n  m: Record<string, number[]>;\n  p?: boolean;\n  n: A | null;\n  b: string;\n}\n",
		},
		"a string type with constants is a union": {
			"// S is how.\ntype S string\nconst (\n // SOn: yes.\n SOn S = \"on\"\n SOff S = \"off\"\n)",
			"/** S is how. */\nexport type S =\n  /** SOn: yes. */\n  | \"on\"\n  | \"off\";\n",
		},
		"embedding is extending": {
			"type A struct { X int `json:\"x\"` }\ntype B struct {\n A\n Y int `json:\"y\"`\n}",
			"export interface A {\n  x: number;\n}\n\nexport interface B extends A {\n  y: number;\n}\n",
		},
		"what JSON does not have, TypeScript has not": {
			"const Most = 3\ntype A struct {\n Hidden int `json:\"-\"`\n own int\n X int `json:\"x\"`\n}\ntype own struct{}",
			"export interface A {\n  x: number;\n}\n",
		},
		"a list of strings is a constant and its elements a type": {
			"var Kinds = []string{\"a\", \"b\"}",
			"export const Kinds = [\"a\", \"b\"] as const;\nexport type Kind = (typeof Kinds)[number];\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := generate(test.source)
			if err != nil {
				t.Fatal(err)
			}
			got = strings.TrimPrefix(got, preamble+"\n")
			if difference := cmp.Diff(test.want, got); difference != "" {
				t.Errorf("the TypeScript differs (- want, + got):\n%s", difference)
			}
		})
	}
}

func TestMessagesAreToldApartByType(t *testing.T) {
	got, err := generate("const (\n TypeHi = \"hi\"\n TypeBye = \"bye\"\n)\n" +
		"type Header struct { Type string `json:\"type\"` }\n" +
		"type Hi struct {\n Header\n X int `json:\"x\"`\n}\ntype Bye struct { Header }")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`export type MessageType = "hi" | "bye";`,
		"export type Message = Hi | Bye;",
		"export interface Header {\n  type: MessageType;\n}",
		"export interface Hi extends Header {\n  type: \"hi\";\n  x: number;\n}",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("this is missing:\n%s\nin:\n%s", want, got)
		}
	}
}

// TestRefuses: what the generator does not understand is an error with its
// place, and never a type that says something false.
func TestRefuses(t *testing.T) {
	header := "type Header struct { Type string `json:\"type\"` }\n"
	tests := map[string]struct{ source, says string }{
		"a type of another package":        {"import \"time\"\ntype A struct {\n At time.Time `json:\"at\"`\n}", "wire.go:4:5: "},
		"an interface":                     {"type A struct {\n X any `json:\"x\"`\n}", "wire.go:3:4: "},
		"a map with other keys":            {"type A struct {\n M map[int]string `json:\"m\"`\n}", "wire.go:3:4: "},
		"a field without a name":           {"type A struct {\n X int\n}", "A.X has no json name"},
		"an unknown option":                {"type A struct {\n X int `json:\"x,string\"`\n}", `the json option "string"`},
		"a count that would be null":       {"type A struct {\n X Count `json:\"x\"`\n}", "without omitzero"},
		"a type that writes its own JSON":  {"type A struct{}\nfunc (a A) MarshalJSON() ([]byte, error) { return nil, nil }", "MarshalJSON"},
		"a number type":                    {"type A int", "neither a struct nor a string"},
		"a string type without constants":  {"type A string", "neither a struct nor a string"},
		"a constant that is not a literal": {"type A string\nconst (\n AX A = \"a\" + \"b\"\n)", "not a string in quotes"},
		"a message without a constant":     {header + "type A struct { Header }", "no constant TypeA"},
		"a constant without a message":     {header + "const TypeA = \"a\"", "no struct A"},
		"an embedded foreigner":            {"type A struct { B }", "not a struct of this package"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := generate(test.source)
			if err == nil {
				t.Fatalf("there is no error, but:\n%s", got)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("the error does not say %q: %v", test.says, err)
			}
		})
	}
}

func TestRun(t *testing.T) {
	folder := t.TempDir()
	target := filepath.Join(folder, "wire.ts")
	source := filepath.Join(folder, "wire.go")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	call := func(wantCode int, wantSays string, arguments ...string) {
		t.Helper()
		var output bytes.Buffer
		if code := run(arguments, &output, &output); code != wantCode {
			t.Errorf("%q exits %d, not %d: %s", arguments, code, wantCode, output.String())
		}
		if !strings.Contains(output.String(), wantSays) {
			t.Errorf("%q does not say %q but %q", arguments, wantSays, output.String())
		}
	}
	write(source, "package wire\ntype A struct { X int `json:\"x\"` }\n")
	call(1, "is missing; run: go generate", "-in", folder, "-out", target, "-check")
	call(0, "", "-in", folder, "-out", target)
	call(0, "", "-in", folder, "-out", target, "-check")
	write(source, "package wire\ntype A struct { Y int `json:\"y\"` }\n")
	call(1, "is stale", "-in", folder, "-out", target, "-check")
	call(0, "y: number;", "-in", folder)
	call(1, "no Go files", "-in", t.TempDir())
	write(source, "package wire\ntype A struct {")
	call(1, "wire.go", "-in", folder)
	call(2, "-check needs -out", "-check")
	call(2, "unknown argument", "rest")
	call(2, "not defined", "-nonsense")
}
