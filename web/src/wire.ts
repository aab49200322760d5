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
export type MessageType = "hello" | "topology" | "history" | "sample" | "run" | "gone" | "room" | "replay";

/** Message is any message of the stream; its type field tells which. */
export type Message = Hello | Topology | History | Sample | Run | Gone | Room | Replay;

/** ReaderMode is a way to read the kernel. */
export type ReaderMode =
  /** ReaderDirect: the server reads the kernel's files itself. */
  | "direct"
  /**
   * ReaderContainer: a helper container on the engine's machine reads them,
   * and streams what it sees.
   */
  | "container"
  /**
   * ReaderEngine: nothing reads them. What the engine's API tells about once
   * a second is shown, and no more.
   */
  | "engine";

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

/** Phase is how far the presenter has come at a stop. */
export type Phase =
  /** PhaseQuestion: the question and its answers. */
  | "question"
  /** PhaseLive: the picture of the lesson, live. */
  | "live"
  /** PhaseVerdict: the verdicts with their figures. */
  | "verdict";

/** PollState is whether a poll still takes votes. */
export type PollState =
  /** PollOpen: it takes votes. */
  | "open"
  /** PollClosed: the run has started, and has not told the answer yet. */
  | "closed"
  /** PollTold: the run's verdicts are in. */
  | "told";

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
  /**
   * RunStopped: somebody stopped it, or its containers (Problem names them); nothing of
   * it is left on the engine.
   */
  | "stopped"
  /** RunFailed: it could not be started or watched to its end; Problem says why. */
  | "failed";

/** Verdict is the outcome of a claim. */
export type Verdict =
  | "pending"
  | "holds"
  | "fails"
  | "unknown";

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
  /**
   * Reader says by which way the numbers come from the kernel; absent in
   * recordings of versions that knew one way only.
   */
  reader?: Reader;
}

/** Reader is the way on which numbers come from the kernel to the page. */
export interface Reader {
  /** Mode is the way that is used now. */
  mode: ReaderMode;
  /** Says is the same in one sentence. */
  says: string;
  /**
   * Container and Command are of the helper container that reads, and of the
   * docker run that would start one like it; absent on other ways.
   */
  container?: string;
  command?: string;
  /**
   * Problem is one sentence on what cannot be seen on this way, why, and what
   * to do; absent where all can.
   */
  problem?: string;
}

/**
 * CgroupFile is one row of the table that leads from a flag of docker run to
 * the kernel's file: what it is called in both versions of cgroups.
 */
export interface CgroupFile {
  /** Limit is the limit's name in wire.Limits, for example cpu. */
  limit: string;
  /** Source is as Limit.Source has it, for example cpuMax. */
  source: string;
  /** Flag is docker run's, for example --cpus. */
  flag: string;
  /** HostConfig is the engine's field, as docker inspect shows it. */
  hostConfig: string;
  /** The file and its unit in cgroup v1 and in v2. */
  v1File: string;
  v1Unit: string;
  v2File: string;
  v2Unit: string;
}

/**
 * CounterFile says where one counter of a sample stands: the file, the first
 * word of its line where the file has several, and the file's unit, in both
 * versions of cgroups.
 */
