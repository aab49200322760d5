import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CgroupFile, Container, Range, RunState } from '../../src/wire';
import { Predictions } from '../../src/model/prediction';
import { Seen, commandWith, flagValue, joinProcesses, limitRows, mapInWords, mountRows, shortPath, tablesOf, witnesses } from '../../src/model/sides';

const container = (more: Partial<Container> = {}): Container => ({ name: 'n', id: '1', state: 'running', namespaces: [], limits: {}, ...more });
const run = (id: string, state: RunState = 'running') => ({ id, state });

test('a lesson shows the tables that its panels name, each once', () => {
  assert.deepEqual(tablesOf(['layers', 'diagram', 'claims']), ['layers']);
  assert.deepEqual(tablesOf(['diagram', 'processes', 'files']), ['processes', 'files']);
  assert.deepEqual(tablesOf(['cpu', 'claims']), []);
  assert.deepEqual(tablesOf(['views', 'processes', 'log']), ['processes', 'interfaces', 'mounts', 'users', 'hostnames', 'log']);
});

test('processes are joined on NSpid, and one that a side does not see has no number there', () => {
  const rows = joinProcesses([{ pid: 1, command: 'a' }, { pid: 9, command: 'gone' }], [{ pid: 700, nsPid: [700, 7], command: 'b' }, { pid: 500, nsPid: [500, 1], command: 'a' }]);
  assert.deepEqual(rows.map((row) => [row.inside, row.host, row.reported]), [[1, 500, true], [7, 700, false], [9, undefined, true]]);
});

test('in the host’s own PID namespace a number is the same on both sides', () => {
  assert.deepEqual(joinProcesses([{ pid: 2, command: 'kthreadd' }], [], true).map((row) => [row.inside, row.host]), [[2, 2]]);
});

test('a mount says where its files are on the host', () => {
  const { first, rest } = mountRows(container({
    inside: { mounts: [{ path: '/', type: 'overlay' }, { path: '/data', type: 'ext4' }, { path: '/sys/fs/cgroup/cpu', type: 'cgroup', root: '/docker/1' }] },
    outside: { mounts: [{ path: '/data', type: 'ext4', root: '/volumes/x' }] },
    layers: { upper: '/var/lib/docker/overlay2/u/diff' },
  }));
  assert.deepEqual(first.map((row) => [row.path, row.host]), [['/', '/var/lib/docker/overlay2/u/diff'], ['/data', '/volumes/x']]);
  assert.equal(rest.length, 1);
});

test('a user map in words', () => {
  assert.match(mapInWords('0 0 4294967295'), /every user/);
  assert.equal(mapInWords('0 100000 65536'), '0 to 65535 inside are 100000 to 165535 outside');
  assert.equal(mapInWords(''), '');
});

test('the limits asked for come alone', () => {
  const files = ['cpu', 'memory'].map((limit) => ({ limit, source: limit }) as CgroupFile);
  const limited = container({ limits: { memory: { source: 'memoryMax', asked: '--memory 1g', value: 1 }, cpu: { source: 'cpuMax', unlimited: true } } });
  assert.deepEqual(limitRows(files, limited).map((row) => row.file.limit), ['memory']);
  assert.equal(limitRows(files, container()).length, 0);
  // One that is still to come has the flags of its command.
  const flags = files.map((file) => ({ ...file, flag: `--${file.limit}` }));
  assert.deepEqual(limitRows(flags, undefined, 'docker run --memory 1g --memory-swap 2g x').map((row) => row.file.limit), ['memory']);
});

test('a witness that cannot be heard is unknown, and not a no', () => {
  const found = witnesses(container({ events: [{ at: 1, what: 'oom' }, { at: 2, what: 'die', exitCode: 137 }], oomKilled: true, kernelLog: [{ at: 1, text: 'x', kind: 'killed' }] }), 1, undefined, undefined);
  assert.deepEqual([found.counter, found.event, found.flag, found.exitCode, found.lines], [1, 1, true, 137, 1]);
  const deaf = witnesses(container(), undefined, undefined, 'permission denied');
  assert.deepEqual([deaf.counter, deaf.event, deaf.flag, deaf.lines], [undefined, undefined, undefined, undefined]);
});

test('the command of an action changes with its value', () => {
  const cpus: Range = { limit: 'cpus', min: 0.1, max: 2, step: 0.1, value: 2, unit: 'cores' };
  assert.equal(commandWith('docker update --cpus 2 porthole-x', cpus, 0.30000000000000004), 'docker update --cpus 0.3 porthole-x');
  assert.equal(commandWith('docker update --memory $VALUE --memory-swap $VALUE x', { ...cpus, limit: 'memory', unit: 'bytes' }, 268435456), 'docker update --memory 256m --memory-swap 256m x');
  assert.equal(flagValue({ ...cpus, unit: 'bytes' }, 1000), '1000');
});

