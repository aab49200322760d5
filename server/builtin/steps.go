package builtin

// Step is one of the steps in which a container is made.
type Step struct {
	// Name is short and unique, for example "pivot-root".
	Name string
	// Call is the system call, or the kernel's file, that does it.
	Call string
	// Says is what it does, in a sentence.
	Says string

	// A step is taken by the server (outside) or by the container's first
	// process itself (inside). Each returns what it did, in a few words.
	outside func(*building) (string, error)
	inside  func(*plan) (string, error)
}

// Steps are all steps that make a container, in the order in which they are
// taken. The last one is the program itself.
func Steps() []Step {
	return []Step{
		{Name: "clone", Call: "clone(CLONE_NEWPID|CLONE_NEWNS|CLONE_NEWNET|CLONE_NEWIPC|CLONE_NEWUTS)", Says: "A process is made in namespaces of its own.", outside: (*building).clone},
		{Name: "join", Call: "setns", Says: "It joins those namespaces of another container that it was told to.", inside: join},
		{Name: "cgroup", Call: "mkdir, write cgroup.procs", Says: "It is put into a control group of its own, with its limits.", outside: (*building).cgroup},
		{Name: "network", Call: "netlink RTM_NEWLINK, RTM_NEWADDR", Says: "A pair of virtual network cards joins it to the bridge of all containers.", outside: (*building).network},
		{Name: "cgroup-namespace", Call: "unshare(CLONE_NEWCGROUP)", Says: "Its own control group becomes the root of what it sees.", inside: cgroupNamespace},
		{Name: "private-mounts", Call: "mount(MS_REC|MS_PRIVATE)", Says: "From now on its mounts are seen by nobody else.", inside: privateMounts},
		{Name: "overlay", Call: `mount("overlay")`, Says: "The image's layers and a writable one become one root.", inside: overlay},
		{Name: "volumes", Call: "mount(MS_BIND), mount(\"tmpfs\")", Says: "Its volumes and memory filesystems are put in.", inside: volumes},
		{Name: "proc", Call: `mount("proc")`, Says: "A fresh /proc shows the processes of its own PID namespace alone.", inside: proc},
		{Name: "sys", Call: `mount("sysfs")`, Says: "/sys shows its own network cards, and cannot be written.", inside: sys},
		{Name: "cgroup-files", Call: `mount("cgroup2"), mount(MS_BIND)`, Says: "It can read its limits in /sys/fs/cgroup.", inside: cgroupFiles},
		{Name: "dev", Call: "mknod (without root: mount(MS_BIND)), mount(\"devpts\", \"mqueue\", \"tmpfs\")", Says: "A minimal /dev.", inside: dev},
		{Name: "pivot-root", Call: "pivot_root, umount2(MNT_DETACH)", Says: "The overlay becomes /, and the host's files are gone.", inside: pivotRoot},
		{Name: "mask", Call: "mount(MS_BIND|MS_RDONLY)", Says: "What in /proc speaks of the whole machine is hidden or cannot be written.", inside: mask},
		{Name: "hostname", Call: "sethostname", Says: "It gets a name.", inside: hostname},
		{Name: "ceilings", Call: "prlimit, /proc/self/oom_score_adj", Says: "Ceilings for each process, should a program go wild.", inside: ceilings},
		{Name: "bounding-set", Call: "prctl(PR_CAPBSET_DROP)", Says: "Capabilities that nothing in it can ever have again.", inside: boundingSet},
		{Name: "no-new-privileges", Call: "prctl(PR_SET_NO_NEW_PRIVS)", Says: "Where asked for: no program that it starts may gain rights.", inside: noNewPrivileges},
		{Name: "seccomp", Call: "seccomp(SECCOMP_SET_MODE_FILTER)", Says: "System calls that no container needs are forbidden.", inside: filter},
		{Name: "user", Call: "setgroups, setresgid, setresuid", Says: "It becomes the user that it is to be.", inside: user},
		{Name: "capabilities", Call: "capset", Says: "Of root's rights it keeps fourteen, or as many as it was told.", inside: capabilities},
		{Name: "execve", Call: "execve", Says: "The program takes the process over.", inside: execute},
	}
}

// execSteps start a further program in a container that runs.
func execSteps() []Step {
	return []Step{
		{Name: "clone", Call: "setns(CLONE_NEWPID), clone", Says: "A process is made in the container's PID namespace.", outside: (*building).clone},
		{Name: "cgroup", Call: "write cgroup.procs", Says: "It is put into the container's control group.", outside: (*building).joinCgroup},
		{Name: "join", Call: "setns", Says: "It joins the container's other namespaces.", inside: joinAll},
		{Name: "ceilings", Call: "prlimit", Says: "Ceilings for each process.", inside: ceilings},
		{Name: "bounding-set", Call: "prctl(PR_CAPBSET_DROP)", Says: "Capabilities are dropped.", inside: boundingSet},
		{Name: "no-new-privileges", Call: "prctl(PR_SET_NO_NEW_PRIVS)", Says: "As in the container.", inside: noNewPrivileges},
		{Name: "seccomp", Call: "seccomp(SECCOMP_SET_MODE_FILTER)", Says: "As in the container.", inside: filter},
		{Name: "user", Call: "setresuid", Says: "As in the container.", inside: user},
		{Name: "capabilities", Call: "capset", Says: "As in the container.", inside: capabilities},
		{Name: "execve", Call: "execve", Says: "The program takes the process over.", inside: execute},
	}
}
