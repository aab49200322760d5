// Written by server/wire/typescript from the Go types of server/wire.
// Do not edit: change the Go types, then run go generate ./server/wire.
//
// A field with a question mark is absent where the host does not have the
// thing, or does not let it be read. Absent is never the same as 0.

/**
 * NamespaceTypes are the kernel's eight kinds, in the drawing's order.
 * See namespaces(7).
 */
export const NamespaceTypes = ["pid", "net", "mnt", "uts", "ipc", "user", "cgroup", "time"] as const;
export type NamespaceType = (typeof NamespaceTypes)[number];

/** MessageType is what the type field of a message of the stream holds. */
export type MessageType = "hello" | "topology" | "history" | "sample" | "run" | "gone";

/** Message is any message of the stream; its type field tells which. */
export type Message = Hello | Topology | History | Sample | Run | Gone;

/** CgroupMode is which of the kernel's cgroup hierarchies a host uses. */
export type CgroupMode =
  | "v1"
  | "v2"
  | "hybrid"
  | "unknown";

/** EngineState is whether the engine answers, and if not, why. */
export type EngineState =
  /** EngineConnecting: not asked yet. */
  | "connecting"
  /** EngineUp: it answers. */
  | "up"
  /** EngineDown: nobody listens at its address, or it does not answer. */
  | "down"
  /** EngineForbidden: the socket is there, but we may not use it. */
  | "forbidden"
  /** EngineTooOld: it speaks no API version that we speak. */
  | "tooOld";

/** CheckStatus is the outcome of a Check. */
export type CheckStatus =
  /** CheckOK: all that depends on it works. */
  | "ok"
  /** CheckLimited: some lessons or figures will say "cannot tell here". */
  | "limited"
  /** CheckMissing: the main job does not work without it. */
  | "missing";

/** Relation is whose namespace a container is in. */
export type Relation =
  /** RelationHost: the host's own. */
  | "host"
  /** RelationShared: another container's, but not the host's. */
  | "shared"
  /** RelationOwn: its alone, among those that we can see. */
  | "own"
  /** RelationUnknown: we cannot tell; the reason says why. */
  | "unknown";

/** ReportKind is the kind of a Report. */
export type ReportKind =
  /** ReportInside: what the workload sees; at its start, and on change. */
  | "inside"
  /** ReportProgress: under way. */
  | "progress"
  /** ReportDone: the work is complete. The process may live on. */
  | "done"
  /** ReportFailed: the work could not be completed; Says has the reason. */
  | "failed";

/** RunState is how far a run has come. */
export type RunState =
  /** RunStarting: containers are being created. */
  | "starting"
  /** RunRunning: they run, and claims are being judged. */
  | "running"
  /** RunStopping: containers are being removed. */
  | "stopping"
  /** RunFinished: it ended by itself; nothing of it is left on the engine. */
  | "finished"
  /** RunStopped: somebody stopped it; nothing of it is left on the engine. */
  | "stopped"
  /** RunFailed: it could not be started or watched to its end; Problem says why. */
  | "failed";

/** Verdict is the outcome of a claim. */
export type Verdict =
  | "pending"
  | "holds"
  | "fails"
  | "unknown";

/** Host is what one can know of the machine whose kernel is shown. */
export interface Host {
  /** Kernel is the release, as uname -r prints it. */
  kernel: string;
  /** Hostname is the machine's own name, in the host's UTS namespace. */
  hostname: string;
  /** CPUs is the number of processors online. */
  cpus: number;
  /** MemoryBytes is the machine's memory (MemTotal of /proc/meminfo). */
  memoryBytes: number;
  /**
   * CgroupMode is "v1", "v2" or "hybrid" (controllers in v1, and a v2 tree
   * beside them); "unknown" where no cgroup filesystem is mounted.
   */
  cgroupMode: CgroupMode;
  /** Engine says who runs the containers, and whether it answers. */
  engine: Engine;
}

