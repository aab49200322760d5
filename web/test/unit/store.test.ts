import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Message, Run, Sample, Topology } from '../../src/wire';
import { Store } from '../../src/stream/store';

let seq = 0;
const head = <T extends string>(type: T, at = 1000): { type: T; seq: number; at: number } => ({ type, seq: (seq += 1), at });
const container = (name: string, more: Partial<Container> = {}): Container => ({ name, id: `${name}-1`, state: 'running', namespaces: [], limits: {}, ...more });
const topology = (...containers: Container[]): Topology => ({ ...head('topology'), containers, host: { kernel: '6', hostname: 'h', cpus: 1, memoryBytes: 1, cgroupMode: 'v2', engine: { name: 'docker', state: 'up' }, namespaces: [] } });
const sample = (at: number, memory: number): Sample => ({ ...head('sample', at), containers: { a: { memoryCurrentBytes: memory } } });

test('a history after a reconnection fills the gap, and repeats nothing', () => {
  const store = new Store();
  store.take(topology(container('a')), 0);
  store.take(sample(1000, 1), 0);
  store.take({ ...head('history'), samples: [sample(900, 9), sample(1000, 1), sample(1100, 2)] }, 0);
  store.take(sample(1200, 3), 0);
  assert.deepEqual(store.series.get('a')!.columns.memory, [1, 2, 3]);
});

test('the same name with another ID is another container', () => {
  const store = new Store();
  store.take(topology(container('a')), 0);
  store.take(sample(1000, 1), 0);
  store.take(topology(), 0);
  assert.notEqual(store.series.get('a'), undefined, 'one that has gone keeps its past for its lesson');
  store.take(topology(container('a', { id: 'other' })), 0);
  assert.equal(store.series.get('a'), undefined);
});

test('containers stand by run, then by the order that their lesson gives', () => {
  const store = new Store();
  store.take(topology(container('late', { run: 'r2', startedAt: 50, order: 1 }), container('b', { run: 'r1', startedAt: 9, order: 2 }), container('a', { run: 'r1', startedAt: 10, order: 1 })), 0);
  assert.deepEqual(store.containers.map((one) => one.name), ['a', 'b', 'late']);
});

test('containers of others come last, as they were asked for, however long they have run', () => {
  const store = new Store();
  store.take(topology(container('second', { foreign: true, order: 2, startedAt: 1 }), container('first', { foreign: true, order: 1, startedAt: 2 }), container('ours', { run: 'r', startedAt: 50, order: 1 })), 0);
  assert.deepEqual(store.containers.map((one) => one.name), ['ours', 'first', 'second']);
  assert.deepEqual(store.own.map((one) => one.name), ['ours']);
});

test('another version after a reconnection asks for a reload', () => {
  const store = new Store();
  const hello = (version: string): Message => ({ ...head('hello'), version, intervalMs: 100, canControl: true, replay: false, host: topology().host });
  store.take(hello('1'), 0);
  store.take(hello('1'), 0);
  assert.equal(store.newVersion, '');
  store.take(hello('2'), 0);
  assert.equal(store.newVersion, '2');
});

test('a message of a kind that is not known changes nothing', () => {
  const store = new Store();
  let told = 0;
  store.listen('change', () => (told += 1));
  store.take({ ...head('news') } as unknown as Message, 0);
  assert.equal(told, 0);
});

test('the newest run of a lesson is the one that counts, and old ones are let go', () => {
  const store = new Store();
  const run = (id: string, startedAt: number, state: Run['state'] = 'finished'): Run => ({ ...head('run'), id, lesson: 'l', state, startedAt, containers: [], claims: [] });
  for (let i = 0; i < 100; i += 1) store.take(run(`r${i}`, i), 0);
  assert.equal(store.runOf('l')!.id, 'r99');
  assert.ok(store.runs.size <= 41);
  assert.equal(store.running, undefined);
  store.take(run('now', 200, 'running'), 0);
  assert.equal(store.running!.id, 'now');
});

test('a clock that is set back hides nothing: the past goes, and what comes is shown', () => {
  const hour = 3_600_000;
  const store = new Store();
  store.take(topology(container('a')), 0);
  for (const at of [hour, hour + 100]) store.take(sample(at, 1), 0);
  store.take(sample(2 * hour, 2), 0);
  store.take(sample(2 * hour + 100, 2), 0);
  assert.deepEqual(store.series.get('a')!.columns.memory, [2, 2], 'set forward: what was is more than a minute ago');
  store.take(sample(100, 3), 0);
  store.take(sample(200, 4), 0);
  assert.deepEqual(store.series.get('a')!.columns.memory, [3, 4]);
  assert.equal(store.sampledAt, 200);
  // The same where the page had lost its connection meanwhile.
  store.take(sample(hour, 5), 0);
  store.take({ ...head('history'), samples: [sample(300, 6), sample(400, 7)] }, 0);
  store.take(sample(500, 8), 0);
  assert.deepEqual(store.series.get('a')!.columns.memory, [6, 7, 8]);
});

test('a run that begins after the clock was set back is the newest all the same', () => {
  const store = new Store();
  const run = (id: string, startedAt: number, state: Run['state']): Run => ({ ...head('run'), id, lesson: 'l', state, startedAt, containers: [], claims: [] });
  store.take(run('first', 5000, 'finished'), 0);
  store.take(run('second', 1000, 'running'), 0);
  assert.equal(store.runOf('l')!.id, 'second');
  store.take(run('first', 5000, 'finished'), 0);
  store.take(run('second', 1000, 'finished'), 0);
  assert.equal(store.runOf('l')!.id, 'second');
});
