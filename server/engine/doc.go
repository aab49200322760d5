// Package engine runs the demo containers. It is the only one that speaks to
// Docker, through github.com/docker/docker/client.
//
// # Staying in touch
//
// Docker.Run negotiates the API version (Engine 20.10's 1.41 up to what the
// client knows), follows events, and lists everything anew after each
// (re)connection. Every call has a deadline. An engine that is paused keeps its
// connections open and says nothing: a ping every two seconds notices that,
// ends all calls under way, and makes State say so until it answers again.
//
// # What is ours
//
// All that we make carries labels (see LabelManaged and its neighbours). Ours is
// what has porthole.managed=true, a porthole.instance, and our scope. Nothing
// else is ever stopped, changed or removed, whatever ID one asks with.
//
// Containers of others are unknown to us, but for those that Options.Also names:
// Others has them, apart from ours, to be looked at. The engine is asked about
// these alone, by name, however many others there are.
//
// Several Porthole servers may share one engine. Each thing's porthole.server
// label says which process made it (boot, PID namespace, number, start time; see
// serverMark), and each server, when it connects and every half minute, removes
// what is abandoned:
//
//   - its process is gone: at once, so the next start sweeps what a killed
//     server left;
//   - its process cannot be looked at from here (another machine, or a container
//     with a PID namespace of its own): when porthole.expires has passed;
//   - its process lives: never.
//
// # Ceilings
//
// A box on the drawing that says "unlimited" must be so: the kernel's own files
// have to hold "max" there, since students look into them. So no container gets
// a limit on memory, processes or CPU that its lesson did not ask for. What
// bounds them instead changes none of the figures that lessons show:
//
//   - the workload is our own program: each of its amounts has a hard maximum,
//     it takes at most half of the memory that the machine has free, and it ends
//     itself when its time to live is over, with or without a server;
//   - limits on single processes (getrlimit(2)): no core dumps, files of at
//     most 4 GiB, data of at most half the machine's memory (1 GiB at least),
//     and processor time for its time to live and a minute;
//   - oom_score_adj 500: if the host itself runs out of memory after all, the
//     kernel takes ours first;
//   - logs of at most 1 MiB, no restarts, no more than MaxContainersPerRun and
//     MaxContainers, and no lesson that asks for more memory or cores than the
//     machine has (ErrRefused);
//   - volumes only, never folders of the host.
package engine
