package kusion

import (
	"encoding/json"
	"reflect"
	"testing"
)

type probe struct {
	Seconds int `default:"10"`
}

type configuration struct {
	Port     uint16  `description:"The port."`
	Ratio    float64 `default:"0.5"`
	Protocol string  `default:"tcp" enum:"tcp,udp,quic"`
	Labels   map[string]string
	Paths    []string `json:"paths"`
	Probe    probe
}

func readConfiguration(t *testing.T, text string) (configuration, *misfit) {
	t.Helper()
	var into configuration
	return into, readInto(t, &into, text)
}

func readInto(t *testing.T, into any, text string) *misfit {
	t.Helper()
	var value any
	if err := parse(text, &value); err != nil {
		t.Fatal(err)
	}
	return read(into, value, ConfigPointer())
}

func TestDefaultsAreFilledIn(t *testing.T) {
	into, misfit := readConfiguration(t, `{"port": 80, "labels": {"a": "b"}}`)
	if misfit != nil {
		t.Fatal(misfit)
	}
	expected := configuration{
		Port: 80, Ratio: 0.5, Protocol: "tcp", Labels: map[string]string{"a": "b"}, Probe: probe{10},
	}
	if !reflect.DeepEqual(into, expected) {
		t.Error(into)
	}
}

func TestNumbersKeepEveryDigitOrDoNotFit(t *testing.T) {
	type numbers struct {
		Int   int64   `default:"0"`
		Uint  uint64  `default:"0"`
		Small int8    `default:"0"`
		Most  int64   `default:"0" maximum:"9007199254740993"`
		Zone  int     `default:"1" enum:"1,2"`
		Share float32 `default:"0"`
		Any   any
	}
	for _, it := range []struct {
		value    string
		expected numbers
	}{
		{`{"int": 9007199254740993}`, numbers{Int: 9007199254740993, Zone: 1}},
		{`{"int": -9223372036854775808}`, numbers{Int: -9223372036854775808, Zone: 1}},
		{`{"int": 1e3, "small": -0.0}`, numbers{Int: 1000, Zone: 1}},
		{`{"int": 12.50e1, "zone": 2.0}`, numbers{Int: 125, Zone: 2}},
		{`{"uint": 18446744073709551615}`, numbers{Uint: 18446744073709551615, Zone: 1}},
		{`{"most": 9007199254740993, "share": 0.5}`, numbers{Most: 9007199254740993, Zone: 1, Share: 0.5}},
		{`{"any": 9007199254740993}`, numbers{Any: json.Number("9007199254740993"), Zone: 1}},
	} {
		var into numbers
		if misfit := readInto(t, &into, it.value); misfit != nil || into != it.expected {
			t.Errorf("%s: %+v %+v", it.value, into, misfit)
		}
	}
	for _, it := range []struct{ value, pointer, message string }{
		{
			`{"int": 1e30}`, "/config/int",
			"expected a whole number from -9223372036854775808 to 9223372036854775807, found the number 1e30",
		},
		{
			`{"uint": 18446744073709551616}`, "/config/uint",
			"expected a whole number from 0 to 18446744073709551615, found the number 18446744073709551616",
		},
		{`{"uint": -1}`, "/config/uint", "expected a whole number, not negative, found the number -1"},
		{`{"small": 128}`, "/config/small", "expected a whole number from -128 to 127, found the number 128"},
		{
			`{"most": 9007199254740994}`, "/config/most",
			"expected a whole number, at most 9007199254740993, found the number 9007199254740994",
		},
		{`{"int": 125e-1}`, "/config/int", "expected a whole number, found a number with a fraction"},
		{`{"zone": 3}`, "/config/zone", "expected `1` or `2`, found the number 3"},
		{`{"share": 1e300}`, "/config/share", "expected a number, found the number 1e300"},
		{`{"share": "1"}`, "/config/share", "expected a number, found the text `1`"},
	} {
		var into numbers
		misfit := readInto(t, &into, it.value)
		if misfit == nil || string(misfit.pointer) != it.pointer || misfit.message != it.message {
			t.Errorf("%s: %+v", it.value, misfit)
		}
	}
}

