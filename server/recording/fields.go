package recording

import (
	"reflect"
	"strings"

	"porthole/server/wire"
)

// ofProcess are the figures that come from the first process' own files.
var ofProcess = []string{"pid", "uid", "capEff", "capabilities", "noNewPrivs", "seccomp", "uidMap", "readOnlyRoot", "appArmor"}

// Fields are the figures of a container whose kernel files are worth saving:
// its counters, its limits, its namespaces and its rights.
func Fields(c wire.Container) []string {
	fields := append([]string(nil), ofProcess...)
	for field := range reflect.TypeFor[wire.Counters]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	for _, value := range reflect.ValueOf(c.Limits).Fields() {
		if limit, ok := value.Interface().(*wire.Limit); ok && limit != nil && limit.Source != "" {
			fields = append(fields, limit.Source)
		}
	}
	return append(fields, NamespaceFields(c.Namespaces)...)
}

// NamespaceFields are those of namespaces, a container's or the host's.
func NamespaceFields(namespaces []wire.Namespace) []string {
	var fields []string
	for _, namespace := range namespaces {
		fields = append(fields, "namespace."+string(namespace.Type))
	}
	return fields
}
