package process

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"porthole/server/kernel/internal/outside"
	"porthole/server/wire"
)

// digestLimit is the largest file whose content is read, in bytes.
const digestLimit = 1 << 20

// Files says of each file that a container's process told of whether the host
// has one at that path, and where the host keeps the same file: in a volume's
// folder, or in the container's writable layer. At most wire.MaxFiles.
func (fs FS) Files(pid int, inside []wire.File) []wire.File {
	if len(inside) == 0 {
		return nil
	}
	host, reason := fs.hostRoot()
	table := fs.mountTable(itoa(pid))
	hosts := fs.mountTable("1")
	if hosts == nil && fs.isKthreadd() {
		hosts = fs.mountTable("2")
	}
	if hosts == nil && host == "" {
		hosts = fs.mountTable("self")
	}
	var list []wire.File
	for _, file := range inside[:min(len(inside), wire.MaxFiles)] {
		one := wire.File{Path: file.Path}
		switch {
		case reason != "":
			one.Reason = reason
		case path.Clean(file.Path) != file.Path || !path.IsAbs(file.Path):
			one.Reason = "that is no whole and plain path"
		default:
			_, err := os.Lstat(host + file.Path)
			there := err == nil
			if there || errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
				one.Exists = &there
			} else {
				one.Reason = plain(err).Error()
			}
			hostFile(&one, host, table, hosts)
		}
		list = append(list, one)
	}
	return list
}

// hostRoot is what leads to the host's files: nothing, where our own process
// is in the host's mount namespace, or in a copy of it that was made to put us
// into a user namespace; else the root of process 1, or where that
// is closed to us, of the kernel's thread 2.
func (fs FS) hostRoot() (prefix, reason string) {
	if fs.inHost("mnt") || copied() {
		return "", ""
	}
	first := filepath.Join(fs.proc, "1", "root")
	_, err := os.Stat(first + "/")
	if err == nil {
		return first, ""
	}
	if fs.isKthreadd() {
		second := filepath.Join(fs.proc, "2", "root")
		if _, err := os.Stat(second + "/"); err == nil {
			return second, ""
		}
	}
	return "", "the host's own files are not to be seen from here: " + plain(err).Error()
}

// copied reports whether our mount namespace is a copy of the host's: that of the
// process outside of our user namespace is the one from boot.
func copied() bool {
	_, links, handed := outside.Read()
	return handed && slices.Contains(initialMounts, links["mnt"])
}

// initialMounts are the numbers that the mount namespace from boot can have: since
// Linux 6.18 a fixed one, before that one of the first that are given out.
var initialMounts = []string{"mnt:[4026531832]", "mnt:[4026531840]", "mnt:[4026531841]"}

// hostFile finds where the host keeps a container's file, and how large it is.
func hostFile(one *wire.File, host string, table, hosts []mount) {
	at, found := holds(table, one.Path)
	if !found {
		return
	}
	var base, rest string
	switch {
	case at.upper != "" && at.Path == "/":
		base, rest = at.upper, one.Path
	case at.Type == "overlay", at.Type == "tmpfs", at.Type == "proc", at.Type == "sysfs":
		return // made for this container, and nowhere else to be seen
	default:
		rest = strings.TrimPrefix(one.Path, at.Path)
		for _, m := range hosts {
			if m.device == at.device && below(m.Root, at.Root) {
				base = filepath.Join(m.Path, strings.TrimPrefix(at.Root, strings.TrimSuffix(m.Root, "/")))
			}
		}
		if base == "" {
			return
		}
	}
	// A Root, because what is below the base is the container's to arrange: no
	// link of its making leads us to another file of the host.
	folder, err := os.OpenRoot(host + base)
	if err != nil {
		return
	}
	defer folder.Close()
	name := strings.TrimPrefix(rest, "/")
	info, err := folder.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	one.HostPath, one.InVolume = filepath.Join(base, name), at.upper == ""
	one.Bytes = wire.Counted(uint64(info.Size()))
	if info.Size() > digestLimit {
		return
	}
	file, err := folder.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, io.LimitReader(file, digestLimit)); err == nil {
		one.Digest = hex.EncodeToString(hash.Sum(nil))
	}
}
