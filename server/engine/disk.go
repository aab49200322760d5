package engine

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// diskUnder finds the whole disk that holds a folder of the engine's, such as
// /dev/vda: limits on I/O take a disk, not a partition. It asks the mount table
// of process 1 first, since the engine's folder may be outside our own root.
func diskUnder(folder string) (string, error) {
	for _, table := range []string{"/proc/1/mountinfo", "/proc/self/mountinfo"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		device, err := deviceOf(f, folder)
		f.Close()
		if err != nil {
			continue
		}
		return wholeDisk("/sys", device)
	}
	return "", errors.New("no mount table tells where it is")
}

// deviceOf finds the major:minor of the file system that holds folder, in a
// mount table of the form of proc_pid_mountinfo(5).
func deviceOf(table io.Reader, folder string) (string, error) {
	device, longest := "", -1
	lines := bufio.NewScanner(table)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 {
			continue
		}
		mount := strings.ReplaceAll(fields[4], `\040`, " ")
		inside := mount == "/" || folder == mount || strings.HasPrefix(folder, mount+"/")
		if inside && len(mount) >= longest { // a later mount hides an earlier one
			device, longest = fields[2], len(mount)
		}
	}
	if device == "" {
		return "", errors.New("no file system holds it")
	}
	return device, lines.Err()
}

// wholeDisk is the device file of the disk major:minor, or of the disk that it
// is a partition of. See sysfs(5).
func wholeDisk(sys, device string) (string, error) {
	if strings.HasPrefix(device, "0:") {
		return "", errors.New("its file system is on no block device")
	}
	folder, err := filepath.EvalSymlinks(filepath.Join(sys, "dev/block", device))
	if err != nil {
		return "", fmt.Errorf("the kernel does not tell about block device %s (%w)", device, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "partition")); err == nil {
		folder = filepath.Dir(folder)
	}
	return "/dev/" + strings.ReplaceAll(filepath.Base(folder), "!", "/"), nil
}
