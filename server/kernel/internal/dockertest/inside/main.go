// Command inside is what runs in the containers of the kernel readers' tests.
// Its arguments are steps, done one after the other; then it sleeps, and exits
// by itself after ten minutes, so that a killed test leaves nothing running.
//
//	burn            keep one processor busy from now on
//	write PATH N    write N bytes to a file, in pieces of 1 MiB, and sync it
//	direct PATH N   the same past the page cache
//	fork N          start N children that sleep
//	oom N           a child that touches N bytes of memory; its death is awaited
//	ready           print "ready"
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	time.AfterFunc(10*time.Minute, func() { os.Exit(0) })
	steps := os.Args[1:]
	next := func() string {
		if len(steps) == 0 {
			fmt.Fprintln(os.Stderr, "inside: an argument is missing")
			os.Exit(2)
		}
		word := steps[0]
		steps = steps[1:]
		return word
	}
	number := func() int {
		value, err := strconv.Atoi(next())
		check(err)
		return value
	}
	for len(steps) > 0 {
		switch step := next(); step {
		case "burn":
			go func() {
				for {
				}
			}()
		case "write":
			path := next()
			check(write(path, number(), 0))
		case "direct":
			path := next()
			check(write(path, number(), syscall.O_DIRECT))
		case "fork":
			for count := number(); count > 0; count-- {
				// A refusal is what the test is after.
				_ = exec.Command("/proc/self/exe").Start()
			}
		case "oom":
			_ = exec.Command("/proc/self/exe", "touch", strconv.Itoa(number())).Run()
		case "touch":
			memory := make([]byte, number())
			for i := 0; i < len(memory); i += 4096 {
				memory[i] = 1
			}
		case "ready":
			fmt.Println("ready")
		default:
			fmt.Fprintf(os.Stderr, "inside: no step is called %q\n", step)
			os.Exit(2)
		}
	}
	select {}
}

// write writes count bytes, rounded up to whole MiB.
func write(path string, count, flags int) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|flags, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	// Direct I/O wants the memory aligned too.
	memory := make([]byte, 1<<20+4096)
	offset := 4096 - int(uintptr(unsafe.Pointer(&memory[0]))%4096)
	piece := memory[offset : offset+1<<20]
	for written := 0; written < count; written += len(piece) {
		if _, err := file.Write(piece); err != nil {
			return err
		}
	}
	return file.Sync()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "inside:", err)
		os.Exit(1)
	}
}
