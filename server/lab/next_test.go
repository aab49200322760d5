package lab

import (
	"testing"

	"porthole/server/wire"
)

func TestActionsAreTakenInTheirOrder(t *testing.T) {
	actions := []wire.Action{{ID: "raise"}, {ID: "again"}}
	pending := func(awaits ...string) wire.Claim { return wire.Claim{Verdict: wire.Pending, Awaits: awaits} }
	held := wire.Claim{Verdict: wire.Holds}
	for _, test := range []struct {
		what    string
		claims  []wire.Claim
		offered []string
		taken   map[string]bool
		want    string
	}{
		{"a claim can still be judged without it", []wire.Claim{pending(), pending("raise")}, []string{"raise"}, nil, ""},
		{"the rest waits for it", []wire.Claim{held, pending("raise")}, []string{"raise", "again"}, nil, "raise"},
		{"it is not on offer", []wire.Claim{held, pending("raise")}, []string{"again"}, nil, ""},
		{"the first has its effect judged before the second", []wire.Claim{pending("raise"), pending("raise", "again")}, []string{"again"}, map[string]bool{"raise": true}, ""},
		{"then the second", []wire.Claim{held, pending("raise", "again")}, []string{"again"}, map[string]bool{"raise": true}, "again"},
		{"nobody waits", []wire.Claim{held}, []string{"raise"}, nil, ""},
		{"all are taken", []wire.Claim{pending("again")}, []string{"raise"}, map[string]bool{"raise": true, "again": true}, ""},
	} {
		if got := NextAction(wire.Run{Claims: test.claims, Actions: test.offered}, actions, test.taken); got != test.want {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
}
