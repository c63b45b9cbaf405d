package kusion

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// mostDigits is how long a whole number can be: that of the largest double.
const mostDigits = 309

func isFloat(kind reflect.Kind) bool { return kind == reflect.Float32 || kind == reflect.Float64 }

func isWhole(kind reflect.Kind) bool { return kind >= reflect.Int && kind <= reflect.Uint64 }

// bounds are the least and the most that a number may be, as JSON; an empty text is none.
type bounds struct{ least, most string }

// boundsOf are the bounds of a tag; what it leaves open is bound by the type, unless that has 64 bits.
func boundsOf(t reflect.Type, tag reflect.StructTag) bounds {
	var own bounds
	switch kind := t.Kind(); {
	case isFloat(kind):
	case kind == reflect.Uint || kind == reflect.Uint64:
		own.least = "0"
	case kind == reflect.Int || kind == reflect.Int64:
	default:
		own = limits(t)
	}
	if text, ok := tag.Lookup("minimum"); ok {
		own.least = text
	}
	if text, ok := tag.Lookup("maximum"); ok {
		own.most = text
	}
	return own
}

// limits are the least and the most that a type of whole numbers can hold.
func limits(t reflect.Type) bounds {
	bits := t.Bits()
	if t.Kind() >= reflect.Uint {
		return bounds{"0", strconv.FormatUint(math.MaxUint64>>(64-bits), 10)}
	}
	least, most := int64(math.MinInt64)>>(64-bits), int64(math.MaxInt64)>>(64-bits)
	return bounds{strconv.FormatInt(least, 10), strconv.FormatInt(most, 10)}
}

func readNumber(into reflect.Value, tag reflect.StructTag, value any, pointer Pointer) *misfit {
	number, ok := value.(json.Number)
	bounds := boundsOf(into.Type(), tag)
	if isFloat(into.Kind()) {
		parsed, err := strconv.ParseFloat(string(number), into.Type().Bits())
		if !ok || err != nil || !bounds.hold(string(number)) {
			return unfit(pointer, "a number"+bounds.String(), value)
		}
		into.SetFloat(parsed)
		return nil
	}
	if !isWhole(into.Kind()) {
		panic(unheld(into.Type()))
	}
	digits, ok := whole(string(number))
	if !ok || !bounds.hold(digits) {
		return unfit(pointer, "a whole number"+bounds.String(), value)
	}
	isEqual := func(word string) bool { return !less(word, digits) && !less(digits, word) }
	if words := words(tag); words != nil && !slices.ContainsFunc(words, isEqual) {
		return unfit(pointer, oneOf(words), value)
	}
	if !set(into, digits) {
		return unfit(pointer, "a whole number"+bounds.or(limits(into.Type())).String(), value)
	}
	return nil
}

// set says whether a whole number fits into its type.
func set(into reflect.Value, digits string) bool {
	if into.CanInt() {
		parsed, err := strconv.ParseInt(digits, 10, into.Type().Bits())
		if err == nil {
			into.SetInt(parsed)
		}
		return err == nil
	}
	parsed, err := strconv.ParseUint(digits, 10, into.Type().Bits())
	if err == nil {
		into.SetUint(parsed)
	}
	return err == nil
}

// whole writes a JSON number out in digits; there are none if it has a fraction or is no number.
func whole(number string) (string, bool) {
	unsigned, isNegative := strings.CutPrefix(number, "-")
	mantissa, exponent := unsigned, 0
	if at := strings.IndexAny(unsigned, "eE"); at >= 0 {
		parsed, err := strconv.Atoi(unsigned[at+1:])
		if err != nil {
			return "", false
		}
		mantissa, exponent = unsigned[:at], parsed
	}
	before, after, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(before+after, "0")
	if digits == "" {
		return "0", mantissa != ""
	}
	// How many digits are before the point.
	length := len(digits) - len(after) + exponent
	digits = strings.TrimRight(digits, "0")
	if len(digits) > length || length > mostDigits {
		return "", false
	}
	digits += strings.Repeat("0", length-len(digits))
	if isNegative {
		return "-" + digits, true
	}
	return digits, true
}

func (b bounds) hold(number string) bool {
	return (b.least == "" || !less(number, b.least)) && (b.most == "" || !less(b.most, number))
}

// or takes the other bounds where there are none.
func (b bounds) or(other bounds) bounds {
	if b.least == "" {
		b.least = other.least
	}
	if b.most == "" {
		b.most = other.most
	}
	return b
}

func (b bounds) String() string {
	switch {
	case b.least != "" && b.most != "":
		return fmt.Sprintf(" from %s to %s", b.least, b.most)
	case b.least == "0":
		return ", not negative"
	case b.least != "":
		return ", at least " + b.least
	case b.most != "":
		return ", at most " + b.most
	default:
		return ""
	}
}

// less compares two numbers, whole ones exactly.
func less(a, b string) bool {
	if a, err := strconv.ParseInt(a, 10, 64); err == nil {
		if b, err := strconv.ParseInt(b, 10, 64); err == nil {
			return a < b
		}
	}
	if a, err := strconv.ParseUint(a, 10, 64); err == nil {
		if b, err := strconv.ParseUint(b, 10, 64); err == nil {
			return a < b
		}
	}
	return float(a) < float(b)
}

func float(number string) float64 {
	parsed, err := strconv.ParseFloat(number, 64)
	if errors.Is(err, strconv.ErrSyntax) {
		panic(fmt.Sprintf("the tag %q is no number", number))
	}
	return parsed
}
