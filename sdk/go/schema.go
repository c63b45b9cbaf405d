package kusion

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Schema is the JSON Schema of a configuration: a struct whose fields have tags.
//
//	Memory   int      `default:"64" minimum:"1" description:"The memory in MiB."`
//	Eviction string   `enum:"lru,none" default:"lru"`
//	Days     []string `enum:"mon,tue,wed"`
//	Image    string   `json:"image"`
//
// A field is named in camelCase (URL is url, HTTPPort is httpPort) unless its tag "json" says otherwise; one with
// json:"-" is none. A field without "default" is required, unless it is a pointer, a slice, a map, or a struct that
// requires nothing. The tags "enum", "pattern", "minimum" and "maximum" of a slice or a map are those of its elements. A
// number has the bounds of its type if it has no others.
//
// It panics if the configuration has a type that JSON has not, or one that contains itself.
func Schema(configuration any) map[string]any {
	schema := schemaOf(reflect.TypeOf(configuration), "", nil)
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return schema
}

// schemaOf is the schema of a type that lies within some structs, without its description and default.
func schemaOf(t reflect.Type, tag reflect.StructTag, within []reflect.Type) map[string]any {
	schema := map[string]any{}
	switch kind := t.Kind(); kind {
	case reflect.Pointer:
		return schemaOf(t.Elem(), tag, within)
	case reflect.Struct:
		return structSchema(t, within)
	case reflect.Slice:
		schema["type"], schema["items"] = "array", schemaOf(t.Elem(), tag, within)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			panic(unheld(t))
		}
		schema["type"], schema["additionalProperties"] = "object", schemaOf(t.Elem(), tag, within)
	case reflect.String:
		schema["type"] = "string"
		if text, ok := tag.Lookup("pattern"); ok {
			schema["pattern"] = text
		}
		if words := words(tag); words != nil {
			schema["enum"] = words
		}
	case reflect.Bool:
		schema["type"] = "boolean"
	case reflect.Interface:
		if t.NumMethod() > 0 {
			panic(unheld(t))
		}
	default:
		switch {
		case isFloat(kind):
			schema["type"] = "number"
		case isWhole(kind):
			schema["type"] = "integer"
			if words := words(tag); words != nil {
				schema["enum"] = literal("[" + strings.Join(words, ",") + "]")
			}
		default:
			panic(unheld(t))
		}
		bounds := boundsOf(t, tag)
		if bounds.least != "" {
			schema["minimum"] = literal(bounds.least)
		}
		if bounds.most != "" {
			schema["maximum"] = literal(bounds.most)
		}
	}
	return schema
}

func structSchema(t reflect.Type, within []reflect.Type) map[string]any {
	if slices.Contains(within, t) {
		panic(fmt.Sprintf("the type %v contains itself, and so a configuration of it has no schema", t))
	}
	within = append(within, t)
	properties, required := map[string]any{}, []string{}
	for _, field := range fields(t) {
		property := schemaOf(field.Type, field.Tag, within)
		if text := field.Tag.Get("description"); text != "" {
			property["description"] = text
		}
		if text, ok := field.Tag.Lookup("default"); ok {
			property["default"] = defaultOf(field.Type, text)
		} else if isRequired(field) {
			required = append(required, fieldName(field))
		}
		properties[fieldName(field)] = property
	}
	schema := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

func unheld(t reflect.Type) string {
	return fmt.Sprintf("a configuration cannot hold the type %v", t)
}