func TestNumbersOfDocumentsKeepEveryDigit(t *testing.T) {
	module := &Module[struct{}, Nothing]{Generate: func(r *Request[struct{}, Nothing]) (*Output, error) {
		return nil, Failed(text([]any{r.Workload, r.Context, r.Inputs[0].Answer}))
	}}
	number := map[string]any{"a": uint64(9007199254740993)}
	inputs := []Input{{Answer: number}}
	_, err := Generate(module, Call{Workload: number, Context: number, Inputs: inputs})
	expected := `[{"a":9007199254740993},{"a":9007199254740993},{"a":9007199254740993}]`
	if err == nil || err.Error() != expected {
		t.Error(err)
	}
}

func TestANullInAListIsRead(t *testing.T) {
	var into struct {
		Items    []any
		Objects  []map[string]any
		Pointers []*int
		Texts    []string
	}
	value := `{"items": [null, {"a": null}], "objects": [{"a": null}], "pointers": [null, 1]}`
	if misfit := readInto(t, &into, value); misfit != nil {
		t.Fatal(misfit)
	}
	one := text([]any{into.Items, into.Objects, into.Pointers})
	if one != `[[null,{"a":null}],[{"a":null}],[null,1]]` {
		t.Error(one)
	}
	misfit := readInto(t, &into, `{"texts": [null]}`)
	if misfit == nil || misfit.pointer != "/config/texts/0" || misfit.message != "expected a text, found nothing" {
		t.Error(misfit)
	}
}

func TestTheFirstMisfitInAMapIsTheOneOfTheFirstKey(t *testing.T) {
	for range 20 {
		_, misfit := readConfiguration(t, `{"port": 1, "labels": {"c": 1, "a": 1, "b": 1}}`)
		if misfit == nil || misfit.pointer != "/config/labels/a" {
			t.Fatal(misfit)
		}
	}
}

func TestTheSchemaSaysWhatIsRequiredAndWhatIsTheDefault(t *testing.T) {
	var schema struct {
		Required   []string
		Properties map[string]map[string]any
	}
	if err := json.Unmarshal([]byte(text(Schema(configuration{}))), &schema); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(schema.Required, []string{"port"}) {
		t.Error(schema.Required)
	}
	port := map[string]any{"type": "integer", "minimum": 0.0, "maximum": 65535.0, "description": "The port."}
	protocol := map[string]any{"type": "string", "enum": []any{"tcp", "udp", "quic"}, "default": "tcp"}
	if !reflect.DeepEqual(schema.Properties["port"], port) || !reflect.DeepEqual(schema.Properties["protocol"], protocol) {
		t.Error(schema.Properties)
	}
}

func TestAFieldIsNamedLikeItIsSaid(t *testing.T) {
	for name, expected := range map[string]string{
		"Name": "name", "MaxMemory": "maxMemory", "URL": "url", "HTTPPort": "httpPort", "ID": "id", "DBName": "dbName",
		"HTTP2": "http2", "X": "x", "XAxis": "xAxis", "Ä": "ä",
	} {
		if made := camelCase(name); made != expected {
			t.Errorf("%s is %s", name, made)
		}
	}
	type hidden struct {
		Seen   string `json:"see-n,omitempty"`
		Unseen string `json:"-"`
		Dash   string `json:"-,"`
	}
	schema := Schema(hidden{})
	if !reflect.DeepEqual(schema["required"], []string{"see-n", "-"}) {
		t.Error(schema)
	}
	var into hidden
	if misfit := readInto(t, &into, `{"see-n": "a", "-": "b", "unseen": "c"}`); misfit != nil {
		t.Fatal(misfit)
	}
	if into != (hidden{Seen: "a", Dash: "b"}) {
		t.Error(into)
	}
}

