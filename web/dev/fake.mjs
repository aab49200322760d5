// A scripted host: what the stream would say of it, for each state that the page must draw.
import { cgroupFiles, contentOf, counterFiles } from './files.mjs';

const mib = 1024 * 1024;
const types = ['pid', 'net', 'mnt', 'uts', 'ipc', 'user', 'cgroup', 'time'];
const initial = { pid: 4026531836, net: 4026531840, mnt: 4026531841, uts: 4026531838, ipc: 4026531839, user: 4026531837, cgroup: 4026531835, time: 4026531834 };

const apps = [
  { title: 'App A', subtitle: 'isolated', flags: '', cores: null, memory: null, pids: null },
  { title: 'App B', subtitle: 'limited', flags: '--cpus 0.5 --memory 256m --pids-limit 64 ', cores: 0.5, memory: 256 * mib, pids: 64 },
  { title: 'App C', subtitle: 'secure', flags: '--read-only --cap-drop ALL --security-opt no-new-privileges --user 10001:10001 ', cores: 1, memory: 256 * mib, pids: 100 },
  { title: 'App D', subtitle: 'idle', flags: '', cores: null, memory: 128 * mib, pids: null },
  { title: 'App E', subtitle: 'writer', flags: '--memory 192m ', cores: 2, memory: 192 * mib, pids: 32 },
];

/** The states, by name. Each says how many containers, and what is odd about them. */
export const states = {
  zero: { count: 0 },
  others: { count: 3, others: 2 },
  othersalone: { count: 0, others: 2 },
  othersmost: { count: 4, others: 8 },
  one: { count: 1 },
  two: { count: 2 },
  three: { count: 3 },
  five: { count: 5 },
  eight: { count: 8 },
  twelve: { count: 12 },
  unknown: { count: 3, dark: [3] },
  unknowncell: { count: 3, darkCell: [[3, 'cgroup']] },
  interleaved: { count: 3, share: [['net', [0, 2]], ['net', [1, 3]], ['ipc', [1, 3]]] },
  conduit: { count: 3, share: [['net', [0, 2]]] },
  longnames: { count: 3, long: true },
  throttled: { count: 3, hot: true },
  oom: { count: 3, oom: true },
  down: { count: 0, engine: { state: 'down', problem: 'The Docker engine does not answer on unix:///var/run/docker.sock. Start it, and this page recovers by itself.', fix: 'sudo systemctl start docker' } },
  forbidden: { count: 0, engine: { state: 'forbidden', problem: 'The socket /var/run/docker.sock is there, but this user may not use it.', fix: 'sudo usermod -aG docker $USER' } },
  connecting: { silent: true, count: 0 },
  recording: { count: 3, replay: true },
  readonly: { count: 3, readOnly: true },
  lost: { count: 3, cutsAfter: 12 },
  stale: { count: 3, stopsAfter: 15 },
  starting: { count: 1, run: 'starting' },
  running: { count: 3, run: 'running' },
  judged: { count: 3, run: 'running', judged: true },
  ended: { count: 3, ended: [1] },
  firstended: { count: 2, ended: [1] },
  mostended: { count: 5, ended: [1, 2, 3, 4] },
  absent: { count: 3, absent: true },
  growing: { count: 3, growing: true, hot: true },
  tables: { count: 3, tables: true, lesson: 'verify-isolation', run: 'running', judged: true },
  hostile: { count: 3, tables: true, run: 'running', judged: true, hostile: true },
  hostilereplay: { count: 3, replay: true, hostile: true },
  hostiledown: { count: 0, engine: { state: 'down', problem: 'Nobody answers.', fix: 'start it' }, hostile: true },
  making: { count: 1, lesson: 'container-from-scratch', run: 'running', making: 2 },
  made: { count: 1, lesson: 'container-from-scratch', run: 'running', judged: true, making: 3 },
  cpu: { count: 2, lesson: 'cpu-limit', run: 'running', judged: true, hot: true },
};

