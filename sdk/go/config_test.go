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
	Port     uint16  `maximum:"65535" minimum:"0" description:"The port."`
	Ratio    float64 `default:"0.5"`
	Protocol string  `default:"tcp" enum:"tcp,udp,quic"`
	Labels   map[string]string
	Paths    []string `json:"paths"`
	Probe    probe
}

func readConfiguration(t *testing.T, text string) (configuration, *misfit) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	var into configuration
	return into, read(&into, value, ConfigPointer())
}

func TestDefaultsAreFilledIn(t *testing.T) {
	var into configuration
	value := map[string]any{"port": 80.0, "labels": map[string]any{"a": "b"}}
	if misfit := read(&into, value, ConfigPointer()); misfit != nil {
		t.Fatal(misfit)
	}
	expected := configuration{
		Port: 80, Ratio: 0.5, Protocol: "tcp", Labels: map[string]string{"a": "b"}, Probe: probe{10},
	}
	if !reflect.DeepEqual(into, expected) {
		t.Error(into)
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