export interface CounterFile {
  /** Counter is the counter's name in wire.Counters, for example cpuUsageUsec. */
  counter: string;
  /** Controller is cpu, memory, pids or io. */
  controller: string;
  /**
   * V1File is absent where cgroup v1 does not keep it: a hybrid host then
   * has it in its v2 tree.
   */
  v1File?: string;
  v1Key?: string;
  v1Unit?: string;
  v2File: string;
  v2Key?: string;
  v2Unit: string;
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
  /**
   * ObserveOnly is one sentence where the engine answers but lets us change
   * nothing: lessons cannot start, what runs is shown.
   */
  observeOnly?: string;
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

/**
 * Layers are a container's root filesystem as the kernel has it: an overlay
 * of read-only layers, which it may share with others, under a writable one
 * of its own. See the kernel's Documentation/filesystems/overlayfs.rst.
 */
export interface Layers {
  /** StorageDriver is the type of the root's mount, for example overlay. */
  storageDriver?: string;
  /**
   * Lower are the read-only layers of the image, the uppermost first, at
   * most MaxLayers. The layer in which an engine prepares /etc/hosts and
   * the like for one container is not among them.
   */
  lower?: LowerLayer[];
  /**
   * LowerDigest is one figure for all of Lower and their order, SHA-256: two
   * containers with the same one stand on the very same folders.
   */
  lowerDigest?: string;
  /** Upper is the host's folder that holds the writable layer. */
  upper?: string;
  /** UpperBytes is the size of all files in it; absent where it is unreadable. */
  upperBytes?: number;
  /** UpperEntries counts files, whiteouts, and folders that no layer below has. */
  upperEntries?: number;
  /** Entries are the first MaxEntries of them, by path. */
  entries?: LayerEntry[];
  /** Truncated is true where the writable layer holds more than was counted. */
  truncated?: boolean;
  /** Reason says why something above is unknown. */
  reason?: string;
}

/** LowerLayer is one read-only layer. */
export interface LowerLayer {
  /** ID is a short name for it, the same in each container that has it. */
  id: string;
  /** Path is the host's folder that holds it. */
  path: string;
}

/** LayerEntry is one thing in a writable layer. */
export interface LayerEntry {
  /** Path as the container sees it, for example /srv/edit-me.txt. */
  path: string;
  /**
   * Kind is "added", "changed" (a lower layer has it too: it was copied up)
   * or "removed" (a whiteout hides that of a lower layer).
   */
  kind: string;
  /** Bytes is its size in the writable layer; absent for what is no file. */
  bytes?: number;
  /**
   * Whiteout says how it is hidden: "device" (a character device 0:0),
   * "attribute" (an extended attribute), or "opaque" (all of a folder).
   */
  whiteout?: string;
}

/** Image is an image of the engine that containers were made from. */
export interface Image {
  /** Name is as Container.Image has it. */
  name: string;
  /** ID is the engine's. */
  id?: string;
  /** Bytes is the size of all its layers together. */
  bytes: number;
  /** Layers are the lowest first; those that changed no file are among them. */
  layers: ImageLayer[];
}

/** ImageLayer is one step in which an image was made. */
export interface ImageLayer {
  /** Digest is that of the layer's archive (its DiffID); absent where Empty. */
  digest?: string;
  /** Bytes is the size of the files in it. */
  bytes: number;
  /** CreatedBy is what made it, as docker history shows it. */
  createdBy?: string;
  /** Empty is true for a step that changed no file. */
  empty?: boolean;
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
  /** Images are those that the containers were made from. */
  images?: Image[];
}

/** TopologyHost is the host's column of the drawing. */
export interface TopologyHost extends Host {
  /**
   * Namespaces are the initial ones (of kthreadd, process 2), or those of
   * the host as far as we can see it.
   */
  namespaces: Namespace[];
  /** CgroupFiles lead from docker run's flags to the kernel's files. */
  cgroupFiles?: CgroupFile[];
  /** CounterFiles lead from the counters of a sample to the kernel's files. */
  counterFiles?: CounterFile[];
  /**
   * KernelLogReason says why the kernel's log cannot be read here; absent
   * where it is.
   */
  kernelLogReason?: string;
}

/** Container is one container as it stands on the drawing. */
export interface Container {
  /** Name is the engine's name for it, unique on the host. */
  name: string;
  /** ID is the engine's, 64 hexadecimal digits. */
  id: string;
  /**
   * Foreign is true for a container that Porthole did not start and that is
   * only looked at, because --also names it. Title to Run and Command are then
   * absent, Order is its place among its like, and of its processes' commands
   * there is only the name.
   */
  foreign?: boolean;
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
  /**
   * Layers are those of its root filesystem. Absent for a container that was
   * never seen alive.
   */
  layers?: Layers;
  /**
   * KernelLog are the kernel's own lines about it, oldest first, at most
   * MaxKernelLines.
   */
  kernelLog?: KernelLine[];
  /** Events are what the engine said of it, oldest first, at most MaxEvents. */
  events?: Event[];
  /** OOMKilled is the engine's word (State.OOMKilled), also while it runs. */
  oomKilled?: boolean;
  /**
   * Steps are those in which it is made, of a container that the built-in
   * engine makes step by step. While some are left to be taken its state is
   * created, and it has a PID from the first on.
   */
  steps?: MakingStep[];
}

/** Event is one thing that the engine said of a container. */
export interface Event {
  /** At is the engine's time, in Unix milliseconds. */
  at: number;
  /** What is the engine's name for it, for example "start", "oom" or "die". */
  what: string;
  /** ExitCode comes with "die". */
  exitCode?: number;
}

/** KernelLine is one line of the kernel's log (/dev/kmsg) about a container. */
export interface KernelLine {
  /**
   * At is when the kernel wrote it, in Unix milliseconds, as near as the
   * kernel's clock since boot tells it.
   */
  at: number;
  /** Text is the line, without its prefix, cut at 300 bytes. */
  text: string;
  /** Kind is "oomKill" (who is to be killed, and why) or "killed" (it was). */
  kind: string;
  /** PID is the process it is about, as the host numbers it. */
  pid?: number;
  /** Task is that process' name. */
  task?: string;
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
  /**
   * HostConfig is the same as the engine keeps it (docker inspect), for
   * example "NanoCpus 500000000".
   */
  hostConfig?: string;
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
  /** Path is the whole path of that file on this host. */
  path?: string;
  /** Raw is the file's text, without the newline at its end. */
  raw?: string;
  /** Reason says why the kernel's value is unknown. */
  reason?: string;
}

/**
 * Replay says how a recording is being played. It comes first on the stream
 * of a recording, and on each change of it; a live stream has none.
 */
export interface Replay extends Header {
  type: "replay";
  recording: Recording;
  /**
   * BeganAt is the time of its first message, in Unix milliseconds: a
   * sample's own time less this is its position.
   */
  beganAt: number;
  /**
   * PositionMs is how far into the recording the stream is, in
   * milliseconds, from 0 to LengthMs.
   */
  positionMs: number;
  lengthMs: number;
  /**
   * Speed is how many seconds of the recording pass in one second, from
   * 0.25 to 8.
   */
  speed: number;
  paused: boolean;
  /**
   * Epoch rises with each jump. What was sent before it is void; the
   * topology, the history and the runs at the new position follow.
   */
  epoch: number;
  /** Chapters are where each recorded lesson begins. */
  chapters?: Chapter[];
  /** Cut is true where the end of the file is missing. */
  cut?: boolean;
}

/** Chapter is a lesson's place in a recording. */
export interface Chapter {
  lesson: string;
  /** PositionMs is where its run begins, in milliseconds from the start. */
  positionMs: number;
}

/**
 * ReplayRequest is the body of the request that plays a recording otherwise.
 * What is left out stays as it is.
 */
export interface ReplayRequest {
  positionMs?: number;
  speed?: number;
  paused?: boolean;
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
  /**
   * ProcessorsUsed are those on which its threads were ever seen, by number,
   * as getcpu(2) tells it.
   */
  processorsUsed?: number[];
  /**
   * SyncUsec is the part of ElapsedUsec spent waiting until all was on the
   * disk (fsync(2)), in microseconds.
   */
  syncUsec?: number;
  /** BytesPerSecond is the mean rate of the work, over ElapsedUsec. */
  bytesPerSecond?: number;
  /** CopiedBytes went from one file to another. */
  copiedBytes?: number;
  /**
   * RequestsAnswered and RequestsFailed count HTTP requests. LatencyP50Usec
   * and LatencyP99Usec are how long the answered ones took, in microseconds:
   * half of them, and 99 of 100, took no longer.
   */
  requestsAnswered?: number;
  requestsFailed?: number;
  latencyP50Usec?: number;
  latencyP99Usec?: number;
  /** ChildrenKilled counts child processes that died of SIGKILL. */
  childrenKilled?: number;
  /**
   * Refused is the kernel's name for why it refused, for example EPERM;
   * absent where it did not.
   */
  refused?: string;
  /** Found says whether what was looked for is there. */
  found?: boolean;
  /** Digest is the SHA-256 of the bytes that were written or read. */
  digest?: string;
  /** Inner is what a child in a namespace of its own sees of itself. */
  inner?: Inner;
}

/**
 * Inner is what a process in a user namespace that the workload made itself
 * sees of itself, see user_namespaces(7).
 */
export interface Inner {
  /** UID is its user, by its own word. */
  uid?: number;
  /** UIDMap is its /proc/self/uid_map, the columns joined by single spaces. */
  uidMap?: string;
  /** UserNamespace is the inode of its user namespace. */
  userNamespace?: number;
  /** CapEff is the set of its effective capabilities there. */
  capEff?: string;
}

/**
 * Room is what those who sit in one room share: where the presenter is, and
 * what the room predicts. It is whole on each change.
 */
export interface Room extends Header {
  type: "room";
  /** Place is where the presenter is; absent until one has shown anything. */
  place?: Place;
  /** Followers counts the pages that follow now. */
  followers: number;
  /** Poll is that of the lesson at Place; absent where it asks nothing. */
  poll?: Poll;
}

/** Place is what the presenter shows. */
export interface Place {
  /** Stop is a lesson's slug, or StopDrawing or StopTakeaways. */
  stop: string;
  phase: Phase;
  /** View says which of the lesson's pictures is shown, from 0. */
  view?: number;
  /** Blank is true while the screen is blanked. */
  blank?: boolean;
}

/** Poll is what the room predicts of one lesson. */
export interface Poll {
  lesson: string;
  /** Round is the name of this asking; asked again, it is another. */
  round: string;
  state: PollState;
  /** Ballots counts those who have predicted. */
  ballots: number;
  /** Answers are the lesson's, in its order, each with its votes. */
  answers: PollAnswer[];
  /**
   * Right is the answer that the kernel has confirmed, and RightBallots
   * counts those who predicted it; absent until State is told.
   */
  right?: string;
  rightBallots?: number;
}

/** PollAnswer is one answer with its votes. */
export interface PollAnswer {
  id: string;
  votes: number;
}

/** Vote is the body of the request that predicts. */
export interface Vote {
  /** Answer is the answer's ID. */
  answer: string;
}

/** Invitation says how others reach the page that follows. */
export interface Invitation {
  /**
   * URL is its address; absent where others cannot reach this server, or
   * where the server cannot know by which address.
   */
  url?: string;
  /** Reason says why there is no URL, and what to do, in one sentence. */
  reason?: string;
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
  /**
   * Seen is what was last seen of its containers, once one of them has
   * exited. It is in the answer to GET /api/v1/runs/{id} alone, never in the
   * stream: it can be long.
   */
  seen?: Seen;
}

/** Seen is the past of a run: what is left to show when its containers are gone. */
export interface Seen {
  /** Containers are those that were seen alive, in the lesson's order. */
  containers: SeenContainer[];
  /** Images are those that the containers were made from. */
  images?: Image[];
  /**
   * Samples are the last minute of the run, oldest first, at most four a
   * second.
   */
  samples?: Sample[];
}

/** SeenContainer is a container as it was last seen. */
export interface SeenContainer {
  /** At is when it was last seen alive, in Unix milliseconds. */
  at: number;
  /**
   * Container is what was known of it then. What the engine and the kernel's
   * log have said of its end since is in it too.
   */
  container: Container;
  /** Last are its last counters. */
  last: Counters;
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
  /** CreatedInUsec is how long the engine took to create it, in microseconds. */
  createdInUsec?: number;
  /**
   * StartedInUsec is how long it took to create it and to start it, up to
   * the first word of its first process, in microseconds. Time in which it
   * waited for another container is not in it.
   */
  startedInUsec?: number;
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
  /** Awaits are the actions that somebody must take before it is judged. */
  awaits?: string[];
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
  /**
   * Command does the same by hand. Where there is a Range, $VALUE in it
   * stands for the value chosen. It is empty where nothing does.
   */
  command: string;
  /**
   * Step is "next" or "rest" for an action that lets the making of a container
   * go on, by one step or by all that are left. It can be taken again.
   */
  step?: string;
  /** Container is the key of the container that it is done to. */
  container?: string;
  /** Range, where there is one, is what the value may be. */
  range?: Range;
}

/** Range is what the value of an action may be. */
export interface Range {
  /** Limit is the flag that it sets, for example cpus. */
  limit: string;
  /**
   * Min and Max are the least and the most, in Unit; Step is the distance
   * of two values. Value is where a slider begins.
   */
  min: number;
  max: number;
  step: number;
  value: number;
  /** Unit is "cores", "bytes", "processes" or "shares". */
  unit: string;
}

/**
 * ActionRequest is the body of the request that takes an action. It may be
 * left out.
 */
export interface ActionRequest {
  /** Value is for an action with a range; without it the action's own is taken. */
  value?: number;
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

/**
 * MakingStep is one of the steps in which the built-in engine makes a container
 * that waits before each of them.
 */
export interface MakingStep {
  /** Name is short and unique among the steps, for example "pivot-root". */
  name: string;
  /** Call is the system call, or the kernel's file, in short. */
  call: string;
  /** Says is what the step does, in a sentence. */
  says: string;
  /** Source is where Porthole's own source takes it. */
  source: SourceLine;
  /** Done is true once it has been taken. What follows is there only then. */
  done: boolean;
  /** Detail is what was done, in a few words. */
  detail?: string;
  /** TookUsec is how long it took, in microseconds. */
  tookUsec?: number;
  /**
   * Calls are the system calls that were made, in their order, at most
   * MaxCalls.
   */
  calls?: SystemCall[];
  /**
   * Changes are what the kernel says of the process otherwise than before, at
   * most MaxChanges. Those of the first step are all that is looked at, changed
   * or not: before it, they are the server's own.
   */
  changes?: Change[];
}

/** SystemCall is a system call as it was made. */
export interface SystemCall {
  /** Text is as strace(1) writes it, shortened where that writes pages. */
  text: string;
  /** Source is the line of Porthole's own source that makes it. */
  source: SourceLine;
}

/**
 * SourceLine is a line of Porthole's own source, which is at
 * /source/FILE#LLINE.
 */
export interface SourceLine {
  file: string;
  line: number;
  /** Text is the line itself, without its indentation. */
  text?: string;
}

/** Change is one thing that the kernel says of a process, before and after a step. */
export interface Change {
  /** What is its name, for example namespace.pid, root or capEff. */
  what: string;
  /** File is where the kernel says it, or the system call that asks. */
  file: string;
  /** Before and After are its words; empty where there were none. */
  before?: string;
  after?: string;
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
  /** Kernel is the release, as uname -r prints it on this side. */
  kernel?: string;
  /**
   * Mounts of the first process, at most MaxMounts: as it reads them itself
   * (inside), and as the host reads the same table (outside).
   */
  mounts?: Mount[];
  /**
   * Segments are the System V shared memory segments of this side's IPC
   * namespace, at most MaxSegments.
   */
  segments?: Segment[];
  /** SegmentsKnown is true where Segments could be read, be they none. */
  segmentsKnown?: boolean;
  /**
   * Files that the workload has touched: as they are inside; and outside,
   * whether the host has them, at most MaxFiles.
   */
  files?: File[];
  /**
   * Processors are those on which any process of the container was ever
   * seen (outside), by number.
   */
  processors?: number[];
}

/** Mount is one row of a mount table, see proc_pid_mountinfo(5). */
export interface Mount {
  /** Path is the mount point. */
  path: string;
  /** Type is the filesystem's, for example overlay, proc or tmpfs. */
  type: string;
  /** Source is what is mounted, for example /dev/vda or overlay. */
  source?: string;
  /**
   * Root is the folder of that filesystem that is mounted, where it is not
   * the whole: for a volume, its folder on the host's disk.
   */
  root?: string;
  /** ReadOnly is true where the mount or its filesystem is. */
  readOnly?: boolean;
}

/** Segment is a System V shared memory segment, see sysvipc(7). */
export interface Segment {
  /** Key names it to those who look for it, as a whole number. */
  key: number;
  /** ID is the kernel's number for it. */
  id: number;
  bytes: number;
  /** Attached counts the processes that have it in their memory. */
  attached: number;
  /**
   * CreatorPID is who made it, as the reader's side numbers it; 0 where its
   * PID namespace does not see that process.
   */
  creatorPid: number;
}

/** File is a file that a workload has touched. */
export interface File {
  /** Path as the container sees it. */
  path: string;
  /** Exists says whether this side has a file at that path. */
  exists?: boolean;
  /** Bytes is its size. */
  bytes?: number;
  /** Digest is the SHA-256 of its content, for files up to 1 MiB. */
  digest?: string;
  /**
   * HostPath is where the host keeps the same file (outside only): in a
   * volume's folder, or in the container's writable layer. Bytes and Digest
   * are then of what is there.
   */
  hostPath?: string;
  /** InVolume is true where HostPath is in a volume or another bind mount. */
  inVolume?: boolean;
  /** Reason says why it cannot be told. */
  reason?: string;
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
  /**
   * Command is its argument vector (/proc/PID/cmdline), joined by spaces and
   * cut at 200 bytes; of a Foreign container only its name (/proc/PID/comm).
   */
  command: string;
  /**
   * LastCPU is the processor on which it last ran (field 39 of
   * /proc/PID/stat).
   */
  lastCPU?: number;
  /** UID is its effective user, as this side numbers it. */
  uid?: number;
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