const claims = [
  ['own-namespaces', 'App A, B and C have pid, net, mnt, uts and ipc namespaces of their own.', 'holds', '15 different numbers', ''],
  ['limits-given', 'B’s limits in the kernel are those that were asked for.', 'holds', '0.50 cores, 256 MiB, 64 pids', ''],
  ['no-rights', 'C has no capabilities and cannot gain any.', 'holds', 'CapEff 0000000000000000, NoNewPrivs 1', ''],
  ['seccomp', 'C runs under a seccomp filter.', 'fails', 'Seccomp 0', 'The engine was started with --security-opt seccomp=unconfined.'],
  ['pressure', 'B’s wait for a processor shows as CPU pressure.', 'unknown', '', 'This kernel has no cpu.pressure file: it was started with psi=0.'],
];
const cpuClaims = [
  ['half', 'The limited one stays at half a core.', 'holds', '0.501 cores', 'over 10 s'],
  ['twice', 'It takes 1.8 to 2.3 times as long.', 'holds', '2.02 times', ''],
  ['throttled', 'The kernel holds it back in nearly every period.', 'holds', '204 of 206 periods', ''],
  ['nproc', 'Inside the container the process sees fewer CPUs.', 'fails', 'nproc says 8 in both', 'A quota limits time, not the number of processors.'],
];

const scratchClaims = [
  ['five-namespaces', 'One clone puts the process into five new namespaces.', 'holds', '5 of 8 are new', ''],
  ['program-last', 'Up to the last step it is Porthole’s own program that runs.', 'holds', 'porthole container before, /porthole workload idle after', ''],
];

const image = { name: 'porthole-workload:3f9c1e07', bytes: 28 * mib, layers: [{ bytes: 146, createdBy: 'users and groups', digest: 'sha256:9a3b15806dc3' }, { bytes: 28 * mib, createdBy: 'the program', digest: 'sha256:12db81c41baf' }] };

/** What a container has written, and what the kernel and the engine said of it. */
function onDisk(i) {
  const entries = [[{ path: '/srv/edit-me.txt', kind: 'changed', bytes: 77 }], [{ path: '/srv/delete-me.txt', kind: 'removed', whiteout: 'device' }], []][i] ?? [];
  return {
    layers: { storageDriver: 'overlay', lower: [{ id: '3cebe5bac484', path: '/var/lib/docker/overlay2/3cebe5bac484/diff' }, { id: '97c0ccdbbde0', path: '/var/lib/docker/overlay2/97c0ccdbbde0/diff' }], lowerDigest: 'one', upper: `/var/lib/docker/overlay2/upper-${i}/diff`, upperBytes: i === 0 ? 77 : 0, upperEntries: entries.length, entries },
    oomKilled: i === 1, events: [{ at: 1, what: 'start' }, ...(i === 1 ? [{ at: 2, what: 'oom' }] : [])],
    kernelLog: i === 1 ? [{ at: Date.UTC(2026, 0, 1, 10), kind: 'killed', text: 'Memory cgroup out of memory: Killed process 48377 (porthole)' }] : [],
  };
}

/** The steps of a container, three of them. */
function makingSteps(pid) {
  const group = `/sys/fs/cgroup/porthole/4f1a/${'3f9c1e07b5a1'.repeat(6).slice(0, 64)}`;
  return [
    { name: 'clone', call: 'clone(CLONE_NEWPID|CLONE_NEWNS|CLONE_NEWNET|CLONE_NEWIPC|CLONE_NEWUTS)', says: 'A process is made in namespaces of its own.', source: { file: 'outside.go', line: 143, text: 'func (b *building) clone() (string, error) {' }, detail: `process ${pid}`,
      calls: [{ text: `clone(flags=CLONE_NEWNS|CLONE_NEWUTS|SIGCHLD) = ${pid}`, source: { file: 'outside.go', line: 166, text: 'if err := b.called(b.engine.spawn(b.enterPID, command.Start))' } }],
      changes: [...types.map((type, i) => ({ what: `namespace.${type}`, file: `/proc/${pid}/ns/${type}`, before: `${type}:[${initial[type]}]`, after: `${type}:[${i < 5 ? 4026532170 + i : initial[type]}]` })), { what: 'memoryMax', file: `${group}/memory.max` }] },
    { name: 'cgroup', call: 'mkdir, write cgroup.procs', says: 'It is put into a control group of its own, with its limits.', source: { file: 'outside.go', line: 176 }, detail: '/porthole/4f1a',
      calls: [{ text: `write("${group}/cgroup.procs", "${pid}") = 0`, source: { file: 'outside.go', line: 183 } }, { text: `write("${group}/memory.max", "67108864") = 0`, source: { file: 'outside.go', line: 186 } }],
      changes: [{ what: 'memoryMax', file: `${group}/memory.max`, after: '67108864' }] },
    { name: 'execve', call: 'execve', says: 'The program takes the process over.', source: { file: 'rights.go', line: 113 }, detail: '/porthole', calls: [], changes: [{ what: 'program', file: `/proc/${pid}/cmdline`, before: 'porthole container', after: '/porthole workload idle' }] },
  ];
}

