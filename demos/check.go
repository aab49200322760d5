package demos

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Panels are the views that a lesson can show.
var Panels = []string{"diagram", "namespaces", "cpu", "memory", "pids", "io", "layers", "views", "files", "log",
	"processes", "interfaces", "mounts", "users", "hostnames", "segments", "security", "steps", "claims"}

// Needs are what a lesson can ask of a host, beside a working engine.
var Needs = []string{
	"cgroup-cpu", "cgroup-memory", "cgroup-pids", "cgroup-io", "cgroup-cpuset",
	"namespaces", "kernel-log", "block-device", "two-cpus", NeedBuiltin,
}

// NeedBuiltin is the need of a lesson that only the built-in engine can run.
const NeedBuiltin = "builtin-engine"

// NeedUsers is the need of a lesson with a container that runs as another user than
// root. It is not said in needs: the container says it.
const NeedUsers = "other-users"

// The most that a lesson may have of each.
const (
	maxContainers = 12
	maxClaims     = 40
	maxActions    = 12
)

// defaultWithin is how long a claim waits for its when; defaultMax is how
// long a lesson runs at most.
const (
	defaultWithin = 30 * time.Second
	defaultMax    = time.Minute
	maxLinger     = time.Minute
)

var (
	slugForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	keyForm  = regexp.MustCompile(`^[a-z][a-zA-Z0-9]{0,23}$`)
	idForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	// reserved are names that an expression already gives another meaning.
	reserved = []string{"host", "actions", "let", "in", "not", "and", "or", "true", "false", "nil", "if", "else", "matches", "contains", "present", "distinct", "cores", "seconds", "percent", "bytes", "number"}
)

// checker finds what the types alone do not: names that lead nowhere, values
// out of range, expressions that do not compile.
type checker struct {
	loader   Loader
	lesson   *Lesson
	tree     *ast.File
	problems []Problem
	words    vocabulary
}

// problem notes what is wrong with the field at a YAML path, or with the
// nearest group around it that is there.
func (c *checker) problem(at, says string, arguments ...any) {
	c.place(at, 0, 0, fmt.Sprintf(says, arguments...))
}

// place is problem with an offset into the field's text, in lines and columns.
func (c *checker) place(at string, line, column int, says string) {
	problem := Problem{Slug: c.lesson.Slug, File: c.lesson.File, Line: 1, Column: 1, Says: says}
	for at != "" {
		if node := c.node(at); node != nil {
			problem.Line, problem.Column = position(node)
			problem.Line += line
			if line == 0 {
				problem.Column += column
			}
			break
		}
		cut := strings.LastIndexAny(at, ".[")
		if cut < 0 {
			break
		}
		at, line, column = at[:cut], 0, 0
	}
	c.problems = append(c.problems, problem)
}

func (c *checker) node(at string) ast.Node {
	path, err := yaml.PathString("$." + at)
	if err != nil {
		return nil
	}
	node, err := path.FilterFile(c.tree)
	if err != nil {
		return nil
	}
	return node
}

// position is where the text of a node begins.
func position(node ast.Node) (line, column int) {
	switch node := node.(type) {
	case *ast.LiteralNode: // the lines after | or >
		at := node.Start.Position
		return at.Line + 1, at.Column
	case *ast.MappingNode:
		if len(node.Values) > 0 && !node.IsFlowStyle {
			at := node.Values[0].Key.GetToken().Position
			return at.Line, at.Column
		}
	case *ast.MappingValueNode:
		at := node.Key.GetToken().Position
		return at.Line, at.Column
	case *ast.StringNode:
		at := node.GetToken().Position
		if text := node.GetToken().Origin; strings.HasPrefix(strings.TrimLeft(text, " "), `"`) || strings.HasPrefix(strings.TrimLeft(text, " "), "'") {
			return at.Line, at.Column + 1
		}
		return at.Line, at.Column
	}
	at := node.GetToken().Position
	return at.Line, at.Column
}

