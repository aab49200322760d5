package site

import "porthole/server/wire"

// takeaway is one of the chapter's five, beside its evidence on this machine.
type takeaway struct {
	Title, Says string
	Evidence    []evidence
}

// evidence is a lesson with the claims as its last run judged them.
type evidence struct {
	Lesson wire.Lesson
	// Ran is false where the lesson has not been run since Porthole started.
	Ran    bool
	Claims []wire.Claim
}

// Verdicts counts the claims of a takeaway by their outcome.
func (t takeaway) Verdicts() (counts struct{ Holds, Fails, Unknown, Open int }) {
	for _, e := range t.Evidence {
		for _, claim := range e.Claims {
			switch claim.Verdict {
			case wire.Holds:
				counts.Holds++
			case wire.Fails:
				counts.Fails++
			case wire.Unknown:
				counts.Unknown++
			default:
				counts.Open++
			}
		}
	}
	return counts
}

// theFive are the chapter's takeaways, each with the slugs of the lessons that
// bear it out.
var theFive = []struct {
	title, says string
	lessons     []string
}{
	{
		"Isolation", "Namespaces give each container its own view of processes, network, filesystem and names.",
		[]string{"architecture", "namespace-ids", "pid-namespace", "net-namespace", "mnt-namespace", "uts-namespace", "ipc-namespace", "user-namespace", "verify-isolation"},
	},
	{
		"Resource control", "Cgroups limit what a container may use of CPU, memory, processes and disk.",
		[]string{"cpu-limit", "memory-limit", "cpu-shares", "block-io", "pids-limit", "cgroup-files", "oom-killer", "cpu-throttling", "process-limit", "verify-limits"},
	},
	{
		"Shared kernel", "All containers run on the host's one kernel: that is why they start fast and weigh little.",
		[]string{"container-vs-vm"},
	},
	{
		"Copy-on-write", "Containers share the layers of their image, and each keeps only what it changes.",
		[]string{"image-layers", "copy-on-write"},
	},
	{
		"Production-ready", "With limits, reservations and pinning together, containers behave under load.",
		[]string{"production-limits", "resource-guarantees", "qos-classes", "cpu-pinning"},
	},
}

// takeaways joins the five with the lessons that exist and their newest runs.
func takeaways(lessons []wire.Lesson, runs []wire.Run) []takeaway {
	bySlug := map[string]wire.Lesson{}
	for _, lesson := range lessons {
		bySlug[lesson.Slug] = lesson
	}
	newest := map[string]wire.Run{}
	for _, run := range runs {
		if known, ok := newest[run.Lesson]; !ok || run.StartedAt >= known.StartedAt {
			newest[run.Lesson] = run
		}
	}
	var all []takeaway
	for _, one := range theFive {
		t := takeaway{Title: one.title, Says: one.says}
		for _, slug := range one.lessons {
			lesson, ok := bySlug[slug]
			if !ok {
				continue
			}
			e := evidence{Lesson: lesson, Claims: lesson.Claims}
			if run, ok := newest[slug]; ok {
				e.Ran, e.Claims = true, run.Claims
			}
			t.Evidence = append(t.Evidence, e)
		}
		all = append(all, t)
	}
	return all
}
