package lab

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"porthole/demos"
	"porthole/server/wire"
)

// Catalogue lists the lessons, with what this host can run, and what runs.
func (l *Lab) Catalogue() []wire.Lesson {
	lessons := l.options.Lessons()
	all := make([]wire.Lesson, 0, len(lessons))
	for _, lesson := range lessons {
		all = append(all, l.entry(lesson))
	}
	return all
}

func (l *Lab) entry(lesson demos.Lesson) wire.Lesson {
	image := cmp.Or(l.options.Image(), "porthole-workload")
	entry := wire.Lesson{
		Slug: lesson.Slug, Title: lesson.Title, Section: lesson.Section, Summary: lesson.Summary,
		Question: lesson.Question, Panels: lesson.Panels, Seconds: lesson.Seconds,
		Unavailable: l.unavailable(lesson),
		Containers:  []wire.LessonContainer{},
		Claims:      pendingClaims(lesson, l.host()),
	}
	if entry.Panels == nil {
		entry.Panels = []string{}
	}
	for _, answer := range lesson.Answers {
		entry.Answers = append(entry.Answers, wire.Answer{ID: answer.ID, Says: answer.Says, Right: answer.Right})
	}
	for _, c := range lesson.Containers {
		entry.Containers = append(entry.Containers, wire.LessonContainer{Key: c.Key, Title: c.Title, Subtitle: c.Subtitle, Command: demos.WithDisk(c.Command(lesson, image), l.options.Disk())})
	}
	for _, a := range lesson.Actions {
		action := wire.Action{ID: a.ID, Title: a.Title, Command: a.Command(lesson), Container: a.Container, Step: a.Step}
		if a.Range != nil {
			action.Range = &wire.Range{
				Limit: a.Range.Limit, Unit: a.Range.Unit(), Value: a.Value(),
				Min: float64(a.Range.Min), Max: float64(a.Range.Max), Step: float64(a.Range.Step),
			}
		}
		entry.Actions = append(entry.Actions, action)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.runs {
		if r.lesson.Slug == lesson.Slug && !r.over() {
			entry.Run = r.id
		}
	}
	return entry
}

func (l *Lab) host() demos.Host {
	if l.options.Host == nil {
		return demos.Host{}
	}
	return hostFacts(l.options.Host(), nil)
}

func pendingClaims(lesson demos.Lesson, host demos.Host) []wire.Claim {
	claims := make([]wire.Claim, 0, len(lesson.Claims))
	for i := range lesson.Claims {
		c := &lesson.Claims[i]
		claims = append(claims, wire.Claim{
			ID: c.ID, Says: c.Says, Book: c.Book, Verdict: wire.Pending, Over: c.Window().String(), Expected: c.Expected(host), Awaits: c.Awaits(),
		})
	}
	return claims
}

// unavailable says why this host cannot run a lesson; "" where it can.
func (l *Lab) unavailable(lesson demos.Lesson) string {
	var reasons []string
	needs := slices.Clone(lesson.Needs)
	if slices.ContainsFunc(lesson.Containers, func(c demos.Container) bool { return !c.Root() }) {
		needs = append(needs, demos.NeedUsers)
	}
	for _, need := range needs {
		if reason := l.options.Lacks(need); reason != "" {
			if reason = strings.TrimSuffix(reason, ".") + "."; !slices.Contains(reasons, reason) {
				reasons = append(reasons, reason) // one reason can meet many needs
			}
		}
	}
	if l.options.Host != nil {
		host := l.options.Host()
		for _, c := range lesson.Containers {
			if host.CPUs > 0 && c.Limits.CPUs > float64(host.CPUs) {
				reasons = append(reasons, fmt.Sprintf("The container %s asks for %v processors, and this machine has %d.", c.Title, c.Limits.CPUs, host.CPUs))
			}
			if host.MemoryBytes > 0 && c.Limits.Memory > 0 && uint64(c.Limits.Memory) > host.MemoryBytes {
				reasons = append(reasons, fmt.Sprintf("The container %s asks for %s of memory, which is more than this machine has.", c.Title, c.Limits.Memory))
			}
		}
	}
	return strings.Join(reasons, " ")
}
