import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Series, keptMs } from '../../src/stream/series';

test('rates come from differences over the time that passed', () => {
  const series = new Series();
  series.add(1000, { cpuUsageUsec: 5_000_000, cpuThrottledUsec: 0, ioReadBytes: 100 });
  series.add(1100, { cpuUsageUsec: 5_050_000, cpuThrottledUsec: 30_000, ioReadBytes: 1124 });
  series.add(1300, { cpuUsageUsec: 5_250_000, cpuThrottledUsec: 30_000, ioReadBytes: 1124 });
  assert.deepEqual(series.columns.cores, [null, 0.5, 1]);
  assert.deepEqual(series.columns.throttled, [null, 0.3, 0]);
  assert.equal(series.columns.read[1], 10_240);
  assert.equal(series.columns.read[2], 0);
});

test('what the kernel does not keep stays absent, and is never 0', () => {
  const series = new Series();
  series.add(1000, { cpuUsageUsec: 1 });
  series.add(1100, { cpuUsageUsec: 2 });
  for (const name of ['throttled', 'memory', 'kernel', 'file', 'anon', 'pids', 'read', 'write'] as const) assert.deepEqual(series.columns[name], [null, null], name);
  assert.equal(series.mean('memory', 500), null);
  assert.equal(series.highest('pids', 0), null);
});

test('half of the page cache is not the page cache', () => {
  const series = new Series();
  series.add(1000, { memoryActiveFileBytes: 10 });
  assert.deepEqual(series.columns.file, [null]);
});

test('a counter that goes back says nothing of the time between', () => {
  const series = new Series();
  series.add(1000, { cpuUsageUsec: 9000 });
  series.add(1100, { cpuUsageUsec: 10 });
  series.add(1200, { cpuUsageUsec: 50_010 });
  assert.deepEqual(series.columns.cores, [null, null, 0.5]);
});

test('a long silence is a gap, not a line', () => {
  const series = new Series();
  series.add(1000, { memoryCurrentBytes: 1 });
  series.add(9000, { memoryCurrentBytes: 2 });
  assert.deepEqual(series.columns.at, [1000, 1001, 9000]);
  assert.deepEqual(series.columns.memory, [1, null, 2]);
});

test('a sample that is not newer is left out', () => {
  const series = new Series();
  series.add(2000, { pidsCurrent: 1 });
  series.add(1000, { pidsCurrent: 2 });
  series.add(2000, { pidsCurrent: 3 });
  assert.deepEqual(series.columns.pids, [1]);
});

test('an OOM kill is marked when its count rises, and not for kills of before', () => {
  const series = new Series();
  series.add(1000, { oomKills: 3 });
  series.add(1100, { oomKills: 3 });
  series.add(1200, { oomKills: 5 });
  assert.deepEqual(series.ooms, [{ at: 1200, count: 5 }]);
});

test('it keeps a minute, and all columns stay of one length', () => {
  const series = new Series();
  for (let at = 0; at <= keptMs * 4; at += 100) series.add(at + 1, { cpuUsageUsec: at, oomKills: at > 1000 ? 1 : 0 });
  assert.ok(series.length * 100 >= keptMs && series.length * 100 <= keptMs * 1.3, String(series.length));
  for (const values of Object.values(series.columns)) assert.equal(values.length, series.length);
  assert.deepEqual(series.ooms, []);
});
