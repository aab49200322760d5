package process

import (
	"math/bits"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"porthole/server/kernel/internal/small"
	"porthole/server/wire"
)

// Security reads what a process may do. What its files do not say, or do not
// let us read, is absent. The error is ErrExited where there is no such process.
func (fs FS) Security(pid int) (wire.Security, error) {
	known, err := fs.look(pid)
	if err != nil {
		return wire.Security{}, err
	}
	return fs.security(pid, known)
}

func (fs FS) security(pid int, known sight) (wire.Security, error) {
	security := wire.Security{CapabilitiesKnown: fs.capabilitiesKnown()}
	status := known.status
	if status.capEff != "" {
		security.CapEff = status.capEff
		if set, err := strconv.ParseUint(status.capEff, 16, 64); err == nil {
			count := bits.OnesCount64(set)
			security.Capabilities = &count
		}
	}
	security.NoNewPrivs, security.Seccomp = status.noNewPrivs, status.seccomp
	if text, err := small.Read(fs.path(pid, "uid_map")); err == nil {
		security.UIDMap = parseUIDMap(text)
	}
	security.ReadOnlyRoot = rootIsReadOnly(known.mounts)
	if text, err := small.Read(fs.path(pid, fs.appArmorFile(pid))); err == nil && len(text) > 0 {
		security.AppArmor = strings.TrimRight(string(text), "\x00\n ")
	}
	if !fs.alive(pid) {
		return wire.Security{}, ErrExited
	}
	return security, nil
}

// appArmorFile is the file with a process' AppArmor profile. Older kernels have
// one file for whichever security module is on, and it is AppArmor's only where
// that is: else it answers EINVAL, or with a label of SELinux.
func (fs FS) appArmorFile(pid int) string {
	const own, shared = "attr/apparmor/current", "attr/current"
	if _, err := os.Stat(fs.path(pid, own)); err == nil {
		return own
	}
	enabled := once(fs, "apparmor", func() bool {
		text, err := small.Read(filepath.Join(fs.sys, "module/apparmor/parameters/enabled"))
		return err == nil && strings.HasPrefix(string(text), "Y")
	})
	if enabled {
		return shared
	}
	return own
}

// capabilitiesKnown is how many capabilities the kernel has, 0 where it does
// not say. /proc/sys/kernel/cap_last_cap holds the highest number, from 0.
func (fs FS) capabilitiesKnown() int {
	text := once(fs, "capabilities", func() string { return trimmed(fs.text("sys/kernel/cap_last_cap")) })
	last, err := strconv.Atoi(text)
	if err != nil || last < 0 || last > 63 {
		return 0
	}
	return last + 1
}

// rootIsReadOnly finds the mount that is seen at "/": the last one in the
// table, because later mounts cover earlier ones.
func rootIsReadOnly(table []mount) *bool {
	for i := len(table) - 1; i >= 0; i-- {
		if table[i].Path == "/" {
			return &table[i].ReadOnly
		}
	}
	return nil
}
