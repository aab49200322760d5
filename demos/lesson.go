package demos

import (
	"strings"
	"time"

	"porthole/server/wire"
)

// Lesson is one demonstration of the chapter: one folder with a demo.yaml and
// a lesson.md. What the yaml fields mean, with ranges, is in docs/lessons.md.
type Lesson struct {
	// Slug is the folder's name: lower-case letters, digits and dashes.
	Slug string `yaml:"-"`
	// File is the path of its demo.yaml within the file system it came from.
	File string `yaml:"-"`
	// Prose is lesson.md, as Markdown.
	Prose string `yaml:"-"`

	Title   string `yaml:"title"`
	Section string `yaml:"section"`
	Summary string `yaml:"summary"`
	// Order is its place in the catalogue, from 1; ties go by slug.
	Order int `yaml:"order"`
	// Book is what the chapter runs or claims, in its own words.
	Book string `yaml:"book"`
	// Question is asked before the run; Answers are two to four predictions.
	Question string   `yaml:"question"`
	Answers  []Answer `yaml:"answers"`
	// Insight is the sentence to take home, shown with the verdicts.
	Insight string `yaml:"insight"`
	// TryIt are commands for the reader's own terminal.
	TryIt []Try `yaml:"try-it"`

	Containers []Container `yaml:"containers"`
	Panels     []string    `yaml:"panels"`
	Claims     []Claim     `yaml:"claims"`
	Actions    []Action    `yaml:"actions"`
	// Needs are what a host must have: names of Needs in needs.go.
	Needs []string `yaml:"needs"`
	// Quiet is true for a lesson that measures time or processors: porthole
	// verify runs nothing beside it.
	Quiet bool `yaml:"quiet"`
	// Seconds is about how long a run takes until its last verdict.
	Seconds int `yaml:"seconds"`
	// Max is when a run is ended whatever happens; at most MaxRunTime.
	Max Duration `yaml:"max"`
	// Stays is true for a lesson that runs on after its last verdict, to be
	// looked at, until it is stopped or Max has passed.
	Stays bool `yaml:"stays"`
	// Linger is how long the exited containers are left to be looked at, once
	// the last verdict is there.
	Linger Duration `yaml:"linger"`
}

// MaxRunTime is the longest that a lesson may run.
const MaxRunTime = 10 * time.Minute

// Answer is one possible prediction.
type Answer struct {
	ID    string `yaml:"id"`
	Says  string `yaml:"says"`
	Right bool   `yaml:"right"`
}

// Try is a command for the reader's own terminal.
type Try struct {
	Says    string `yaml:"says"`
	Command string `yaml:"command"`
}

// Container is one container that a lesson starts. Its flags are spelled as
// those of docker run.
type Container struct {
	// Key is its name in the lesson's claims: lowerCamel letters and digits.
	Key string `yaml:"key"`
	// Title and Subtitle are the words on its box in the drawing.
	Title    string `yaml:"title"`
	Subtitle string `yaml:"subtitle"`
	// Order is its place on the drawing, from 1: its place in the file.
	Order int `yaml:"-"`
	// Workload is the argument vector after the image's own entry point
	// (/porthole workload), for example [burn, --core-seconds, "5"].
	Workload []string `yaml:"workload"`
	// After is the key of the container that it waits for. It then starts
	// when that one has reached AfterState.
	After string `yaml:"after"`
	// AfterState is "running", "done" (the workload reported that its work is
	// complete) or "exited", which is the default.
	AfterState string `yaml:"after-state"`

	// StepByStep is true where its making waits before each step for an action
	// that lets it go on. It takes the built-in engine (needs: [builtin-engine]).
	StepByStep bool `yaml:"step-by-step"`
	// MayBeKilled is true where a death by SIGKILL is part of the lesson. In
	// any other container, one that the kernel's count does not explain is
	// taken as somebody's interference.
	MayBeKilled bool `yaml:"may-be-killed"`

	Limits Limits `yaml:"limits"`

	// Hostname is docker's --hostname.
	Hostname string `yaml:"hostname"`
	// User is docker's --user: a number, or number:number (the image has no
	// user names).
	User string `yaml:"user"`
	// Network is docker's --network: "" or "bridge", "none", "host", or
	// container:KEY with the key of another container of the lesson.
	Network string `yaml:"network"`
	// PIDNamespace is docker's --pid: "", "host", or container:KEY.
	PIDNamespace string `yaml:"pid"`
	// IPCNamespace is docker's --ipc: "", "private", "shareable", "host", or
	// container:KEY.
	IPCNamespace string `yaml:"ipc"`
	// UTSNamespace is docker's --uts: "" or "host".
	UTSNamespace string `yaml:"uts"`
	// CgroupNamespace is docker's --cgroupns: "", "private" or "host".
	CgroupNamespace string `yaml:"cgroupns"`
	// UserNamespace is docker's --userns: "" or "host".
	UserNamespace string `yaml:"userns"`

	// ReadOnly is docker's --read-only: a root filesystem that cannot be
	// written.
	ReadOnly bool `yaml:"read-only"`
	// CapDrop and CapAdd are docker's --cap-drop and --cap-add.
	CapDrop []string `yaml:"cap-drop"`
	CapAdd  []string `yaml:"cap-add"`
	// NoNewPrivileges is docker's --security-opt no-new-privileges.
	NoNewPrivileges bool `yaml:"no-new-privileges"`
	// SecurityOpt are further values of docker's --security-opt, for example
	// seccomp=unconfined.
	SecurityOpt []string `yaml:"security-opt"`
	// Env is docker's --env.
	Env map[string]string `yaml:"env"`
	// Volumes is docker's --volume, NAME:/path[:ro]. The volume belongs to
	// the run and goes with it: on the engine its name is
	// porthole-<lesson>-<NAME>. No path of the host can be mounted.
	Volumes []string `yaml:"volume"`
	// Tmpfs is docker's --tmpfs: /path[:options].
	Tmpfs []string `yaml:"tmpfs"`
	// ShmSize is docker's --shm-size.
	ShmSize Bytes `yaml:"shm-size"`
}

