import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Lesson, Run } from '../../src/wire';
import { absence, columnsOf } from '../../src/model/columns';
import { mebibytes, rate, size } from '../../src/model/format';
import { paths, route, type Net } from '../../src/model/route';
import { RowScale, needOf, roundUp } from '../../src/model/scale';
import { Backoff } from '../../src/stream/backoff';
import { staleAfter } from '../../src/stream/client';
import { atFlags, pieces } from '../../src/parts/pieces';

const container = (key: string, more: Partial<Container> = {}): Container => ({ name: `n-${key}`, id: key, key, lesson: 'architecture', run: 'r', state: 'running', namespaces: [], limits: {}, ...more });
const lesson = { slug: 'architecture', containers: ['a', 'b', 'c'].map((key) => ({ key, title: key.toUpperCase(), command: '' })) } as Lesson;
const run = { id: 'r', lesson: 'architecture', containers: [{ key: 'b', name: 'n-b', state: 'waiting', command: '' }] } as unknown as Run;

test('with nothing running, the sheet shows the places of the lesson', () => {
  assert.deepEqual(columnsOf([], undefined, lesson).map((one) => [one.n, one.title, one.container]), [[1, 'A', undefined], [2, 'B', undefined], [3, 'C', undefined]]);
  assert.equal(columnsOf([], undefined, undefined).length, 3);
});

test('a container takes the place of its outline, and its key stays', () => {
  const before = columnsOf([], run, lesson);
  const after = columnsOf([container('a'), container('c')], run, lesson);
  assert.deepEqual(after.map((one) => one.key), before.map((one) => one.key));
  assert.deepEqual(after.map((one) => Boolean(one.container)), [true, false, true]);
  assert.equal(after[1]!.waits, 'waiting');
});

test('a container that is created, but not started, is still an outline', () => {
  const [first] = columnsOf([container('a', { state: 'created' })], run, lesson);
  assert.equal(first!.container, undefined);
  assert.equal(first!.waits, 'created');
});

test('an outline says how its container ended, and that one which a run never started was not', () => {
  const containers = [['a', 'waiting'], ['b', 'exited'], ['c', 'removed']].map(([key, state]) => ({ key: key!, name: `n-${key}`, state: state!, command: '' }));
  const over: Run = { ...run, state: 'stopped', containers };
  assert.deepEqual(columnsOf([], over, lesson).map(absence), ['not started', 'exited', 'removed']);
  assert.equal(absence(columnsOf([], run, lesson)[1]), 'being started…');
  assert.equal(absence(columnsOf([], undefined, lesson)[0]), 'not started');
});

test('a container that is half made is shown as soon as it has a process', () => {
  const steps = [{ name: 'clone', call: '', says: '', source: { file: 'outside.go', line: 1 }, done: true }];
  const of = (more: Partial<Container>): boolean => Boolean(columnsOf([container('a', { state: 'created', ...more })], run, lesson)[0]!.container);
  assert.deepEqual([of({ steps }), of({ pid: 7 }), of({ pid: 7, steps })], [false, false, true]);
});

test('containers of other runs stand after those of this one', () => {
  assert.deepEqual(columnsOf([container('x', { run: 'other', title: 'X' }), container('a')], run, lesson).map((one) => one.title), ['n-a', 'B', 'C', 'X']);
});

test('a container of others stands after all of ours, under its own name, and claims nothing of a lesson', () => {
  const other = container('x', { name: 'shop-web', foreign: true, title: 'App A', subtitle: 'isolated', command: 'docker run evil', lesson: 'architecture', run: 'r', key: 'a' });
  const columns = columnsOf([other, container('a', { title: 'A' })], run, lesson);
  assert.deepEqual(columns.map((one) => [one.n, one.title, one.subtitle, one.command, Boolean(one.container), Boolean(one.foreign)]), [[1, 'A', '', '', true, false], [2, 'B', '', '', false, false], [3, 'C', '', '', false, false], [4, 'shop-web', 'not started by Porthole', '', true, true]]);
  // With nobody else there, the places of the lesson still come first.
  assert.deepEqual(columnsOf([other], undefined, lesson).map((one) => one.title), ['A', 'B', 'C', 'shop-web']);
});

