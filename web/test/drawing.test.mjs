import assert from 'node:assert/strict';
import { test } from 'node:test';
import { states } from '../dev/fake.mjs';
import { collisions, looseEnds } from './lib/fit.mjs';
import { axe, bench, close, drawn, misfits, open, settled, until } from './lib/page.mjs';

const it = bench();
const sizes = [[1920, 1080], [1280, 720], [1024, 768], [390, 844]];

for (const [state, { count, silent, engine }] of Object.entries(states)) {
  if (silent || engine) continue;
  test(`the drawing of "${state}" fits at every size`, async () => {
    const page = await open(it, { state });
    await drawn(page, count);
    for (const [width, height] of sizes) {
      await page.setViewportSize({ width, height });
      await drawn(page, count);
      await settled(page);
      const at = `${width} × ${height}`;
      assert.deepEqual(await misfits(page), [], at);
      assert.deepEqual(await collisions(page), [], at);
      assert.deepEqual(await looseEnds(page), [], at);
    }
    await close(page);
  });
}

test('at 1920 × 1080 three containers need no scrolling', async () => {
  const page = await open(it);
  await drawn(page, 3);
  const bottom = await page.evaluate(() => document.querySelector('.strip').getBoundingClientRect().bottom);
  assert.ok(bottom <= 1080, `the strip under the drawing ends at ${bottom}`);
  await close(page);
});

test('no box of the drawing lies on another', async () => {
  for (const state of ['three', 'five', 'twelve', 'longnames', 'interleaved']) {
    const page = await open(it, { state });
    await drawn(page, states[state].count);
    const overlaps = await page.evaluate(() => {
      const found = [];
      for (const selector of ['.place .cell', '.container', '.graph', '.wall > span', '.cgroups .readout > *', '.foot > *']) {
        const boxes = [...document.querySelectorAll(selector)].map((element) => ({ element, box: element.getBoundingClientRect() })).filter(({ box }) => box.width && box.height);
        boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
          if (a.element.contains(b.element)) return;
          if (Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left) > 2 && Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top) > 2) found.push(`${selector}: ${a.element.textContent.trim().slice(0, 20)} and ${b.element.textContent.trim().slice(0, 20)}`);
        }));
      }
      return found.slice(0, 5);
    });
    assert.deepEqual(overlaps, [], state);
    await close(page);
  }
});

test('equal numbers are one shape, and join and part as they change', async () => {
  const page = await open(it);
  await drawn(page, 3);
  const joined = (type) => page.evaluate((name) => [...document.querySelectorAll(`.ns-${name} .cell`)].map((cell) => cell.classList.contains('joins-right')), type);
  assert.deepEqual(await joined('time'), [true, true, true, false]);
  assert.deepEqual(await joined('net'), [false, false, false, false]);
  const host = it.server.show('three');
  it.server.cut();
  await until(page, 'the reconnection', () => document.querySelector('.fact.connection').classList.contains('live'));
  await drawn(page, 3);
  host.shares.push(['net', [0, 1]]);
  it.server.tell(host, host.topology());
  await until(page, 'the two net cells to join', () => document.querySelector('.ns-net .cell[data-column="0"]').classList.contains('joins-right'));
  const gap = () => page.evaluate(() => {
    const bridge = document.querySelector('.ns-net .cell[data-column="0"] .bridge').getBoundingClientRect();
    return { width: bridge.width, from: bridge.left - document.querySelector('.ns-net .cell[data-column="0"]').getBoundingClientRect().right, to: bridge.right - document.querySelector('.ns-net .cell[data-column="1"]').getBoundingClientRect().left };
  });
  await until(page, 'the bridge to be drawn', () => document.querySelector('.ns-net .cell[data-column="0"] .bridge').getBoundingClientRect().width > 9);
  await settled(page);
  const closed = await gap();
  assert.ok(closed.from <= 0 && closed.to >= 0, `the bridge closes the gap: ${JSON.stringify(closed)}`);
  host.shares.pop();
  it.server.tell(host, host.topology());
  await until(page, 'the two net cells to part', () => !document.querySelector('.ns-net .cell[data-column="0"]').classList.contains('joins-right'));
  await until(page, 'the bridge to go', () => document.querySelector('.ns-net .cell[data-column="0"] .bridge').getBoundingClientRect().width < 1);
  await close(page);
});

