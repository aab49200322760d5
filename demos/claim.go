package demos

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"porthole/server/wire"
)

// Window is the stretch of samples that a claim's figures are taken from.
type Window struct {
	Kind WindowKind
	// Length is that of a WindowLast.
	Length time.Duration
}

// WindowKind is where a window begins and ends.
type WindowKind int

const (
	// WindowNow is the latest reading alone: there are no rates and no growth.
	WindowNow WindowKind = iota
	// WindowRun is each container's whole life, as far as it was sampled.
	WindowRun
	// WindowWork is from a container's start until its workload reported that
	// its work is complete, or until it exited.
	WindowWork
	// WindowLast is the last stretch of a given length.
	WindowLast
)

// parseWindow reads a claim's over.
func parseWindow(text string) (Window, error) {
	switch text {
	case "", "at the end":
		return Window{Kind: WindowNow}, nil
	case "whole run":
		return Window{Kind: WindowRun}, nil
	case "while it works":
		return Window{Kind: WindowWork}, nil
	}
	length, err := time.ParseDuration(text)
	if err != nil || length < time.Second || length > time.Minute {
		return Window{}, fmt.Errorf("%q is not a window; write whole run, while it works, at the end, or a length from 1s to 60s", text)
	}
	return Window{Kind: WindowLast, Length: length}, nil
}

// String is the window in words.
func (w Window) String() string {
	switch w.Kind {
	case WindowRun:
		return "the whole run"
	case WindowWork:
		return "while it works"
	case WindowLast:
		return "the last " + strings.TrimSuffix(w.Length.String(), "m0s")
	}
	return "the reading at the end"
}

// Window is the stretch of samples that the claim's figures are taken from.
func (c *Claim) Window() Window { return c.window }

// Ready reports whether the claim can be judged now: its when is true. A when
// that needs an absent figure is not true yet; missing is that figure.
func (c *Claim) Ready(env Env) (ready bool, missing string) {
	if c.when == nil {
		return true, ""
	}
	ready, err := c.when.truth(env)
	if absent, ok := err.(*AbsentError); ok {
		return false, absent.Path
	}
	return ready && err == nil, ""
}

// Judgement is the outcome of judging a claim once.
type Judgement struct {
	Verdict wire.Verdict
	// Measured is the deciding figure in words; empty when Verdict is unknown.
	Measured string
	// Reason says why it cannot be told, or why it does not hold.
	Reason string
	// Missing is the path of the figure that was absent, for a verdict that
	// may become another one when the figure arrives.
	Missing string
}

// Judge decides the claim on the figures of its window. Where a figure that it
// needs is absent the verdict is unknown.
func (c *Claim) Judge(env Env) Judgement {
	for _, unless := range c.Unless {
		stop, err := unless.when.truth(env)
		if err != nil {
			return undecided(env, err)
		}
		if stop {
			says, err := fill(unless.says, env)
			if err != nil {
				return undecided(env, err)
			}
			return Judgement{Verdict: wire.Unknown, Reason: says}
		}
	}
	holds, err := c.holds.truth(env)
	if err != nil {
		return undecided(env, err)
	}
	measured, err := fill(c.measured, env)
	if err != nil {
		return undecided(env, err)
	}
	if holds {
		return Judgement{Verdict: wire.Holds, Measured: measured}
	}
	failed := Judgement{Verdict: wire.Fails, Measured: measured}
	// Where it should have held, why it does not elsewhere is no reason.
	if c.Expect == "" || c.Expected(env.Host) == wire.Fails {
		failed.Reason = c.Because
	}
	return failed
}

// undecided is the judgement where an expression has no value.
func undecided(env Env, err error) Judgement {
	if absent, ok := err.(*AbsentError); ok {
		return Judgement{Verdict: wire.Unknown, Missing: absent.Path, Reason: env.WhyAbsent(absent.Path)}
	}
	return Judgement{Verdict: wire.Unknown, Reason: "The claim's expression gave no value: " + err.Error() + "."}
}

// Touches are the paths of all figures in the claim's holds and measured, for
// example half.window.cpuCores.
func (c *Claim) Touches() []string {
	all := slices.Clone(c.holds.touches)
	for _, fragment := range c.measured {
		if fragment.expression != nil {
			all = append(all, fragment.expression.touches...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Keys are the containers that the claim looks at.
func (c *Claim) Keys() []string {
	all := c.Touches()
	if c.when != nil {
		all = append(all, c.when.touches...)
	}
	var keys []string
	for _, path := range all {
		if root, _, _ := strings.Cut(path, "."); root != "host" && root != "actions" && !slices.Contains(keys, root) {
			keys = append(keys, root)
		}
	}
	slices.Sort(keys)
	return keys
}

// Sources are the numbers of kernel files behind the claim, as KEY/field with
// the field as /sources/{field} takes it.
func (c *Claim) Sources() []string {
	var all []string
	for _, path := range c.Touches() {
		names := strings.Split(path, ".")
		if names[0] == "host" || names[0] == "actions" {
			continue
		}
		for field := range strings.FieldsSeq(source(reflect.TypeFor[Facts](), names[1:])) {
			if one := names[0] + "/" + field; !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return all
}

// source is the innermost source tag along a path of expr names.
func source(group reflect.Type, names []string) string {
	if len(names) == 0 || group.Kind() != reflect.Struct {
		return ""
	}
	for field := range group.Fields() {
		if field.Tag.Get("expr") != names[0] {
			continue
		}
		if inner := source(field.Type, names[1:]); inner != "" {
			return inner
		}
		return field.Tag.Get("source")
	}
	return ""
}

// expected evaluates an expect that is an expression. Where it cannot be told
// what is to be expected, nothing is.
func (c *Claim) expected(host Host) wire.Verdict {
	holds, err := c.expect.truth(Env{Host: host})
	switch {
	case err != nil:
		return wire.Unknown
	case holds:
		return wire.Holds
	}
	return wire.Fails
}

// fragment is a piece of a template: literal text, or an expression.
type fragment struct {
	literal    string
	expression *expression
}

// fill puts the figures into a template.
func fill(template []fragment, env Env) (string, error) {
	var b strings.Builder
	for _, fragment := range template {
		if fragment.expression == nil {
			b.WriteString(fragment.literal)
			continue
		}
		value, err := fragment.expression.value(env)
		if err != nil {
			return "", err
		}
		b.WriteString(formatValue(value))
	}
	return b.String(), nil
}

// Offered reports whether the action can be taken as things stand: its when is
// true, or it has none.
func (a *Action) Offered(env Env) bool {
	if a.when == nil {
		return true
	}
	offered, err := a.when.truth(env)
	return err == nil && offered
}
