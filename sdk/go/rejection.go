package kusion

import "strings"

// Problem is one thing that is wrong with what a user wrote. The message is in lower case and without a full stop, with
// names that the user can type in backticks.
type Problem struct {
	Pointer Pointer
	Message string
}

// Rejection is how a module says no: an answer, not a crash. It has problems, or a text and a kind.
type Rejection struct {
	Kind     string
	Problems []Problem
	Text     string
}

// Invalid rejects one place of the request; [Problems] collects several.
func Invalid(pointer Pointer, message string) *Rejection {
	return &Rejection{Kind: "invalid", Problems: []Problem{{pointer, message}}}
}

// Unsupported says that this version of the module cannot serve a request that is fine as such.
func Unsupported(message string) *Rejection { return &Rejection{Kind: "unsupported", Text: message} }

// Failed says that something else went wrong.
func Failed(message string) *Rejection { return &Rejection{Kind: "failed", Text: message} }

// Error is the rejection as one line.
func (r *Rejection) Error() string {
	if r.Kind != "invalid" {
		return r.Text
	}
	lines := make([]string, len(r.Problems))
	for at, problem := range r.Problems {
		lines[at] = string(problem.Pointer) + ": " + problem.Message
	}
	return strings.Join(lines, "; ")
}

// Problems collects everything that is wrong, so that a user sees all of it at once.
type Problems struct{ list []Problem }

// Add notes one problem.
func (p *Problems) Add(pointer Pointer, message string) {
	p.list = append(p.list, Problem{pointer, message})
}

// Finish returns a *[Rejection] with every problem noted, or nil if there is none.
func (p *Problems) Finish() error {
	if len(p.list) == 0 {
		return nil
	}
	return &Rejection{Kind: "invalid", Problems: p.list}
}
