package lab

import (
	"testing"
	"time"

	"porthole/demos"
	"porthole/server/wire"
)

// box is what one container of a made-up world is and does.
type box struct {
	namespaces map[string]uint64 // others get a number of their own
	pid        int
	limits     wire.Limits
	security   *wire.Security
	outside    *wire.View
	reports    []wire.Report
	// counters gives the sample at a time since the start; nil: none.
	counters func(at time.Duration) wire.Counters
	lived    time.Duration // sampled for so long
	exit     *int          // nil: it runs on
	// oomKilled is the engine's State.OOMKilled of one that has exited.
	oomKilled bool
	// topology and known change what else is told of it: by the kernel readers
	// and the engine, and by the run itself.
	topology func(*wire.Container)
	known    func(*subject)
}

// images are those that a made-up container can be told to be of.
var images = []wire.Image{
	{Name: "layered", Bytes: 1 << 24, Layers: []wire.ImageLayer{{Digest: "sha256:a"}, {Digest: "sha256:b"}, {Empty: true}, {Digest: "sha256:c"}}},
	{Name: "flat", Bytes: 1 << 24, Layers: []wire.ImageLayer{{Digest: "sha256:a"}}},
}

// healthy is the machine of the made-up worlds.
func healthy() wire.Host {
	return wire.Host{
		Kernel: "6.18.0", Hostname: "machine", CPUs: 2, CgroupMode: wire.CgroupV2,
		Engine: wire.Engine{State: wire.EngineUp, Name: "docker", Version: "28.5.2", StorageDriver: "overlay2"},
	}
}

var hostNamespaces = map[string]uint64{
	"pid": 4026531836, "net": 4026531833, "mnt": 4026531832, "uts": 4026531838,
	"ipc": 4026531839, "user": 4026531837, "cgroup": 4026531835, "time": 4026531834,
}

const longAgo = 30 * time.Second

// world plays a lesson's made-up containers to a run, and judges its claims.
func world(t *testing.T, lesson demos.Lesson, boxes map[string]*box) *run {
	t.Helper()
	return worldOn(t, healthy(), lesson, boxes)
}

func worldOn(t *testing.T, host wire.Host, lesson demos.Lesson, boxes map[string]*box) *run {
	t.Helper()
	l := New(Options{Engine: &scriptedEngine{}, Lessons: func() []demos.Lesson { return nil }, Host: func() wire.Host { return host }, Publish: func(wire.Run) {}})
	r := l.newRun(lesson)
	began := time.Now().Add(-longAgo)
	r.startedAt, r.state = began, wire.RunRunning
	topology := wire.Topology{Host: wire.TopologyHost{Host: host}, Images: images}
	for _, kind := range wire.NamespaceTypes {
		topology.Host.Namespaces = append(topology.Host.Namespaces, wire.Namespace{Type: kind, Inode: hostNamespaces[kind], Relation: wire.RelationHost})
	}
	for i, c := range lesson.Containers {
		b := boxes[c.Key]
		one := wire.Container{
			Name: demos.ContainerName(lesson.Slug, c.Key), Key: c.Key, Run: r.id, State: "running", StartedAt: began.UnixMilli(),
			PID: b.pid, Limits: b.limits, Security: b.security, Outside: b.outside,
		}
		for j, kind := range wire.NamespaceTypes {
			link := wire.Namespace{Type: kind, Inode: uint64(4026540000 + 10*i + j), Relation: wire.RelationOwn}
			if inode, ok := b.namespaces[kind]; ok {
				link.Inode, link.Relation = inode, wire.RelationShared
				if inode == hostNamespaces[kind] {
					link.Relation = wire.RelationHost
				}
			}
			one.Namespaces = append(one.Namespaces, link)
		}
		if b.topology != nil {
			b.topology(&one)
		}
		topology.Containers = append(topology.Containers, one)
		s := r.subject(c.Key)
		s.created("id-" + c.Key)
		s.started(began)
		if b.known != nil {
			b.known(s)
		}
	}
	r.observe(Observation{Topology: &topology})
	for at := time.Duration(0); at <= longAgo; at += 100 * time.Millisecond {
		sample := wire.Sample{Containers: map[string]wire.Counters{}}
		sample.At = began.Add(at).UnixMilli()
		for key, b := range boxes {
			if b.counters != nil && at <= b.lived {
				sample.Containers[demos.ContainerName(lesson.Slug, key)] = b.counters(at)
			}
		}
		r.observe(Observation{Sample: &sample})
	}
	for key, b := range boxes {
		s := r.subject(key)
		for _, report := range b.reports {
			report.At = began.Add(b.lived).UnixMilli()
			s.reported(report)
		}
		if b.exit != nil {
			ended := began.Add(b.lived)
			s.exited(Inspection{State: "exited", StartedAt: began, FinishedAt: ended, ExitCode: *b.exit, OOMKilled: b.oomKilled}, ended)
			s.goneWith(&wire.Gone{Run: r.id, Name: s.name})
		}
	}
	now := began.Add(longAgo) // the moment of the last sample
	for _, s := range r.containers {
		s.tick(now)
	}
	r.judge(now)
	return r
}

func (r *run) verdict(t *testing.T, id string) wire.Claim {
	t.Helper()
	for _, j := range r.claims {
		if j.claim.ID == id {
			return j.message
		}
	}
	t.Fatalf("the lesson %s has no claim %s", r.lesson.Slug, id)
	return wire.Claim{}
}

func builtin(t *testing.T, slug string) demos.Lesson {
	t.Helper()
	lessons, problems := demos.Load(demos.Builtin)
	for _, problem := range problems {
		if problem.Slug == slug { // the others are for the tests of package demos
			t.Fatal(problem)
		}
	}
	for _, lesson := range lessons {
		if lesson.Slug == slug {
			return lesson
		}
	}
	t.Fatalf("there is no lesson %s", slug)
	return demos.Lesson{}
}

func limit(value float64) *wire.Limit { return &wire.Limit{Value: &value, Raw: "as the value says"} }

func unlimited() *wire.Limit { return &wire.Limit{Unlimited: true, Raw: "max"} }

// working is a container that uses so many cores, held back in a share of its
// periods.
func working(cores, throttled float64) func(time.Duration) wire.Counters {
	return func(at time.Duration) wire.Counters {
		c := wire.Counters{CPUUsageUsec: wire.Counted(uint64(cores * float64(at.Microseconds()))), CPUPeriods: wire.Counted(0), CPUThrottledPeriods: wire.Counted(0)}
		if throttled > 0 {
			periods := float64(at.Milliseconds()) / 100
			c.CPUPeriods, c.CPUThrottledPeriods = wire.Counted(uint64(periods)), wire.Counted(uint64(throttled*periods))
		}
		return c
	}
}

// holding is a container with so much memory, in bytes, and so many kills.
func holding(bytes, kills uint64) func(time.Duration) wire.Counters {
	return func(time.Duration) wire.Counters {
		return wire.Counters{MemoryCurrentBytes: wire.Counted(bytes), OOMKills: wire.Counted(kills)}
	}
}

func done(result *wire.Result) wire.Report {
	return wire.Report{Porthole: wire.ReportDone, Says: "the work is done", Result: result}
}

func inside(view wire.View) wire.Report { return wire.Report{Porthole: wire.ReportInside, View: &view} }