/** Engine is the state of the container engine. */
export interface Engine {
  /** Name is the engine's kind: "docker", "podman", "builtin" or "replay". */
  name: string;
  /** State says whether it answers. */
  state: EngineState;
  /**
   * Problem is one sentence: what failed, why, what to do. Absent when the
   * engine is up.
   */
  problem?: string;
  /** Fix is one command that would mend the problem, where there is one. */
  fix?: string;
  /**
   * Address is where the engine is asked, for example
   * unix:///var/run/docker.sock.
   */
  address?: string;
  /** Version is the engine's own, for example 28.5.2. */
  version?: string;
  /** APIVersion is the one negotiated, for example 1.41. */
  apiVersion?: string;
  /** StorageDriver keeps the layers, for example overlay2. */
  storageDriver?: string;
  /** CgroupDriver is cgroupfs or systemd. */
  cgroupDriver?: string;
  /**
   * Runtime is the low-level runtime with its version, for example
   * "runc 1.1.15".
   */
  runtime?: string;
  /** SecurityOptions are the engine's, for example seccomp, userns, rootless. */
  securityOptions?: string[];
}

/** Doctor is what this machine can and cannot show. */
export interface Doctor {
  host: Host;
  checks: Check[];
}

/** Check is one line of the doctor's report. */
export interface Check {
  /** ID is a stable name for scripts, for example "cgroup-controllers". */
  id: string;
  /** Title is what was looked at, in words. */
  title: string;
  /** Status says how it stands. */
  status: CheckStatus;
  /** Found is what was seen, for example "overlay2". */
  found: string;
  /** Means says in one sentence what follows for the lessons. */
  means?: string;
  /** Fix is the one command that would mend it, where there is one. */
  fix?: string;
  /** Source is the file or call that it was read from. */
  source?: string;
}

/** Header begins every message of the stream. */
export interface Header {
  type: MessageType;
  /** Seq rises by one per type. */
  seq: number;
  /** At is when the message was made, in Unix milliseconds. */
  at: number;
}

/** Hello is the first message on every stream. */
export interface Hello extends Header {
  type: "hello";
  /** Version is Porthole's own. */
  version: string;
  /** IntervalMs is the time between samples while somebody watches. */
  intervalMs: number;
  host: Host;
  /** CanControl says whether this viewer may start and stop lessons. */
  canControl: boolean;
  /** Replay is true when what follows is a recording and not live. */
  replay: boolean;
  /** Recording says where and when a recording was made. */
  recording?: Recording;
}

/** Recording says where and when a recording was made. */
export interface Recording {
  hostname: string;
  at: number;
}

/**
 * Topology is who runs, in which namespaces, under which limits. It is sent
 * first and on each change, and is always whole.
 */
export interface Topology extends Header {
  type: "topology";
  host: TopologyHost;
  containers: Container[];
}

/** TopologyHost is the host's column of the drawing. */
export interface TopologyHost extends Host {
  /**
   * Namespaces are the initial ones (of kthreadd, process 2), or those of
   * the host as far as we can see it.
   */
  namespaces: Namespace[];
}

/** Container is one container as it stands on the drawing. */
export interface Container {
  /** Name is the engine's name for it, unique on the host. */
  name: string;
  /** ID is the engine's, 64 hexadecimal digits. */
  id: string;
  /** Title is the lesson's name for it, for example "App A". */
  title?: string;
  /** Subtitle is the lesson's word for it, for example "isolated". */
  subtitle?: string;
  /** Key is its name within the lesson, as claims use it. */
  key?: string;
  /** Order is its place on the drawing, from 1. */
  order?: number;
  /** Lesson is the slug of the lesson that started it. */
  lesson?: string;
  /** Run is the ID of the run that started it. */
  run?: string;
  /** State is "created", "running", "paused" or "exited". */
  state: string;
  /** StartedAt is when its process started, in Unix milliseconds. */
  startedAt?: number;
  /** PID is its first process as the host numbers it. */
  pid?: number;
  /** Image is the image's name. */
  image?: string;
  /** Command is the equivalent docker run command. */
  command?: string;
  /** Namespaces are the eight links of its first process. */
  namespaces: Namespace[];
  /** Limits are what was asked and what the kernel has. */
  limits: Limits;
  /** Inside is what its first process sees, by that process' own report. */
  inside?: View;
  /** Outside is what the host sees of the same. */
  outside?: View;
  /** Security are the rights of its first process. */
  security?: Security;
}

/** Namespace is one link of /proc/PID/ns. */
export interface Namespace {
  /** Type is one of pid, net, mnt, uts, ipc, user, cgroup, time. */
  type: string;
  /** Inode is the namespace's number; absent where unknown. */
  inode?: number;
  /** Relation says whose it is. */
  relation: Relation;
  /**
   * SharedWith names the containers that have the same one. For the host's
   * own namespaces too.
   */
  sharedWith?: string[];
  /**
   * Initial is true where the number is the kernel's fixed one for the
   * namespace that exists from boot.
   */
  initial?: boolean;
  /** Reason says why it is unknown, for example "permission denied". */
  reason?: string;
}