func TestANumberHasTheBoundsOfItsType(t *testing.T) {
	type numbers struct {
		A uint8
		B int16
		C uint32 `minimum:"1"`
		D uint64
		E int
		F float32 `maximum:"0.5"`
		G int8    `enum:"1,2"`
	}
	properties := text(Schema(numbers{})["properties"])
	expected := `{"a":{"maximum":255,"minimum":0,"type":"integer"},` +
		`"b":{"maximum":32767,"minimum":-32768,"type":"integer"},` +
		`"c":{"maximum":4294967295,"minimum":1,"type":"integer"},` +
		`"d":{"minimum":0,"type":"integer"},` +
		`"e":{"type":"integer"},` +
		`"f":{"maximum":0.5,"type":"number"},` +
		`"g":{"enum":[1,2],"maximum":127,"minimum":-128,"type":"integer"}}`
	if properties != expected {
		t.Error(properties)
	}
}

func TestWordsPatternsAndBoundsOfAListAreThoseOfItsElements(t *testing.T) {
	type lists struct {
		Days  []string          `enum:"mon,tue" description:"When."`
		Names map[string]string `pattern:"^a"`
		Ports []int             `minimum:"1" default:"[80]"`
	}
	properties := text(Schema(lists{})["properties"])
	expected := `{"days":{"description":"When.","items":{"enum":["mon","tue"],"type":"string"},"type":"array"},` +
		`"names":{"additionalProperties":{"pattern":"^a","type":"string"},"type":"object"},` +
		`"ports":{"default":[80],"items":{"minimum":1,"type":"integer"},"type":"array"}}`
	if properties != expected {
		t.Error(properties)
	}
	for _, it := range []struct{ value, pointer, message string }{
		{`{"days": ["mon", "wed"]}`, "/config/days/1", "unknown variant `wed`, expected `mon` or `tue`"},
		{`{"ports": [0]}`, "/config/ports/0", "expected a whole number, at least 1, found the number 0"},
	} {
		misfit := readInto(t, &lists{}, it.value)
		if misfit == nil || string(misfit.pointer) != it.pointer || misfit.message != it.message {
			t.Errorf("%s: %+v", it.value, misfit)
		}
	}
}

type node struct{ Next []*node }

func TestWhatHasNoSchemaIsSaid(t *testing.T) {
	for _, it := range []struct {
		configuration any
		message       string
	}{
		{node{}, "the type kusion.node contains itself, and so a configuration of it has no schema"},
		{struct{ A [2]string }{}, "a configuration cannot hold the type [2]string"},
		{struct{ A map[int]string }{}, "a configuration cannot hold the type map[int]string"},
		{struct{ A error }{}, "a configuration cannot hold the type error"},
		{struct{ A func() }{}, "a configuration cannot hold the type func()"},
	} {
		func() {
			defer func() {
				if said := recover(); said != it.message {
					t.Errorf("%v", said)
				}
			}()
			Schema(it.configuration)
		}()
	}
	type twice struct{ A, B probe }
	if text(Schema(twice{})) == "" {
		t.Error("a type may be used twice")
	}
}

func TestWhatDoesNotFitIsPointedAt(t *testing.T) {
	for _, it := range []struct{ value, pointer, message string }{
		{`{"port": "80"}`, "/config/port", "expected a whole number from 0 to 65535, found the text `80`"},
		{`{"port": 65536}`, "/config/port", "expected a whole number from 0 to 65535, found the number 65536"},
		{`{"port": 1.5}`, "/config/port", "expected a whole number from 0 to 65535, found a number with a fraction"},
		{`{}`, "/config", "missing field `port`"},
		{`{"port": 1, "paths": {}}`, "/config/paths", "expected a list, found an object"},
		{`{"port": 1, "paths": ["a", 1]}`, "/config/paths/1", "expected a text, found the number 1"},
		{`{"port": 1, "labels": {"a/b": true}}`, "/config/labels/a~1b", "expected a text, found `true`"},
		{
			`{"port": 1, "protocol": "ftp"}`, "/config/protocol",
			"unknown variant `ftp`, expected one of `tcp`, `udp`, `quic`",
		},
		{`[]`, "/config", "expected an object, found a list"},
	} {
		_, misfit := readConfiguration(t, it.value)
		if misfit == nil || string(misfit.pointer) != it.pointer || misfit.message != it.message {
			t.Errorf("%s: %+v", it.value, misfit)
		}
	}
}
