package kusion

// level says how much a line matters.
type level uint32

const (
	levelTrace level = iota
	levelDebug
	levelInfo
	levelWarn
	levelError
)

// LogTrace says something only the module's author wants to know. Lines are for whoever runs kusion, who sees warnings
// and errors; they never reach a resource. Outside a component, where only tests run, they go nowhere.
func LogTrace(message string) { send(levelTrace, message) }

// LogDebug says something that helps to find a mistake.
func LogDebug(message string) { send(levelDebug, message) }

// LogInfo says what the module did.
func LogInfo(message string) { send(levelInfo, message) }

// LogWarn says that something works but should be changed.
func LogWarn(message string) { send(levelWarn, message) }

// LogError says that something is wrong; a [Rejection] is usually better.
func LogError(message string) { send(levelError, message) }
