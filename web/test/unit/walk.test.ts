import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lesson } from '../../src/wire';
import { leap, read, spotOf, step, stopsOf, write } from '../../src/present/walk';

const lesson = (slug: string, more: Partial<Lesson> = {}): Lesson => ({ slug, title: slug, section: '', panels: [], claims: [], question: 'Why?', containers: [{ key: 'a', title: 'A', command: '' }], ...more });
const stops = stopsOf([lesson('one'), lesson('mute', { question: '' }), lesson('broken', { containers: [], unavailable: 'demo.yaml:2:1: no' }), lesson('elsewhere', { unavailable: 'no disk' })]);

test('the drawing first, the takeaways last, and no lesson with mistakes between', () => {
  assert.deepEqual(stops.map((stop) => stop.id), ['drawing', 'one', 'mute', 'elsewhere', 'takeaways']);
  assert.deepEqual(stops.map((stop) => stop.phases.length), [1, 3, 2, 3, 1]);
});

test('on and back pass the same things, and stay at the ends', () => {
  const there = [];
  let spot = read(stops, '#drawing')!;
  for (let i = 0; i < 20; i += 1) {
    there.push(write(stops, spot));
    spot = step(stops, spot, 1);
  }
  assert.deepEqual([...new Set(there)], ['#drawing', '#one', '#one/live', '#one/verdict', '#mute', '#mute/verdict', '#elsewhere', '#elsewhere/live', '#elsewhere/verdict', '#takeaways']);
  const back = [];
  for (let i = 0; i < 20; i += 1) {
    back.push(write(stops, spot));
    spot = step(stops, spot, -1);
  }
  assert.deepEqual([...new Set(back)], [...new Set(there)].reverse());
});

test('a whole stop further begins with its first thing', () => {
  const spot = read(stops, 'one/live')!;
  assert.equal(write(stops, leap(stops, spot, 1)), '#mute');
  assert.equal(write(stops, leap(stops, spot, -1)), '#drawing');
  assert.equal(write(stops, leap(stops, spot, 99)), '#takeaways');
});

test('an address that is none leads nowhere; a phase that a stop has not leads to its first', () => {
  assert.equal(read(stops, '#nonsense'), undefined);
  assert.equal(read(stops, ''), undefined);
  assert.equal(write(stops, read(stops, '#mute/question')!), '#mute');
  assert.equal(write(stops, spotOf(stops, { stop: 'mute', phase: 'question' })!), '#mute');
  assert.equal(write(stops, spotOf(stops, { stop: 'one', phase: 'verdict' })!), '#one/verdict');
  assert.equal(spotOf(stops, { stop: 'gone', phase: 'live' }), undefined);
});
