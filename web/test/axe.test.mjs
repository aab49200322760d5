// For everyone: no violation on any page, all by key, words for those who listen, and nothing that moves for those who do not want it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, bench, close, drawn, misfits, open, settled, until } from './lib/page.mjs';

const it = bench();

/** Every page, and each state of it that looks different: [path, state, what shows that it is there]. */
const pages = [
  ['/', 'zero', '.invite'], ['/', 'three', '.cell[data-inode]'], ['/', 'judged', '.claim.fails'], ['/', 'twelve', '.cell[data-inode]'], ['/', 'down', '.notice.engine'], ['/', 'recording', '.cell[data-inode]'], ['/', 'ended', '.cell'],
  ['/lessons/cpu-limit', 'zero', '.answer'], ['/lessons/cpu-limit', 'cpu', '.claim.holds'], ['/lessons/verify-isolation', 'tables', '.sides'], ['/lessons/broken', 'zero', '.unavailable'], ['/lessons/block-io', 'zero', '.unavailable'],
  // The takeaways, and the pages of the presenter and the room, have much of their text from the server: see live/pages.test.mjs.
  ['/present', 'judged', 'main'],
];

for (const theme of ['dark', 'light']) {
  for (const [path, state, sign] of pages) {
    test(`axe-core finds nothing on ${path}, ${state}, ${theme}`, async () => {
      const page = await open(it, { state, path, theme });
      await until(page, sign, (selector) => document.querySelector(selector), sign);
      await settled(page);
      assert.deepEqual(await axe(page), []);
      await close(page);
    });
  }
}

test('a window of half the width, as at 200 %, scrolls in one direction only', async () => {
  for (const [path, state, sign] of pages) {
    it.server.show(state);
    const context = await it.browser.newContext({ viewport: { width: 960, height: 540 }, deviceScaleFactor: 2 });
    const page = await context.newPage();
    await page.goto(`${it.server.url}${path}?state=${state}&theme=light`);
    await until(page, sign, (selector) => document.querySelector(selector), sign);
    await settled(page);
    assert.deepEqual((await misfits(page)).filter((one) => /wider/.test(one)), [], `${path} ${state}`);
    await context.close();
  }
});

/** Goes through a page by Tab alone, and tells what was stopped at, and whether each stop could be seen. */
async function walk(page, most = 400) {
  const stops = [];
  await page.evaluate(() => document.activeElement?.blur());
  for (let i = 0; i < most; i += 1) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return undefined;
      const first = !element.dataset.walked;
      element.dataset.walked = 'yes';
      const box = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      const label = element.closest('label');
      const shown = element.matches('.answer input, input[type=radio]') && label ? label.getBoundingClientRect() : box;
      return { first, name: (element.getAttribute('aria-label') || element.textContent || element.id).trim().slice(0, 60), matches: element.tagName.toLowerCase() + [...element.classList].map((one) => `.${one}`).join(''),
        ringed: style.outlineStyle !== 'none' || style.boxShadow !== 'none' || Boolean(label), inside: shown.width > 0 && shown.bottom > 0 && shown.top < innerHeight };
    });
    if (!stop || !stop.first) break;
    stops.push(stop);
  }
  return stops;
}

test('by Tab alone: every figure, button and link of the drawing, each where it can be seen', async () => {
  // Without smooth scrolling, a stop is where it will be.
  const page = await open(it, { state: 'judged', reducedMotion: 'reduce' });
  await drawn(page, 3);
  const stops = await walk(page);
  const reached = (pattern) => stops.some(({ name, matches }) => pattern.test(name) || pattern.test(matches));
  for (const what of [/To the drawing/, /Light/, /Present/, /CPU limits/, /pid namespace of container 2/, /cores in use/, /memory limit/, /Copy the command/, /Copy embed/, /Stop/]) assert.ok(reached(what), `Tab does not come to ${what}`);
  assert.deepEqual(stops.filter((stop) => !stop.inside || !stop.ringed).map(({ name, matches, inside, ringed }) => `${matches} ${name}: ${inside ? '' : 'out of the window '}${ringed ? '' : 'without a ring'}`), []);
  await close(page);
});

test('by key alone: predict, run, look where a number comes from, act, stop', async () => {
  let page = await open(it, { state: 'zero', path: '/lessons/cpu-limit' });
  await until(page, 'the answers', () => document.querySelectorAll('.answer').length === 3);
  const to = async (pattern) => {
    for (let i = 0; i < 200; i += 1) {
      await page.keyboard.press('Tab');
      const name = await page.evaluate(() => `${document.activeElement.getAttribute('aria-label') ?? ''} ${document.activeElement.textContent} ${document.activeElement.closest('label')?.textContent ?? ''}`);
      if (pattern.test(name)) return;
    }
    throw new Error(`Tab never came to ${pattern}`);
  };
  await to(/About 10 s/);
  await page.keyboard.press('ArrowDown');
  await until(page, 'the pick', () => document.querySelectorAll('.answer input')[1].checked);
  await to(/^\s*Run /);
  const started = page.waitForRequest((request) => request.method() === 'POST' && /lessons\/cpu-limit\/runs$/.test(request.url()));
  await page.keyboard.press('Enter');
  await started;
  await close(page);

  page = await open(it, { state: 'cpu', path: '/lessons/cpu-limit' });
  await until(page, 'the verdicts', () => document.querySelectorAll('.claim.holds').length === 3);
  await to(/core-seconds used/);
  await page.keyboard.press('Enter');
  await until(page, 'the plate', () => document.querySelector('.plate pre'));
  await page.keyboard.press('Escape');
  await until(page, 'the plate to close', () => !document.querySelector('.plate'));
  const acted = page.waitForRequest((request) => /actions\/(more|less)$/.test(request.url()));
  await page.evaluate(() => document.activeElement.blur());
  await to(/^\s*Do it\s*$/);
  await page.keyboard.press('Enter');
  await acted;
  await page.evaluate(() => document.activeElement.blur());
  await to(/^\s*Stop/);
  const stopped = page.waitForRequest((request) => request.method() === 'DELETE');
  await page.keyboard.press('Enter');
  await stopped;
  await close(page);
});

