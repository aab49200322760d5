package demos

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// expression is one expression of a lesson, and correct.
type expression struct {
	// program is compiled again when it is first evaluated. Those of all lessons
	// would be half of what a server holds that has nothing to do.
	program func() (*vm.Program, error)
	// touches are the paths of the figures in it, for example
	// half.window.cpuCores, in the order of their first mention.
	touches []string
}

// allowed are the built-in functions of the language that lessons may use:
// those that compute, and none that could look past an absent figure.
var allowed = []string{
	"all", "any", "one", "none", "count", "filter", "map", "len", "sum", "first", "last", "sort", "uniq",
	"abs", "min", "max", "round", "floor", "ceil", "int", "float", "string",
	"flatten", "trim", "upper", "lower", "split", "join",
}

// AbsentError says that an expression needs a figure that is not there.
type AbsentError struct {
	// Path is the figure, for example half.window.cpuCores.
	Path string
}

func (e *AbsentError) Error() string { return e.Path + " is absent" }

// expressionError is a mistake in the text of an expression, with its place
// in that text: line from 1, column from 0.
type expressionError struct {
	line, column int
	says         string
}

func (e *expressionError) Error() string { return e.says }

// compile checks an expression against the names and types of a lesson.
// Kind is what it must give: reflect.Bool, or reflect.Invalid for anything
// that can be printed.
func (v vocabulary) compile(text string, kind reflect.Kind) (*expression, error) {
	_, touches, err := v.translate(text, kind)
	if err != nil {
		return nil, err
	}
	return &expression{touches: touches, program: sync.OnceValues(func() (*vm.Program, error) {
		program, _, err := v.translate(text, kind)
		return program, err
	})}, nil
}

// translate makes the program of an expression, and lists the figures in it.
func (v vocabulary) translate(text string, kind reflect.Kind) (program *vm.Program, touches []string, err error) {
	guard := newGuard(v)
	options := []expr.Option{
		expr.Env(v.environment),
		expr.DisableAllBuiltins(),
		expr.Function("present", present, presentTypes...),
		expr.Patch(guard),
	}
	for _, name := range allowed {
		options = append(options, expr.EnableBuiltin(name))
	}
	options = append(options, functions...)
	if kind == reflect.Bool {
		options = append(options, expr.AsBool())
	}
	program, err = expr.Compile(text, options...)
	if problem := guard.problem(); problem != nil {
		err = problem.Bind(file.NewSource(text))
	}
	if err != nil {
		return nil, nil, located(err)
	}
	return program, guard.touches, nil
}

// located turns an error of the language into ours.
func located(err error) error {
	var at *file.Error
	if !errors.As(err, &at) {
		return &expressionError{line: 1, says: err.Error()}
	}
	says := strings.NewReplacer(
		"demos.", "",
	).Replace(at.Message)
	return &expressionError{line: at.Line, column: at.Column, says: says}
}

// vocabulary is what the expressions of one lesson may name.
type vocabulary struct {
	environment map[string]any
	actions     []string
}

// anyFacts stand for those of every container: their types are all that counts.
var anyFacts = &Facts{}

func newVocabulary(keys, actions []string) vocabulary {
	v := vocabulary{environment: Env{}.variables(), actions: actions}
	for _, key := range keys {
		v.environment[key] = anyFacts
	}
	return v
}

// variables is the form in which the language takes an Env.
func (e Env) variables() map[string]any {
	all := map[string]any{"host": &e.Host, "actions": e.Actions}
	for key, facts := range e.Containers {
		all[key] = facts
	}
	return all
}

// guard is the visitor that makes absence safe: each figure that an
// expression reads is wrapped in a call of present, which fails when it is not
// there. So no comparison ever sees an absent figure, whatever is written
// around it. It works on a tree whose types have been checked.
type guard struct {
	vocabulary vocabulary
	touches    []string
	// open are the mentions of a whole group of figures (half, half.ns) that
	// no dot has followed yet. Comparing whole groups would compare absences.
	open map[ast.Node]bool
	// unknown are names that are not of the vocabulary; declared are those
	// that let gives a meaning.
	unknown  map[string]ast.Node
	declared map[string]bool
	first    *file.Error
}

func newGuard(v vocabulary) *guard {
	return &guard{vocabulary: v, open: map[ast.Node]bool{}, unknown: map[string]ast.Node{}, declared: map[string]bool{}}
}

func (g *guard) refuse(node ast.Node, says string) {
	if g.first == nil {
		g.first = &file.Error{Location: node.Location(), Message: says}
	}
}

// problem is the first thing that is not allowed, or nil.
func (g *guard) problem() *file.Error {
	for name, node := range g.unknown {
		if !g.declared[name] {
			g.refuse(node, fmt.Sprintf("there is no container or name %s; there are %s", name, strings.Join(slices.Sorted(maps.Keys(g.vocabulary.environment)), ", ")))
		}
	}
	for node := range g.open {
		g.refuse(node, fmt.Sprintf("%s is a group of figures; name one of them, with a dot", node))
	}
	return g.first
}

