package kusion

// Resource is a Kubernetes object or a resource of a provider; [Object] makes one.
type Resource struct {
	// ID is unique in a Spec.
	ID string
	// Type is "Kubernetes" or "Terraform".
	Type string
	// Attributes is the manifest, or the provider's arguments.
	Attributes map[string]any
	// DependsOn are ids of resources that must exist before this one, beyond what the host sees by itself.
	DependsOn []string
	// Extensions are further facts for the host.
	Extensions map[string]any
}

// Workload marks the resource that runs the app's containers; a module of kind [Workload] marks exactly one.
func (r *Resource) Workload() *Resource { return r.Extension("kusion.io/is-workload", true) }

// After adds the id of a resource that must exist before this one.
func (r *Resource) After(id string) *Resource {
	r.DependsOn = append(r.DependsOn, id)
	return r
}

// Extension adds a fact for the host.
func (r *Resource) Extension(key string, value any) *Resource {
	r.Extensions[key] = value
	return r
}

// PathReference is the text that stands for an attribute of this resource until it is known.
func (r *Resource) PathReference(attribute string) string { return PathReference(r.ID, attribute) }

// PathReference is the text that stands for an attribute of another resource until it is known.
func PathReference(id, attribute string) string { return "$kusion_path." + id + "." + attribute }