func (c *checker) all() {
	l := c.lesson
	c.need("title", l.Title)
	c.need("section", l.Section)
	c.answers()
	if len(l.Containers) == 0 || len(l.Containers) > maxContainers {
		c.problem("containers", "a lesson starts 1 to %d containers, and this one has %d", maxContainers, len(l.Containers))
	}
	var keys, actions []string
	for i := range l.Containers {
		l.Containers[i].Order = i + 1
		keys = c.name(fmt.Sprintf("containers[%d].key", i), l.Containers[i].Key, keyForm, keys, "letters and digits, a lower-case letter first, at most 24")
	}
	for i := range l.Containers {
		c.container(fmt.Sprintf("containers[%d].", i), &l.Containers[i], keys)
	}
	c.circles()
	for i, name := range l.Panels {
		c.oneOf(fmt.Sprintf("panels[%d]", i), name, Panels)
		if slices.Contains(l.Panels[:i], name) {
			c.problem(fmt.Sprintf("panels[%d]", i), "the panel %s is named twice; name it once", name)
		}
	}
	for i, name := range l.Needs {
		c.oneOf(fmt.Sprintf("needs[%d]", i), name, Needs)
	}
	for i, action := range l.Actions {
		actions = c.name(fmt.Sprintf("actions[%d].id", i), action.ID, keyForm, actions, "letters and digits, a lower-case letter first, at most 24")
	}
	c.words = newVocabulary(keys, actions)
	c.actions(keys)
	c.claims()
	if l.Seconds < 0 || l.Seconds > int(MaxRunTime.Seconds()) {
		c.problem("seconds", "a lesson takes 0 to %d seconds", int(MaxRunTime.Seconds()))
	}
	if l.Max == 0 {
		l.Max = Duration(defaultMax)
	}
	if time.Duration(l.Linger) > maxLinger {
		c.problem("linger", "a lesson lingers for %s at most", maxLinger)
	}
	if time.Duration(l.Max) > MaxRunTime || time.Duration(l.Max) < time.Second {
		c.problem("max", "a lesson ends after 1s to %s at the latest", MaxRunTime)
	}
}

func (c *checker) answers() {
	l := c.lesson
	if l.Question == "" {
		if len(l.Answers) > 0 {
			c.problem("answers", "answers need a question; add the field question")
		}
		return
	}
	if len(l.Answers) < 2 || len(l.Answers) > 4 {
		c.problem("answers", "a question has two to four answers, and this one has %d", len(l.Answers))
		return
	}
	var ids []string
	right := 0
	for i, answer := range l.Answers {
		at := fmt.Sprintf("answers[%d]", i)
		ids = c.name(at+".id", answer.ID, idForm, ids, "lower-case letters, digits and dashes")
		c.need(at+".says", answer.Says)
		if answer.Right {
			right++
		}
	}
	if right != 1 {
		c.problem("answers", "exactly one answer has right: true, and here it is %d", right)
	}
}

func (c *checker) actions(keys []string) {
	if len(c.lesson.Actions) > maxActions {
		c.problem("actions", "a lesson has at most %d actions", maxActions)
	}
	for i := range c.lesson.Actions {
		action := &c.lesson.Actions[i]
		at := fmt.Sprintf("actions[%d].", i)
		c.need(at+"title", action.Title)
		if !slices.Contains(keys, action.Container) {
			c.problem(at+"container", "there is no container %q; the keys are %s", action.Container, strings.Join(keys, ", "))
		}
		if action.Step != "" {
			c.stepAction(at, action)
			continue
		}
		switch {
		case len(action.Exec) > 0 && !action.Update.IsZero():
			c.problem(at+"exec", "an action has either update or exec; make two actions of it")
		case len(action.Exec) == 0 && action.Update.IsZero():
			c.problem(at+"update", "an action changes at least one limit, for example update: {cpus: 2}, or runs a workload, for example exec: [fork, --count, \"5\"]")
		case len(action.Exec) > 0 && c.loader.CheckWorkload != nil:
			if err := c.loader.CheckWorkload(action.Exec); err != nil {
				c.problem(at+"exec", "%v", err)
			}
		}
		if action.Range != nil {
			c.choice(at+"range.", action)
		}
		if action.Update.DeviceReadBPS != 0 || action.Update.DeviceWriteBPS != 0 {
			c.problem(at+"update", "docker update cannot change the rate of a device")
		}
		c.limits(at+"update.", action.Update)
		action.when = c.expression(at+"when", action.When, reflect.Bool)
	}
}

// stepAction checks an action that lets the making of a container go on.
func (c *checker) stepAction(at string, action *Action) {
	c.oneOf(at+"step", action.Step, []string{StepNext, StepRest})
	if len(action.Exec) > 0 || !action.Update.IsZero() || action.Range != nil {
		c.problem(at+"step", "an action has either step, update or exec; make several actions of it")
	}
	for _, one := range c.lesson.Containers {
		if one.Key == action.Container && !one.StepByStep {
			c.problem(at+"container", "the container %s is made at once; give it step-by-step: true", one.Key)
		}
	}
	action.when = c.expression(at+"when", action.When, reflect.Bool)
}

