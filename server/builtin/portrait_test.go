package builtin

import (
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// The first thread is what /proc/self tells of the program. With all threads
// kept busy at once, it would be among those that are thrown away.
func TestWhatIsThrownAwayIsNeverTheFirstThread(t *testing.T) {
	const threads = 64
	before, err := os.Readlink("/proc/self/ns/uts")
	if err != nil {
		t.Fatal(err)
	}
	var together, all sync.WaitGroup
	together.Add(threads)
	for range threads {
		all.Go(func() {
			onItsOwnThread(func() {
				together.Done()
				together.Wait() // each keeps its thread until all have one
				if unix.Gettid() == unix.Getpid() {
					t.Error("this is the first thread")
				}
				if err := unix.Unshare(unix.CLONE_NEWUTS); err != nil {
					t.Error(err)
				}
			})
		})
	}
	all.Wait()
	if now, err := os.Readlink("/proc/self/ns/uts"); err != nil || now != before {
		t.Errorf("the program is in %s now (%v), and was in %s", now, err, before)
	}
}
