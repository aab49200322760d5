// A lesson's page on real parts: watched by two, reloaded, and come to late.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from '../../dev/browser.mjs';
import { serve, until } from './server.mjs';

let browser;
let server;

before(async () => {
  server = await serve();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(path, { width = 1280, height = 720 } = {}) {
  // A context of its own: what one viewer has picked is not another's.
  const context = await browser.newContext({ viewport: { width, height } });
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && page.problems.push(message.text()));
  await page.goto(server.url + path);
  await page.getByRole('button', { name: /^(Run|Stop)/ }).first().waitFor();
  return page;
}

async function close(page) {
  assert.deepEqual(page.problems, []);
  await page.context().close();
}

const verdicts = (page) => page.$$eval('.claim', (claims) => claims.map((claim) => `${claim.dataset.claim} ${claim.querySelector('.claim-verdict').textContent} ${[...claim.querySelector('.claim-measured').childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join('')}`));
const judged = (page) => until('the verdicts', async () => (await page.locator('.claim').count()) > 0 && (await page.locator('.claim.pending').count()) === 0, 60_000);
const numbers = (page) => page.$$eval('.table-processes tbody tr', (rows) => rows.map((row) => row.textContent.replace(/\s+/g, ' ').trim()));
const lastSeen = (page) => page.locator('.last-seen').first().innerText();

test('two watch one run: the same run, the same verdicts, the same end; and a reload loses nothing', async () => {
  const [one, two] = await Promise.all([open('/lessons/pid-namespace'), open('/lessons/pid-namespace', { width: 1920, height: 1080 })]);
  await one.keyboard.press('2');
  await one.keyboard.press('r');
  await two.getByRole('button', { name: 'Stop' }).waitFor();
  await Promise.all([judged(one), judged(two)]);
  assert.deepEqual(await verdicts(two), await verdicts(one));
  await until('the processes on both', async () => (await numbers(one)).filter((row) => /workload idle/.test(row)).length === 3 && String(await numbers(one)) === String(await numbers(two)));
  const rows = await numbers(one);
  assert.match(rows[0], /1\s*\d+\s*\/porthole workload/);
  assert.equal(await one.locator('.last-seen').count(), 0, 'what is live is not called old');
  // A prediction is its viewer's own.
  assert.ok(await one.locator('.answer input').nth(1).isChecked());
  assert.equal(await two.locator('.answer input:checked').count(), 0);

  // In mid-run, a reload shows the same run with the same verdicts.
  const told = await verdicts(one);
  await one.reload();
  await judged(one);
  assert.deepEqual(await verdicts(one), told);
  assert.ok(await one.locator('.answer input').nth(1).isChecked());
  await one.getByRole('button', { name: 'Stop' }).waitFor();

  // The second stops it, and the first sees that.
  await two.keyboard.press('s');
  await Promise.all([one, two].map((page) => page.getByText('Stopped; nothing of it is left on the engine').first().waitFor()));
  assert.deepEqual(await verdicts(one), told);
  await until('the word that this is old', async () => (await two.locator('.last-seen').count()) > 0);
  assert.deepEqual(await numbers(two), rows);

  // Whoever reloads, or comes only now, sees what was last seen, and when that was.
  await one.reload();
  const three = await open('/lessons/pid-namespace');
  for (const page of [one, three]) {
    await until('the processes as they were', async () => String(await numbers(page)) === String(rows));
    assert.match(await lastSeen(page), /^as last seen at \d\d:\d\d:\d\d, container removed$/);
    assert.deepEqual(await verdicts(page), told);
    assert.equal(await page.locator('.table-processes button.figure').count(), 0, 'a number of the past opens a file that is gone');
  }
  assert.ok(await one.locator('.answer input').nth(1).isChecked());
  for (const page of [one, two, three]) await close(page);
});

test('who comes when the run is over sees its curves, its limits and its witnesses, called old', async () => {
  const { body } = await server.post('/api/v1/lessons/memory-limit/runs');
  await until('the end of the run', async () => ['finished', 'failed'].includes((await server.get(`/api/v1/runs/${body.id}`)).body.state), 90_000);
  const { body: run } = await server.get(`/api/v1/runs/${body.id}`);
  assert.equal(run.state, 'finished');
  // Its first process outlives the kill of its child, so that the count can be read; what
  // dies of the kill itself takes its cgroup, and the count in it, along.
  const killed = run.seen.containers.find((one) => one.container.name === 'porthole-memory-limit-child');
  assert.equal(killed.last.oomKills, 1, 'the kernel has killed nobody: the test proves nothing');
  const page = await open('/lessons/memory-limit');
  await until('the kill in the table', async () => /oom/.test(await page.locator('.table-log tbody').innerText()));
  const row = page.locator('.table-log tbody tr').nth(killed.container.order - 1);
  assert.equal(await row.locator('.big').innerText(), String(killed.last.oomKills));
  assert.match(await page.locator('.table-log tbody').innerText(), /137/);
  for (const note of await page.locator('.last-seen').allInnerTexts()) assert.match(note, /as last seen .*\d\d:\d\d:\d\d.*, containers removed/);
  const side = page.locator('.observe-row').nth(killed.container.order - 1).locator('.observe-side');
  await until('the figures beside the curve', async () => /killed by the kernel/.test(await side.innerText()));
  assert.equal(await side.locator('button').count(), 0);
  assert.ok(await page.$$eval('.observe canvas', (all) => all.some((canvas) => canvas.width > 0)));
  // A second run takes their place, and nothing old is shown as its own.
  await page.keyboard.press('r');
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  await until('no word of the past', async () => (await page.locator('.last-seen').count()) === 0 || (await page.locator('.last-seen').first().innerText()).includes('ended'));
  const { run: second } = (await server.get('/api/v1/lessons/memory-limit')).body;
  await server.remove(`/api/v1/runs/${second}`);
  await close(page);
});

test('nothing moves while a run fills its page', async () => {
  for (const slug of ['mnt-namespace', 'net-namespace', 'cgroup-files', 'image-layers', 'pid-namespace', 'verify-isolation']) {
    const page = await open(`/lessons/${slug}`);
    await page.evaluate(() => document.fonts.ready);
    await page.evaluate(() => {
      window.moved = { by: 0, what: [] };
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          if (entry.hadRecentInput) continue;
          window.moved.by += entry.value;
          const place = ({ x, y, width, height }) => `${x},${y} ${width}×${height}`;
          window.moved.what.push(...entry.sources.map(({ node, previousRect, currentRect }) => `${node?.localName ?? 'words in'}.${(node?.localName ? node : node?.parentElement)?.className}: ${place(previousRect)} → ${place(currentRect)}`));
        }
      }).observe({ type: 'layout-shift' });
    });
    // Started from elsewhere: nothing that moves is by this viewer's own hand.
    const { body } = await server.post(`/api/v1/lessons/${slug}/runs`);
    await judged(page);
    const { by, what } = await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(window.moved)))));
    await server.remove(`/api/v1/runs/${body.id}`);
    // What is left is a word that takes the place of another, and a figure of a second line.
    assert.ok(by <= 0.02, `${slug} moved by ${by}:\n${what.join('\n')}`);
    await close(page);
  }
});

