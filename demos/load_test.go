package demos

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

// The lessons of the chapter are whole, each with all that a lesson has.
func TestBuiltinLessons(t *testing.T) {
	lessons, problems := Load(Builtin)
	for _, problem := range problems {
		t.Error(problem)
	}
	if len(lessons) < 5 {
		t.Errorf("there are %d lessons", len(lessons))
	}
	for _, l := range lessons {
		missing := func(is bool, what string) {
			if is {
				t.Errorf("%s has no %s", l.Slug, what)
			}
		}
		missing(len(strings.Fields(l.Prose)) < 50, "prose to speak of")
		missing(l.Book == "", "word on what the book says")
		missing(l.Question == "", "question")
		missing(l.Insight == "", "insight")
		missing(l.Summary == "", "summary")
		missing(l.Order == 0, "place in the catalogue")
		missing(l.Seconds == 0, "time that it takes")
		missing(len(l.TryIt) == 0, "commands to try")
		missing(len(l.Claims) < 2, "second claim")
		missing(len(l.Panels) == 0, "panels")
		for _, c := range l.Claims {
			missing(c.Measured == "", "figure for the claim "+c.ID)
			missing(c.Expect == "fails" && c.Because == "", "reason why "+c.ID+" does not hold")
		}
	}
}

const whole = `title: Mine
section: My own
question: What happens?
answers:
  - {id: this, says: This., right: true}
  - {id: that, says: That.}
containers:
  - key: one
    title: One
    workload: [burn, --core-seconds, 1]
    limits:
      cpus: 0.5
      memory: 64m
  - key: two
    title: Two
    workload: [idle]
    after: one
claims:
  - id: first
    says: It is half.
    over: 3s
    when: one.done
    within: 20s
    holds: one.window.cpuCores < 0.6
    measured: "{cores(one.window.cpuCores)} cores"
panels: [cpu]
`

func files(pairs ...string) fstest.MapFS {
	all := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return all
}

func TestWholeLesson(t *testing.T) {
	lessons, problems := Load(files("mine/demo.yaml", whole, "mine/lesson.md", "Words."))
	if len(problems) > 0 || len(lessons) != 1 {
		t.Fatalf("%d lessons; %v", len(lessons), problems)
	}
	l := lessons[0]
	if l.Slug != "mine" || l.Prose != "Words." || l.File != "mine/demo.yaml" {
		t.Errorf("%+v", l)
	}
	one := l.Containers[0]
	if one.Limits != (Limits{CPUs: 0.5, Memory: 64 << 20}) || one.Order != 1 || one.Workload[2] != "1" || one.AfterState != "exited" {
		t.Errorf("%+v", one)
	}
	if got, want := one.Command(l, "image:1"), "docker run --detach --name porthole-mine-one --cpus 0.5 --memory 64m image:1 burn --core-seconds 1"; got != want {
		t.Errorf("\n%s, wanted\n%s", got, want)
	}
	if got := strings.Join(l.Claims[0].Sources(), " "); got != "one/cpuUsageUsec" {
		t.Errorf("sources %s", got)
	}
	if got := strings.Join(l.Claims[0].Keys(), " "); got != "one" {
		t.Errorf("keys %s", got)
	}
}

// What the documentation shows as a worked example works.
func TestDocumentedExample(t *testing.T) {
	text, err := os.ReadFile("../docs/lessons.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/lessons.md has no example in YAML")
	}
	lessons, problems := Load(files("half-a-core/demo.yaml", example, "half-a-core/lesson.md", "Words."))
	if len(lessons) != 1 {
		t.Errorf("%v", problems)
	}
	// The tables name every field and every figure.
	for _, group := range []any{Lesson{}, Container{}, Limits{}, Claim{}, Action{}, Facts{}, WindowFacts{}, LimitFacts{}, StepsFacts{}.Clone.Before, SecurityFacts{}, ViewFacts{}, ResultFacts{}, Host{}, ActionFacts{}} {
		for field := range reflect.TypeOf(group).Fields() {
			for _, tag := range []string{field.Tag.Get("yaml"), field.Tag.Get("expr")} {
				if tag != "" && tag != "-" && !strings.Contains(string(text), tag) {
					t.Errorf("docs/lessons.md does not name %s, a field of %T", tag, group)
				}
			}
		}
	}
}