test('lines that cannot cross do not', () => {
  const nets: Net[] = [[100, 150], [300, 400], [500, 800]].map(([x1, x2], i) => ({ n: i + 1, kind: 'cgroup', x1: x1!, x2: x2!, y1: 0, y2: 80 }));
  assert.equal(route(nets, [20, 40, 60]).flatMap((net) => net.crossings).length, 0);
});

test('no two lines share a track where they would meet', () => {
  const nets: Net[] = [[100, 500], [200, 600], [300, 700], [400, 50], [550, 150]].map(([x1, x2], i) => ({ n: i + 1, kind: 'namespaces', x1: x1!, x2: x2!, y1: 0, y2: 80 }));
  const routed = route(nets, [10, 22, 34, 46, 58]);
  for (const a of routed) {
    for (const b of routed) {
      if (a === b || a.y !== b.y) continue;
      assert.ok(Math.max(a.x1, a.x2) < Math.min(b.x1, b.x2) || Math.max(b.x1, b.x2) < Math.min(a.x1, a.x2), `${a.n} and ${b.n} lie on one another`);
    }
  }
});

test('a line between two points above one another is straight', () => {
  const [net] = route([{ n: 1, kind: 'cgroup', x1: 5, x2: 5, y1: 0, y2: 80 }], [40]);
  assert.equal(net!.y, undefined);
  assert.deepEqual(paths(net!), { beneath: '', above: 'M5 0V80' });
});

test('a scale grows at once and shrinks late', () => {
  const scale = new RowScale((value) => roundUp(value), 0.2, 1000);
  assert.equal(scale.fit(0.9, 0), 1);
  assert.equal(scale.fit(1.2, 10), 1.5);
  assert.equal(scale.fit(0.5, 20), 1.5);
  assert.equal(scale.fit(0.5, 1100), 0.6);
});

test('a limit that is near is shown, one that is far above is not', () => {
  assert.ok(needOf(0.1, [0.5], 1) > 0.5);
  assert.ok(needOf(0.1, [64], 1) < 1);
});

test('figures keep their width, and absence is a dash', () => {
  assert.deepEqual([mebibytes(undefined), mebibytes(5 * 1048576), mebibytes(268435456)], ['–', '5.0', '256']);
  assert.deepEqual([rate(null), rate(1048576)], ['–', '1.0']);
  assert.equal(size(16_750_000_000), '15.6 GiB');
});

test('waits grow, have a most, and are never all the same', () => {
  const waits = (random: number): number[] => {
    const backoff = new Backoff(500, 8000, () => random);
    return Array.from({ length: 7 }, () => backoff.next());
  };
  assert.deepEqual(waits(0), [250, 500, 1000, 2000, 4000, 4000, 4000]);
  assert.deepEqual(waits(1), [500, 1000, 2000, 4000, 8000, 8000, 8000]);
});

test('figures are stale after three intervals and a second', () => {
  assert.equal(staleAfter(100), 1300);
});

test('a command breaks between flags, never between a flag and its value', () => {
  assert.deepEqual(pieces('docker run --rm --cpus 0.5 --read-only image burn'), ['docker', 'run', '--rm', '--cpus 0.5', '--read-only', 'image', 'burn']);
});

test('a sentence does not break within its flags, and loses no word', () => {
  for (const [says, flags] of [['512 MB of heap, --memory 256m', ['--memory 256m']], ['--cpus 0.5: the same work, held back', ['--cpus 0.5']], ['With --network none there is an address on lo alone.', ['--network']], ['Two flags: --cap-drop and --security-opt=x.', ['--cap-drop', '--security-opt=x']], ['serve --listen 127.0.0.1:8080 --also web', ['--listen 127.0.0.1:8080', '--also']], ['started with --hostname my-container. What', ['--hostname my-container']], ['docker stats --no-stream porthole-cpu-app', ['--no-stream']], ['a range -- not a flag', []]] as const) {
    const pieces = atFlags(says);
    assert.equal(pieces.join(''), says);
    assert.deepEqual(pieces.filter((_, i) => i % 2), flags);
  }
});