test('what has gone is remembered, until another run begins', () => {
  const seen = new Seen();
  seen.take(run('a'), [container({ outside: { pid: 7 }, limits: { cpu: { source: 'cpuMax', value: 1 } } })]);
  seen.take(run('a'), [container({ state: 'exited', oomKilled: true })]);
  assert.deepEqual([seen.last('n', true)?.outside?.pid, seen.last('n', true)?.limits.cpu?.value, seen.last('n', true)?.oomKilled], [7, 1, true]);
  seen.take(run('b'), []);
  assert.equal(seen.last('n', false), undefined);
});

test('what the kernel held outlasts the container, of which the engine then tells only what was asked', () => {
  const seen = new Seen();
  const asked = { cpu: { source: 'cpuMax', asked: '--cpus 1', hostConfig: 'NanoCpus 1000000000' } };
  seen.take(run('a'), [container({ limits: { cpu: { ...asked.cpu, value: 1, raw: '100000 100000', path: '/sys/fs/cgroup/x/cpu.max' } } })]);
  seen.take(run('a'), [container({ state: 'exited', limits: asked })]);
  assert.deepEqual(seen.last('n', false)?.limits.cpu, { ...asked.cpu, value: 1, raw: '100000 100000', path: '/sys/fs/cgroup/x/cpu.max' });
});

test('a run that is being removed shows its containers as they were before', () => {
  const seen = new Seen();
  const processes = (...commands: string[]) => container({ outside: { pid: 7, processes: commands.map((command, i) => ({ pid: 7 + i, command })) } });
  seen.take(run('a'), [processes('app', 'web')], 500);
  seen.take(run('a', 'stopping'), [processes('app', '[web]')], 600);
  seen.take(run('a', 'stopping'), [processes('app')], 700);
  seen.take(run('a', 'stopping'), [container({ state: 'exited', oomKilled: false })], 800);
  assert.deepEqual([seen.at('n'), seen.last('n', false)?.outside?.processes?.map((each) => each.command), seen.last('n', false)?.oomKilled], [500, ['app', 'web'], false]);
  // One that comes only now has seen nothing of it, and asks the server.
  const late = new Seen();
  late.take(run('a', 'stopping'), [processes('app')], 700);
  assert.equal(late.at('n'), 0);
});

test('what the server has kept stands in for what this page has not seen', () => {
  const seen = new Seen();
  seen.take(run('a'), [container({ state: 'exited', oomKilled: true })], 900);
  assert.equal(seen.at('n'), 0, 'it was not seen alive');
  seen.recall('b', [{ at: 500, container: container(), last: {} }]);
  assert.equal(seen.at('n'), 0, 'another run is another story');
  seen.recall('a', [{ at: 500, container: container({ outside: { pid: 7 } }), last: {} }]);
  assert.deepEqual([seen.at('n'), seen.last('n', true)?.state, seen.last('n', true)?.outside?.pid, seen.last('n', false)?.oomKilled], [500, 'exited', 7, true]);
  seen.take(run('a'), [container({ outside: { pid: 8 } })], 700);
  seen.recall('a', [{ at: 500, container: container({ outside: { pid: 7 } }), last: {} }]);
  assert.deepEqual([seen.at('n'), seen.last('n', false)?.state, seen.last('n', false)?.outside?.pid], [700, 'removed', 8]);
});

test('the files that an engine puts into /etc are one row, and long names are cut as docker cuts them', () => {
  const id = 'ab'.repeat(32);
  const mounts = ['resolv.conf', 'hostname', 'hosts'].map((file) => ({ path: `/etc/${file}`, type: 'ext4', root: `/c/${id}/${file}` }));
  const { first } = mountRows(container({ inside: { mounts }, outside: { mounts } }));
  assert.deepEqual(first.map((row) => [row.path, row.host]), [['/etc/{resolv.conf,hostname,hosts}', `/c/${id}`]]);
  assert.equal(shortPath(first[0]!.host), '/c/abababababab…');
});

test('a prediction belongs to the run that follows it, and survives a reload', () => {
  const kept = new Map<string, string>();
  const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  const before = new Predictions(storage);
  before.pick('l', undefined, 'twice');
  assert.equal(before.of('l', 'run-1', false), 'twice');
  assert.equal(new Predictions(storage).of('l', 'run-1', true), 'twice');
  assert.equal(new Predictions(storage).of('l', 'run-2', true), '', 'what was told cannot be predicted');
  assert.equal(new Predictions({ getItem: () => '[', setItem() {} }).of('l', undefined, false), '');
});
