package kusion

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Names for resources: unique within a namespace, stable between runs, and short enough.
//
// Every name that does not already fit its rule is changed the same way: characters that are not allowed become "-",
// the text is cut, and a short hash of the whole original text is appended, so that two different texts keep two
// different names. The SDKs of all languages make the same names.
const (
	// MaxNameLength is the most characters a Kubernetes label, and so most names, may have.
	MaxNameLength = 63
	// PartOfLabel is the label whose value is the project.
	PartOfLabel = "app.kubernetes.io/part-of"
	// NameLabel is the label whose value is the app.
	NameLabel = "app.kubernetes.io/name"
	// StackLabel is the label whose value is the stack.
	StackLabel = "kusion.io/stack"

	hashLength = 9
)

var (
	dnsLabel   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	labelValue = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$`)
)

// UniqueAppName builds the name of an app's main resource: "<project>-<stack>-<app>", as [DNSLabel].
func UniqueAppName(scope Scope) string { return DNSLabel(appText(scope)) }

// UniqueName builds the name of a further resource of an app: "<project>-<stack>-<app>-<suffix>".
func UniqueName(scope Scope, suffix string) string { return WithSuffix(appText(scope), suffix) }

// WithSuffix joins base and suffix by a dash into a valid DNS label, keeping the suffix readable.
func WithSuffix(base, suffix string) string {
	full := base + "-" + suffix
	if isDNSLabel(full) {
		return full
	}
	tail := dnsCharacters(suffix)
	room := MaxNameLength - (hashLength + 1 + len(tail))
	if room <= 0 || tail == "" {
		return DNSLabel(full)
	}
	return cutAndHash(base, full, room) + "-" + tail
}

// DNSLabel turns any text into a DNS label (RFC 1123). A text that is one already stays as it is.
func DNSLabel(text string) string {
	if isDNSLabel(text) {
		return text
	}
	return cutAndHash(text, text, MaxNameLength-hashLength)
}

// ServiceName turns any text into the name of a Service, which must begin with a letter (RFC 1035).
func ServiceName(text string) string {
	name := DNSLabel(text)
	if name[0] >= '0' && name[0] <= '9' {
		return DNSLabel("s-" + name)
	}
	return name
}

// LabelValue turns any text into the value of a label. An empty text is a valid value.
func LabelValue(text string) string {
	if len(text) <= MaxNameLength && labelValue.MatchString(text) {
		return text
	}
	var replaced strings.Builder
	count := 0
	for _, character := range text {
		if count == MaxNameLength-hashLength {
			break
		}
		count++
		if isAlphanumeric(character) || strings.ContainsRune("._-", character) {
			replaced.WriteRune(character)
		} else {
			replaced.WriteByte('-')
		}
	}
	return joinHash(strings.TrimFunc(replaced.String(), func(c rune) bool { return !isAlphanumeric(c) }), text)
}

// EnvSuffix turns any text into the part of an environment variable's name.
func EnvSuffix(text string) string {
	return strings.Map(func(character rune) rune {
		switch {
		case character >= 'a' && character <= 'z':
			return character - 'a' + 'A'
		case isAlphanumeric(character):
			return character
		default:
			return '_'
		}
	}, text)
}

// AppLabels are the labels by which an app's pods are found.
func AppLabels(scope Scope) map[string]string {
	return map[string]string{
		PartOfLabel: LabelValue(scope.Project),
		StackLabel:  LabelValue(scope.Stack),
		NameLabel:   LabelValue(scope.App),
	}
}

func appText(scope Scope) string { return scope.Project + "-" + scope.Stack + "-" + scope.App }

func isDNSLabel(text string) bool { return len(text) <= MaxNameLength && dnsLabel.MatchString(text) }

func isAlphanumeric(c rune) bool {
	return c < utf8.RuneSelf && (c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
}

func dnsCharacters(text string) string {
	replaced := strings.Map(func(character rune) rune {
		switch {
		case character >= 'A' && character <= 'Z':
			return character - 'A' + 'a'
		case isAlphanumeric(character):
			return character
		default:
			return '-'
		}
	}, text)
	return strings.Trim(replaced, "-")
}

func cutAndHash(text, full string, room int) string {
	head := dnsCharacters(text)
	if len(head) > room {
		head = head[:room]
	}
	return joinHash(strings.TrimRight(head, "-"), full)
}

func joinHash(head, full string) string {
	if head == "" {
		head = "x"
	}
	return head + "-" + shortHash(full)
}

// shortHash is 64-bit FNV-1a folded to eight hexadecimal digits. It tells names apart; it protects nothing.
func shortHash(text string) string {
	hash := uint64(0xcbf29ce484222325)
	for at := range len(text) {
		hash = (hash ^ uint64(text[at])) * 0x100000001b3
	}
	return fmt.Sprintf("%08x", hash>>32^hash&0xffffffff)
}