// Root reports whether it runs as root.
func (c Container) Root() bool {
	user, _, _ := strings.Cut(c.User, ":")
	return user == "" || user == "0"
}

// Limits are a container's resource limits. A zero value is a limit not asked
// for. The keys are docker's own flags.
type Limits struct {
	// CPUs is --cpus, in cores.
	CPUs float64 `yaml:"cpus"`
	// CPUShares is --cpu-shares, 2 to 262144.
	CPUShares int64 `yaml:"cpu-shares"`
	// CPUSet is --cpuset-cpus, for example "0" or "0-1".
	CPUSet string `yaml:"cpuset-cpus"`
	// Memory is --memory; the engine's minimum is 6 MiB.
	Memory Bytes `yaml:"memory"`
	// MemoryReservation is --memory-reservation, less than Memory.
	MemoryReservation Bytes `yaml:"memory-reservation"`
	// MemorySwap is --memory-swap: memory and swap together. Equal to Memory
	// it forbids swapping; -1 lifts the limit.
	MemorySwap Bytes `yaml:"memory-swap"`
	// Pids is --pids-limit, in tasks (processes and threads).
	Pids int64 `yaml:"pids-limit"`
	// DeviceWriteBPS is the rate of --device-write-bps, in bytes a second.
	// The device is the disk under the engine's volumes: the engine finds it.
	DeviceWriteBPS Bytes `yaml:"device-write-bps"`
	// DeviceReadBPS is the rate of --device-read-bps, likewise.
	DeviceReadBPS Bytes `yaml:"device-read-bps"`
}

// IsZero reports whether no limit is asked for.
func (l Limits) IsZero() bool { return l == Limits{} }

// Action is something that can be done to a container while a lesson runs.
type Action struct {
	ID    string `yaml:"id"`
	Title string `yaml:"title"`
	// Container is the key of the container that it is done to.
	Container string `yaml:"container"`
	// Update changes limits of the living container, as docker update does.
	Update Limits `yaml:"update"`
	// Exec runs a workload inside the living container, as docker exec does,
	// for example [fork, --count, "20", --hold, "0"]. An action has either.
	Exec []string `yaml:"exec"`
	// Step lets the making of a container go on that is made step by step: by one
	// step (StepNext), which can be asked for again and again, or by all that are
	// left (StepRest).
	Step string `yaml:"step"`
	// Range lets whoever takes the action choose the value of one limit of
	// Update, which is where the slider begins.
	Range *Range `yaml:"range"`
	// When is an expression: the action is on offer only when it is true.
	When string `yaml:"when"`

	when *expression
}

// What an action's Step may be.
const (
	StepNext = "next"
	StepRest = "rest"
)

// Range is what the value of one limit may be.
type Range struct {
	// Limit is the limit's name in Update: cpus, cpu-shares, memory,
	// memory-reservation, memory-swap or pids-limit.
	Limit string `yaml:"limit"`
	// Min and Max are the least and the most; Step is the distance of two
	// values. Amounts of bytes may be written as docker has them.
	Min  Amount `yaml:"min"`
	Max  Amount `yaml:"max"`
	Step Amount `yaml:"step"`
}

// Claim is one statement, judged on live readings.
type Claim struct {
	ID string `yaml:"id"`
	// Says is the statement, one plain sentence.
	Says string `yaml:"says"`
	// Book is true where it is the chapter's own statement.
	Book bool `yaml:"book"`
	// Over is the window of samples that its figures are taken from: "whole
	// run", "at the end", or a length such as "3s", which is the last such
	// stretch before the moment of judging.
	Over string `yaml:"over"`
	// When is an expression: it is judged as soon as this is true. Empty: as
	// soon as all that it looks at is there.
	When string `yaml:"when"`
	// Within is the longest to wait for When, from the start of the run.
	// After it the verdict is unknown.
	Within Duration `yaml:"within"`
	// Holds is the expression that decides.
	Holds string `yaml:"holds"`
	// Measured is the deciding figure in words, with {expressions} in braces.
	Measured string `yaml:"measured"`
	// Because says why it does not hold, for a claim that kernels do not bear
	// out. It is shown when the verdict is that it fails, on hosts of the kind
	// of which Expect says so.
	Because string `yaml:"because"`
	// Unless names conditions under which the figures say nothing. They are
	// looked at first, in order; the verdict is then unknown.
	Unless []Unless `yaml:"unless"`
	// Expect is what a healthy host gives: "holds", "fails", or an
	// expression over host that is true where it holds.
	Expect string `yaml:"expect"`

	window   Window
	when     *expression
	holds    *expression
	measured []fragment
	expect   *expression
	steps    map[string][]string // the actions that let a container's making go on, by its key
}

// Unless is a condition under which a claim cannot be told.
type Unless struct {
	// If is an expression.
	If string `yaml:"if"`
	// Says is the reason, with {expressions} in braces.
	Says string `yaml:"says"`

	when *expression
	says []fragment
}

// Expected is the verdict that a healthy host of this kind gives.
func (c *Claim) Expected(host Host) wire.Verdict {
	switch c.Expect {
	case "", "holds":
		return wire.Holds
	case "fails":
		return wire.Fails
	}
	return c.expected(host)
}