/**
 * Limits are a container's limits: what was asked of the engine beside what
 * the kernel's file holds. A limit that is neither asked for nor readable is
 * absent.
 */
export interface Limits {
  cpu?: Limit;
  cpuWeight?: Limit;
  cpuSet?: Limit;
  memory?: Limit;
  memorySwap?: Limit;
  memoryReservation?: Limit;
  pids?: Limit;
  io?: Limit;
}

/** Limit is one limit. */
export interface Limit {
  /**
   * Source is the name under which /sources/{field} explains it, for
   * example cpuMax.
   */
  source: string;
  /** Asked is the flag that asked for it, for example "--cpus 0.5". */
  asked?: string;
  /** Unlimited is true where the kernel's file says that there is none. */
  unlimited?: boolean;
  /**
   * Value is what the kernel holds, in Unit; absent where unlimited,
   * unknown, or not a number.
   */
  value?: number;
  /** Unit is "cores", "bytes", "processes", "weight", "bytes/s" or "". */
  unit?: string;
  /** File is the kernel file's own name, for example cpu.max. */
  file?: string;
  /** Raw is the file's text, without the newline at its end. */
  raw?: string;
  /** Reason says why the kernel's value is unknown. */
  reason?: string;
}

/**
 * View is one side of the wall: what is seen from inside a container, or what
 * the host sees of the same thing. What a side cannot tell is absent.
 */
export interface View {
  /** PID of the container's first process, as this side numbers it. */
  pid?: number;
  /** Hostname in this side's UTS namespace. */
  hostname?: string;
  /**
   * Interfaces of this side's network namespace (inside), or the host's
   * ends of the container's interfaces (outside).
   */
  interfaces?: Interface[];
  /** UID of the first process, as this side numbers it. */
  uid?: number;
  /** Processes of the container, as this side sees them. */
  processes?: Process[];
}

/** Interface is a network interface. */
export interface Interface {
  name: string;
  /** Addresses in CIDR notation. */
  addresses?: string[];
}

/** Process is one process as one side sees it. */
export interface Process {
  pid: number;
  /**
   * NSpid are its numbers in each nested PID namespace from the one of the
   * reader inwards (the NSpid line of /proc/PID/status).
   */
  nsPid?: number[];
  /** Command is its argument vector, joined by spaces and cut at 200 bytes. */
  command: string;
}

/** Security is what a process may do, from /proc/PID/status, see proc(5). */
export interface Security {
  /** CapEff is the set of effective capabilities, 16 hexadecimal digits. */
  capEff?: string;
  /** Capabilities counts the bits of CapEff. */
  capabilities?: number;
  /** CapabilitiesKnown is how many capabilities this kernel has. */
  capabilitiesKnown?: number;
  /** NoNewPrivs is 1 where no exec can gain rights. */
  noNewPrivs?: number;
  /** Seccomp is 0 (off), 1 (strict) or 2 (filter). */
  seccomp?: number;
  /** UIDMap is /proc/PID/uid_map, its columns joined by single spaces. */
  uidMap?: string;
  /**
   * ReadOnlyRoot is true where the root filesystem cannot be written
   * (from /proc/PID/mountinfo).
   */
  readOnlyRoot?: boolean;
  /** AppArmor is the confinement (/proc/PID/attr/current), where there is one. */
  appArmor?: string;
}

/** Sample holds the counters of every running container at one moment. */
export interface Sample extends Header {
  type: "sample";
  containers: Record<string, Counters>;
}

/**
 * History is the last 60 seconds of samples, oldest first, so that a panel
 * that mounts late has a past.
 */
export interface History extends Header {
  type: "history";
  samples: Sample[];
}

/** Gone is the last that is said of a container. */
export interface Gone extends Header {
  type: "gone";
  name: string;
  id: string;
  lesson?: string;
  run?: string;
  /** ExitCode is absent where the engine did not say. */
  exitCode?: number;
  /** OOMKilled is what the engine says. The kernel's own count is in Last. */
  oomKilled?: boolean;
  /** Last are the last counters read before it went. */
  last: Counters;
}

/**
 * Counters are one container's, cumulative as the kernel keeps them. The
 * sources name the v2 file first, then v1's.
 */