/** What others call their containers. */
const strangers = ['shop-web-', 'monitoring_prometheus-server-', 'db'];

/** A container that Porthole did not start: what the server leaves off. */
function stranger({ title, subtitle, key, lesson, run, command, inside, ...rest }, order) {
  const [first, ...more] = rest.outside.processes;
  return { ...rest, foreign: true, order, image: 'nginx:1.29', startedAt: Date.UTC(2026, 0, 1), outside: { ...rest.outside, processes: [{ ...first, command: 'nginx' }, ...more.map((one) => ({ ...one, command: 'nginx' }))] } };
}

export class Host {
  constructor(name) {
    this.name = name;
    this.state = { ...states[name] };
    if (!states[name]) throw new Error(`no such state: ${name}`);
    this.seed = 7;
    this.tick = 0;
    this.began = Date.now() - 40_000;
    this.counters = new Map();
    this.seq = {};
    this.shares = [...(this.state.share ?? [])];
    this.runState = this.state.run;
  }

  random() { return (this.seed = (this.seed * 16807) % 2147483647) / 2147483647; }

  /** The host's clock; ahead is how far it has gone on while a page slept. */
  now() { return Date.now() + (this.ahead ?? 0); }

  head(type, at = this.now()) { this.seq[type] = (this.seq[type] ?? 0) + 1; return { type, seq: this.seq[type], at }; }

  get apps() {
    const { count, long, lesson, others = 0 } = this.state;
    return Array.from({ length: count + others }, (_, i) => {
      if (i >= count) return { ...apps[i % apps.length], key: '', name: strangers[(i - count) % strangers.length] + (i - count), foreign: true, pid: 1201 + i * 371 };
      const app = { ...apps[i % apps.length] };
      if (i >= apps.length) { app.title = `App ${String.fromCharCode(65 + i)}`; app.subtitle = ['copy', 'worker', 'cache'][i % 3]; }
      if (long) { app.title = ['A rather long application title', 'postgresql-primary-with-replica', 'Ein sehr langer Name für C'][i]; app.subtitle = 'with a long explanation of what it is'; }
      if (lesson === 'cpu-limit') Object.assign(app, [{ title: 'Free', subtitle: 'no limit', flags: '', cores: null }, { title: 'Half', subtitle: 'half a CPU', flags: '--cpus 0.5 ', cores: 0.5 }][i], { memory: null, pids: null });
      if (lesson === 'container-from-scratch') Object.assign(app, { title: 'Box', subtitle: 'made before your eyes', flags: '--memory 64m ', memory: 64 * mib });
      const key = lesson === 'container-from-scratch' ? 'box' : lesson === 'cpu-limit' ? ['free', 'half'][i] : String.fromCharCode(97 + i);
      return { ...app, key, name: `porthole-${lesson ?? 'architecture'}-${key}`, pid: 48211 + i * 166 };
    });
  }

  engine() {
    return { name: 'docker', state: 'up', version: '28.5.1', apiVersion: '1.51', storageDriver: 'overlay2', cgroupDriver: 'systemd', runtime: 'runc 1.3.2', address: 'unix:///var/run/docker.sock', ...this.state.engine, ...(this.state.replay ? { name: 'replay' } : {}) };
  }