// Each mistake is named with its place and what to do about it.
func TestMistakes(t *testing.T) {
	tests := map[string]struct{ old, new, where, says string }{
		"unknown field":             {"    after: one", "    aftr: one", "17:5", "there is no field aftr here; the fields are key, title"},
		"unknown field at the top":  {"section: My own", "sektion: My own", "2:1", "there is no field sektion here; the fields are title, section"},
		"unknown limit":             {"      memory: 64m", "      memroy: 64m", "13:7", "the fields are cpus, cpu-shares"},
		"list for text":             {"title: Mine", "title: [Mine]", "1:8", "text is needed here, and this is a list"},
		"text for a list":           {"panels: [cpu]", "panels: cpu", "26:9", "a list is needed here, and this is text"},
		"text for a number":         {"cpus: 0.5", "cpus: half", "12:13", "a number is needed here, and this is text"},
		"wrong amount":              {"memory: 64m", "memory: 64 chickens", "13:15", "write it as docker does"},
		"wrong time":                {"within: 20s", "within: soon", "23:13", "write it as 3s, 500ms or 2m"},
		"a key twice":               {"section: My own", "title: Mine too", "2:1", "already defined"},
		"broken yaml":               {"answers:", "answers: [", "", ""},
		"alias":                     {"  - key: one\n    title: One", "  - key: one\n    title: &a One", "9:12", "anchors and aliases are not offered"},
		"no title":                  {"title: Mine\n", "", "1:1", "the field title is missing or empty"},
		"no right answer":           {", right: true", "", "5:3", "exactly one answer has right: true, and here it is 0"},
		"one answer":                {"  - {id: that, says: That.}\n", "", "5:3", "two to four answers, and this one has 1"},
		"key with a dash":           {"key: two", "key: second-one", "14:10", "cannot be a name here"},
		"key that means something":  {"key: two", "key: host", "14:10", "another meaning in expressions"},
		"key taken":                 {"key: two", "key: one", "14:10", "is taken already"},
		"unknown container":         {"after: one", "after: three", "17:12", `there is no other container "three"; the keys are one, two`},
		"itself":                    {"after: one", "after: two", "17:12", "no other container"},
		"circle":                    {"  - key: one\n", "  - key: one\n    after: two\n", "8:5", "waits for"},
		"no workload":               {"workload: [idle]", "workload: []", "16:15", "needs a workload"},
		"too little memory":         {"memory: 64m", "memory: 1m", "13:15", "no --memory below 6m"},
		"too little processor":      {"cpus: 0.5", "cpus: 0.001", "12:13", "0.01 and more"},
		"swap without memory":       {"memory: 64m", "memory-swap: 64m", "13:20", "needs a --memory"},
		"unknown network":           {"    after: one", "    network: wlan", "17:14", "choose among bridge, none, host, container:KEY"},
		"joined to nobody":          {"    after: one", "    pid: container:three", "17:10", "no other container"},
		"folder of the host":        {"    after: one", "    volume: [/etc:/etc]", "17:14", "no folder of the host can be mounted"},
		"variable of ours":          {"    after: one", "    env: {PORTHOLE_TTL_SECONDS: \"1\"}", "17:10", "not PORTHOLE_ at the start"},
		"unknown panel":             {"panels: [cpu]", "panels: [cpu, gpu]", "26:15", `there is no "gpu"; choose among diagram`},
		"panel named twice":         {"panels: [cpu]", "panels: [cpu, cpu]", "26:15", "the panel cpu is named twice"},
		"unknown need":              {"panels: [cpu]", "needs: [gpu]", "26:9", `there is no "gpu"`},
		"unknown window":            {"over: 3s", "over: a while", "21:11", "write whole run"},
		"too long":                  {"panels: [cpu]", "max: 1h", "26:6", "10m0s at the latest"},
		"claim on nobody":           {"holds: one.window", "holds: three.window", "24:12", "there is no container or name three"},
		"claim on nothing":          {"holds: one.window.cpuCores", "holds: one.window.cpuKernels", "24:23", "one.window has no figure cpuKernels; it has seconds"},
		"claim of no verdict":       {"holds: one.window.cpuCores < 0.6", "holds: one.window.cpuCores", "24:12", "expected bool"},
		"claim on apples and pears": {"holds: one.window.cpuCores < 0.6", "holds: one.window.cpuCores < \"a\"", "24:32", "mismatched types float64 and string"},
		"claim that does not parse": {"holds: one.window.cpuCores < 0.6", "holds: one.window.cpuCores <", "24:", "unexpected"},
		"claim on a group":          {"holds: one.window.cpuCores < 0.6", "holds: one.ns.pid == two.ns.pid", "24:", "is a group of figures"},
		"claim around absence":      {"holds: one.window.cpuCores < 0.6", "holds: (one.exitCode ?? 0) == 0", "24:", "?? is not offered"},
		"claim on nil":              {"holds: one.window.cpuCores < 0.6", "holds: one.exitCode == nil", "24:", "nil is not offered"},
		"claim with ?.":             {"holds: one.window.cpuCores < 0.6", "holds: one?.exitCode == 0", "24:", "is not offered"},
		"claim with brackets":       {"holds: one.window.cpuCores < 0.6", "holds: one[\"exit\" + \"Code\"] == 0", "24:", "after a dot, not in brackets"},
		"claim with present":        {"holds: one.window.cpuCores < 0.6", "holds: present(\"x\", one.exitCode) == 0", "24:", "no container or name present"},
		"claim with a loophole":     {"holds: one.window.cpuCores < 0.6", "holds: len(toPairs(one)) > 0", "24:16", "no container or name toPairs"},
		"claim on a variable":       {"holds: one.window.cpuCores < 0.6", "holds: let x = one; x.exitCode != 3", "24:20", "is a group of figures"},
		"claim on the environment":  {"holds: one.window.cpuCores < 0.6", "holds: $env.one.exitCode != 3", "24:12", "no container or name $env"},
		"figure in words":           {"{cores(one.window.cpuCores)}", "{cores(one.windw.cpuCores)}", "25:27", "one has no figure windw; it has created"},
		"brace left open":           {"{cores(one.window.cpuCores)}", "{cores(one.window.cpuCores)", "25:16", "without its }"},
		"expect on a container":     {"    over: 3s", "    expect: one.exited", "21:13", "there is no container or name one"},
		"action of no container":    {"panels: [cpu]", "actions: [{id: up, title: Up, container: three, update: {cpus: 1}}]", "26:42", `there is no container "three"`},
		"steps on any engine":       {"    after: one", "    step-by-step: true", "17:19", "only the built-in engine"},
		"step of one made at once":  {"panels: [cpu]", "actions: [{id: up, title: Up, container: one, step: next}]", "26:", "is made at once"},
		"unknown step":              {"panels: [cpu]", "actions: [{id: up, title: Up, container: one, step: last}]", "26:", `there is no "last"; choose among next, rest`},
		"step and update":           {"panels: [cpu]", "actions: [{id: up, title: Up, container: one, step: rest, update: {cpus: 1}}]", "26:", "either step, update or exec"},
		"action of no effect":       {"panels: [cpu]", "actions: [{id: up, title: Up, container: one}]", "26:", "changes at least one limit"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(whole, test.old, test.new, 1)
			if text == whole {
				t.Fatalf("the lesson has no %q to change", test.old)
			}
			lessons, problems := Load(files("mine/demo.yaml", text, "mine/lesson.md", "Words.", "good/demo.yaml", whole, "good/lesson.md", "Words."))
			if len(lessons) != 1 || lessons[0].Slug != "good" {
				t.Errorf("the other lesson was harmed, or this one loaded: %d lessons", len(lessons))
			}
			if len(problems) == 0 {
				t.Fatal("no problem was found")
			}
			got := problems[0].String()
			if !strings.HasPrefix(got, "mine/demo.yaml:"+test.where) || !strings.Contains(got, test.says) {
				t.Errorf("got  %s\nwant mine/demo.yaml:%s: …%s…", got, test.where, test.says)
			}
		})
	}
}

