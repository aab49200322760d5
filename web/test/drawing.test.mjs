import assert from 'node:assert/strict';
import { test } from 'node:test';
import { states } from '../dev/fake.mjs';
import { collisions, looseEnds, outOfCell } from './lib/fit.mjs';
import { axe, bench, bounded, close, drawn, misfits, open, painted, settled, until, withGraphs } from './lib/page.mjs';

const it = bench();
const sizes = [[1920, 1080], [1280, 720], [1024, 768], [390, 844]];

for (const [state, { count: own, others = 0, silent, engine, hostile }] of Object.entries(states)) {
  // Names that no engine would take, longer than any line: what they may do is for hostile.test.mjs.
  if (silent || engine || hostile) continue;
  const count = own + others;
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

for (const [state, path, from] of [['three', '/', 340], ['five', '/', 340], ['eight', '/', 340], ['twelve', '/', 340], ['interleaved', '/', 340], ['three', '/present', 740], ['five', '/present', 1240], ['five', '/embed/namespaces', 340], ['eight', '/embed/namespaces', 500]]) {
  test(`the drawing of "${state}" keeps each number within its cell and each text apart, however wide the window, at ${path}`, async () => {
    const page = await open(it, { state, path, height: 900 });
    await until(page, 'the numbers', (columns) => document.querySelectorAll('.matrix .cell').length >= 8 * columns && document.fonts.status === 'loaded', states[state].count);
    const found = [];
    for (let width = from; width <= 2000; width += 20) {
      await page.setViewportSize({ width, height: 900 });
      await painted(page);
      for (const one of await outOfCell(page)) found.push(`${width}: ${one}`);
      if (path.startsWith('/embed') || !(await collisions(page)).length) continue;
      await settled(page); // two columns that become one may pass over one another
      for (const one of await collisions(page)) found.push(`${width}: ${one}`);
    }
    assert.deepEqual(found, []);
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
    const pixels = window.graphOf('.graph.memory[data-column="2"]').data;
    for (let i = 0; i < pixels.length; i += 4) if (pixels[i] > 220 && Math.abs(pixels[i + 1] - 0x95) < 25 && pixels[i + 2] < 110) return true;
    return false;
  });
  assert.ok(accent, 'the mark is on the graph');
  await close(page);
});

/** A minute of samples, a few for each frame that the page draws. */
async function aMinute(page, host) {
  it.server.control.frozen = true;
  let at = host.now();
  for (let i = 0; i < 600; i += 1) {
    host.step(100);
    it.server.tell(host, host.sample((at += 100)));
    if (i % 4 === 3) await painted(page, 1);
  }
  it.server.control.frozen = false;
}

for (const [hash, width] of [['', 1920], ['', 1280], ['', 390], ['#cgroups/memory', 1920], ['#namespaces/pid', 1280]]) {
  test(`nothing moves in a minute in which every number grows, ${hash || 'whole'} at ${width}`, async () => {
    const page = await open(it, { state: 'growing', width });
    await drawn(page, 3);
    if (hash) {
      await page.evaluate((to) => { location.hash = to; }, hash);
      await until(page, 'the box', () => document.querySelector('.zoomed .command') && !document.querySelector('.outline') && !/Reading…/.test(document.querySelector('.zoomed').textContent));
    }
    await settled(page);
    const digits = (selector) => page.evaluate((what) => document.querySelector(what)?.textContent.replace(/\D/g, '').length ?? 0, selector);
    await page.evaluate(() => {
      window.shifts = [];
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifts.push(...entry.sources.map((source) => `${source.node?.className ?? source.node?.parentElement?.className}: ${source.node?.textContent}`)); }).observe({ type: 'layout-shift' });
    });
    const before = await digits('.graph .value');
    await aMinute(page, it.server.control.hosts.get('growing'));
    assert.deepEqual(await page.evaluate(() => window.shifts), []);
    if (!hash) {
      await until(page, 'long numbers', () => /\d{4}/.test(document.querySelector('.graph.cpu[data-column="2"] .alarm')?.textContent ?? ''));
      assert.deepEqual(await collisions(page), [], `long numbers still have room (${before} digits before)`);
    }
    await close(page);
  });
}

