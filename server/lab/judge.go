package lab

import (
	"fmt"
	"strings"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

// late is how long a figure may still be missing, once the moment to judge a
// claim has come: on a busy machine the kernel readers look at a new container
// seconds after the engine has started it.
const late = 6 * time.Second

// judged is one claim of a run.
type judged struct {
	claim   *demos.Claim
	message wire.Claim
	// ready is since when its moment to be judged has come.
	ready time.Time
}

// decideUnknown settles a claim that is still pending.
func (j *judged) decideUnknown(reason string) {
	if j.message.Verdict == wire.Pending {
		j.message.Verdict, j.message.Reason = wire.Unknown, reason
	}
}

// judge looks at each claim that is still pending.
func (r *run) judge(now time.Time) {
	// Claims that share a window share its figures.
	figures := map[demos.Window]demos.Env{}
	for _, j := range r.claims {
		if j.message.Verdict != wire.Pending {
			continue
		}
		window := j.claim.Window()
		env, ok := figures[window]
		if !ok {
			env = r.env(window)
			figures[window] = env
		}
		r.judgeOne(j, env, now)
	}
}

func (r *run) judgeOne(j *judged, env demos.Env, now time.Time) {
	for _, key := range j.claim.Keys() {
		if c := r.subject(key); c.interfered != "" {
			j.decideUnknown(fmt.Sprintf("The container %s %s before this could be judged.", c.spec.Title, c.interfered))
			return
		}
	}
	ready, missing := j.claim.Ready(env)
	if ready {
		j.ready = since(j.ready, now, true)
		if r.readBefore(j, now) {
			return // the next sample settles it
		}
		judgement := j.claim.Judge(env)
		if judgement.Missing == "" {
			r.decide(j, judgement)
			return
		}
		missing = judgement.Missing
		// With a moment of its own, a claim waits a little for late figures;
		// without one, it waits for them as long as it may.
		if j.claim.When != "" && now.Sub(j.ready) >= late {
			r.decide(j, judgement)
			return
		}
	}
	why := "its moment did not come."
	if missing != "" {
		why = env.WhyAbsent(missing)
	}
	switch within := time.Duration(j.claim.Within); {
	case !r.allExited.IsZero() && now.Sub(r.allExited) >= settle:
		j.decideUnknown("All containers had exited before this could be judged: " + why + r.failures())
	case now.Sub(r.startedAt) >= within:
		j.decideUnknown(fmt.Sprintf("It could not be judged within %s: %s%s", within, why, r.failures()))
	}
}

// readBefore reports whether the newest reading of a container that the claim
// is about is older than the moment to judge it: a workload's word that it was
// killed can be here before the kernel's count is read again.
func (r *run) readBefore(j *judged, now time.Time) bool {
	if j.claim.When == "" || now.Sub(j.ready) >= settle {
		return false
	}
	for _, key := range j.claim.Keys() {
		c := r.subject(key)
		points := c.line.points
		if c.running() && len(points) > 0 && points[len(points)-1].at < j.ready.UnixMilli() {
			return true
		}
	}
	return false
}

// failures says which workloads reported that they failed.
func (r *run) failures() string {
	var all strings.Builder
	for _, c := range r.containers {
		if c.failed {
			fmt.Fprintf(&all, " %s failed: %s.", c.spec.Title, strings.TrimSuffix(c.says, "."))
		}
	}
	return all.String()
}

func (r *run) decide(j *judged, judgement demos.Judgement) {
	j.message.Verdict, j.message.Measured, j.message.Reason = judgement.Verdict, judgement.Measured, judgement.Reason
	for _, source := range j.claim.Sources() {
		key, field, _ := strings.Cut(source, "/")
		j.message.Sources = append(j.message.Sources, r.subject(key).name+"/"+field)
	}
}
