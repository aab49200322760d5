// Package demos holds the lessons, which are data: one folder each, with a
// demo.yaml that names containers, limits and claims, and a lesson.md with the
// prose. It loads and checks them, and evaluates their expressions.
//
// It knows nothing of engines and kernels. Package lab gives the figures to
// its claims, and package engine makes containers of its Containers.
package demos
