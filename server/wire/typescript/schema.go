package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// schema is what one Go package declares, as far as TypeScript needs it, in
// the order of the source.
type schema struct {
	structs  []structType
	unions   []union       // string types with constants
	messages []literal     // the TypeX constants, each with its struct X
	arrays   []stringArray // exported variables that are lists of strings
}

type structType struct {
	name    string
	doc     string
	extends []string // embedded structs, whose fields JSON has on this level
	message string   // the value of its type field, for a message of the stream
	fields  []field
}

type field struct {
	name     string // as JSON has it
	doc      string
	kind     string // the TypeScript type
	optional bool
}

type union struct {
	name   string
	doc    string
	values []literal
}

type literal struct {
	name  string // the Go constant
	value string
	doc   string
}

type stringArray struct {
	name   string
	doc    string
	values []string
}

// Names that package wire gives a meaning of its own.
const (
	headerName     = "Header" // embedded by each message of the stream
	countName      = "Count"  // a number or absent
	constantPrefix = "Type"   // TypeHello is the type field of Hello
)

// reader collects a schema from syntax trees.
type reader struct {
	files  *token.FileSet
	schema schema
	named  map[string]ast.Expr  // each declared type
	values map[string][]literal // constants by the name of their type
}

// load reads the Go package in a folder.
func load(folder string) (schema, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return schema{}, err
	}
	sort.Strings(paths)
	sources := map[string]any{}
	var order []string
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			order = append(order, path)
			sources[path] = nil // nil: the parser reads the file itself
		}
	}
	if len(order) == 0 {
		return schema{}, fmt.Errorf("there are no Go files in %s: -in must name the folder of package wire", folder)
	}
	return parse(order, sources)
}

// parse reads the files in the order given; a source of nil is read from disk.
func parse(order []string, sources map[string]any) (schema, error) {
	r := reader{files: token.NewFileSet(), named: map[string]ast.Expr{}, values: map[string][]literal{}}
	var trees []*ast.File
	for _, path := range order {
		tree, err := parser.ParseFile(r.files, path, sources[path], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return schema{}, err
		}
		trees = append(trees, tree)
	}
	// Names first, and then constants and fields: these may use what is declared further on.
	for _, pass := range []func(ast.Decl) error{r.collectNames, r.collectValues, r.convert} {
		for _, tree := range trees {
			for _, declaration := range tree.Decls {
				if err := pass(declaration); err != nil {
					return schema{}, err
				}
			}
		}
	}
	return r.schema, r.pairMessages()
}

// errorAt names the place in the source.
func (r *reader) errorAt(node ast.Node, format string, arguments ...any) error {
	return fmt.Errorf("%s: %s", r.files.Position(node.Pos()), fmt.Sprintf(format, arguments...))
}

// collectNames notes the declared types, and refuses one that writes its own
// JSON: its fields would not tell what that looks like.
func (r *reader) collectNames(declaration ast.Decl) error {
	switch declaration := declaration.(type) {
	case *ast.FuncDecl:
		if declaration.Name.Name == "MarshalJSON" && declaration.Recv != nil && !isName(declaration.Recv.List[0].Type, countName) {
			return r.errorAt(declaration, "only %s may have a MarshalJSON of its own, for the browser's types follow the fields", countName)
		}
	case *ast.GenDecl:
		for _, spec := range declaration.Specs {
			if spec, ok := spec.(*ast.TypeSpec); ok {
				r.named[spec.Name.Name] = spec.Type
			}
		}
	}
	return nil
}

