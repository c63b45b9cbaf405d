package kusion

import "strings"

// Object makes a resource of a Kubernetes manifest.
//
// The id is read from the manifest. Members whose value is nil are left out, so what may be absent can stand in the
// manifest as it is.
func Object(manifest map[string]any) *Resource {
	kept := withoutNils(manifest)
	apiVersion, _ := kept["apiVersion"].(string)
	kind, _ := kept["kind"].(string)
	metadata, _ := kept["metadata"].(map[string]any)
	namespace, _ := metadata["namespace"].(string)
	name, _ := metadata["name"].(string)
	slash := "/"
	if strings.Contains(apiVersion, "/") {
		slash = ""
	}
	return &Resource{
		ID:         ID(apiVersion, kind, namespace, name),
		Type:       "Kubernetes",
		Attributes: kept,
		Extensions: map[string]any{"GVK": slash + apiVersion + ", Kind=" + kind},
	}
}

// ID builds the id of a Kubernetes object: "apiVersion:Kind[:namespace]:name". A namespace that is empty is none.
func ID(apiVersion, kind, namespace, name string) string {
	if namespace == "" {
		return apiVersion + ":" + kind + ":" + name
	}
	return apiVersion + ":" + kind + ":" + namespace + ":" + name
}

// Env makes an environment variable with a value. "$(OTHER)" in it refers to another variable.
func Env(name, value string) map[string]any { return map[string]any{"name": name, "value": value} }

// EnvFromSecret makes an environment variable whose value is one key of a Secret.
func EnvFromSecret(name, secret, key string) map[string]any {
	reference := map[string]any{"name": secret, "key": key}
	return map[string]any{"name": name, "valueFrom": map[string]any{"secretKeyRef": reference}}
}

// UnlessEmpty leaves an empty map out of a manifest: it gives nil for it, which [Object] drops.
func UnlessEmpty[V any](collection map[string]V) any {
	if len(collection) == 0 {
		return nil
	}
	return collection
}

func withoutNils(value map[string]any) map[string]any {
	kept := map[string]any{}
	for key, member := range value {
		if member != nil {
			kept[key] = withoutNil(member)
		}
	}
	return kept
}

func withoutNil(value any) any {
	switch value := value.(type) {
	case map[string]any:
		return withoutNils(value)
	case []any:
		kept := make([]any, len(value))
		for at, item := range value {
			kept[at] = withoutNil(item)
		}
		return kept
	case []map[string]any:
		kept := make([]any, len(value))
		for at, item := range value {
			kept[at] = withoutNils(item)
		}
		return kept
	default:
		return value
	}
}
