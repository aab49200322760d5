package demos

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Problem is what is wrong with a lesson, and where. The lesson is left out;
// the others are not harmed.
type Problem struct {
	// Slug is the folder's name.
	Slug string
	// File is the path within the file system that was loaded.
	File string
	// Line and Column count from 1; 0 where the whole file is meant.
	Line, Column int
	// Says is one sentence: what is wrong and what to do.
	Says string
}

// String is the problem as compilers print theirs: file:line:column: words.
func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Says)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Says)
}

// Error makes a Problem an error.
func (p Problem) Error() string { return p.String() }

// positioned gives an error the place of the YAML node that it is about.
func positioned(node ast.Node, err error) error {
	if err == nil {
		return nil
	}
	return &yaml.SyntaxError{Message: err.Error(), Token: node.GetToken()}
}

// scalar is the text of a node that must be a single value.
func scalar(node ast.Node) (string, error) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, nil
	case *ast.LiteralNode:
		return node.Value.Value, nil
	case *ast.IntegerNode, *ast.FloatNode:
		return node.GetToken().Value, nil
	}
	return "", positioned(node, errors.New("a single value is needed here, for example 256m or 3s"))
}
