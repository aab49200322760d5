package demos

import "strings"

// Explain records why figures of a container are absent: all those whose path
// within it begins with prefix, for example "inside" or "limits.memoryBytes".
// The first reason for a prefix stands.
func (f *Facts) Explain(prefix, why string) { f.reasons = explain(f.reasons, prefix, why) }

// Explain records why figures of the host are absent.
func (h *Host) Explain(prefix, why string) { h.reasons = explain(h.reasons, prefix, why) }

// Explain records why figures of the action are absent.
func (a *ActionFacts) Explain(prefix, why string) { a.reasons = explain(a.reasons, prefix, why) }

func explain(r reasons, prefix, why string) reasons {
	if _, told := r[prefix]; told || why == "" {
		return r // the first reason is the nearest one
	}
	if r == nil {
		r = reasons{}
	}
	r[prefix] = why
	return r
}

// WhyAbsent says in one sentence why a figure is not there, by its path from
// the variable on, for example half.window.cpuCores.
func (e Env) WhyAbsent(path string) string {
	root, rest, _ := strings.Cut(path, ".")
	var known reasons
	switch {
	case root == "host":
		known = e.Host.reasons
	case root == "actions":
		var id string
		id, rest, _ = strings.Cut(rest, ".")
		if action := e.Actions[id]; action != nil {
			known = action.reasons
		}
	case e.Containers[root] != nil:
		known = e.Containers[root].reasons
	}
	for prefix := rest; ; {
		if why, ok := known[prefix]; ok {
			return path + " is absent: " + why + "."
		}
		cut := strings.LastIndexByte(prefix, '.')
		if cut < 0 {
			break
		}
		prefix = prefix[:cut]
	}
	if why, ok := known[""]; ok {
		return path + " is absent: " + why + "."
	}
	return path + " is absent: this host does not give it."
}