func (c *checker) claims() {
	if len(c.lesson.Claims) == 0 || len(c.lesson.Claims) > maxClaims {
		c.problem("claims", "a lesson makes 1 to %d claims, and this one makes %d", maxClaims, len(c.lesson.Claims))
	}
	var ids []string
	for i := range c.lesson.Claims {
		claim := &c.lesson.Claims[i]
		at := fmt.Sprintf("claims[%d].", i)
		ids = c.name(at+"id", claim.ID, idForm, ids, "lower-case letters, digits and dashes")
		c.need(at+"says", claim.Says)
		c.need(at+"holds", claim.Holds)
		if claim.Within == 0 {
			claim.Within = Duration(defaultWithin)
		}
		if time.Duration(claim.Within) > MaxRunTime {
			c.problem(at+"within", "a claim is judged within %s at the latest", MaxRunTime)
		}
		window, err := parseWindow(claim.Over)
		if err != nil {
			c.problem(at+"over", "%v", err)
		}
		claim.window, claim.steps = window, map[string][]string{}
		for _, action := range c.lesson.Actions {
			if action.Step != "" {
				claim.steps[action.Container] = append(claim.steps[action.Container], action.ID)
			}
		}
		claim.when = c.expression(at+"when", claim.When, reflect.Bool)
		claim.holds = c.expression(at+"holds", claim.Holds, reflect.Bool)
		claim.measured = c.template(at+"measured", claim.Measured)
		for j := range claim.Unless {
			unless := &claim.Unless[j]
			at := fmt.Sprintf("%sunless[%d].", at, j)
			c.need(at+"if", unless.If)
			c.need(at+"says", unless.Says)
			unless.when = c.expression(at+"if", unless.If, reflect.Bool)
			unless.says = c.template(at+"says", unless.Says)
		}
		if claim.Expect != "" && claim.Expect != "holds" && claim.Expect != "fails" {
			c.expect(at+"expect", claim)
		}
	}
}

// expect compiles an expectation, which may look at the host alone.
func (c *checker) expect(at string, claim *Claim) {
	all := c.words
	c.words = newVocabulary(nil, nil)
	claim.expect = c.expression(at, claim.Expect, reflect.Bool)
	c.words = all
}

// expression compiles the expression at a YAML path; an empty one is nil.
func (c *checker) expression(at, text string, kind reflect.Kind) *expression {
	if text == "" {
		return nil
	}
	compiled, err := c.words.compile(text, kind)
	if err != nil {
		c.mistake(at, text, 0, err)
		return nil
	}
	return compiled
}

// mistake notes an error in an expression that begins at an offset in a field.
func (c *checker) mistake(at, field string, offset int, err error) {
	var wrong *expressionError
	if !errors.As(err, &wrong) {
		c.problem(at, "%v", err)
		return
	}
	before := field[:offset]
	line := strings.Count(before, "\n") + wrong.line - 1
	column := wrong.column
	if wrong.line == 1 {
		column += len(before) - strings.LastIndex(before, "\n") - 1
	}
	c.place(at, line, column, wrong.says)
}

// template splits a text at its {expressions} and compiles them.
func (c *checker) template(at, text string) []fragment {
	var all []fragment
	for rest, offset := text, 0; rest != ""; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			return append(all, fragment{literal: rest})
		}
		if open > 0 {
			all = append(all, fragment{literal: rest[:open]})
		}
		end := closing(rest[open:])
		if end < 0 {
			c.place(at, 0, offset+open, "a { without its } follows")
			return nil
		}
		inner := rest[open+1 : open+end]
		compiled, err := c.words.compile(inner, reflect.Invalid)
		if err != nil {
			c.mistake(at, text, offset+open+1, err)
			return nil
		}
		all = append(all, fragment{expression: compiled})
		rest, offset = rest[open+end+1:], offset+open+end+1
	}
	return all
}

// closing is the index of the brace that closes the first one; braces within
// quotes do not count.
func closing(text string) int {
	depth, quote := 0, rune(0)
	for i, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '{':
			depth++
		case r == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func (c *checker) need(at, text string) {
	if strings.TrimSpace(text) == "" {
		name := at[strings.LastIndexByte(at, '.')+1:]
		c.problem(at, "the field %s is missing or empty", name)
	}
}

// name checks a name's form and that it is new, and returns all names so far.
func (c *checker) name(at, name string, form *regexp.Regexp, taken []string, rule string) []string {
	switch {
	case !form.MatchString(name):
		c.problem(at, "%q cannot be a name here; use %s", name, rule)
	case slices.Contains(taken, name):
		c.problem(at, "the name %s is taken already; choose another", name)
	case form == keyForm && slices.Contains(reserved, name):
		c.problem(at, "the name %s has another meaning in expressions; choose another", name)
	}
	return append(taken, name)
}

func (c *checker) oneOf(at, name string, all []string) {
	if !slices.Contains(all, name) {
		c.problem(at, "there is no %q; choose among %s", name, strings.Join(all, ", "))
	}
}
