package demos

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// parse makes a lesson of the text of its demo.yaml.
func (l Loader) parse(slug, file string, source []byte) (*Lesson, []Problem) {
	at := func(err error) []Problem {
		problem := Problem{Slug: slug, File: file, Says: err.Error()}
		var placed yaml.Error
		if errors.As(err, &placed) {
			problem.Says = placed.GetMessage()
			if token := placed.GetToken(); token != nil && token.Position != nil {
				problem.Line, problem.Column = token.Position.Line, token.Position.Column
			}
		}
		return []Problem{problem}
	}
	tree, err := parser.ParseBytes(source, 0)
	if err != nil {
		return nil, at(err)
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return nil, []Problem{{Slug: slug, File: file, Line: 1, Column: 1, Says: "One YAML document with the lesson's fields is needed here."}}
	}
	body := tree.Docs[0].Body
	// An alias repeats what it names: a few nested ones would fill the memory.
	for _, kind := range []ast.NodeType{ast.AnchorType, ast.AliasType} {
		if found := ast.Filter(kind, body); len(found) > 0 {
			return nil, at(positioned(found[0], errors.New("anchors and aliases are not offered; write the value out")))
		}
	}
	lesson := &Lesson{}
	if err := yaml.NewDecoder(strings.NewReader(""), yaml.Strict()).DecodeFromNode(body, lesson); err != nil {
		return nil, at(inWords(err, body))
	}
	lesson.Slug, lesson.File = slug, file
	checker := &checker{loader: l, lesson: lesson, tree: tree}
	checker.all()
	return lesson, checker.problems
}

// inWords says what the decoder complains of in the words of the format.
func inWords(err error, body ast.Node) error {
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) {
		name := unknown.Token.Value
		fields := fieldsBeside(body, unknown.Token.Position.Offset)
		if len(fields) == 0 {
			return &yaml.SyntaxError{Token: unknown.Token, Message: fmt.Sprintf("there is no field %s here", name)}
		}
		return &yaml.SyntaxError{Token: unknown.Token, Message: fmt.Sprintf("there is no field %s here; the fields are %s", name, strings.Join(fields, ", "))}
	}
	var mismatch *yaml.TypeError
	if errors.As(err, &mismatch) {
		return &yaml.SyntaxError{Token: mismatch.Token, Message: fmt.Sprintf("%s is needed here, and this is %s", kindInWords(mismatch.DstType), kindInWords(mismatch.SrcType))}
	}
	var duplicate *yaml.DuplicateKeyError
	if errors.As(err, &duplicate) {
		return &yaml.SyntaxError{Token: duplicate.Token, Message: fmt.Sprintf("the field %s is here twice", duplicate.Token.Value)}
	}
	var unexpected *yaml.UnexpectedNodeTypeError
	if errors.As(err, &unexpected) {
		return &yaml.SyntaxError{Token: unexpected.Token, Message: fmt.Sprintf("%s is needed here, and this is %s", nodeInWords(unexpected.Expected), nodeInWords(unexpected.Actual))}
	}
	return err
}

func nodeInWords(kind ast.NodeType) string {
	switch kind {
	case ast.SequenceType:
		return "a list"
	case ast.MappingType, ast.MappingValueType:
		return "a group of fields"
	case ast.StringType, ast.LiteralType:
		return "text"
	case ast.IntegerType, ast.FloatType:
		return "a number"
	case ast.BoolType:
		return "true or false"
	case ast.NullType:
		return "nothing"
	}
	return strings.ToLower(kind.YAMLName())
}

func kindInWords(kind reflect.Type) string {
	if kind == nil {
		return "nothing"
	}
	switch kind.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a group of fields"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	}
	return kind.String()
}

// fieldsBeside lists the fields of the group in which a key stands.
func fieldsBeside(body ast.Node, offset int) []string {
	for _, node := range ast.Filter(ast.MappingValueType, body) {
		value, ok := node.(*ast.MappingValueNode)
		if !ok || value.Key.GetToken().Position.Offset != offset {
			continue
		}
		return fieldNames(typeAt(reflect.TypeFor[Lesson](), value.GetPath()))
	}
	return nil
}

// typeAt is the Go type of the group that holds the field at a YAML path such
// as $.claims[2].hold.
func typeAt(group reflect.Type, yamlPath string) reflect.Type {
	names := strings.Split(strings.TrimPrefix(yamlPath, "$."), ".")
	for _, name := range names[:len(names)-1] {
		name, _, _ = strings.Cut(name, "[")
		group = fieldType(group, name)
		if group != nil && group.Kind() == reflect.Slice {
			group = group.Elem()
		}
		if group == nil || group.Kind() != reflect.Struct {
			return nil
		}
	}
	return group
}

func fieldType(group reflect.Type, name string) reflect.Type {
	for field := range group.Fields() {
		if field.Tag.Get("yaml") == name {
			return field.Type
		}
	}
	return nil
}

func fieldNames(group reflect.Type) []string {
	if group == nil {
		return nil
	}
	var names []string
	for field := range group.Fields() {
		if name := field.Tag.Get("yaml"); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}
