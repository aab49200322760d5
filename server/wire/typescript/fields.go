package main

import (
	"go/ast"
	"reflect"
	"strconv"
	"strings"
)

// plainTypes are Go's own types and what encoding/json makes of them.
var plainTypes = map[string]string{
	"string": "string", "bool": "boolean",
	"int": "number", "int8": "number", "int16": "number", "int32": "number", "int64": "number",
	"uint": "number", "uint8": "number", "uint16": "number", "uint32": "number", "uint64": "number",
	"float32": "number", "float64": "number",
}

func (r *reader) convertStruct(name, doc string, kind *ast.StructType) error {
	result := structType{name: name, doc: doc}
	for _, declared := range kind.Fields.List {
		tag := ""
		if declared.Tag != nil {
			unquoted, err := strconv.Unquote(declared.Tag.Value)
			if err != nil {
				return r.errorAt(declared.Tag, "the tag is not a string in quotes")
			}
			tag = reflect.StructTag(unquoted).Get("json")
		}
		jsonName, options, _ := strings.Cut(tag, ",")
		if jsonName == "-" && options == "" {
			continue
		}
		if len(declared.Names) == 0 {
			// An embedded struct without a tag: JSON has its fields on this level.
			base, ok := declared.Type.(*ast.Ident)
			if !ok || tag != "" {
				return r.errorAt(declared, "an embedded field of %s is not a plain struct without a tag", name)
			}
			if _, isStruct := r.named[base.Name].(*ast.StructType); !isStruct {
				return r.errorAt(declared, "%s embeds %s, which is not a struct of this package", name, base.Name)
			}
			result.extends = append(result.extends, base.Name)
			continue
		}
		for _, fieldName := range declared.Names {
			if !fieldName.IsExported() {
				continue
			}
			if jsonName == "" || len(declared.Names) > 1 {
				return r.errorAt(declared, "field %s.%s has no json name of its own", name, fieldName.Name)
			}
			converted, err := r.convertField(declared, jsonName, options)
			if err != nil {
				return err
			}
			if name == headerName && jsonName == "type" {
				converted.kind = "MessageType"
			}
			result.fields = append(result.fields, converted)
		}
	}
	r.schema.structs = append(r.schema.structs, result)
	return nil
}

func (r *reader) convertField(declared *ast.Field, jsonName, options string) (field, error) {
	result := field{name: jsonName, doc: text(declared.Doc, declared.Comment)}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "":
		case "omitempty", "omitzero":
			result.optional = true
		default:
			return field{}, r.errorAt(declared, "field %s has the json option %q, which this generator does not know", jsonName, option)
		}
	}
	expression := declared.Type
	pointer, isPointer := expression.(*ast.StarExpr)
	if isPointer {
		expression = pointer.X
	}
	kind, err := r.kind(expression)
	if err != nil {
		return field{}, err
	}
	if isPointer && !result.optional {
		kind += " | null"
	}
	if !result.optional && kind == "number" && isName(expression, countName) {
		return field{}, r.errorAt(declared, "field %s is a %s without omitzero: it would be null where it should be absent", jsonName, countName)
	}
	result.kind = kind
	return result, nil
}

// kind is the TypeScript type of what encoding/json makes of a Go type.
func (r *reader) kind(expression ast.Expr) (string, error) {
	switch expression := expression.(type) {
	case *ast.Ident:
		if expression.Name == countName {
			return "number", nil
		}
		if plain, ok := plainTypes[expression.Name]; ok {
			return plain, nil
		}
		if _, ok := r.named[expression.Name]; ok {
			return expression.Name, nil
		}
	case *ast.ArrayType:
		if isName(expression.Elt, "byte") {
			return "string", nil // base64
		}
		element, err := r.kind(expression.Elt)
		return element + "[]", err
	case *ast.MapType:
		if isName(expression.Key, "string") {
			element, err := r.kind(expression.Value)
			return "Record<string, " + element + ">", err
		}
	}
	return "", r.errorAt(expression, "this generator does not know the type of this field; use a type of package wire, or teach it")
}

func isName(expression ast.Expr, name string) bool {
	identifier, ok := expression.(*ast.Ident)
	return ok && identifier.Name == name
}