test('a number that changes is seen to: its cell parts from its neighbour, and with reduced motion it is just there', async () => {
  for (const reducedMotion of ['no-preference', 'reduce']) {
    const page = await open(it, { reducedMotion });
    await drawn(page, 3);
    await settled(page);
    await page.evaluate(() => {
      window.moved = [];
      const animate = Element.prototype.animate;
      Element.prototype.animate = function (frames, options) {
        if (this.dataset.inode) window.moved.push(`${this.closest('.matrix-row').className.slice(11)} ${this.dataset.column} ${'translate' in frames[0] ? 'parts' : 'joins'} ${options.duration}`);
        return animate.call(this, frames, options);
      };
    });
    const host = it.server.control.hosts.get('three');
    const joined = (yes) => until(page, yes ? 'the cell to join' : 'the cell to part', (want) => document.querySelector('.ns-uts .cell[data-column="1"]').classList.contains('shared') === want, yes);
    host.shares.push(['uts', [0, 1]]);
    it.server.tell(host, host.topology());
    await joined(true);
    host.shares.pop();
    it.server.tell(host, host.topology());
    await joined(false);
    assert.deepEqual(await page.evaluate(() => window.moved), reducedMotion === 'reduce' ? [] : ['ns-uts 1 joins 480', 'ns-uts 1 parts 480']);
    // The same again is no change.
    it.server.tell(host, host.topology());
    await painted(page);
    assert.equal(await page.evaluate(() => window.moved.length), reducedMotion === 'reduce' ? 0 : 2);
    await close(page);
  }
});

test('a tab that slept for an hour comes back by itself, and the hour is a gap and not a line', async () => {
  it.server.show('three');
  const context = await it.browser.newContext({ viewport: { width: 1920, height: 1080 } });
  await withGraphs(context);
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(`${it.server.url}/?state=three`);
  await page.waitForSelector('.graph.cpu[data-column="3"] .plot');
  const host = it.server.control.hosts.get('three');
  const seen = (hidden) => page.evaluate((now) => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => now }); document.dispatchEvent(new Event('visibilitychange')); }, hidden);
  const sockets = [...it.server.control.sockets];
  await seen(true);
  await page.clock.fastForward('01:05');
  await bounded(page, 'the page to let go of its connection', Promise.all(sockets.map(({ socket }) => socket.ended)));
  assert.equal(it.server.control.sockets.size, 0, 'a page that nobody sees lets go of its connection');
  host.ahead = 3_600_000;
  await page.clock.fastForward('58:55');
  await seen(false);
  await until(page, 'the page to be live again', () => document.querySelector('.fact.connection').classList.contains('live') && !document.querySelector('.notice'));
  assert.equal(it.server.control.sockets.size, 1);
  await until(page, 'new samples on the graph', () => {
    const { width, height, data: pixels } = window.graphOf('.graph.cpu[data-column="1"]');
    const ink = (x) => { let count = 0; for (let y = 0; y < height - 4; y += 1) count += pixels[(y * width + x) * 4 + 3] > 40; return count; };
    const column = (share) => ink(Math.round(width * share));
    // Nothing in the hour that was not seen; the newest point at the right edge.
    return [0.1, 0.3, 0.5, 0.7].every((share) => column(share) <= 2) && [...Array(12)].some((_, i) => ink(width - 2 - i) > 2);
  });
  await context.close();
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

test('a container’s second name is whole, or not there', async () => {
  for (const [state, width] of [['longnames', 1920], ['longnames', 1280], ['longnames', 390], ['three', 1280], ['three', 390]]) {
    const page = await open(it, { state, width });
    await drawn(page, 3);
    const cut = await page.evaluate(() => [...document.querySelectorAll('.container > .legend .subtitle')].filter((one) => one.checkVisibility()).map((one) => {
      const [own, line] = [one.getBoundingClientRect(), one.closest('em').getBoundingClientRect()];
      return own.top < line.bottom - 2 && own.right > line.right + 1 ? one.textContent : '';
    }).filter(Boolean));
    assert.deepEqual(cut, [], `${state} at ${width}`);
    await close(page);
  }
});

test('no number of throttled periods or kills stands without a word or mark', async () => {
  for (const [state, width] of [['oom', 390], ['oom', 1920], ['eight', 1920], ['eight', 390], ['five', 1280]]) {
    const page = await open(it, { state, width });
    await drawn(page, Number({ oom: 3, five: 5, eight: 8 }[state]));
    await until(page, 'an alarm', () => document.querySelector('.foot .alarm'));
    const bare = await page.evaluate(() => [...document.querySelectorAll('.foot .alarm')].filter((one) => ![...one.querySelectorAll(':scope > i, .alarm-mark')].some((sign) => sign.checkVisibility() && sign.getBoundingClientRect().width > 0)).map((one) => one.textContent));
    assert.deepEqual(bare, [], `${state} at ${width}`);
    await close(page);
  }
});
