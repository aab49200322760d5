import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, close, drawn, open, until } from './lib/page.mjs';

const it = bench();

test('nothing runs: one button makes the drawing live, and one ends it', async () => {
  const page = await open(it, { state: 'zero' });
  await drawn(page, 0);
  assert.equal(await page.locator('.container.ghost').count(), 3);
  assert.match(await page.locator('.notice.invite').innerText(), /Nothing runs yet/);
  const before = await page.locator('.containers').boundingBox();
  await page.locator('.notice.invite button').click();
  await until(page, 'progress', () => /Starting/.test(document.querySelector('.strip-state').textContent));
  await drawn(page, 3);
  assert.deepEqual(await page.locator('.containers').boundingBox(), before, 'the boxes stand where their outlines stood');
  await page.locator('.strip .stop').click();
  await until(page, 'the outlines', () => document.querySelectorAll('.container.ghost').length === 3);
  await close(page);
});

test('what the server refuses is said in its own words beside the button', async () => {
  const page = await open(it, { state: 'zero' });
  await drawn(page, 0);
  it.server.control.problem = { status: 429, title: 'Too many runs', detail: 'Four lessons run already: stop one of them first.' };
  await page.locator('.notice.invite button').click();
  await until(page, 'the sentence', () => document.querySelector('.run-problem')?.textContent === 'Four lessons run already: stop one of them first.');
  it.server.control.problem = undefined;
  await close(page);
});

test('a viewer without control sees no buttons, and why', async () => {
  const page = await open(it, { state: 'readonly' });
  await drawn(page, 3);
  assert.equal(await page.locator('porthole-run-button button').count(), 0);
  assert.equal(await page.locator('.read-only').innerText(), 'read-only');
  await close(page);
});

test('a recording says so', async () => {
  const page = await open(it, { state: 'recording' });
  await drawn(page, 3);
  assert.match(await page.locator('.player-label, .player-says').innerText(), /Recording of\s+lecture-hall-2/);
  assert.equal(await page.locator('.fact.connection').innerText(), 'Connection\nRecording');
  await close(page);
});

for (const state of ['down', 'forbidden']) {
  test(`an engine that is ${state} leaves the drawing, one sentence and one command`, async () => {
    const page = await open(it, { state });
    await until(page, 'the sentence', () => document.querySelector('.notice.engine code'));
    assert.match(await page.locator('.notice.engine p').innerText(), /docker\.sock/);
    assert.match(await page.locator('.notice.engine code').innerText(), /^sudo /);
    assert.equal(await page.locator('.cell[data-column="0"]').count(), 8, 'the host’s own column is still there');
    await close(page);
  });
}

test('before anything is known, the drawing says that it connects', async () => {
  const page = await open(it, { state: 'connecting' });
  await until(page, 'the sentence', () => /Connecting/.test(document.querySelector('.notice')?.textContent ?? ''));
  assert.equal(await page.locator('.container.ghost').count(), 3);
  await close(page);
});

test('a lost connection is told, tried again, and found', async () => {
  const page = await open(it);
  await drawn(page, 3);
  it.server.control.refuse = true;
  it.server.cut();
  await until(page, 'the loss to be told', () => /Lost, next try in \d+ s/.test(document.querySelector('.fact.connection').textContent) && /connection to Porthole is lost/.test(document.querySelector('.notice.lost').textContent));
  assert.equal(await page.locator('.container:not(.ghost)').count(), 3, 'what was last known stays');
  it.server.control.refuse = false;
  await until(page, 'the reconnection', () => document.querySelector('.fact.connection').classList.contains('live') && !document.querySelector('.notice'));
  await close(page);
});

test('silence is told as stale', async () => {
  const page = await open(it, { state: 'stale' });
  await drawn(page, 3);
  await until(page, 'stale', () => /Stale for \d+ s/.test(document.querySelector('.fact.connection').textContent));
  await close(page);
});

test('another version of the server asks for a reload', async () => {
  const page = await open(it);
  await drawn(page, 3);
  it.server.show('three').version = '2.0.0';
  it.server.cut();
  await until(page, 'the banner', () => /now version\s+2\.0\.0/.test(document.querySelector('.banner')?.textContent ?? ''));
  await close(page);
});

