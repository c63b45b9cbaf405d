package kusion

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Kinds of modules.
const (
	// Accessory is anything an app needs beside what runs its containers.
	Accessory = "accessory"
	// Workload runs the app's containers; an app has one.
	Workload = "workload"
)

// Nothing is a configuration with nothing to configure.
type Nothing struct{}

// Module is what a module says about itself, and its function. C is what a developer writes in app.yaml, P what the
// platform team writes in the workspace; both are structs whose tags [Schema] explains. A number that is read into
// an "any" is a [json.Number].
type Module[C, P any] struct {
	// Name is the module's name, for example "network".
	Name string
	// Version is its semantic version.
	Version string
	// Summary is one sentence for listings.
	Summary string
	// Kind is the part it plays; [Accessory] if empty.
	Kind string
	// ContextKeys are the keys of the workspace's context that it wants to see.
	ContextKeys []string
	// ResourceTypes are the types of resources it can make, for example "apps/v1:Deployment".
	ResourceTypes []string
	// NeedsWorkloadResource says whether it must know which resource runs the app's containers;
	// [Request.WorkloadResource] says so then.
	NeedsWorkloadResource bool
	// Generate answers one request. An error that is no *Rejection becomes one of the kind "failed".
	Generate func(*Request[C, P]) (*Output, error)
}

// rawRequest is a call as it crosses the border: documents are still text.
type rawRequest struct {
	scope                                          Scope
	accessory                                      string
	labels, annotations                            map[string]string
	config, platform, workload, context, extension string
	inputs                                         []rawInput
}

type rawInput struct{ kind, need, answer string }

type description struct {
	name, version, kind, summary    string
	contextKeys                     []string
	developerSchema, platformSchema string
	resourceTypes                   []string
	extensions                      map[string]any
}

// described is a module without its types.
type described interface {
	describe() description
	serve(*rawRequest) (*Output, *Rejection)
}

func (m *Module[C, P]) kind() string {
	if m.Kind == "" {
		return Accessory
	}
	return m.Kind
}

func (m *Module[C, P]) describe() description {
	var config C
	var platform P
	extensions := map[string]any{}
	if m.NeedsWorkloadResource {
		extensions["requests"] = []string{workloadResource}
	}
	return description{
		name:            m.Name,
		version:         m.Version,
		kind:            m.kind(),
		summary:         m.Summary,
		contextKeys:     m.ContextKeys,
		developerSchema: text(Schema(config)),
		platformSchema:  text(Schema(platform)),
		resourceTypes:   m.ResourceTypes,
		extensions:      extensions,
	}
}

// serve decodes a call and lets the module answer it.
func (m *Module[C, P]) serve(raw *rawRequest) (*Output, *Rejection) {
	request := &Request[C, P]{
		Scope:       raw.scope,
		Accessory:   raw.accessory,
		Labels:      raw.labels,
		Annotations: raw.annotations,
	}
	var problems Problems
	for _, document := range []struct {
		root Pointer
		text string
		into any
	}{
		{ConfigPointer(), raw.config, &request.Config},
		{PlatformPointer(), raw.platform, &request.Platform},
	} {
		var value any
		if err := parse(document.text, &value); err != nil {
			return nil, Failed(fmt.Sprintf("a document of the host is not JSON: %v", err))
		}
		if value == nil {
			value = map[string]any{}
		}
		if misfit := read(document.into, value, document.root); misfit != nil {
			problems.Add(misfit.pointer, misfit.message)
		}
	}
	if rejection := problems.Finish(); rejection != nil {
		return nil, rejection.(*Rejection)
	}
	for _, document := range []struct {
		text string
		into any
	}{{raw.workload, &request.Workload}, {raw.context, &request.Context}, {raw.extension, &request.Extensions}} {
		if err := parse(document.text, document.into); err != nil {
			return nil, Failed(fmt.Sprintf("a document of the host is not JSON: %v", err))
		}
	}
	for _, input := range raw.inputs {
		read := Input{Kind: input.kind}
		if err := errors.Join(
			parse(input.need, &read.Need),
			parse(input.answer, &read.Answer),
		); err != nil {
			return nil, Failed(fmt.Sprintf("a document of the host is not JSON: %v", err))
		}
		request.Inputs = append(request.Inputs, read)
	}
	output, err := m.Generate(request)
	if err == nil {
		if output == nil {
			output = NewOutput()
		}
		return output, nil
	}
	var rejection *Rejection
	if errors.As(err, &rejection) {
		return nil, rejection
	}
	return nil, Failed(err.Error())
}

// text is the JSON of a value that the module made itself.
func text(value any) string {
	bytes, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("no JSON: %v", err))
	}
	return string(bytes)
}
