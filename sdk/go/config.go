package kusion

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// Schema is the JSON Schema of a configuration: a struct whose fields have tags.
//
//	Memory   int    `default:"64" minimum:"1" description:"The memory in MiB."`
//	Eviction string `enum:"lru,none" default:"lru"`
//	Image    string `json:"image"`
//
// A field is named in camelCase unless its tag "json" says otherwise. One without "default" is required, unless it is a
// pointer, a slice, a map, or a struct that requires nothing.
func Schema(configuration any) map[string]any {
	schema := schemaOf(reflect.TypeOf(configuration), "")
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return schema
}

func schemaOf(t reflect.Type, tag reflect.StructTag) map[string]any {
	schema := map[string]any{}
	if text := tag.Get("description"); text != "" {
		schema["description"] = text
	}
	for _, bound := range []string{"minimum", "maximum"} {
		if text, ok := tag.Lookup(bound); ok {
			schema[bound] = literal(text)
		}
	}
	if text, ok := tag.Lookup("pattern"); ok {
		schema["pattern"] = text
	}
	if words := words(tag); words != nil {
		schema["enum"] = words
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem(), tag)
	case reflect.Struct:
		properties, required := map[string]any{}, []string{}
		for _, field := range fields(t) {
			property := schemaOf(field.Type, field.Tag)
			if text, ok := field.Tag.Lookup("default"); ok {
				property["default"] = defaultOf(field.Type, text)
			} else if isRequired(field) {
				required = append(required, fieldName(field))
			}
			properties[fieldName(field)] = property
		}
		schema["type"], schema["properties"] = "object", properties
		if len(required) > 0 {
			schema["required"] = required
		}
	case reflect.Slice:
		schema["type"], schema["items"] = "array", schemaOf(t.Elem(), "")
	case reflect.Map:
		schema["type"], schema["additionalProperties"] = "object", schemaOf(t.Elem(), "")
	case reflect.String:
		schema["type"] = "string"
	case reflect.Bool:
		schema["type"] = "boolean"
	case reflect.Float32, reflect.Float64:
		schema["type"] = "number"
	case reflect.Interface:
	default:
		schema["type"] = "integer"
	}
	return schema
}

// misfit says where a value does not fit its type.
type misfit struct {
	pointer Pointer
	message string
}

// read reads JSON into what a pointer points at, with defaults.
func read(into any, value any, pointer Pointer) *misfit {
	return readValue(reflect.ValueOf(into).Elem(), "", value, pointer)
}

func readValue(into reflect.Value, tag reflect.StructTag, value any, pointer Pointer) *misfit {
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return readValue(into.Elem(), tag, value, pointer)
	case reflect.Struct:
		return readStruct(into, value, pointer)
	case reflect.Slice:
		list, ok := value.([]any)
		if !ok {
			return unfit(pointer, "a list", value)
		}
		into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
		for at, item := range list {
			if misfit := readValue(into.Index(at), "", item, pointer.Index(at)); misfit != nil {
				return misfit
			}
		}
		return nil
	case reflect.Map:
		object, ok := value.(map[string]any)
		if !ok {
			return unfit(pointer, "an object", value)
		}
		into.Set(reflect.MakeMap(into.Type()))
		for key, item := range object {
			element := reflect.New(into.Type().Elem()).Elem()
			if misfit := readValue(element, "", item, pointer.Key(key)); misfit != nil {
				return misfit
			}
			into.SetMapIndex(reflect.ValueOf(key), element)
		}
		return nil
	case reflect.String:
		return readText(into, tag, value, pointer)
	case reflect.Bool:
		truth, ok := value.(bool)
		if !ok {
			return unfit(pointer, "a boolean", value)
		}
		into.SetBool(truth)
		return nil
	case reflect.Interface:
		into.Set(reflect.ValueOf(value))
		return nil
	default:
		return readNumber(into, tag, value, pointer)
	}
}

func readStruct(into reflect.Value, value any, pointer Pointer) *misfit {
	object, ok := value.(map[string]any)
	if !ok {
		return unfit(pointer, "an object", value)
	}
	for _, field := range fields(into.Type()) {
		name := fieldName(field)
		member := into.FieldByIndex(field.Index)
		given, ok := object[name]
		if !ok || given == nil {
			if text, ok := field.Tag.Lookup("default"); ok {
				given = roundTrip(defaultOf(field.Type, text))
			} else if isRequired(field) {
				return &misfit{pointer, fmt.Sprintf("missing field `%s`", name)}
			} else if field.Type.Kind() == reflect.Struct {
				// A part that may be left out has the defaults of its own members.
				given = map[string]any{}
			} else {
				continue
			}
		}
		if misfit := readValue(member, field.Tag, given, pointer.Key(name)); misfit != nil {
			return misfit
		}
	}
	return nil
}

