package cgroup

import (
	"fmt"
	"testing"

	"porthole/server/wire"
)

func TestParseNumber(t *testing.T) {
	for text, want := range map[string]wire.Count{
		"0\n":                     wire.Counted(0),
		"5984256\n":               wire.Counted(5984256),
		"12":                      wire.Counted(12),
		"9223372036854771712\n":   wire.Counted(9223372036854771712),
		"18446744073709551615\n":  wire.Counted(1<<64 - 1),
		"18446744073709551616\n":  {},
		"99999999999999999999\n":  {},
		"118446744073709551615\n": {},
		"":                        {},
		"\n":                      {},
		"max\n":                   {},
		"-1\n":                    {},
		"1 2\n":                   {},
		"0x10\n":                  {},
	} {
		if got := parseNumber([]byte(text)); got != want {
			t.Errorf("parseNumber(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestParseKeyed(t *testing.T) {
	keys := []string{"oom_kill", "max"}
	for _, test := range []struct {
		text string
		want string
	}{
		{"low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 0\n", "[1 7]"},
		{"oom_kill 1", "[1 absent]"},
		{"oom_kill_disable 0\nunder_oom 0\n", "[absent absent]"},
		{"", "[absent absent]"},
		{"oom_kill\nmax \n", "[absent absent]"},
		{"oom_kill -3\nmax x\n", "[absent absent]"},
		{"oom_kill 1\noom_kill 9\nmax 2\n", "[1 2]"},
		{"\n\nmax  4\n", "[absent 4]"},
	} {
		values := make([]wire.Count, len(keys))
		values[0] = wire.Counted(99) // must not survive
		parseKeyed([]byte(test.text), keys, values)
		if got := fmt.Sprint(values); got != test.want {
			t.Errorf("parseKeyed(%q) = %s, want %s", test.text, got, test.want)
		}
	}
}

func TestParsePressure(t *testing.T) {
	for text, want := range map[string]wire.Count{
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=12199\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=2412\n": wire.Counted(12199),
		"some avg10=99.00 avg60=1.00 avg300=0.00 total=0\n":                                                       wire.Counted(0),
		"full avg10=0.00 avg60=0.00 avg300=0.00 total=2412\n":                                                     {},
		"some avg10=0.00\n": {},
		"some total=x\n":    {},
		"":                  {},
	} {
		if got := parsePressure([]byte(text)); got != want {
			t.Errorf("parsePressure(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestParseIOStat(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "0 0"},
		{"8:0 rbytes=90112 wbytes=299008 rios=12 wios=30 dbytes=0 dios=0\n", "90112 299008"},
		{"8:16 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=0 dios=0\n8:0 rbytes=10 wbytes=20 rios=1 wios=1 dbytes=0 dios=0\n", "11 22"},
		// Seen on kernels that print a device before it has figures.
		{"8:0\n8:16 rbytes=1 wbytes=2\n", "1 2"},
		{"8:0 8:16 rbytes=1 wbytes=2\n", "1 2"},
		{"8:0 rbytes=x wbytes=2\n", "absent absent"},
		{"8:0 rbytes= wbytes=\n", "absent absent"},
	} {
		read, written := parseIOStat([]byte(test.text))
		if got := fmt.Sprint(read, written); got != test.want {
			t.Errorf("parseIOStat(%q) = %s, want %s", test.text, got, test.want)
		}
	}
}

func TestParseServiceBytes(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"Total 0\n", "0 0 false"},
		{"", "0 0 false"},
		{"254:0 Read 4096\n254:0 Write 3149824\n254:0 Sync 1\n254:0 Async 2\n254:0 Discard 3\n254:0 Total 9\nTotal 9\n", "4096 3149824 true"},
		{"8:0 Read 1\n8:0 Write 2\n8:16 Read 10\n8:16 Write 20\nTotal 33\n", "11 22 true"},
		{"8:0 Read x\n", "absent absent true"},
	} {
		read, written, devices := parseServiceBytes([]byte(test.text))
		if got := fmt.Sprint(read, written, devices); got != test.want {
			t.Errorf("parseServiceBytes(%q) = %s, want %s", test.text, got, test.want)
		}
	}
}

func TestParseLimits(t *testing.T) {
	show := func(value *float64) string {
		if value == nil {
			return "none"
		}
		return fmt.Sprint(*value)
	}
	for _, test := range []struct{ text, want string }{
		{"", "none none"},
		{"254:0 rbps=max wbps=10485760 riops=max wiops=max\n", "1.048576e+07 none"},
		{"8:0 rbps=5 wbps=max riops=max wiops=max\n8:16 rbps=3 wbps=9 riops=max wiops=max\n", "9 3"},
		{"8:0 rbps=-1 wbps=\n", "none none"},
	} {
		written, read := parseIOMax(test.text)
		if got := show(written) + " " + show(read); got != test.want {
			t.Errorf("parseIOMax(%q) = %s, want %s", test.text, got, test.want)
		}
	}
	for text, want := range map[string]string{
		"": "none", "8:0 10485760": "1.048576e+07", "8:0 7\n8:16 5": "5", "nonsense": "none", "8:0 max": "none",
	} {
		if got := show(parseBPS(text)); got != want {
			t.Errorf("parseBPS(%q) = %s, want %s", text, got, want)
		}
	}
	for raw, want := range map[string]wire.Limit{
		"max":                 {Unlimited: true},
		"-1":                  {Unlimited: true},
		"9223372036854771712": {Unlimited: true}, // pages of 4 KiB
		"9223372036854710272": {Unlimited: true}, // pages of 64 KiB
	} {
		var got wire.Limit
		setNumber(&got, raw)
		if got.Unlimited != want.Unlimited || got.Value != nil || got.Reason != "" {
			t.Errorf("setNumber(%q) = %+v, want %+v", raw, got, want)
		}
	}
	var got wire.Limit
	if setNumber(&got, "soon"); got.Reason == "" || got.Value != nil || got.Unlimited {
		t.Errorf("setNumber of no number = %+v, want a reason", got)
	}
	for _, test := range []struct {
		quota, period string
		want          float64
		ok            bool
	}{
		{"50000", "100000", 0.5, true}, {"150000", "100000", 1.5, true}, {"50000", "0", 0, false},
		{"x", "1", 0, false}, {"1", "", 0, false},
	} {
		if got, ok := divide(test.quota, test.period); got != test.want || ok != test.ok {
			t.Errorf("divide(%s, %s) = %v, %v; want %v, %v", test.quota, test.period, got, ok, test.want, test.ok)
		}
	}
}

// Hot parsers must not allocate, whatever they are given.
func TestParsersAllocateNothing(t *testing.T) {
	text := []byte("8:0 rbytes=1 wbytes=2 Read 5\nsome avg10=0.00 total=7\nmax 3\n18446744073709551615\n")
	keys, values := []string{"max", "absent"}, make([]wire.Count, 2)
	if got := testing.AllocsPerRun(100, func() {
		parseNumber(text)
		parseKeyed(text, keys, values)
		parsePressure(text)
		parseIOStat(text)
		parseServiceBytes(text)
	}); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}