func TestFolders(t *testing.T) {
	tests := map[string]struct {
		files fstest.MapFS
		says  string
	}{
		"no lesson.md":        {files("mine/demo.yaml", whole), "mine/lesson.md: The file is missing"},
		"no demo.yaml":        {files("mine/lesson.md", "Words."), "mine/demo.yaml: The file is missing"},
		"name with a space":   {files("my lesson/demo.yaml", whole, "my lesson/lesson.md", "Words."), "use lower-case letters, digits and dashes"},
		"name with a capital": {files("Mine/demo.yaml", whole, "Mine/lesson.md", "Words."), "use lower-case letters, digits and dashes"},
		"empty file":          {files("mine/demo.yaml", "", "mine/lesson.md", "Words."), "One YAML document"},
		"two documents":       {files("mine/demo.yaml", whole+"---\n"+whole, "mine/lesson.md", "Words."), "One YAML document"},
		"a list":              {files("mine/demo.yaml", "- a\n- b\n", "mine/lesson.md", "Words."), "mine/demo.yaml:1:"},
		"too large":           {files("mine/demo.yaml", whole+strings.Repeat("# much\n", MaxFileSize/7), "mine/lesson.md", "Words."), "larger than 256 KiB"},
		"too large prose":     {files("mine/demo.yaml", whole, "mine/lesson.md", strings.Repeat("x", 50<<20)), "mine/lesson.md: The file is larger than 256 KiB"},
		"no text":             {files("mine/demo.yaml", "\xff\xfe\x00", "mine/lesson.md", "Words."), "not text in UTF-8"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.files["good/demo.yaml"] = &fstest.MapFile{Data: []byte(whole)}
			test.files["good/lesson.md"] = &fstest.MapFile{Data: []byte("Words.")}
			lessons, problems := Load(test.files)
			if len(lessons) != 1 || lessons[0].Slug != "good" {
				t.Errorf("%d lessons", len(lessons))
			}
			if len(problems) == 0 || !strings.Contains(problems[0].String(), test.says) {
				t.Errorf("got %v, want …%s…", problems, test.says)
			}
		})
	}
}