// collectValues notes the constants.
func (r *reader) collectValues(declaration ast.Decl) error {
	general, ok := declaration.(*ast.GenDecl)
	if !ok || general.Tok != token.CONST {
		return nil
	}
	for _, spec := range general.Specs {
		if err := r.collectConstants(spec.(*ast.ValueSpec)); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) collectConstants(spec *ast.ValueSpec) error {
	kind := ""
	if identifier, ok := spec.Type.(*ast.Ident); ok {
		kind = identifier.Name
	}
	for i, name := range spec.Names {
		_, matters := r.named[kind]
		matters = matters || kind == "" && strings.HasPrefix(name.Name, constantPrefix)
		if !name.IsExported() || !matters {
			continue // a plain number, say: Go's own business
		}
		if i >= len(spec.Values) {
			return r.errorAt(name, "constant %s has no value of its own: write it out, so that TypeScript can have it", name.Name)
		}
		value, ok := stringLiteral(spec.Values[i])
		if !ok {
			return r.errorAt(name, "constant %s is not a string in quotes, which is all that this generator knows", name.Name)
		}
		r.values[kind] = append(r.values[kind], literal{name.Name, value, text(spec.Doc, spec.Comment)})
	}
	return nil
}

// convert turns exported types and lists into their TypeScript counterparts.
func (r *reader) convert(declaration ast.Decl) error {
	general, ok := declaration.(*ast.GenDecl)
	if !ok {
		return nil
	}
	for _, spec := range general.Specs {
		var err error
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && spec.Name.Name != countName {
				err = r.convertType(spec, text(spec.Doc, general.Doc, spec.Comment))
			}
		case *ast.ValueSpec:
			if general.Tok == token.VAR {
				err = r.convertArray(spec, text(spec.Doc, general.Doc, spec.Comment))
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) convertType(spec *ast.TypeSpec, doc string) error {
	name := spec.Name.Name
	switch kind := spec.Type.(type) {
	case *ast.StructType:
		return r.convertStruct(name, doc, kind)
	case *ast.Ident:
		values := r.values[name]
		if kind.Name == "string" && len(values) > 0 {
			r.schema.unions = append(r.schema.unions, union{name, doc, values})
			return nil
		}
	}
	return r.errorAt(spec, "type %s is neither a struct nor a string with constants, which is all that this generator knows", name)
}

func (r *reader) convertArray(spec *ast.ValueSpec, doc string) error {
	for i, name := range spec.Names {
		if !name.IsExported() || i >= len(spec.Values) {
			continue
		}
		list, ok := spec.Values[i].(*ast.CompositeLit)
		if !ok {
			continue
		}
		array := stringArray{name: name.Name, doc: doc}
		for _, element := range list.Elts {
			value, ok := stringLiteral(element)
			if !ok {
				return r.errorAt(element, "an element of %s is not a string in quotes", name.Name)
			}
			array.values = append(array.values, value)
		}
		r.schema.arrays = append(r.schema.arrays, array)
	}
	return nil
}

// pairMessages gives each struct that embeds Header the literal of its type
// field, and fails where a constant or a struct has no partner.
func (r *reader) pairMessages() error {
	unpaired := map[string]literal{}
	for _, constant := range r.values[""] {
		if name, ok := strings.CutPrefix(constant.name, constantPrefix); ok {
			unpaired[name] = constant
			r.schema.messages = append(r.schema.messages, constant)
		}
	}
	for i := range r.schema.structs {
		message := &r.schema.structs[i]
		for _, base := range message.extends {
			if base != headerName {
				continue
			}
			constant, ok := unpaired[message.name]
			if !ok {
				return fmt.Errorf("%s embeds %s, but there is no constant %s%s with its type", message.name, headerName, constantPrefix, message.name)
			}
			message.message = constant.value
			delete(unpaired, message.name)
		}
	}
	for name := range unpaired {
		return fmt.Errorf("constant %s%s has no struct %s that embeds %s", constantPrefix, name, name, headerName)
	}
	return nil
}

func stringLiteral(expression ast.Expr) (string, bool) {
	basic, ok := expression.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return "", false
	}
	value, err := strconv.Unquote(basic.Value)
	return value, err == nil
}

// text is the first comment group that says something.
func text(groups ...*ast.CommentGroup) string {
	for _, group := range groups {
		if said := strings.TrimSpace(group.Text()); said != "" {
			return said
		}
	}
	return ""
}
