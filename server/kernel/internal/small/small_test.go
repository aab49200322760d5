package small

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestReadIsLikeReadFile(t *testing.T) {
	folder := t.TempDir()
	for _, size := range []int{0, 1, 511, 512, 513, 1024, 100_000} {
		path := filepath.Join(folder, "file")
		want := bytes.Repeat([]byte{'x'}, size)
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
	// Files whose size the kernel does not say.
	for _, path := range []string{"/proc/self/mountinfo", "/proc/version"} {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v; want %d", path, len(got), err, len(want))
		}
	}
	for _, path := range []string{filepath.Join(folder, "none"), folder} {
		_, want := os.ReadFile(path)
		_, err := Read(path)
		var located *fs.PathError
		if err == nil || err.Error() != want.Error() || !errors.As(err, &located) {
			t.Errorf("the error is %v, want %v", err, want)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for name, read := range map[string]func(string) ([]byte, error){"os": os.ReadFile, "small": Read} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := read("/sys/class/net/lo/ifindex"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
