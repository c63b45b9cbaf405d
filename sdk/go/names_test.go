package kusion

import (
	"encoding/json"
	"os"
	"testing"
)

// The SDKs of all languages make the same names: those of names.json, which is beside their folders.
func TestNamesAreTheSameAsInEveryOtherLanguage(t *testing.T) {
	bytes, err := os.ReadFile("../names.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Function  string
		Arguments []string
		Result    string
	}
	if err := json.Unmarshal(bytes, &cases); err != nil || len(cases) < 40 {
		t.Fatal(err, len(cases))
	}
	functions := map[string]func([]string) string{
		"dns_label":    func(given []string) string { return DNSLabel(given[0]) },
		"service_name": func(given []string) string { return ServiceName(given[0]) },
		"label_value":  func(given []string) string { return LabelValue(given[0]) },
		"env_suffix":   func(given []string) string { return EnvSuffix(given[0]) },
		"with_suffix":  func(given []string) string { return WithSuffix(given[0], given[1]) },
	}
	for _, it := range cases {
		if made := functions[it.Function](it.Arguments); made != it.Result {
			t.Errorf("%s(%q) is %q and not %q", it.Function, it.Arguments, made, it.Result)
		}
	}
}

func TestIdentityLabelsWinOverTheLabelsOfTheApp(t *testing.T) {
	request := Request[Nothing, Nothing]{
		Scope:  Scope{Project: "shop", Stack: "dev", App: "web"},
		Labels: map[string]string{"team": "a", NameLabel: "other"},
	}
	labels := request.ObjectLabels()
	if labels[NameLabel] != "web" || labels["team"] != "a" {
		t.Error(labels)
	}
	if reference := request.SecretReference("key"); reference != "$kusion_secret.web.workload.key" {
		t.Error(reference)
	}
}
