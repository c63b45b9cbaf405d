package kusion

// Call calls a module in a test exactly as the host would, from plain values. What is left out is empty; the scope is
// project "shop", stack and workspace "dev", app "web" and namespace "shop".
type Call struct {
	Scope               *Scope
	Accessory           string
	Labels, Annotations map[string]string
	// Config and Platform are what would be written in YAML; nil is an empty object.
	Config, Platform  map[string]any
	Workload, Context map[string]any
	Inputs            []Input
}

// Generate makes a call. A rejection has the type *[Rejection].
func Generate[C, P any](module *Module[C, P], call Call) (*Output, error) {
	raw := &rawRequest{
		scope:       Scope{Project: "shop", Stack: "dev", Workspace: "dev", App: "web", Namespace: "shop"},
		accessory:   call.Accessory,
		labels:      call.Labels,
		annotations: call.Annotations,
		config:      document(call.Config),
		platform:    document(call.Platform),
		workload:    text(call.Workload),
		context:     document(call.Context),
		extension:   "{}",
	}
	if call.Scope != nil {
		raw.scope = *call.Scope
	}
	if raw.accessory == "" && module.kind() != Workload {
		raw.accessory = module.Name
	}
	for _, input := range call.Inputs {
		raw.inputs = append(raw.inputs, rawInput{input.Kind, text(input.Need), text(input.Answer)})
	}
	output, rejection := module.serve(raw)
	if rejection != nil {
		return nil, rejection
	}
	return output, nil
}

func document(value map[string]any) string {
	if value == nil {
		return "{}"
	}
	return text(value)
}
