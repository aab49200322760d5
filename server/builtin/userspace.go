package builtin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// DefaultFolder holds what the engine keeps on the disk, layers and volumes,
// where it runs as root.
const DefaultFolder = "/var/lib/porthole"

// ownFolder is where the engine keeps things where Options do not say it: in a
// user namespace, in the user's own folder for what a program keeps
// (XDG Base Directory Specification), or in that which goes with the session.
func ownFolder() string {
	if !Rootless() {
		return DefaultFolder
	}
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "porthole")
	}
	home, session := filepath.Join(os.Getenv("HOME"), ".local/state/porthole"), os.Getenv("XDG_RUNTIME_DIR")
	switch {
	case filepath.IsAbs(home) && unix.Access(existing(home), unix.W_OK) == nil:
		return home
	case filepath.IsAbs(session):
		return filepath.Join(session, "porthole")
	case filepath.IsAbs(home):
		return home // who is asked says why not
	}
	return DefaultFolder
}

// row is one of a map of users, see user_namespaces(7).
type row struct{ inside, outside, count uint32 }

// ownUsers and ownGroups are the maps of the user namespace that we are in, see
// proc_pid_uid_map(5).
func ownUsers() []row  { return ownMap("/proc/self/uid_map") }
func ownGroups() []row { return ownMap("/proc/self/gid_map") }

func ownMap(path string) []row {
	text, _ := os.ReadFile(path)
	var all []row
	for line := range strings.Lines(string(text)) {
		var one row
		if n, _ := fmt.Sscan(line, &one.inside, &one.outside, &one.count); n == 3 {
			all = append(all, one)
		}
	}
	return all
}

// Rootless reports whether we are in a user namespace other than the host's, so
// that root's rights end where it does: the host's map leaves every number as it is.
func Rootless() bool {
	rows := ownUsers()
	return len(rows) > 0 && rows[0] != (row{0, 0, 1<<32 - 1})
}

// has reports whether a number means somebody in a map.
func has(rows []row, number int) bool {
	for _, r := range rows {
		if n := uint32(number); n >= r.inside && n-r.inside < r.count {
			return true
		}
	}
	return false
}

// mayDropGroups reports whether setgroups(2) is allowed: who maps himself alone
// has to give it up, see user_namespaces(7).
func mayDropGroups() bool {
	text, err := os.ReadFile("/proc/self/setgroups")
	return err != nil || strings.TrimSpace(string(text)) != "deny"
}

// whyNotRootless says in a sentence why an ordinary user cannot run containers
// here, and the command that would mend it. cause is what the kernel answered.
func whyNotRootless(cause error) (problem, fix string) {
	if problem, fix := switchedOff(cause); problem != "" {
		return problem, fix
	}
	return fmt.Sprintf("This user is not root, and cannot have a user namespace in which to run containers (%s); run Porthole as root.", cause), sudo
}

// switchedOff is whyNotRootless where a switch of the host says it; "" where none does.
func switchedOff(cause error) (problem, fix string) {
	for _, switched := range []struct{ name, off, on string }{
		{"kernel.unprivileged_userns_clone", "0", "1"},
		{"user.max_user_namespaces", "0", "10000"},
		{"kernel.apparmor_restrict_unprivileged_userns", "1", "0"},
	} {
		text, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(switched.name, ".", "/"))
		if err == nil && strings.TrimSpace(string(text)) == switched.off {
			return fmt.Sprintf("This user is not root, and the host lets ordinary users make no user namespace in which they could run containers (%s is %s: %s); allow it, or run Porthole as root.", switched.name, switched.off, cause),
				"sudo sysctl -w " + switched.name + "=" + switched.on
		}
	}
	return "", ""
}

// missingInUserNamespace is missingRight for what root's rights in a user namespace
// depend on.
func missingInUserNamespace(folder string) (problem, fix string) {
	err := tryOverlay(folder)
	if err == nil {
		return "", ""
	}
	if errors.As(err, new(*os.PathError)) {
		return fmt.Sprintf("This user has no folder for layers and volumes: %s; name one that can be written.", err), "XDG_STATE_HOME=/a/folder/of/yours porthole serve --engine builtin"
	}
	if problem, fix := switchedOff(err); problem != "" {
		return problem, fix
	}
	return fmt.Sprintf("In the folder %s no overlay can be laid by a user who is not root, of which the built-in engine makes a container's root (%s): it takes Linux 5.11 or later, and a file system that can carry one, which NFS cannot; name another folder, or run Porthole as root.", folder, err),
		"XDG_STATE_HOME=/a/folder/of/yours porthole serve --engine builtin"
}

// tryOverlay lays an overlay on the folder, in a mount namespace that ends with
// it: kernels before Linux 5.11 do not allow it in a user namespace, some file
// systems (NFS) cannot carry one, and AppArmor may forbid all mounts.
func tryOverlay(folder string) error {
	made := !there(folder)
	if err := os.MkdirAll(folder, 0o711); err != nil {
		return err
	}
	if made {
		defer os.Remove(folder)
	}
	home, err := os.MkdirTemp(folder, ".try-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	p := plan{Root: filepath.Join(home, "merged"), Upper: filepath.Join(home, "upper"), Work: filepath.Join(home, "work"), Rootless: true}
	p.Lower = []string{filepath.Join(home, "lower")}
	for _, each := range append(p.Lower, p.Root, p.Upper, p.Work) {
		if err := os.Mkdir(each, 0o755); err != nil {
			return err
		}
	}
	onItsOwnThread(func() {
		if err = failed("unshare(CLONE_FS|CLONE_NEWNS)", unix.Unshare(unix.CLONE_FS|unix.CLONE_NEWNS)); err != nil {
			return
		}
		if _, err = privateMounts(&p); err == nil {
			_, err = overlay(&p)
		}
	})
	os.RemoveAll(filepath.Join(p.Work, "work")) // which is closed to all but its maker
	return err
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
