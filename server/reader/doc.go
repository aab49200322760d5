// Package reader sees to it that the kernel is read, whatever rights this
// server has and wherever the engine is. There are three ways, and each
// publishes the same messages:
//
//   - direct: a sampler in this process reads the kernel's files;
//   - container: the same sampler runs in a helper container on the engine's
//     machine, which has the rights, and streams back what it sees (see [Serve]
//     for its end, away.go for ours);
//   - engine: nothing reads the kernel. What the engine's API tells about once a
//     second is shown, and all else is absent.
//
// [Reader] chooses among them, by trying, each time that the engine comes up.
//
// # Between the two ends
//
// Both ends are one program: the workload image is made from the executable of
// the server that loads it. So frames need no versions. They go over the
// container's standard input and output: a byte for the kind, four for the
// payload's length (big-endian), and the payload, JSON but for samples. The
// helper ends when its input does, and when it hears nothing for [quiet]; the
// server gives it up when it hears nothing for [silence].
package reader