export interface Counters {
  /**
   * CPUUsageUsec: time on a processor, microseconds.
   * cpu.stat usage_usec; cpuacct.usage (nanoseconds).
   */
  cpuUsageUsec?: number;
  /**
   * CPUPeriods: enforcement periods that have passed while it had work.
   * cpu.stat nr_periods, on both.
   */
  cpuPeriods?: number;
  /**
   * CPUThrottledPeriods: periods in which it used up its quota.
   * cpu.stat nr_throttled, on both.
   */
  cpuThrottledPeriods?: number;
  /**
   * CPUThrottledUsec: time held back, microseconds, summed over processors.
   * cpu.stat throttled_usec; cpu.stat throttled_time (nanoseconds).
   */
  cpuThrottledUsec?: number;
  /**
   * MemoryCurrentBytes: all memory charged.
   * memory.current; memory.usage_in_bytes.
   */
  memoryCurrentBytes?: number;
  /**
   * MemoryAnonBytes: heap, stack and other anonymous memory.
   * memory.stat anon; memory.stat total_rss.
   */
  memoryAnonBytes?: number;
  /**
   * MemoryActiveFileBytes: page cache in recent use.
   * memory.stat active_file; memory.stat total_active_file.
   */
  memoryActiveFileBytes?: number;
  /**
   * MemoryInactiveFileBytes: page cache that is reclaimed first.
   * memory.stat inactive_file; memory.stat total_inactive_file.
   */
  memoryInactiveFileBytes?: number;
  /**
   * MemoryKernelBytes: the kernel's own memory on the container's behalf.
   * memory.stat kernel; memory.kmem.usage_in_bytes.
   */
  memoryKernelBytes?: number;
  /**
   * MemoryWorkingSetBytes: what docker stats shows: memoryCurrentBytes less
   * memoryInactiveFileBytes, not less than 0.
   */
  memoryWorkingSetBytes?: number;
  /**
   * OOMKills: processes killed by the kernel for want of memory.
   * memory.events oom_kill; memory.oom_control oom_kill.
   */
  oomKills?: number;
  /** PidsCurrent: tasks (processes and threads) now. pids.current, on both. */
  pidsCurrent?: number;
  /** PidsRefused: forks refused. pids.events max, on both. */
  pidsRefused?: number;
  /**
   * IOReadBytes: read from block devices, all of them together.
   * io.stat rbytes; blkio.throttle.io_service_bytes Read.
   */
  ioReadBytes?: number;
  /**
   * IOWriteBytes: written to block devices, all of them together.
   * io.stat wbytes; blkio.throttle.io_service_bytes Write.
   */
  ioWriteBytes?: number;
  /**
   * CPUPressureUsec: time in which some task waited for a processor.
   * cpu.pressure "some" total. See the kernel's Documentation/accounting/psi.rst.
   */
  cpuPressureUsec?: number;
  /**
   * MemoryPressureUsec: time in which some task waited for memory.
   * memory.pressure "some" total.
   */
  memoryPressureUsec?: number;
  /**
   * IOPressureUsec: time in which some task waited for a block device.
   * io.pressure "some" total.
   */
  ioPressureUsec?: number;
}

/** Provenance says where one number comes from, and how to see it oneself. */
export interface Provenance {
  container: string;
  field: string;
  /** Path is the kernel file. */
  path: string;
  /** Raw is what the file holds, to the byte (at most 64 KiB of it). */
  raw: string;
  /**
   * Highlight is the part of Raw that holds the number, for example the
   * line "nr_throttled 204"; absent where it is the whole.
   */
  highlight?: string;
  /** Command prints the same on the host. */
  command: string;
  /** Unit is that of the file, for example "nanoseconds". */
  unit: string;
  /** ReadAt is when Raw was read, in Unix milliseconds. */
  readAt: number;
  /** Means says in one sentence what the number is. */
  means?: string;
  /** Document is the manual page or kernel document that defines it. */
  document?: string;
  /** Reason says why there is no Raw. */
  reason?: string;
}

/**
 * Report is one line that a demo workload prints on its standard output, as a
 * JSON object, so that the inside of a container can be held against what the
 * host sees. Any other line of output is just text.
 */
