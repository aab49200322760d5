package builtin

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// enterMark is set in the environment of the program that runs in a user
// namespace of its own: the number of the process outside, after "maps:" where it
// is to wait for its maps of users.
const enterMark = "PORTHOLE_ROOTLESS"

// usersMark is set beside it where users are set aside for this one, but could not
// be had: why.
const usersMark = "PORTHOLE_ROOTLESS_USERS"

// fdMaps is closed by the process outside once the maps are written.
const fdMaps = 3

// enterProblem says why this program could not be put into a user namespace; nil
// where that was not tried, or was done.
var enterProblem error

// Enter runs this program once more, in a user namespace in which this user is
// root (user_namespaces(7)) and in a mount namespace, and returns its exit code
// when it has ended. It does so where this user is not root and lacks what it
// takes to make containers; else, and where the kernel refuses, entered is false
// and all goes on as it is.
//
// The other's network and PID namespaces are ours: it serves where we would, and
// sees the same /proc. Signals that we get are passed on to it; it dies with us.
// handover is one more assignment for its environment.
func Enter(handover string) (code int, entered bool) {
	if os.Geteuid() == 0 || os.Getenv(enterMark) != "" || !lacksRights() {
		return 0, false
	}
	runtime.LockOSThread() // what we start dies with this thread
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2)
	defer signal.Stop(signals)

	var command *exec.Cmd
	environment := append(os.Environ(), handover)
	if users, groups := subordinate("/etc/subuid"), subordinate("/etc/subgid"); users != nil && groups != nil {
		command, enterProblem = begin(environment, func(pid int) error {
			return cmp.Or(writeMap("newuidmap", pid, os.Getuid(), users), writeMap("newgidmap", pid, os.Getgid(), groups))
		})
		if enterProblem != nil {
			environment = append(environment, usersMark+"="+enterProblem.Error())
		}
	}
	if command == nil { // one user is allowed to everybody
		command, enterProblem = begin(environment, nil)
	}
	if command == nil {
		return 0, false
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for {
		select {
		case received := <-signals:
			command.Process.Signal(received)
		case <-ended:
			if status := command.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
				return 128 + int(status.Signal()), true
			}
			return command.ProcessState.ExitCode(), true
		}
	}
}

func lacksRights() bool {
	rights, err := lacking()
	return err == nil && len(rights) > 0
}

// begin starts this program in a user namespace. Nil for maps: it has this user
// alone, as its root.
func begin(environment []string, maps func(pid int) error) (*exec.Cmd, error) {
	command := exec.Command("/proc/self/exe", os.Args[1:]...)
	command.Args[0] = os.Args[0]
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	mark := strconv.Itoa(os.Getpid())
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL,
		Setpgid: true, // so that Ctrl-C comes once: from us
	}
	const call = "clone(CLONE_NEWUSER|CLONE_NEWNS)"
	if maps == nil {
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
		command.Env = append(environment, enterMark+"="+mark)
		if err := command.Start(); err != nil {
			return nil, failed(call, err)
		}
		return command, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, failed("pipe", err)
	}
	defer write.Close() // it goes on then
	command.ExtraFiles = []*os.File{read}
	command.Env = append(environment, enterMark+"=maps:"+mark)
	err = command.Start()
	read.Close()
	if err != nil {
		return nil, failed(call, err)
	}
	if err := maps(command.Process.Pid); err != nil {
		command.Process.Kill()
		command.Wait()
		return nil, err
	}
	return command, nil
}

// ids are numbers of users or groups that were set aside for somebody.
type ids struct{ first, count int }

// subordinate are those that /etc/subuid or /etc/subgid sets aside for this user,
// see subuid(5); nil where there are none.
func subordinate(path string) *ids {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Split(strings.TrimSpace(line), ":")
		if len(words) != 3 || words[0] != userName() && words[0] != strconv.Itoa(os.Getuid()) {
			continue
		}
		first, err := strconv.Atoi(words[1])
		count, also := strconv.Atoi(words[2])
		if err == nil && also == nil && count > 0 {
			return &ids{first, count}
		}
	}
	return nil
}

// userName is this user's, by passwd(5); "" where there is none.
func userName() string {
	text, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Split(line, ":"); len(words) > 2 && words[2] == strconv.Itoa(os.Getuid()) {
			return words[0]
		}
	}
	return ""
}

// writeMap has newuidmap(1) or newgidmap(1) write a map: root is this user, and
// the others, from 1 on, those that were set aside.
func writeMap(program string, pid, self int, others *ids) error {
	said, err := exec.Command(program, strconv.Itoa(pid), "0", strconv.Itoa(self), "1", "1", strconv.Itoa(others.first), strconv.Itoa(others.count)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w %s", program, err, strings.Join(strings.Fields(string(said)), " "))
	}
	return nil
}

// On the first thread, before any other: it lives as long as the program does,
// and with it the order to die with the process outside.
func init() {
	if mark := os.Getenv(enterMark); mark != "" {
		if err := settle(mark); err != nil {
			fmt.Fprintln(os.Stderr, "porthole:", err)
			os.Exit(1)
		}
	}
}

// settle makes the program at home in the user namespace that it was put into.
func settle(mark string) error {
	parent, waits := strings.CutPrefix(mark, "maps:")
	if waits {
		// It has no user yet, and root's rights come with execve(2), see
		// capabilities(7).
		os.NewFile(fdMaps, "maps").Read(make([]byte, 1))
		unix.CloseOnExec(fdMaps)
		os.Setenv(enterMark, parent)
		return failed("execve", unix.Exec("/proc/self/exe", os.Args, os.Environ()))
	}
	// Rights that are gained take both back, see prctl(2).
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		return failed("prctl(PR_SET_DUMPABLE)", err)
	}
	if err := dieWithServer(); err != nil {
		return err
	}
	if strconv.Itoa(os.Getppid()) != parent {
		return errors.New("the process that has put it into a user namespace has ended")
	}
	return nil
}