// Visit is called for each node, the inner ones first.
func (g *guard) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.NilNode:
		g.refuse(n, "nil is not offered: a claim on an absent figure is unknown by itself")
	case *ast.ChainNode:
		g.refuse(n, "?. is not offered: a claim on an absent figure is unknown by itself")
	case *ast.BinaryNode:
		if n.Operator == "??" {
			g.refuse(n, "?? is not offered: a claim on an absent figure is unknown by itself")
		}
	case *ast.IdentifierNode:
		// The language itself overlooks an unknown name within the call of a
		// function that takes several types, and offers all names as $env.
		if _, known := g.vocabulary.environment[n.Value]; known {
			g.open[n] = true
		} else if !functionNames[n.Value] {
			g.unknown[n.Value] = n
		}
	case *ast.VariableDeclaratorNode:
		g.declared[n.Name] = true
	case *ast.MemberNode:
		g.member(node, n)
	}
}

func (g *guard) member(node *ast.Node, n *ast.MemberNode) {
	if !g.open[n.Node] {
		return // a part of a list's element
	}
	delete(g.open, n.Node)
	property, ok := n.Property.(*ast.StringNode)
	if !ok {
		g.refuse(n, "write the name of a figure after a dot, not in brackets")
		return
	}
	if root, ok := n.Node.(*ast.IdentifierNode); ok && root.Value == "actions" && !slices.Contains(g.vocabulary.actions, property.Value) {
		g.refuse(n, fmt.Sprintf("this lesson has no action %s", property.Value))
		return
	}
	kind, ok := figureType(n.Node.Type(), property.Value)
	if !ok {
		g.refuse(n, fmt.Sprintf("%s has no figure %s; it has %s", n.Node, property.Value, strings.Join(figureNames(n.Node.Type()), ", ")))
		return
	}
	switch {
	case kind.Kind() == reflect.Struct, kind.Kind() == reflect.Pointer && kind.Elem().Kind() == reflect.Struct:
		g.open[n] = true
		return
	}
	path := n.String()
	if !slices.Contains(g.touches, path) {
		g.touches = append(g.touches, path)
	}
	ast.Patch(node, &ast.CallNode{
		Callee:    &ast.IdentifierNode{Value: "present"},
		Arguments: []ast.Node{&ast.StringNode{Value: path}, n},
	})
}

// figureType is the type of a figure, or of a group of them, in a group.
func figureType(group reflect.Type, name string) (reflect.Type, bool) {
	if group.Kind() == reflect.Pointer {
		group = group.Elem()
	}
	if group.Kind() == reflect.Map {
		return group.Elem(), true
	}
	for field := range group.Fields() {
		if field.Tag.Get("expr") == name {
			return field.Type, true
		}
	}
	return nil, false
}

func figureNames(group reflect.Type) (names []string) {
	if group.Kind() == reflect.Pointer {
		group = group.Elem()
	}
	for field := range group.Fields() {
		if name := field.Tag.Get("expr"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// presentTypes are the forms of present: one for each type of figure that an
// Env has, from the pointer to what it points to, and for lists from and to
// the same.
var presentTypes = func() []any {
	text := reflect.TypeFor[string]()
	seen := map[reflect.Type]bool{}
	var forms []any
	var walk func(reflect.Type)
	walk = func(group reflect.Type) {
		for field := range group.Fields() {
			kind := field.Type
			switch {
			case kind.Kind() == reflect.Struct:
				walk(kind)
				continue
			case field.Tag.Get("expr") == "" || seen[kind]:
				continue
			}
			seen[kind] = true
			result := kind
			if kind.Kind() == reflect.Pointer {
				result = kind.Elem()
			}
			form := reflect.FuncOf([]reflect.Type{text, kind}, []reflect.Type{result}, false)
			forms = append(forms, reflect.New(form).Interface())
		}
	}
	for _, root := range []reflect.Type{reflect.TypeFor[Facts](), reflect.TypeFor[Host](), reflect.TypeFor[ActionFacts]()} {
		walk(root)
	}
	return forms
}()

// present gives the figure, or an AbsentError.
func present(arguments ...any) (any, error) {
	value := reflect.ValueOf(arguments[1])
	if !value.IsValid() || value.IsNil() {
		return nil, &AbsentError{Path: arguments[0].(string)}
	}
	if value.Kind() == reflect.Pointer {
		return value.Elem().Interface(), nil
	}
	return value.Interface(), nil
}

// value evaluates the expression. An AbsentError means that a figure that it
// really needs is not there.
func (e *expression) value(env Env) (any, error) {
	program, err := e.program()
	if err != nil {
		return nil, err
	}
	value, err := expr.Run(program, env.variables())
	var absent *AbsentError
	if errors.As(err, &absent) {
		return nil, absent
	}
	return value, err
}

// truth evaluates an expression that was compiled as a bool.
func (e *expression) truth(env Env) (bool, error) {
	value, err := e.value(env)
	if err != nil {
		return false, err
	}
	return value.(bool), nil
}
