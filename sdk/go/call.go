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
	// WorkloadAPIVersion and WorkloadKind are what runs the workload, for a module that needs to know it; a Deployment of
	// apps/v1 if empty.
	WorkloadAPIVersion, WorkloadKind string
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
	if module.NeedsWorkloadResource && call.Workload != nil {
		raw.extension = text(map[string]any{workloadResource: call.workloadResource(raw.scope)})
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

func (c *Call) workloadResource(scope Scope) map[string]any {
	apiVersion, kind := c.WorkloadAPIVersion, c.WorkloadKind
	if kind == "" {
		apiVersion, kind = "apps/v1", "Deployment"
	}
	name := UniqueAppName(scope)
	id := ID(apiVersion, kind, scope.Namespace, name)
	return map[string]any{"id": id, "apiVersion": apiVersion, "kind": kind, "name": name}
}

func document(value map[string]any) string {
	if value == nil {
		return "{}"
	}
	return text(value)
}