  hostFacts() { return { kernel: '6.12.48-amd64', hostname: this.state.long ? 'a-workshop-machine-with-a-long-name.example.org' : 'workshop-01', cpus: 8, memoryBytes: 15.6 * 1024 * mib, cgroupMode: 'v2', engine: this.engine() }; }

  hello() {
    return { ...this.head('hello'), version: this.version ?? '1.0.0', intervalMs: 100, host: this.hostFacts(), canControl: !this.state.readOnly && !this.state.replay, replay: !!this.state.replay,
      ...(this.state.replay ? { recording: { hostname: 'lecture-hall-2', at: Date.UTC(2025, 9, 12, 9, 30) } } : {}) };
  }

  /** inode of a column: 0 is the host. */
  inode(type, column) {
    for (const [shared, members] of this.shares) if (shared === type && members.includes(column)) return members.includes(0) ? initial[type] : 4026532170 + Math.min(...members) * 91 + types.indexOf(type);
    if (column === 0 || type === 'time' || (type === 'user' && column % 3 !== 0)) return initial[type];
    return 4026532170 + column * 91 + types.indexOf(type);
  }

  namespaces(column) {
    const all = this.apps;
    return types.map((type) => {
      if (this.state.dark?.includes(column) || this.state.darkCell?.some(([c, t]) => c === column && t === type)) return { type, relation: 'unknown', reason: 'permission denied' };
      const inode = this.inode(type, column);
      const others = all.map((_, i) => i + 1).filter((other) => other !== column && this.inode(type, other) === inode);
      const relation = inode === initial[type] ? 'host' : others.length ? 'shared' : 'own';
      return { type, inode, relation, ...(others.length ? { sharedWith: others.map((other) => all[other - 1].name) } : {}), ...(inode === initial[type] ? { initial: true } : {}) };
    });
  }

  container(app, i) {
    const n = i + 1;
    if (app.foreign) return stranger(this.live(app, i), n - this.state.count);
    // Nothing can be read of a process that is no more.
    if (this.state.ended?.includes(n)) {
      const { pid, outside, security, ...rest } = this.live(app, i);
      return { ...rest, state: 'exited', namespaces: types.map((type) => ({ type, relation: 'unknown', reason: 'not running' })), limits: {} };
    }
    if (this.state.making) return this.making(this.live(app, i), this.state.making);
    return this.live(app, i);
  }

  /** One that is made step by step, so many of its steps taken. */
  making(whole, taken) {
    const steps = makingSteps(whole.pid).map((step, i) => (i < taken ? { ...step, done: true, tookUsec: 700 + 900 * i } : { name: step.name, call: step.call, says: step.says, source: step.source, done: false }));
    if (taken >= steps.length) return { ...whole, steps };
    const { inside, startedAt, ...half } = whole;
    return { ...half, state: 'created', steps };
  }