// A folder on disk gives nothing from outside of itself.
func TestLinksAreNotFollowed(t *testing.T) {
	outside, inside := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, from string) {
		t.Helper()
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(outside, "demo.yaml"), whole)
	write(filepath.Join(outside, "lesson.md"), "A secret.")
	write(filepath.Join(inside, "good", "demo.yaml"), whole)
	write(filepath.Join(inside, "good", "lesson.md"), "Words.")
	write(filepath.Join(inside, "linked", "demo.yaml"), whole)
	link(filepath.Join(outside, "lesson.md"), filepath.Join(inside, "linked", "lesson.md"))
	link(outside, filepath.Join(inside, "away"))
	link("good", filepath.Join(inside, "again"))

	for name, load := range map[string]func() ([]Lesson, []Problem){
		"LoadDir":  func() ([]Lesson, []Problem) { return LoadDir(inside) },
		"os.DirFS": func() ([]Lesson, []Problem) { return Load(os.DirFS(inside)) },
	} {
		lessons, problems := load()
		if len(lessons) != 1 || lessons[0].Slug != "good" {
			t.Errorf("%s: %d lessons", name, len(lessons))
		}
		var all []string
		for _, p := range problems {
			all = append(all, p.String())
		}
		text := strings.Join(all, "\n")
		if !strings.Contains(text, "linked/lesson.md: This is not a regular file") || !strings.Contains(text, "again: This is a symbolic link") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if _, problems := LoadDir(filepath.Join(inside, "nowhere")); len(problems) != 1 || !strings.Contains(problems[0].Says, "--demos") {
		t.Errorf("a folder that is not there: %v", problems)
	}
}

func TestMerge(t *testing.T) {
	first, _ := Load(files("a/demo.yaml", whole, "a/lesson.md", "Words.", "c/demo.yaml", whole+"order: 1\n", "c/lesson.md", "Words."))
	second, _ := Load(files("a/demo.yaml", whole, "a/lesson.md", "Other words.", "b/demo.yaml", whole, "b/lesson.md", "Words."))
	all, problems := Merge(first, second)
	var slugs []string
	for _, l := range all {
		slugs = append(slugs, l.Slug)
	}
	if got := strings.Join(slugs, " "); got != "c a b" || all[1].Prose != "Words." {
		t.Errorf("merged to %s", got)
	}
	if len(problems) != 1 || problems[0].Slug != "a" || !strings.Contains(problems[0].Says, "rename the folder") {
		t.Errorf("problems: %v", problems)
	}
}

func TestWorkloadsAreChecked(t *testing.T) {
	loader := Loader{CheckWorkload: func(arguments []string) error {
		if arguments[0] == "idle" {
			return os.ErrInvalid
		}
		return nil
	}}
	_, problems := loader.Load(files("mine/demo.yaml", whole, "mine/lesson.md", "Words."))
	if len(problems) != 1 || problems[0].Line != 16 {
		t.Errorf("problems: %v", problems)
	}
}

// Whatever the text, loading ends, with a lesson or with a problem in it.
func FuzzLoad(f *testing.F) {
	f.Add(whole)
	f.Add("title: [")
	f.Add("a: &a [*a]")
	f.Add("claims: [{holds: \"((((\"}]")
	f.Fuzz(func(t *testing.T, text string) {
		lessons, problems := Load(files("mine/demo.yaml", text, "mine/lesson.md", "Words."))
		if (len(lessons) == 1) == (len(problems) > 0) {
			t.Errorf("%d lessons and %d problems", len(lessons), len(problems))
		}
	})
}
