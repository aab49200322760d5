import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Namespace } from '../../src/wire';
import { commonBeginning, rowsOf, whollyUnknown, type Row } from '../../src/model/matrix';

const link = (inode: number | undefined): Namespace => (inode ? { type: 'net', inode, relation: 'own' } : { type: 'net', relation: 'unknown', reason: 'permission denied' });
const net = (host: number | undefined, ...containers: (number | undefined)[]): Row => rowsOf([link(host)], containers.map((inode) => [link(inode)])).find((row) => row.type === 'net')!;

test('neighbours with one number are joined', () => {
  const { cells, conduits } = net(1, 1, 2);
  assert.deepEqual(cells.map((cell) => [cell.joinsLeft, cell.joinsRight]), [[false, true], [true, false], [false, false]]);
  assert.deepEqual(cells.map((cell) => cell.tone), [0, 0, 1]);
  assert.deepEqual(conduits, []);
});

test('a number that comes again further on passes under the cell between', () => {
  const { cells, conduits } = net(1, 2, 1);
  assert.deepEqual(conduits, [{ tone: 0, from: 0, to: 2, side: 'under', depth: 0 }]);
  assert.deepEqual(cells.map((cell) => cell.under), [false, true, false]);
});

test('two interleaved groups take different sides', () => {
  const { cells, conduits } = net(1, 2, 1, 2);
  assert.deepEqual(conduits.map(({ side, from, to }) => [side, from, to]), [['under', 0, 2], ['over', 1, 3]]);
  assert.equal(cells[1]!.under, true);
  assert.equal(cells[2]!.over, true);
});

test('three interleaved groups never lie in one lane', () => {
  const lanes = net(1, 2, 3, 1, 2, 3).conduits.map(({ side, depth }) => `${side}${depth}`);
  assert.equal(new Set(lanes).size, 3);
});

test('unknown cells never join, whatever stands beside them', () => {
  const { cells } = net(undefined, undefined, undefined);
  assert.ok(cells.every((cell) => cell.state === 'unknown' && !cell.joinsLeft && !cell.joinsRight));
  assert.equal(cells[0]!.reason, 'permission denied');
});

test('a number beside "unknown" is not a number', () => {
  const [row] = rowsOf([{ type: 'pid', inode: 1, relation: 'unknown', reason: 'gone' }], []);
  assert.equal(row!.cells[0]!.state, 'unknown');
});

test('a column of which nothing could be read is told apart from one that is not there', () => {
  const rows = rowsOf([], [undefined, []]);
  assert.equal(whollyUnknown(rows, 1), false);
  assert.equal(whollyUnknown(rows, 2), true);
  assert.equal(rows[0]!.cells[1]!.state, 'empty');
});

test('a common beginning is left out only where all numbers have it', () => {
  assert.equal(commonBeginning([net(4026531840, 4026532180)]), '402653');
  assert.equal(commonBeginning([net(4026531840, 4036532180)]), '');
});