  live(app, i) {
    const n = i + 1;
    const hostNet = this.inode('net', n) === initial.net;
    const secure = i % 3 === 2;
    const limit = (source, value, unit, file, raw, asked) => ({ source, unit, file, raw, path: `${scope(n)}/${file}`, ...(value === null ? { unlimited: true } : { value, asked }) });
    const address = hostNet ? '192.168.1.20' : `172.17.0.${n + 1}`;
    const hostname = this.state.long ? `a-hostname-of-many-letters-${n}.internal` : `${(0x3f9c1e07b5 + i * 77777777).toString(16)}2a`;
    return {
      name: app.name, id: String(n).repeat(64).slice(0, 64), title: app.title, subtitle: app.subtitle, key: app.key, order: n, lesson: this.state.lesson ?? 'architecture', run: 'run-1',
      state: 'running', startedAt: this.began + i * 400, pid: app.pid, image: 'porthole-workload:3f9c1e07', namespaces: this.namespaces(n),
      command: `docker run --rm --name ${app.name} ${app.flags}${hostNet ? '--network host ' : ''}porthole-workload:3f9c1e07 workload burn --core-seconds 10`,
      limits: {
        cpu: limit('cpuMax', app.cores, 'cores', 'cpu.max', app.cores === null ? 'max 100000' : `${app.cores * 100000} 100000`, `--cpus ${app.cores}`),
        memory: limit('memoryMax', app.memory, 'bytes', 'memory.max', app.memory === null ? 'max' : String(app.memory), `--memory ${app.memory / mib}m`),
        pids: limit('pidsMax', app.pids, 'processes', 'pids.max', app.pids === null ? 'max' : String(app.pids), `--pids-limit ${app.pids}`),
      },
      inside: { pid: 1, hostname: this.inode('uts', n) === initial.uts ? 'workshop-01' : hostname.slice(0, 40), uid: secure ? 10001 : 0, interfaces: [{ name: 'lo', addresses: ['127.0.0.1/8'] }, { name: 'eth0', addresses: [`${address}/16`] }],
        processes: [{ pid: 1, command: 'porthole workload burn' }, { pid: 7, command: 'porthole workload child' }] },
      outside: { pid: app.pid, hostname: 'workshop-01', uid: secure ? 10001 : 0, interfaces: hostNet ? [] : [{ name: `veth${(0xa41c0e7 + i * 991).toString(16)}`.slice(0, 11) }],
        processes: [{ pid: app.pid, nsPid: [app.pid, 1], command: 'porthole workload burn' }, { pid: app.pid + 61, nsPid: [app.pid + 61, 7], command: 'porthole workload child' }] },
      security: { capEff: secure ? '0000000000000000' : '00000000a80425fb', capabilities: secure ? 0 : 14, capabilitiesKnown: 41, noNewPrivs: secure ? 1 : 0, seccomp: 2, uidMap: '0 0 4294967295', readOnlyRoot: secure },
      ...(this.state.tables ? onDisk(i) : {}),
    };
  }

  topology() {
    return { ...this.head('topology'), host: { ...this.hostFacts(), namespaces: types.map((type) => ({ type, inode: initial[type], relation: 'host', initial: true })), cgroupFiles, counterFiles }, containers: this.apps.map((app, i) => this.container(app, i)), ...(this.state.tables ? { images: [image] } : {}) };
  }

  /** Moves every container's counters on by one interval. */
  step(passedMs = 100) {
    this.tick += 1;
    const s = this.tick / 10;
    for (const [i, app] of this.apps.entries()) {
      const c = this.counters.get(app.name) ?? { cpu: 0, periods: 0, held: 0, heldUsec: 0, anon: [138, 92, 70, 30, 60][i % 5], file: 0, kernel: 16, oom: 0, read: 0, write: 0 };
      this.counters.set(app.name, c);
      const jitter = this.random() - 0.5;
      const want = i % 5 === 0 ? 0.78 + 0.28 * Math.sin(s / 3.1 + i) + 0.16 * Math.sin(s / 0.9) + jitter * 0.14
        : i % 5 === 1 ? (!this.state.hot && (s + 3) % 13 < 3.2 ? 0.22 + jitter * 0.1 : 0.97 + jitter * 0.05)
          : Math.max(0.03, 0.16 + 0.1 * Math.sin(s / 2.2 + i) + jitter * 0.07 + ((s + 2) % 8 < 1 ? 0.3 : 0));
      const got = Math.max(0, app.cores === null ? want : Math.min(want, app.cores * (1 + jitter * 0.02)));
      c.cpu += got * passedMs * 1000;
      if (app.cores !== null) {
        c.periods += 1;
        if (want > app.cores * 1.02) { c.held += 1; c.heldUsec += Math.max(0, want - got) * passedMs * 1000; }
      }
      c.file = [58 + 5 * Math.sin(s / 9), 26, 34, 20, 60][i % 5];
      if (i % 5 === 1) {
        c.anon += this.state.oom ? 4 : 1.02;
        if (c.anon + c.file + c.kernel > 255) { c.oom += 1; c.anon = 44; }
      } else c.anon = [138 + 14 * Math.sin(s / 7), 0, 70 + 8 * Math.sin(s / 6), 30, 60 + 20 * Math.sin(s / 4)][i % 5];
      if (this.state.growing) { c.anon += this.tick * 0.9; c.held += this.tick; c.read += this.tick * 0.2 * mib * passedMs / 1000; c.write += this.tick * 0.15 * mib * passedMs / 1000; }
      c.read += Math.max(0, 0.4 + 0.4 * Math.sin(s / 1.7 + i) + jitter * 0.4) * mib * passedMs / 1000;
      c.write += Math.max(0, i % 5 === 1 ? ((s + 3) % 13 > 9 ? 3.6 + jitter * 1.8 : 0.3) : i % 3 === 2 ? 0 : 1.2 + 0.9 * Math.sin(s / 2.6) + jitter) * mib * passedMs / 1000;
    }
  }

