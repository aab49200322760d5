package demos

import "porthole/server/wire"

type expression struct{}
type fragment struct{}

// Window is a window of samples.
type Window struct{}

// Host is the host as claims see it.
type Host struct{}

func (c Claim) expected(Host) wire.Verdict { return wire.Holds }