export interface Report {
  /** Porthole is the kind of report. Its presence tells a report from text. */
  porthole: ReportKind;
  /** At is when it was made, in Unix milliseconds. */
  at: number;
  /** Says is the same in words, one line. */
  says?: string;
  /** View and Security are what the process sees of itself. */
  view?: View;
  security?: Security;
  /** Result holds the figures measured by the workload so far. */
  result?: Result;
}

/** Result holds what a workload measured about its own work. */
export interface Result {
  /** ElapsedUsec is the work's wall-clock time, in microseconds. */
  elapsedUsec?: number;
  /**
   * CPUUsec is the processor time that it took, in microseconds, by the
   * process' own accounting (getrusage(2)).
   */
  cpuUsec?: number;
  /** AllocatedBytes is the anonymous memory touched. */
  allocatedBytes?: number;
  /** WrittenBytes went to a file. */
  writtenBytes?: number;
  /** ProcessesStarted and ProcessesRefused count forks. */
  processesStarted?: number;
  processesRefused?: number;
  /**
   * ProcessorsSeen is the number of processors that the process may use,
   * as sched_getaffinity(2) tells it.
   */
  processorsSeen?: number;
}

/** Run is one run of a lesson, whole, on each change of it. */
export interface Run extends Header {
  type: "run";
  id: string;
  lesson: string;
  state: RunState;
  /** Progress says in words what is being done, while something is. */
  progress?: string;
  startedAt: number;
  endedAt?: number;
  /** EndsBy is when the run is ended whatever happens. */
  endsBy?: number;
  containers: RunContainer[];
  claims: Claim[];
  /** Actions that can be taken now, by their ID. */
  actions?: string[];
  /** Problem is one sentence: what failed, why, what to do. */
  problem?: string;
}

/** RunContainer is one container of a run. */
export interface RunContainer {
  /** Key is its name within the lesson. */
  key: string;
  /** Name is the engine's name for it. */
  name: string;
  title?: string;
  /** State is "waiting", "created", "running", "exited" or "removed". */
  state: string;
  exitCode?: number;
  /** Says is the workload's last line of report, in words. */
  says?: string;
  /** Command is the equivalent docker run command. */
  command: string;
}

/** Claim is one statement of the chapter, judged. */
export interface Claim {
  id: string;
  says: string;
  /** Book is true where it is the chapter's own statement. */
  book?: boolean;
  /** Verdict is pending, holds, fails or unknown. */
  verdict: Verdict;
  /** Measured is the figure that decided it, in words. */
  measured?: string;
  /** Over is the window over which it is judged, in words. */
  over?: string;
  /** Reason says why it cannot be told, or why it does not hold. */
  reason?: string;
  /** Expected is what a healthy host of this kind gives: holds or fails. */
  expected?: Verdict;
  /** Sources are the numbers it was judged on, as container/field. */
  sources?: string[];
}

/** Lesson is one entry of the catalogue. */
export interface Lesson {
  slug: string;
  title: string;
  section: string;
  summary?: string;
  question?: string;
  /** Answers are those to pick from before the run. */
  answers?: Answer[];
  containers: LessonContainer[];
  panels: string[];
  claims: Claim[];
  actions?: Action[];
  /** Seconds is about how long a run takes until its last verdict. */
  seconds?: number;
  /** Unavailable says why this host cannot run it; absent where it can. */
  unavailable?: string;
  /** Run is the ID of the run under way, where there is one. */
  run?: string;
}

/** Answer is one possible prediction. */
export interface Answer {
  id: string;
  says: string;
  /** Right is true for the one that the kernel confirms. */
  right?: boolean;
}

/** LessonContainer is a container that a lesson starts. */
export interface LessonContainer {
  key: string;
  title: string;
  subtitle?: string;
  command: string;
}

/** Action is something that can be done while a lesson runs. */
export interface Action {
  id: string;
  title: string;
  command: string;
}

/** Started is the answer to the request that starts a run. */
export interface Started {
  id: string;
}

/** Problem is the body of every error: application/problem+json, RFC 9457. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  /** Detail is one sentence: what failed, why, what to do. */
  detail?: string;
  /** Instance is the request's path. */
  instance?: string;
  /**
   * Reasons are the sentences of Detail one by one, where there can be
   * several (/readyz).
   */
  reasons?: string[];
}

/** Command is what a viewer may send over the websocket. */
export interface Command {
  /** Type is "subscribe", "pause" or "resume". */
  type: string;
  /** Containers narrows the samples to these names (subscribe only). */
  containers?: string[];
}