  sample(at = this.now()) {
    const containers = {};
    for (const [i, app] of this.apps.entries()) {
      const c = this.counters.get(app.name);
      if (!c) continue;
      const round = Math.round;
      const anon = round(c.anon * mib), file = round(c.file * mib), kernel = round(c.kernel * mib), current = anon + file + kernel;
      containers[app.name] = this.state.absent ? { cpuUsageUsec: round(c.cpu), memoryCurrentBytes: current }
        : { cpuUsageUsec: round(c.cpu), cpuPeriods: c.periods, cpuThrottledPeriods: c.held, cpuThrottledUsec: round(c.heldUsec), memoryCurrentBytes: current, memoryAnonBytes: anon,
            memoryActiveFileBytes: round(file / 3), memoryInactiveFileBytes: file - round(file / 3), memoryKernelBytes: kernel, memoryWorkingSetBytes: current - file, oomKills: c.oom,
            pidsCurrent: [9, 12, 4, 2, 6][i % 5] + (this.state.growing ? Math.round(this.tick / 8) : 0), pidsRefused: this.state.growing ? this.tick : 0, ioReadBytes: round(c.read), ioWriteBytes: round(c.write) };
    }
    this.newest = { ...this.head('sample', at), containers };
    return this.newest;
  }

  history() {
    const samples = [];
    if (this.tick === 0) {
      const now = this.now();
      for (let i = 420; i > 0; i -= 1) { this.step(); samples.push(this.sample(now - i * 100)); }
      this.steppedAt = now - 100;
      // As the server does it: what would be longer than 1 MiB is thinned, the newest kept.
      const stride = 2 ** Math.max(0, Math.ceil(Math.log2(JSON.stringify(samples).length / 2 ** 20)));
      this.past = samples.filter((_, i) => (samples.length - 1 - i) % stride === 0);
    }
    return { ...this.head('history'), samples: this.past ?? samples };
  }

  run() {
    if (!this.runState) return undefined;
    const lesson = this.state.lesson ?? 'architecture';
    const scratch = lesson === 'container-from-scratch';
    const list = scratch ? scratchClaims : lesson === 'cpu-limit' ? cpuClaims : claims;
    const keys = scratch ? ['box'] : lesson === 'cpu-limit' ? ['free', 'half'] : ['a', 'b', 'c'];
    return {
      ...this.head('run'), id: 'run-1', lesson, state: this.runState, startedAt: this.began, ...(this.runState === 'starting' ? { progress: 'Starting container 2 of 3' } : {}), ...(this.runState === 'running' ? { progress: this.state.judged ? '' : 'Judging the claims on live readings' } : {}),
      containers: keys.map((key, i) => ({ key, name: `porthole-${lesson}-${key}`, title: scratch ? 'Box' : apps[i].title, state: scratch && !this.state.judged ? 'created' : i < this.state.count ? 'running' : 'waiting', command: '', says: 'worked 10.2 core-seconds' })),
      claims: list.map(([id, says, verdict, measured, reason]) => (this.state.judged ? { id, says, verdict, ...(measured ? { measured } : {}), ...(reason ? { reason } : {}), sources: [`${keys[1] ?? keys[0]}/cpuThrottledPeriods`] } : { id, says, verdict: 'pending' })),
      actions: scratch && !this.state.judged ? ['next', 'rest'] : lesson === 'cpu-limit' ? ['more', 'less'] : [],
    };
  }
}

