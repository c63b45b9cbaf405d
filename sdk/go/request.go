package kusion

import (
	"maps"
	"slices"
)

// workloadResource is what a description asks for, and the extension of a request that tells it.
const workloadResource = "workloadResource"

// Scope is the names that say where a call belongs.
type Scope struct {
	Project, Stack, Workspace, App string
	// Namespace is the Kubernetes namespace of the stack's resources. A module never computes it.
	Namespace string
}

// Input is a file or folder that an earlier answer of the module asked for.
type Input struct {
	Kind         string
	Need, Answer any
}

// WorkloadResource is the Kubernetes object that runs the app's containers.
type WorkloadResource struct {
	// ID is that of the resource, for patches.
	ID string
	// APIVersion is for example "apps/v1", and Kind "Deployment".
	APIVersion, Kind, Name string
}

// Request is one call: what the developer and the platform team wrote, and where it belongs. Numbers in its documents
// are of the type [encoding/json.Number], as they were written.
type Request[C, P any] struct {
	Scope Scope
	// Accessory is the accessory's name in app.yaml; empty for the workload.
	Accessory string
	// Labels and Annotations are those of the app.
	Labels, Annotations map[string]string
	Config              C
	Platform            P
	// Workload is the app's workload as the developer wrote it, without secret values; nil without one.
	Workload map[string]any
	// Context holds the keys of the workspace's context that the module asked for.
	Context map[string]any
	// Inputs are the answers to the needs of an earlier round.
	Inputs     []Input
	Extensions map[string]any
}

// UniqueAppName is the name of the app's main resource.
func (r *Request[C, P]) UniqueAppName() string { return UniqueAppName(r.Scope) }

// UniqueName is the name of a further resource of the app.
func (r *Request[C, P]) UniqueName(suffix string) string { return UniqueName(r.Scope, suffix) }

// AccessoryName is the name of a resource of this accessory; two accessories of one module get different names.
func (r *Request[C, P]) AccessoryName(module, suffix string) string {
	if r.Accessory == "" || r.Accessory == module {
		return r.UniqueName(suffix)
	}
	return r.UniqueName(r.Accessory + "-" + suffix)
}

// Selector is the labels by which the app's pods are found.
func (r *Request[C, P]) Selector() map[string]string { return AppLabels(r.Scope) }

// ObjectLabels is the labels for an object of the app: the app's own with those of [Request.Selector] on top.
func (r *Request[C, P]) ObjectLabels() map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, r.Labels)
	maps.Copy(labels, r.Selector())
	return labels
}

// SecretReference is the text that stands for a secret of this call until the host resolves it.
func (r *Request[C, P]) SecretReference(name string) string {
	accessory := r.Accessory
	if accessory == "" {
		accessory = "workload"
	}
	return "$kusion_secret." + r.Scope.App + "." + accessory + "." + name
}

// WorkloadResource is the resource that runs the app's containers, for a module that needs it; nil without a workload.
func (r *Request[C, P]) WorkloadResource() *WorkloadResource {
	told, found := r.Extensions[workloadResource].(map[string]any)
	if !found {
		return nil
	}
	text := func(key string) string { value, _ := told[key].(string); return value }
	return &WorkloadResource{ID: text("id"), APIVersion: text("apiVersion"), Kind: text("kind"), Name: text("name")}
}

// ContainerNames is the names of the workload's containers, sorted; empty without a workload.
func (r *Request[C, P]) ContainerNames() []string {
	containers, _ := r.Workload["containers"].(map[string]any)
	return slices.Sorted(maps.Keys(containers))
}
