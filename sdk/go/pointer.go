package kusion

import (
	"strconv"
	"strings"
)

// Pointer is a JSON Pointer (RFC 6901) into "/config", "/platform" or "/workload": it says which part of the user's
// text is wrong.
type Pointer string

// ConfigPointer points at what the developer wrote for this module.
func ConfigPointer() Pointer { return "/config" }

// PlatformPointer points at what the platform team wrote for this module.
func PlatformPointer() Pointer { return "/platform" }

// WorkloadPointer points at the app's workload.
func WorkloadPointer() Pointer { return "/workload" }

// Key goes on to a member of an object.
func (p Pointer) Key(key string) Pointer {
	return p + "/" + Pointer(strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
}

// Index goes on to an element of a list, counted from zero.
func (p Pointer) Index(index int) Pointer { return p + "/" + Pointer(strconv.Itoa(index)) }

// Name means the name of the member that it points at, and not its value.
func (p Pointer) Name() Pointer { return p + "#" }
