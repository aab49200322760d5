package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

const preamble = `// Written by server/wire/typescript from the Go types of server/wire.
// Do not edit: change the Go types, then run go generate ./server/wire.
//
// A field with a question mark is absent where the host does not have the
// thing, or does not let it be read. Absent is never the same as 0.
`

// render writes the whole TypeScript file.
func (s schema) render() []byte {
	var out bytes.Buffer
	out.WriteString(preamble)
	for _, array := range s.arrays {
		out.WriteString("\n")
		comment(&out, "", array.doc)
		fmt.Fprintf(&out, "export const %s = [%s] as const;\n", array.name, quoted(array.values, ", "))
		if singular, ok := strings.CutSuffix(array.name, "s"); ok {
			fmt.Fprintf(&out, "export type %s = (typeof %s)[number];\n", singular, array.name)
		}
	}
	s.renderMessages(&out)
	for _, union := range s.unions {
		out.WriteString("\n")
		comment(&out, "", union.doc)
		fmt.Fprintf(&out, "export type %s =", union.name)
		for _, value := range union.values {
			out.WriteString("\n")
			comment(&out, "  ", value.doc)
			fmt.Fprintf(&out, "  | %s", strconv.Quote(value.value))
		}
		out.WriteString(";\n")
	}
	for _, object := range s.structs {
		object.render(&out)
	}
	return out.Bytes()
}

func (s schema) renderMessages(out *bytes.Buffer) {
	if len(s.messages) == 0 {
		return
	}
	var values, names []string
	for _, constant := range s.messages {
		values = append(values, constant.value)
		names = append(names, strings.TrimPrefix(constant.name, constantPrefix))
	}
	fmt.Fprintf(out, "\n/** MessageType is what the type field of a message of the stream holds. */\nexport type MessageType = %s;\n", quoted(values, " | "))
	fmt.Fprintf(out, "\n/** Message is any message of the stream; its type field tells which. */\nexport type Message = %s;\n", strings.Join(names, " | "))
}

func (object structType) render(out *bytes.Buffer) {
	out.WriteString("\n")
	comment(out, "", object.doc)
	fmt.Fprintf(out, "export interface %s ", object.name)
	if len(object.extends) > 0 {
		fmt.Fprintf(out, "extends %s ", strings.Join(object.extends, ", "))
	}
	out.WriteString("{\n")
	if object.message != "" {
		fmt.Fprintf(out, "  type: %s;\n", strconv.Quote(object.message))
	}
	for _, field := range object.fields {
		comment(out, "  ", field.doc)
		mark := ""
		if field.optional {
			mark = "?"
		}
		fmt.Fprintf(out, "  %s%s: %s;\n", field.name, mark, field.kind)
	}
	out.WriteString("}\n")
}

// comment writes a doc comment, on one line where it fits.
func comment(out *bytes.Buffer, indent, doc string) {
	if doc == "" {
		return
	}
	doc = strings.ReplaceAll(doc, "*/", "* /") // or it would end the comment
	lines := strings.Split(doc, "\n")
	if len(lines) == 1 {
		fmt.Fprintf(out, "%s/** %s */\n", indent, doc)
		return
	}
	fmt.Fprintf(out, "%s/**\n", indent)
	for _, line := range lines {
		out.WriteString(strings.TrimRight(indent+" * "+line, " ") + "\n")
	}
	fmt.Fprintf(out, "%s */\n", indent)
}

func quoted(values []string, separator string) string {
	var all []string
	for _, value := range values {
		all = append(all, strconv.Quote(value))
	}
	return strings.Join(all, separator)
}