test('on a projector of either shape no number of a table is broken in two, or runs into the next', async () => {
  const split = (page) => page.$$eval('.sides :is(.in, .out, .last):not(.line)', (cells) => cells.flatMap((cell) => {
    const lines = document.createRange();
    return [...cell.querySelectorAll('.figure'), cell].flatMap((one) => {
      const words = one.childElementCount === 0 ? one.textContent.trim() : '';
      lines.selectNodeContents(one);
      const broken = words && !/[\s-]/.test(words) && lines.getClientRects().length > 1;
      return broken || cell.scrollWidth > cell.clientWidth + 1 ? [cell.textContent.trim()] : [];
    });
  }));
  for (const [slug, rows] of [['uts-namespace', 3], ['ipc-namespace', 3]]) {
    const { body } = await server.post(`/api/v1/lessons/${slug}/runs`);
    for (const size of [{ width: 1920, height: 1080 }, { width: 1024, height: 768 }]) {
      const page = await open(`/present#${slug}/live`, size);
      await until('the rows of the table', async () => (await page.locator('.sides .last .figure').count()) === rows, 60_000);
      let found;
      await until('whole numbers', async () => (found = await split(page)).length === 0, 5_000).catch((error) => { throw new Error(`${error.message}: ${slug}, ${size.width} wide: ${found}`); });
      await close(page);
    }
    await server.remove(`/api/v1/runs/${body.id}`);
  }
});
