// Package kusion is what the author of a kusion module imports.
//
// A module is two configuration types and one function, see [Module] and [Export]. It is pure: it has no clock, no
// randomness, no files, no network and no environment, so the same request always gives the same output.
package kusion