test('a number tells where it comes from, by keyboard, and covers nothing it explains', async () => {
  for (const [width, height] of [[1920, 1080], [1366, 768], [390, 844]]) {
    const page = await open(it, { width, height });
    await drawn(page, 3);
    for (const selector of ['.ns-net .cell[data-column="2"]', '.graph.cpu[data-column="2"] .alarm', '.graph.memory[data-column="3"] .value', '.graph.cpu[data-column="1"] .bound', '.container[data-box="3"] .big .figure']) {
      await page.locator(selector).first().focus();
      await page.keyboard.press('Enter');
      await until(page, `the plate for ${selector}`, () => document.querySelector('.plate pre, .plate-problem'));
      const apart = await page.evaluate((what) => {
        const a = document.querySelector(what).getBoundingClientRect();
        const b = document.querySelector('.plate').getBoundingClientRect();
        return { apart: a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top, left: b.left, right: b.right - innerWidth };
      }, selector);
      assert.ok(apart.apart && apart.left >= 0 && apart.right <= 0, `${selector} at ${width}: ${JSON.stringify(apart)}`);
      await page.keyboard.press('Escape');
      await until(page, 'the plate to close', () => !document.querySelector('.plate'));
      assert.ok(await page.evaluate((what) => document.activeElement === document.querySelector(what), selector), 'focus goes back to the number');
    }
    await close(page);
  }
});

test('the plate shows file, content with its line, unit and command, and reads again', async () => {
  const page = await open(it);
  await drawn(page, 3);
  await page.locator('.graph.cpu[data-column="2"] .alarm').click();
  await until(page, 'the content', () => document.querySelector('.plate mark'));
  assert.match(await page.locator('.plate mark').innerText(), /^nr_throttled \d+$/);
  assert.match(await page.locator('.plate .path').innerText(), /^\/sys\/fs\/cgroup\/.*cpu\.stat$/);
  assert.match(await page.locator('.plate').innerText(), /periods/);
  const read = page.waitForResponse(/sources\/cpuThrottledPeriods/);
  await page.getByRole('button', { name: 'Read again' }).click();
  assert.equal((await read).status(), 200);
  await page.mouse.click(5, 600);
  await until(page, 'the plate to close', () => !document.querySelector('.plate'));
  await close(page);
});

test('a number of which nothing is known says so in words', async () => {
  const page = await open(it);
  await drawn(page, 3);
  await page.locator('.container[data-box="1"] .rights .figure').click();
  await until(page, 'the reason', () => /no number called capEff/.test(document.querySelector('.plate-problem')?.textContent ?? ''));
  await close(page);
});

test('pointing at a container quiets the others', async () => {
  const page = await open(it);
  await drawn(page, 3);
  await page.locator('.container[data-box="2"] h3').hover();
  await until(page, 'the others to dim', () => document.querySelector('.cell[data-column="1"]').classList.contains('dimmed') && !document.querySelector('.cell[data-column="2"]').classList.contains('dimmed') && !document.querySelector('.cell[data-column="0"]').classList.contains('dimmed'));
  await page.mouse.move(5, 5);
  await until(page, 'none to be dimmed', () => !document.querySelector('.dimmed'));
  await close(page);
});

test('the theme is chosen, and kept', async () => {
  const page = await open(it, { theme: '' });
  await page.getByRole('button', { name: 'Light' }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
  await page.reload();
  await until(page, 'the light theme', () => document.documentElement.dataset.theme === 'light');
  await close(page);
});

test('a lesson: predict, run, and the verdict', async () => {
  const page = await open(it, { state: 'cpu', path: '/lessons/cpu-limit' });
  await until(page, 'the verdicts', () => document.querySelectorAll('.claim.holds').length === 3);
  assert.equal(await page.locator('.observe-row').count(), 2);
  assert.equal(await page.locator('.answer.right').count(), 1);
  assert.match(await page.locator('.lesson .prose').innerText(), /quota/);
  assert.match(await page.locator('.claims .legend').innerText(), /4 claims: 3 hold, 1 does not/);
  const acted = page.waitForRequest((request) => request.method() === 'POST' && /actions\/more$/.test(request.url()));
  await page.locator('porthole-action').first().getByRole('button', { name: 'Do it' }).click();
  await acted;
  await close(page);
});
