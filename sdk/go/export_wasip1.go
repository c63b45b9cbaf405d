package kusion

import (
	"fmt"
	"maps"
	"slices"
	"unsafe"
)

// The border to the host, as the canonical ABI of the component model lays it out in memory: a text or a list is an
// address and a length of four bytes each, a record is its fields, a variant is a byte followed by its case at the
// next multiple of four.

// exported is the module of this component.
var exported described

// kept holds what the host reads or has written, which Go's collector does not see. An instance serves one call.
var kept []any

// Export makes a component of a module; call it in init.
func Export[C, P any](module *Module[C, P]) { exported = module }

//go:wasmimport kusion:module/log@0.1.0 log
func logImport(level uint32, address unsafe.Pointer, length uint32)

func send(level level, message string) {
	logImport(uint32(level), unsafe.Pointer(unsafe.StringData(message)), uint32(len(message)))
}

//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, oldSize, _, size uint32) unsafe.Pointer {
	address := allocate(size)
	if oldSize > 0 {
		copy(unsafe.Slice((*byte)(address), size), unsafe.Slice((*byte)(old), oldSize))
	}
	return address
}

//go:wasmexport kusion:module/generator@0.1.0#describe
func describeExport() unsafe.Pointer {
	defer report()
	description := exported.describe()
	record := newRecord(72)
	for at, text := range []string{description.name, description.version, description.kind, description.summary} {
		record.text(uint32(at)*8, text)
	}
	record.texts(32, description.contextKeys)
	record.text(40, description.developerSchema)
	record.text(48, description.platformSchema)
	record.texts(56, description.resourceTypes)
	record.text(64, text(description.extensions))
	return record.address
}

//go:wasmexport kusion:module/generator@0.1.0#generate
func generateExport(address unsafe.Pointer) unsafe.Pointer {
	defer report()
	output, rejection := exported.serve(raised(record{address}))
	result := newRecord(44)
	if rejection != nil {
		result.byte(0, 1)
		loweredRejection(record{unsafe.Add(result.address, 4)}, rejection)
	} else {
		lowered(record{unsafe.Add(result.address, 4)}, output)
	}
	return result.address
}

// report sends a panic's message before the trap, which carries none.
func report() {
	if reason := recover(); reason != nil {
		LogError(fmt.Sprint(reason))
		panic(reason)
	}
}

func raised(r record) *rawRequest {
	request := &rawRequest{
		scope: Scope{
			Project: r.readText(0), Stack: r.readText(8), Workspace: r.readText(16), App: r.readText(24),
			Namespace: r.readText(32),
		},
		accessory:   r.readText(40),
		labels:      r.readPairs(48),
		annotations: r.readPairs(56),
		config:      r.readText(64),
		platform:    r.readText(72),
		workload:    r.readText(80),
		context:     r.readText(88),
		extension:   r.readText(104),
	}
	for _, input := range r.readList(96, 24) {
		request.inputs = append(request.inputs, rawInput{input.readText(0), input.readText(8), input.readText(16)})
	}
	return request
}

func lowered(r record, output *Output) {
	list(r, 0, 40, output.Resources, func(r record, resource *Resource) {
		r.text(0, resource.ID)
		r.text(8, resource.Type)
		r.text(16, text(resource.Attributes))
		r.texts(24, resource.DependsOn)
		r.text(32, text(resource.Extensions))
	})
	list(r, 8, 20, output.Patches, func(r record, patch Patch) {
		r.byte(0, patch.kind)
		switch patch.kind {
		case patchEnv:
			r.text(4, text(patch.variables))
		case patchJSON, patchMerge, patchOther:
			r.text(4, patch.id)
			r.text(12, text(patch.document))
		default:
			r.pairs(4, patch.texts)
		}
	})
	list(r, 16, 28, output.Secrets, func(r record, secret Secret) {
		r.text(0, secret.name)
		if secret.reference != "" {
			r.byte(8, 1)
			r.text(12, secret.reference)
			return
		}
		r.number(12, secret.length)
		r.text(16, secret.alphabet)
	})
	list(r, 24, 16, output.Needs, func(r record, need Need) {
		r.text(0, need.Kind)
		r.text(8, text(need.Document))
	})
	r.text(32, "{}")
}

func loweredRejection(r record, rejection *Rejection) {
	switch rejection.Kind {
	case "invalid":
		list(r, 4, 16, rejection.Problems, func(r record, problem Problem) {
			r.text(0, string(problem.Pointer))
			r.text(8, problem.Message)
		})
	case "unsupported":
		r.byte(0, 1)
		r.text(4, rejection.Text)
	default:
		r.byte(0, 2)
		r.text(4, rejection.Text)
	}
}

// record is a place in memory.
type record struct{ address unsafe.Pointer }

func newRecord(size uint32) record { return record{allocate(size)} }

// allocate gives zeroed memory that stays. Its elements are words, so that it is aligned for them.
func allocate(size uint32) unsafe.Pointer {
	words := make([]uint64, max(size, 1)/8+1)
	kept = append(kept, words)
	return unsafe.Pointer(unsafe.SliceData(words))
}

func (r record) byte(offset uint32, value uint8) { *(*uint8)(unsafe.Add(r.address, offset)) = value }

func (r record) number(offset, value uint32) { *(*uint32)(unsafe.Add(r.address, offset)) = value }

func (r record) span(offset uint32, address unsafe.Pointer, length int) {
	r.number(offset, uint32(uintptr(address)))
	r.number(offset+4, uint32(length))
}

func (r record) text(offset uint32, text string) {
	kept = append(kept, text)
	r.span(offset, unsafe.Pointer(unsafe.StringData(text)), len(text))
}

func (r record) texts(offset uint32, texts []string) {
	list(r, offset, 8, texts, func(r record, text string) { r.text(0, text) })
}

func (r record) pairs(offset uint32, texts map[string]string) {
	list(r, offset, 16, slices.Sorted(maps.Keys(texts)), func(r record, key string) {
		r.text(0, key)
		r.text(8, texts[key])
	})
}

func list[T any](r record, offset, size uint32, items []T, lower func(record, T)) {
	place := newRecord(size * uint32(len(items)))
	for at, item := range items {
		lower(record{unsafe.Add(place.address, size*uint32(at))}, item)
	}
	r.span(offset, place.address, len(items))
}

func (r record) readSpan(offset uint32) (unsafe.Pointer, uint32) {
	address := *(*uint32)(unsafe.Add(r.address, offset))
	return unsafe.Add(unsafe.Pointer(nil), address), *(*uint32)(unsafe.Add(r.address, offset+4))
}

func (r record) readText(offset uint32) string {
	address, length := r.readSpan(offset)
	return string(unsafe.Slice((*byte)(address), length))
}

func (r record) readList(offset, size uint32) []record {
	address, length := r.readSpan(offset)
	records := make([]record, length)
	for at := range records {
		records[at] = record{unsafe.Add(address, size*uint32(at))}
	}
	return records
}

func (r record) readPairs(offset uint32) map[string]string {
	texts := map[string]string{}
	for _, pair := range r.readList(offset, 16) {
		texts[pair.readText(0)] = pair.readText(8)
	}
	return texts
}
