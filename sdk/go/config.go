package kusion

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// misfit says where a value does not fit its type.
type misfit struct {
	pointer Pointer
	message string
}

// parse reads JSON without changing a number.
func parse(text string, into any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// read reads what [parse] gives into what a pointer points at, with defaults.
func read(into any, value any, pointer Pointer) *misfit {
	return readValue(reflect.ValueOf(into).Elem(), "", value, pointer)
}

func readValue(into reflect.Value, tag reflect.StructTag, value any, pointer Pointer) *misfit {
	switch into.Kind() {
	case reflect.Pointer:
		if value == nil {
			into.SetZero()
			return nil
		}
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
			if misfit := readValue(into.Index(at), tag, item, pointer.Index(at)); misfit != nil {
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
		for _, key := range slices.Sorted(maps.Keys(object)) {
			element := reflect.New(into.Type().Elem()).Elem()
			if misfit := readValue(element, tag, object[key], pointer.Key(key)); misfit != nil {
				return misfit
			}
			into.SetMapIndex(reflect.ValueOf(key).Convert(into.Type().Key()), element)
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
		if value == nil {
			into.SetZero()
			return nil
		}
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
				given = defaultOf(field.Type, text)
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
	if words := words(tag); words != nil && !slices.Contains(words, text) {
		return &misfit{pointer, fmt.Sprintf("unknown variant `%s`, expected %s", text, oneOf(words))}
	}
	into.SetString(text)
	return nil
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
	case json.Number:
		if _, ok := whole(string(value)); ok {
			return "the number " + string(value)
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
