package kusion

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// fields are the members of a configuration.
func fields(t reflect.Type) []reflect.StructField {
	var list []reflect.StructField
	for at := range t.NumField() {
		if field := t.Field(at); field.IsExported() && field.Tag.Get("json") != "-" {
			list = append(list, field)
		}
	}
	return list
}

func fieldName(field reflect.StructField) string {
	if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
		return name
	}
	return camelCase(field.Name)
}

// camelCase lowers the capitals that a name begins with, but for the one that begins its second word.
func camelCase(name string) string {
	letters := []rune(name)
	for at, letter := range letters {
		if !unicode.IsUpper(letter) || at > 0 && at+1 < len(letters) && unicode.IsLower(letters[at+1]) {
			break
		}
		letters[at] = unicode.ToLower(letter)
	}
	return string(letters)
}

func isRequired(field reflect.StructField) bool {
	if _, ok := field.Tag.Lookup("default"); ok {
		return false
	}
	switch field.Type.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return false
	case reflect.Struct:
		for _, inner := range fields(field.Type) {
			if isRequired(inner) {
				return true
			}
		}
		return false
	default:
		return true
	}
}

// defaultOf reads the text of a default: a text as it stands, anything else as JSON.
func defaultOf(t reflect.Type, text string) any {
	if t.Kind() == reflect.String || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.String {
		return text
	}
	return literal(text)
}

// literal reads JSON that stands in a tag.
func literal(text string) any {
	var value any
	if err := parse(text, &value); err != nil {
		panic(fmt.Sprintf("the tag %q is not JSON: %v", text, err))
	}
	return value
}

func words(tag reflect.StructTag) []string {
	text, ok := tag.Lookup("enum")
	if !ok {
		return nil
	}
	return strings.Split(text, ",")
}