test('who listens hears verdicts, and not ten numbers a second', async () => {
  for (const [path, state] of [['/', 'judged'], ['/', 'throttled'], ['/lessons/cpu-limit', 'cpu'], ['/lessons/verify-isolation', 'tables'], ['/present', 'judged'], ['/embed/cpu', 'three'], ['/embed/diagram', 'three'], ['/embed/claims', 'judged']]) {
    const page = await open(it, { state, path });
    await until(page, 'something live', () => document.querySelector('canvas, .claim, .sides'));
    await settled(page);
    const { host } = [...it.server.control.sockets].at(-1);
    it.server.control.frozen = true;
    // The page's time is ours from here: on a busy machine it would else say, rightly, that its figures are stale.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 1000);
    const pixels = () => page.evaluate(() => [...document.querySelectorAll('canvas')].map((one) => one.toDataURL()).join());
    const before = await pixels();
    await page.evaluate(() => {
      const live = '[aria-live]:not([aria-live="off"]), [role="status"], [role="alert"], [role="log"], output';
      window.spoken = [];
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const region = (target instanceof Element ? target : target.parentElement)?.closest(live);
          if (region) window.spoken.push(region.textContent.trim().slice(0, 80));
        }
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    // A hundred samples: ten seconds of them, sent as fast as the page takes them.
    let at = host.steppedAt ?? Date.now();
    const step = () => {
      host.step(100);
      it.server.tell(host, host.sample((at += 100)));
    };
    for (let i = 0; i < 100; i += 1) {
      step();
      if (i % 10 === 9) await page.clock.runFor(200);
    }
    // On a busy machine they are on their way for longer; a frame comes only when the test says so.
    const end = Date.now() + 30_000;
    while (before && (await pixels()) === before) {
      assert.ok(Date.now() < end, 'the samples never came to the graphs');
      step();
      await page.clock.runFor(100);
    }
    it.server.control.frozen = false;
    assert.deepEqual(await page.evaluate(() => window.spoken), [], `${path} ${state}`);
    await close(page);
  }
});

test('verdicts are spoken when they come', async () => {
  const page = await open(it, { state: 'running', path: '/' });
  await until(page, 'claims to be judged', () => document.querySelector('.claim.pending'));
  await page.evaluate(() => {
    window.spoken = [];
    new MutationObserver((changes) => { for (const { target } of changes) if ((target instanceof Element ? target : target.parentElement)?.closest('[aria-live="polite"], [role="status"]')) window.spoken.push('yes'); }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const { host } = [...it.server.control.sockets].at(-1);
  host.state.judged = true;
  it.server.tell(host, host.run());
  await until(page, 'the verdicts to be spoken', () => document.querySelector('.claim.holds') && window.spoken.length);
  await close(page);
});

test('who wants no motion gets none', async () => {
  for (const [path, state] of [['/', 'judged'], ['/lessons/cpu-limit', 'cpu'], ['/present', 'judged'], ['/embed/diagram', 'three']]) {
    const page = await open(it, { state, path, reducedMotion: 'reduce' });
    await until(page, 'something live', () => document.querySelector('canvas, .claim, .sides'));
    // Whatever lasts no time at all may still be listed for the frame in which it begins.
    await until(page, 'stillness', () => document.getAnimations().filter((one) => one.playState === 'running' && one.effect.getComputedTiming().duration > 0).length === 0);
    // And graphs are redrawn once a second, not on each sample.
    const drawings = await page.evaluate(async () => {
      const canvas = document.querySelector('canvas');
      if (!canvas) return 0;
      let count = 0;
      let last = canvas.toDataURL();
      const end = performance.now() + 2000;
      while (performance.now() < end) {
        await new Promise((done) => requestAnimationFrame(done));
        const now = canvas.toDataURL();
        if (now !== last) count += 1;
        last = now;
      }
      return count;
    });
    assert.ok(drawings <= 4, `${path}: ${drawings} drawings in two seconds`);
    await close(page);
  }
});

test('nothing is told by colour alone: every state has a word or a shape of its own', async () => {
  const page = await open(it, { state: 'judged' });
  await drawn(page, 3);
  const verdicts = await page.$$eval('.claim', (all) => all.map((one) => [one.querySelector('.claim-verdict').textContent.trim(), one.querySelector('svg').innerHTML.replace(/<!--.*?-->/g, '')]));
  const shapes = new Map(verdicts.map(([word, shape]) => [word, shape]));
  assert.equal(shapes.size, 3);
  assert.equal(new Set(shapes.values()).size, 3);
  const dots = await page.$$eval('#rail .dot', (all) => Object.entries(Object.fromEntries(all.map((one) => [one.getAttribute('aria-label'), one.innerHTML.replace(/<!--.*?-->/g, '')]))));
  assert.equal(new Set(dots.map(([, shape]) => shape)).size, dots.length);
  // Containers are told apart by number; joined cells by their shape.
  assert.deepEqual(await page.$$eval('.container .badge', (all) => all.map((one) => one.textContent)), ['1', '2', '3']);
  await close(page);
});
