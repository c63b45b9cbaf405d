package kusion

// Need is something the host must read before the module can answer.
type Need struct {
	Kind     string
	Document any
}

// FileNeed asks for a file below the stack's folder.
func FileNeed(path string) Need { return Need{"file", map[string]any{"path": path}} }

// FolderNeed asks for all files of a folder below the stack's folder.
func FolderNeed(path string) Need { return Need{"folder", map[string]any{"path": path}} }

// Patch is a change to the app's workload or to any other resource.
type Patch struct {
	kind      uint8
	texts     map[string]string
	variables []any
	// id is that of a resource, or the kind of a patch that the interface does not name.
	id       string
	document any
}

const (
	patchEnv uint8 = iota
	patchLabels
	patchAnnotations
	patchPodLabels
	patchPodAnnotations
	patchJSON
	patchMerge
	patchOther
)

// EnvPatch adds environment variables to every container of the workload.
func EnvPatch(variables ...map[string]any) Patch {
	patch := Patch{kind: patchEnv, variables: []any{}}
	for _, variable := range variables {
		patch.variables = append(patch.variables, variable)
	}
	return patch
}

// LabelsPatch adds labels to the workload's own object.
func LabelsPatch(labels map[string]string) Patch { return Patch{kind: patchLabels, texts: labels} }

// AnnotationsPatch adds annotations to the workload's own object.
func AnnotationsPatch(annotations map[string]string) Patch {
	return Patch{kind: patchAnnotations, texts: annotations}
}

// PodLabelsPatch adds labels to the workload's pods.
func PodLabelsPatch(labels map[string]string) Patch {
	return Patch{kind: patchPodLabels, texts: labels}
}

// PodAnnotationsPatch adds annotations to the workload's pods.
func PodAnnotationsPatch(annotations map[string]string) Patch {
	return Patch{kind: patchPodAnnotations, texts: annotations}
}

// VolumesPatch adds volumes (core/v1 Volume) to the workload's pods, and mounts them (core/v1 VolumeMount) into the
// "container" that a mount names, or into all.
func VolumesPatch(volumes, mounts []map[string]any) Patch {
	document := map[string]any{"volumes": listed(volumes), "mounts": listed(mounts)}
	return Patch{kind: patchOther, id: "volumes", document: document}
}

// listed is a list that is never null.
func listed(items []map[string]any) []map[string]any { return append([]map[string]any{}, items...) }

// JSONPatch changes another resource by a JSON Patch (RFC 6902): a list of operations.
func JSONPatch(id string, operations []any) Patch {
	return Patch{kind: patchJSON, id: id, document: operations}
}

// MergePatch changes another resource by a JSON Merge Patch (RFC 7396).
func MergePatch(id string, document any) Patch {
	return Patch{kind: patchMerge, id: id, document: document}
}

// Secret is a secret a module asks for and never sees; [Request.SecretReference] stands for its value.
type Secret struct {
	name, alphabet, reference string
	length                    uint32
}

// GeneratedSecret asks for a random text of letters and digits, drawn once and kept.
func GeneratedSecret(name string, length uint32) Secret { return Secret{name: name, length: length} }

// GeneratedSecretFrom asks for a random text of the characters of an alphabet, drawn once and kept.
func GeneratedSecretFrom(name string, length uint32, alphabet string) Secret {
	return Secret{name: name, length: length, alphabet: alphabet}
}

// ExternalSecret asks for a value of the workspace's secret store, by a reference somebody wrote.
func ExternalSecret(name, reference string) Secret { return Secret{name: name, reference: reference} }

// Output is the answer to a request, built step by step.
type Output struct {
	Resources []*Resource
	Patches   []Patch
	Secrets   []Secret
	Needs     []Need
}

// NewOutput is an empty answer.
func NewOutput() *Output { return &Output{} }

// Resource adds resources.
func (o *Output) Resource(resources ...*Resource) *Output {
	o.Resources = append(o.Resources, resources...)
	return o
}

// Patch adds patches.
func (o *Output) Patch(patches ...Patch) *Output {
	o.Patches = append(o.Patches, patches...)
	return o
}

// Secret asks for secrets.
func (o *Output) Secret(secrets ...Secret) *Output {
	o.Secrets = append(o.Secrets, secrets...)
	return o
}

// Need asks the host to read something and to call again.
func (o *Output) Need(needs ...Need) *Output {
	o.Needs = append(o.Needs, needs...)
	return o
}