test('two interleaved groups pass on different sides and touch nothing', async () => {
  const page = await open(it, { state: 'interleaved' });
  await drawn(page, 3);
  const sides = await page.evaluate(() => [...document.querySelectorAll('.ns-net .conduit')].map((one) => (one.classList.contains('runs-under') ? 'under' : 'over')));
  assert.deepEqual(sides, ['under', 'over']);
  const clear = await page.evaluate(() => {
    const box = (selector) => document.querySelector(selector).getBoundingClientRect();
    return [box('.ns-net .conduit.runs-under').top - box('.ns-net .cell[data-column="1"]').bottom, box('.ns-net .cell[data-column="2"]').top - box('.ns-net .conduit.runs-over').bottom];
  });
  assert.ok(clear.every((space) => space >= 1), `room between pipe and cell: ${clear}`);
  await close(page);
});

test('a container that has ended is not unknown, and no line leads to it', async () => {
  const page = await open(it, { state: 'ended' });
  await drawn(page, 3);
  assert.equal(await page.locator('.cell.unknown').count(), 0);
  assert.match(await page.locator('.container.ended').innerText(), /exited/);
  assert.equal(await page.locator('.connectors [data-column="1"]').count(), 0);
  assert.ok(await page.locator('.connectors [data-column="2"]').count() > 0);
  await close(page);
});

test('what cannot be read says so, once for a whole column, and joins nothing', async () => {
  const page = await open(it, { state: 'unknown' });
  await drawn(page, 3);
  assert.match(await page.locator('.cell.whole').innerText(), /unknown\s+permission denied/);
  assert.equal(await page.locator('.cell[data-column="3"]').count(), 1);
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('.ns-time .cell')].map((cell) => cell.classList.contains('joins-right'))), [true, true, false]);
  await close(page);
});

test('counters that the kernel does not keep leave dashes and no traces', async () => {
  const page = await open(it, { state: 'absent' });
  await drawn(page, 3);
  await until(page, 'figures', () => /\d/.test(document.querySelector('.graph.cpu .value').textContent));
  assert.equal(await page.locator('.graph.pids .value').first().innerText(), '–');
  assert.equal(await page.locator('.graph.io .value').first().innerText(), '–');
  await close(page);
});

test('throttling and OOM kills are named by their own counters', async () => {
  const page = await open(it, { state: 'oom' });
  await drawn(page, 3);
  await until(page, 'an OOM kill', () => /oom_kill\s+\d/.test(document.querySelector('.graph.memory[data-column="2"] .foot').textContent));
  await until(page, 'throttling', () => /nr_throttled\s+\d/.test(document.querySelector('.graph.cpu[data-column="2"] .foot').textContent));
  const accent = await page.evaluate(() => {
    const canvas = document.querySelector('.graph.memory[data-column="2"] canvas');
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    for (let i = 0; i < pixels.length; i += 4) if (pixels[i] > 220 && Math.abs(pixels[i + 1] - 0x95) < 25 && pixels[i + 2] < 110) return true;
    return false;
  });
  assert.ok(accent, 'the mark is on the graph');
  await close(page);
});

test('nothing moves while numbers change', async () => {
  const page = await open(it);
  await drawn(page, 3);
  await page.evaluate(() => {
    window.shifts = [];
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifts.push(...entry.sources.map((source) => `${entry.value.toFixed(5)} ${source.node?.className ?? source.node?.parentElement?.className}`)); }).observe({ type: 'layout-shift' });
    window.before = document.querySelector('.graph.cpu .value').textContent;
    window.changes = 0;
    new MutationObserver(() => (window.changes += 1)).observe(document.querySelector('.cgroups'), { subtree: true, characterData: true, childList: true });
  });
  await until(page, 'many changes', () => window.changes > 60);
  assert.deepEqual(await page.evaluate(() => window.shifts), []);
  await close(page);
});

for (const theme of ['dark', 'light']) {
  test(`axe-core finds nothing in the ${theme} theme`, async () => {
    const found = [];
    for (const options of [{ state: 'judged' }, { state: 'zero' }, { state: 'unknown' }, { state: 'down' }, { state: 'twelve' }, { state: 'judged', width: 390, height: 844 }, { state: 'judged', width: 1280, height: 720 }, { state: 'cpu', path: '/lessons/cpu-limit' }, { path: '/present' }, { path: '/embed/namespaces' }, { path: '/embed/cpu' }, { state: 'judged', path: '/embed/claims' }]) {
      const page = await open(it, { ...options, theme });
      await until(page, 'the page', () => document.querySelector('.matrix, .claims, porthole-observe canvas'));
      await settled(page);
      // A panel has no ground of its own: its theme is chosen by the slide's.
      if (options.path?.startsWith('/embed')) await page.evaluate((paper) => { document.body.style.background = paper; }, theme === 'dark' ? '#0d161b' : '#f5f8fa');
      found.push(...(await axe(page)).map((one) => `${JSON.stringify(options)} ${one}`));
      await close(page);
    }
    assert.deepEqual(found, []);
  });
}
