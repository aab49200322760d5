package builtin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// CleanReport names what was removed.
type CleanReport struct {
	Containers, Volumes, Networks, Images []string
}

var instanceName = regexp.MustCompile(`^[0-9a-f]{8}$`)

// Clean removes what dead servers have left. What a living one made goes with it.
func (e *Engine) Clean(context.Context) (CleanReport, error) { return e.sweep() }

// sweep removes what dead servers have left: processes, control groups,
// bridges, folders. Mounts have gone with the processes.
func (e *Engine) sweep() (CleanReport, error) {
	var report CleanReport
	var failures []error
	entries, err := os.ReadDir(e.options.Folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return report, fail(ErrRefused, err, "the folder %s cannot be read: %s", e.options.Folder, err)
	}
	for _, entry := range entries {
		instance := entry.Name()
		if instance == e.instance || !instanceName.MatchString(instance) {
			continue
		}
		folder := filepath.Join(e.options.Folder, instance)
		lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		if unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
			lock.Close() // its server lives
			continue
		}
		for _, one := range names(filepath.Join(folder, "containers")) {
			report.Containers = append(report.Containers, one[:min(12, len(one))])
		}
		for _, run := range names(filepath.Join(folder, "volumes")) {
			report.Volumes = append(report.Volumes, names(filepath.Join(folder, "volumes", run))...)
		}
		if len(names(filepath.Join(folder, "layers"))) > 0 {
			report.Images = append(report.Images, instance)
		}
		trees := e.delegation.trees()
		if text, err := os.ReadFile(filepath.Join(folder, "trees")); err == nil {
			trees = strings.Fields(string(text))
		}
		_, groups := removeGroups(trees, "/porthole/"+instance)
		if !e.delegation.whole {
			switchOff(trees)
		}
		err = errors.Join(groups, removeBridge(&netlink.Handle{}, bridgeName(instance)))
		if err == nil { // else it stays, so that the next sweep knows of the rest
			err = os.RemoveAll(folder)
		}
		failures = append(failures, err)
		lock.Close()
	}
	return report, errors.Join(failures...)
}

func names(folder string) []string {
	entries, _ := os.ReadDir(folder)
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}
