// The panels for slides: readable in every frame, without ground or chrome, and quiet while nobody looks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, bench, close, misfits, open, painted, until } from './lib/page.mjs';

const it = bench();
const sizes = [[1280, 720], [640, 360], [320, 180], [200, 100]];
const graphs = ['cpu', 'memory', 'pids', 'io'];
const tables = ['processes', 'interfaces', 'mounts', 'users', 'hostnames', 'segments', 'security', 'layers', 'files', 'limits', 'log'];
const panels = ['diagram', 'namespaces', ...graphs, 'claims', ...tables];

/** A panel has drawn when its figures have. */
const shown = (page, panel) => until(page, `the panel ${panel}`, () => document.querySelector('.matrix .cell, .relations li, .claim, .observe canvas, .sketch, .drawing, .sides, .stack, .kernel-lines, .embed-table *:not(h1, porthole-table)'), undefined);

/** What is cut off by the frame or by its own box, of that which is meant to be read whole. */
const cut = (page) => page.evaluate(() => {
  const found = [];
  for (const element of document.querySelectorAll('.embed :is(h1, h2):not(.unseen), .observe-side .figure, .observe-side .badge, .relations li, .sketch-kernel :is(th, td, b), .sketch-containers .badge, .matrix .cell b, .matrix .type b, .embed .claims .legend, .notice p')) {
    const box = element.getBoundingClientRect();
    if (!box.width || !element.checkVisibility()) continue;
    if (box.left < -0.5 || box.top < -0.5 || box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5) found.push(`${element.className || element.tagName} "${element.textContent.trim().slice(0, 20)}" reaches out of the frame`);
  }
  if (document.documentElement.scrollHeight > innerHeight || document.documentElement.scrollWidth > innerWidth) found.push('the frame scrolls');
  return found;
});

for (const panel of panels) {
  test(`the panel ${panel} is readable in frames of four sizes, in both themes`, async () => {
    for (const theme of ['dark', 'light']) {
      const page = await open(it, { state: 'tables', path: `/embed/${panel}`, theme, width: 1280, height: 720 });
      for (const [width, height] of sizes) {
        await page.setViewportSize({ width, height });
        await shown(page, panel);
        await painted(page);
        assert.deepEqual(await cut(page), [], `${width} × ${height}, ${theme}`);
        // In the whole drawing, which is fitted, sizes are those of its sheet.
        if (!(await page.$('.fitted'))) assert.deepEqual(await misfits(page), [], `${width} × ${height}, ${theme}`);
        if (width === 1280 || theme === 'dark') assert.deepEqual(await axe(page), [], `${width} × ${height}, ${theme}`);
      }
      const ground = await page.evaluate(() => [document.documentElement, document.body].map((one) => getComputedStyle(one).backgroundColor));
      assert.deepEqual(ground, ['rgba(0, 0, 0, 0)', 'rgba(0, 0, 0, 0)']);
      assert.equal(await page.locator('.top, #rail, porthole-run-button button, porthole-copy-embed').count(), 0);
      await close(page);
    }
  });
}