func readText(into reflect.Value, tag reflect.StructTag, value any, pointer Pointer) *misfit {
	text, ok := value.(string)
	if !ok {
		return unfit(pointer, "a text", value)
	}
	if words := words(tag); words != nil {
		known := false
		for _, word := range words {
			known = known || word == text
		}
		if !known {
			return &misfit{pointer, fmt.Sprintf("unknown variant `%s`, expected %s", text, oneOf(words))}
		}
	}
	into.SetString(text)
	return nil
}

func readNumber(into reflect.Value, tag reflect.StructTag, value any, pointer Pointer) *misfit {
	kind := into.Kind()
	isFloat := kind == reflect.Float32 || kind == reflect.Float64
	wanted := "a whole number" + span(tag)
	if isFloat {
		wanted = "a number" + span(tag)
	}
	number, ok := value.(float64)
	if !ok || !isFloat && number != math.Trunc(number) || !within(number, tag) {
		return unfit(pointer, wanted, value)
	}
	switch {
	case isFloat:
		into.SetFloat(number)
	case into.CanInt():
		if into.OverflowInt(int64(number)) {
			return unfit(pointer, wanted, value)
		}
		into.SetInt(int64(number))
	case into.CanUint():
		if number < 0 || into.OverflowUint(uint64(number)) {
			return unfit(pointer, wanted, value)
		}
		into.SetUint(uint64(number))
	default:
		panic(fmt.Sprintf("a configuration cannot hold the type %v", into.Type()))
	}
	return nil
}

func fields(t reflect.Type) []reflect.StructField {
	var list []reflect.StructField
	for at := range t.NumField() {
		if field := t.Field(at); field.IsExported() {
			list = append(list, field)
		}
	}
	return list
}

func fieldName(field reflect.StructField) string {
	if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
		return name
	}
	letters := []rune(field.Name)
	letters[0] = unicode.ToLower(letters[0])
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

func literal(text string) any {
	var value any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		panic(fmt.Sprintf("the tag %q is not JSON: %v", text, err))
	}
	return value
}

// roundTrip turns the numbers of a literal into those that JSON is read as.
func roundTrip(value any) any {
	var read any
	if err := json.Unmarshal([]byte(text(value)), &read); err != nil {
		panic(err)
	}
	return read
}

func words(tag reflect.StructTag) []string {
	text, ok := tag.Lookup("enum")
	if !ok {
		return nil
	}
	return strings.Split(text, ",")
}

func bound(tag reflect.StructTag, name string) (float64, string, bool) {
	text, ok := tag.Lookup(name)
	if !ok {
		return 0, "", false
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(fmt.Sprintf("the tag %q is no number", text))
	}
	return number, text, true
}

func within(number float64, tag reflect.StructTag) bool {
	least, _, bounded := bound(tag, "minimum")
	if bounded && number < least {
		return false
	}
	most, _, bounded := bound(tag, "maximum")
	return !bounded || number <= most
}

func span(tag reflect.StructTag) string {
	_, least, hasLeast := bound(tag, "minimum")
	_, most, hasMost := bound(tag, "maximum")
	switch {
	case hasLeast && hasMost:
		return fmt.Sprintf(" from %s to %s", least, most)
	case hasLeast && least == "0":
		return ", not negative"
	case hasLeast:
		return ", at least " + least
	case hasMost:
		return ", at most " + most
	default:
		return ""
	}
}

func oneOf(words []string) string {
	quoted := make([]string, len(words))
	for at, word := range words {
		quoted[at] = "`" + word + "`"
	}
	if len(quoted) > 2 {
		return "one of " + strings.Join(quoted, ", ")
	}
	return strings.Join(quoted, " or ")
}

func unfit(pointer Pointer, wanted string, value any) *misfit {
	return &misfit{pointer, fmt.Sprintf("expected %s, found %s", wanted, found(value))}
}

func found(value any) string {
	switch value := value.(type) {
	case nil:
		return "nothing"
	case bool:
		return fmt.Sprintf("`%t`", value)
	case float64:
		if value == math.Trunc(value) {
			return fmt.Sprintf("the number %.0f", value)
		}
		return "a number with a fraction"
	case string:
		return fmt.Sprintf("the text `%s`", value)
	case []any:
		return "a list"
	default:
		return "an object"
	}
}