const section = (name, list) => list.map(([slug, title, unavailable]) => ({ slug, title, section: name, containers: [], panels: ['diagram'], claims: [], ...(unavailable ? { unavailable } : {}) }));

/** The catalogue, as the server would give it. */
export function lessons() {
  const all = [
    ...section('Architecture', [['architecture', 'The architecture, alive'], ['container-vs-vm', 'Container or virtual machine'], ['container-from-scratch', 'From scratch: a container, step by step']]),
    ...section('Namespaces', [['namespace-ids', 'Eight links per process'], ['pid-namespace', 'PID: who is process 1'], ['net-namespace', 'Net: a private wire'], ['mnt-namespace', 'Mounts: its own file tree'], ['uts-namespace', 'UTS: its own name'], ['ipc-namespace', 'IPC: shared memory'], ['user-namespace', 'User: root that is not']]),
    ...section('Cgroups', [['cpu-limit', 'CPU limits: half a CPU'], ['memory-limit', 'Memory and the OOM killer'], ['cpu-shares', 'CPU shares'], ['block-io', 'Block I/O', 'No block device of this host can be limited.'], ['pids-limit', 'PIDs and fork bombs'], ['production-limits', 'Limits in production'], ['cgroup-files', 'Flag, file, byte']]),
    ...section('Filesystem', [['image-layers', 'Image layers'], ['copy-on-write', 'Copy on write']]),
    ...section('Production patterns', [['resource-guarantees', 'Reservations'], ['qos-classes', 'Classes of service'], ['cpu-pinning', 'Pinned processors']]),
    ...section('Troubleshooting', [['oom-killer', 'Exit 137'], ['cpu-throttling', 'Throttled, not slow'], ['process-limit', 'Cannot fork']]),
    ...section('Testing architecture', [['verify-isolation', 'Verify isolation'], ['verify-limits', 'Verify limits']]),
  ];
  const by = (slug) => all.find((lesson) => lesson.slug === slug);
  Object.assign(by('architecture'), { question: 'Which numbers will the three share with their host?', containers: apps.slice(0, 3).map((app, i) => ({ key: 'abc'[i], title: app.title, subtitle: app.subtitle, command: `docker run --rm --name porthole-architecture-${'abc'[i]} ${app.flags}porthole-workload` })), claims: claims.map(([id, says]) => ({ id, says, verdict: 'pending' })), seconds: 8 });
  Object.assign(by('verify-isolation'), { panels: ['views', 'layers', 'log', 'security', 'segments', 'claims'], containers: by('architecture').containers });
  Object.assign(by('block-io'), { containers: by('architecture').containers.slice(0, 1) });
  Object.assign(by('container-from-scratch'), {
    panels: ['steps', 'diagram', 'claims'], containers: [{ key: 'box', title: 'Box', subtitle: 'made before your eyes', command: 'docker run --detach --memory 64m porthole-workload idle' }], claims: scratchClaims.map(([id, says]) => ({ id, says, verdict: 'pending' })), seconds: 4,
    actions: [{ id: 'next', title: 'Take the next step', command: '', container: 'box', step: 'next' }, { id: 'rest', title: 'Take all the rest', command: '', container: 'box', step: 'rest' }],
  });
  all.push({ slug: 'broken', title: 'broken', section: 'Lessons with mistakes', containers: [], panels: [], claims: [], unavailable: 'broken/demo.yaml:2:1: there is no field questoin here' });
  Object.assign(by('cpu-limit'), {
    summary: 'The same work, once free and once with half a CPU.', question: 'Both containers do the same 10 core-seconds of work. How long will the one with half a CPU need?',
    answers: [{ id: 'same', says: 'About 10 s: the host is idle anyway' }, { id: 'twice', says: 'About 20 s: half the CPU, twice the time', right: true }, { id: 'killed', says: 'It is killed: it goes over its limit' }],
    containers: [{ key: 'free', title: 'Free', subtitle: 'no limit', command: 'docker run --rm --name porthole-cpu-limit-free porthole-workload burn --core-seconds 10' }, { key: 'half', title: 'Half', subtitle: 'half a CPU', command: 'docker run --rm --name porthole-cpu-limit-half --cpus 0.5 porthole-workload burn --core-seconds 10' }],
    panels: ['cpu'], claims: cpuClaims.map(([id, says]) => ({ id, says, verdict: 'pending' })), seconds: 24,
    actions: [{ id: 'more', title: 'Two CPUs', command: 'docker update --cpus 2.0 porthole-cpu-limit-half' }, { id: 'less', title: 'Another limit', range: { limit: 'cpus', min: 0.25, max: 4, step: 0.25, value: 0.25, unit: 'cores' }, command: 'docker update --cpus 0.25 porthole-cpu-limit-half' }],
  });
  return all;
}