test('a panel asks for the lessons only where it has words of theirs', async () => {
  for (const [path, wanted] of [['/embed/cpu', false], ['/embed/layers', false], ['/embed/claims', true], ['/embed/diagram', true], ['/embed/cpu?lesson=architecture', true]]) {
    it.server.show('tables');
    const page = await it.browser.newPage({ viewport: { width: 700, height: 400 } });
    const asked = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${it.server.url}${path}`);
    await shown(page, path);
    if (wanted) await until(page, 'the lessons', () => performance.getEntriesByName(`${location.origin}/api/v1/lessons`).length, undefined);
    assert.equal(asked.includes('/api/v1/lessons'), wanted, path);
    await page.close();
  }
});

test('the slide shows through, whatever its scheme and the panel’s theme', async () => {
  it.server.show('judged');
  for (const scheme of ['light', 'dark']) {
    const page = await it.browser.newPage({ viewport: { width: 700, height: 400 }, colorScheme: scheme });
    for (const deckScheme of ['normal', 'dark']) for (const theme of ['light', 'dark', 'auto']) {
      await page.setContent(`<html style="color-scheme: ${deckScheme}"><body style="margin: 0; background: #123456"><iframe style="border: 0; color-scheme: light" width="640" height="360" src="${it.server.url}/embed/claims?theme=${theme}"></iframe>`);
      await until(page.frames()[1], 'the panel', () => document.querySelector('.claim'));
      const shot = (await page.screenshot({ clip: { x: 1, y: 1, width: 1, height: 1 } })).toString('base64');
      const colour = await page.evaluate(async (data) => {
        const image = new Image();
        image.src = `data:image/png;base64,${data}`;
        await image.decode();
        const context = document.createElement('canvas').getContext('2d');
        context.drawImage(image, 0, 0);
        return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
      }, shot);
      assert.deepEqual(colour, [0x12, 0x34, 0x56], `system ${scheme}, deck ${deckScheme}, theme ${theme}`);
    }
    await page.close();
  }
});

test('loading panels starts nothing, and asks for a stream that can control nothing', async () => {
  it.server.control.started.length = 0;
  await until_(() => it.server.control.sockets.size === 0);
  for (const panel of ['diagram', 'cpu', 'claims']) {
    const page = await open(it, { state: 'judged', path: `/embed/${panel}`, width: 960, height: 540 });
    const posts = [];
    page.on('request', (request) => request.method() !== 'GET' && posts.push(request.url()));
    await shown(page, panel);
    assert.deepEqual([...it.server.control.sockets].map((one) => one.panel), [true]);
    assert.deepEqual(posts, []);
    await close(page);
    await until_(() => it.server.control.sockets.size === 0);
  }
  assert.deepEqual(it.server.control.started, []);
});

test('twelve containers in a thumbnail: the first ones, and how many more there are', async () => {
  for (const panel of ['cpu', 'namespaces', 'diagram']) {
    const page = await open(it, { state: 'twelve', path: `/embed/${panel}`, width: 200, height: 100 });
    await until(page, 'the words', () => /^and \d+ more$/.test(document.querySelector('.embed-more')?.textContent ?? ''));
    assert.deepEqual(await cut(page), []);
    await close(page);
  }
});

test('scale makes words larger, not the frame', async () => {
  const size = async (scale) => {
    const page = await open(it, { state: 'three', path: `/embed/cpu?scale=${scale}`, width: 1280, height: 720 });
    await shown(page, 'cpu');
    const found = await page.evaluate(() => [Number.parseFloat(getComputedStyle(document.querySelector('h1')).fontSize), document.documentElement.scrollWidth]);
    assert.deepEqual(await cut(page), []);
    await close(page);
    return found;
  };
  const [one] = await size(1);
  assert.deepEqual(await size(1.25), [one * 1.25, 1280]);
});

test('a container that is not there yet is waited for, and then shown', async () => {
  const page = await open(it, { state: 'zero', path: '/embed/cpu?container=porthole-architecture-b', width: 640, height: 360 });
  await until(page, 'the waiting words', () => /Waiting for the container porthole-architecture-b/.test(document.querySelector('.notice')?.textContent ?? ''));
  assert.deepEqual(await axe(page), []);
  const { host } = [...it.server.control.sockets].at(-1);
  host.state.count = 3;
  host.step();
  it.server.tell(host, host.topology());
  await until(page, 'its graph', () => document.querySelectorAll('.observe-row canvas').length === 1 && /App B/.test(document.querySelector('.observe-name').textContent) && !document.querySelector('.notice'));
  assert.equal(await page.locator('.observe-row .badge').innerText(), '2', 'one alone keeps its number');
  await close(page);
});

test('a lost connection is told in the frame, and found again', async () => {
  const page = await open(it, { state: 'three', path: '/embed/pids', width: 320, height: 180 });
  await shown(page, 'pids');
  it.server.control.refuse = true;
  it.server.cut();
  await until(page, 'the loss', () => /Lost, next try/.test(document.querySelector('.embed-state')?.textContent ?? ''));
  it.server.control.refuse = false;
  await until(page, 'the reconnection', () => !document.querySelector('.embed-state'));
  await close(page);
});

/** A deck around a panel: it passes messages on, and can hide the frame. */
async function deck(panel) {
  it.server.show('three');
  const context = await it.browser.newContext({ viewport: { width: 900, height: 700 } });
  const page = await context.newPage();
  page.problems = [];
  await page.setContent(`<div style="height: 3000px"><iframe width="640" height="360" src="${it.server.url}/embed/${panel}?theme=dark"></iframe></div>`);
  const frame = page.frames()[1];
  await until(frame, 'the panel', () => document.querySelector('.observe canvas'));
  const socket = () => [...it.server.control.sockets].at(-1);
  const say = (message) => page.evaluate((text) => document.querySelector('iframe').contentWindow.postMessage(text, '*'), message);
  return { page, frame, socket, say };
}

const until_ = async (condition) => {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const pixels = (frame) => frame.evaluate(() => [...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join());

test('a panel pauses on slide:stop and goes on at slide:start', async () => {
  const { page, frame, socket, say } = await deck('cpu');
  await say('slide:stop');
  await until_(() => socket().commands.at(-1) === 'pause');
  await painted(frame);
  const still = await pixels(frame);
  await frame.evaluate(() => new Promise((done) => setTimeout(done, 500)));
  assert.equal(await pixels(frame), still, 'a paused panel moves');
  await say('anything else');
  await say('slide:start');
  await until_(() => socket().commands.at(-1) === 'resume');
  await until(frame, 'a graph that moves', (was) => [...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join() !== was, still);
  assert.equal(await frame.locator('.embed-state').count(), 0);
  await close(page);
});

test('a panel that is scrolled out of the window pauses, and comes back with what it missed', async () => {
  const { page, frame, socket } = await deck('cpu');
  const before = socket();
  await page.evaluate(() => scrollTo(0, 2000));
  await until_(() => before.commands.at(-1) === 'pause');
  // Longer than what a gap may be: then the past is asked for again, by another connection.
  await page.evaluate(() => new Promise((done) => setTimeout(done, 2200)));
  await page.evaluate(() => scrollTo(0, 0));
  await until_(() => socket() !== before && !before.commands.includes('resume'));
  await until(frame, 'live words', () => !document.querySelector('.embed-state'));
  await close(page);
});

test('only the page around has a say', async () => {
  const { page, frame, socket } = await deck('cpu');
  await frame.evaluate(() => postMessage('slide:stop', '*'));
  await frame.evaluate(() => new Promise((done) => setTimeout(done, 100)));
  assert.deepEqual(socket().commands, []);
  await close(page);
});

test('every panel of the pages has a button that copies its frame, by key', async () => {
  for (const [state, path, expected] of [['judged', '/', ['diagram', 'namespaces', 'cpu', 'memory', 'pids', 'io', 'claims']], ['cpu', '/lessons/cpu-limit', ['cpu', 'claims']], ['tables', '/lessons/verify-isolation', ['processes', 'layers', 'log', 'claims']]]) {
    const page = await open(it, { state, path });
    await page.evaluate(() => { navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }; });
    for (const panel of expected) {
      await until(page, `a button for ${panel} on ${path}`, (name) => document.querySelector(`porthole-copy-embed[panel="${name}"] button`), panel);
      await page.locator(`porthole-copy-embed[panel="${panel}"] button`).first().focus();
      await page.keyboard.press('Enter');
      await until(page, 'the word', (name) => document.querySelector(`porthole-copy-embed[panel="${name}"] [role=status]`).textContent === 'Copied', panel);
      const [, source] = (await page.evaluate(() => window.copied)).match(/^<iframe data-src="([^"]+)" title="Porthole: \w+" [^>]*><\/iframe>$/);
      const address = new URL(source.replaceAll('&amp;', '&'));
      assert.equal(address.origin + address.pathname, `${it.server.url}/embed/${panel}`);
      assert.equal(address.searchParams.get('theme'), 'dark');
      if (path !== '/') assert.equal(address.searchParams.get('lesson'), path.split('/').at(-1));
    }
    await close(page);
  }
});

test('in the smallest frame a table has a row to be seen, and no title is cut off', async () => {
  for (const panel of [...tables, 'io', 'pids']) {
    const page = await open(it, { state: 'tables', path: `/embed/${panel}`, width: 200, height: 100 });
    await shown(page, panel);
    const found = await page.evaluate(() => {
      const title = document.querySelector('.embed-panel :is(h1, h2):not(.unseen)');
      const row = document.querySelector('.embed-table :is(tbody :is(th, td), .stack-name, .badge, .kernel-lines li), .observe-side .figure');
      return { cut: title.scrollWidth > title.clientWidth, top: row?.getBoundingClientRect().top };
    });
    assert.equal(found.cut, false, `the title of ${panel} is cut off`);
    assert.ok(found.top < 70, `${panel}: the first row begins at ${found.top} of 100 pixels`);
    await close(page);
  }
});

test('a path in a layer is in one line where it has the room', async () => {
  const page = await open(it, { state: 'tables', path: '/embed/layers', width: 960, height: 540 });
  await shown(page, 'layers');
  await until(page, 'paths', () => document.querySelectorAll('.writable li .mono').length === 2);
  const lines = await page.evaluate(() => [...document.querySelectorAll('.writable li .mono')].map((path) => path.getClientRects().length === 1 && path.getBoundingClientRect().height < 40));
  assert.deepEqual(lines, [true, true]);
  await close(page);
});
