// Package builtin is a container engine of our own, from the same parts of the
// kernel as Docker's: namespaces, an overlay root, pivot_root, cgroups, a veth
// pair, capabilities, a filter of system calls. It is for machines that have no
// Docker, and to show what Docker does.
//
// steps.go lists what is done to make a container, in order, each with its
// system call; inside.go and outside.go take those steps. All else is
// bookkeeping.
//
// Nothing outlives the server for long. Every mount is in a container's own
// mount namespace and goes with it; every container dies with the thread that
// started it (PR_SET_PDEATHSIG), and by its own time limit. What else there is
// (cgroups, a bridge, a folder) has this server's instance in its name, and the
// next server to start removes what a dead one has left: the lock on a folder
// tells who is dead.
package builtin