const documents = { cpu: 'kernel: Documentation/admin-guide/cgroup-v2.rst' };
const meanings = {
  cpuUsageUsec: 'The time that the container\u2019s tasks have spent on a processor, all processors together.', cpuThrottledPeriods: 'Periods in which the group had used up its quota and was held back.',
  memoryCurrentBytes: 'All memory charged to the group.', cpuMax: 'Quota and period: how long it may run in each period.', net: 'Processes in one net namespace have the same interfaces, addresses, routes and ports.',
};
const statusLines = { pid: 'NSpid:\t48211\t1', noNewPrivs: 'NoNewPrivs:\t0', seccomp: 'Seccomp:\t2', uid: 'Uid:\t0\t0\t0\t0' };

/** Where a number comes from, as the server would say; undefined for what it does not know. */
export function provenance(container, field, host) {
  const all = host?.apps ?? [];
  const n = all.findIndex((app) => app.name === container) + 1;
  const base = { container, field, readAt: Date.now() };
  if (field.startsWith('namespace.')) {
    const type = field.slice(10);
    if (!types.includes(type) || (host && !n && container !== 'host')) return undefined;
    const pid = n ? all[n - 1].pid : 2;
    const link = n ? host.namespaces(n).find((one) => one.type === type) : { inode: initial[type] };
    const path = `/proc/${pid}/ns/${type}`;
    return { ...base, path, raw: link.inode ? `${type}:[${link.inode}]` : '', ...(link.reason ? { reason: link.reason } : {}), command: `readlink ${path}`, unit: 'inode number', means: meanings[type] ?? 'The number of the namespace that the process is in.', document: 'namespaces(7)' };
  }
  if (host && !n) return undefined;
  if (statusLines[field]) return { ...base, path: `/proc/48211/status`, raw: `Name:\tporthole\n${statusLines[field]}\n`, highlight: statusLines[field], command: 'cat /proc/48211/status', unit: 'number', means: 'What the kernel knows of the first process.', document: 'proc_pid_status(5)' };
  const limit = cgroupFiles.find((one) => one.source === field);
  const counter = counterFiles.find((one) => one.counter === field);
  const file = limit?.v2File ?? counter?.v2File;
  if (!file) return undefined;
  const { limits } = host ? host.live(all[n - 1], n - 1) : new Host('three').live({ ...apps[0], name: container, pid: 1 }, 0);
  const raw = contentOf(file, limits, host?.newest?.containers[container]);
  const path = `${scope(n)}/${file}`;
  const highlight = counter?.v2Key ? raw.split('\n').find((line) => line.startsWith(`${counter.v2Key} `)) : '';
  return { ...base, path, raw, ...(highlight ? { highlight } : {}), command: `cat ${path}`, unit: limit?.v2Unit ?? counter.v2Unit, means: meanings[field] ?? 'What the kernel keeps of the group.', document: documents.cpu };
}

/** The folder of a container's group. */
function scope(n) {
  return `/sys/fs/cgroup/system.slice/docker-${String(n || 7).repeat(64).slice(0, 64)}.scope`;
}
