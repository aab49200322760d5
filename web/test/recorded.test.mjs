// The recording that Porthole brings along, in a real browser: it needs no engine.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from '../dev/browser.mjs';
import { collisions, looseEnds } from './lib/fit.mjs';
import { axe, drawn, misfits, settled } from './lib/page.mjs';
import { serve, until } from './live/server.mjs';

let browser;
let server;

before(async () => {
  // An address at which nobody answers: what is shown cannot be live.
  server = await serve({ dockerHost: 'unix:///nowhere/docker.sock', args: ['--engine', 'replay:'] });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(path, viewport = { width: 1920, height: 1080 }) {
  const page = await browser.newPage({ viewport });
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && page.problems.push(message.text()));
  await page.goto(server.url + path);
  return page;
}

const wind = (body) => fetch(`${server.url}/api/v1/replay`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }).then((response) => response.json());
const cells = (page) => page.locator('.cell[data-inode]').count();

test('every page says that it is a recording, of which host and day', async () => {
  const { body } = await server.get('/api/v1/replay');
  const day = new Date(body.recording.at).getFullYear();
  for (const path of ['/', '/lessons/architecture', '/lessons/cpu-limit', '/takeaways', '/present', '/embed/cpu', '/embed/namespaces']) {
    const page = await open(path, path.startsWith('/embed') ? { width: 640, height: 360 } : undefined);
    const note = page.locator('porthole-replay [role="note"]');
    await note.waitFor();
    const says = await note.innerText();
    assert.match(says, /^Recording/, `${path}: ${says}`);
    assert.ok(says.includes(body.recording.hostname) && says.includes(String(day)), `${path}: ${says}`);
    assert.deepEqual(page.problems, [], path);
    await page.close();
  }
});

test('it plays, pauses, and is wound back and forth', async () => {
  const { body: { lengthMs } } = await server.get('/api/v1/replay');
  await wind({ positionMs: 0, paused: false, speed: 1 });
  const page = await open('/');
  await until('cells of three containers', async () => (await cells(page)) > 20);
  const play = page.locator('.player .button');
  await play.click();
  await page.locator('.player .button', { hasText: /^Play$/ }).waitFor();
  const paused = (await server.get('/api/v1/replay')).body.positionMs;

  // By keyboard, on the slider, to the beginning: the containers are not there yet.
  await page.locator('.player input[type="range"]').focus();
  await page.keyboard.press('Home');
  await until('the beginning', async () => (await server.get('/api/v1/replay')).body.positionMs === 0);
  await until('an empty sheet', async () => (await page.locator('.cell[data-inode][data-column="1"]').count()) === 0);
  await page.keyboard.press('End');
  await until('the end', async () => (await server.get('/api/v1/replay')).body.positionMs === lengthMs);
  await wind({ positionMs: paused });
  await until('the containers again', async () => (await cells(page)) > 20);
  assert.equal((await server.get('/api/v1/replay')).body.positionMs, paused, 'it moved while it was paused');

  await page.locator('.player-speed select').selectOption('4');
  await play.click();
  await until('time to pass four times as fast', async () => (await server.get('/api/v1/replay')).body.positionMs > paused + 1500);
  assert.equal((await server.get('/api/v1/replay')).body.speed, 4);
  assert.deepEqual(page.problems, []);
  await page.close();
});

test('a figure shows the bytes of the kernel file as they were', async () => {
  await wind({ positionMs: 9000, paused: true, speed: 1 });
  const page = await open('/');
  await until('cells', async () => (await cells(page)) > 20);
  const inode = await page.locator('.matrix-row.ns-pid .cell[data-column="1"]').getAttribute('data-inode');
  await page.locator('.matrix-row.ns-pid .cell[data-column="1"]').click();
  await until('the raw link', async () => (await page.locator('porthole-plate').innerText()).includes(`pid:[${inode}]`));
  await page.close();
});

test('nothing can be started, and the page does not offer it', async () => {
  const page = await open('/lessons/architecture');
  await page.locator('.player').waitFor();
  assert.equal(await page.getByRole('button', { name: /^Run / }).count(), 0);
  const { status, body } = await server.post('/api/v1/lessons/architecture/runs');
  assert.equal(status, 409);
  assert.match(body.detail, /recording/);
  await page.close();
});

test('what a real host told fits at every size and in both themes, from the first container to the last', async () => {
  const { body: { lengthMs } } = await server.get('/api/v1/replay');
  for (const theme of ['dark', 'light']) {
    const page = await open(`/?theme=${theme}`);
    const numbers = [];
    for (const positionMs of [0, Math.round(lengthMs / 3), Math.round(lengthMs / 2), lengthMs]) {
      await wind({ positionMs, paused: true, speed: 1 });
      const { containers } = (await server.get('/api/v1/topology')).body;
      const alive = containers.filter((one) => one.state === 'running').length;
      numbers.push(alive);
      await until(`a drawing of ${alive} containers`, async () => (await page.locator('.container:not(.ghost)').count()) === alive);
      for (const [width, height] of [[1920, 1080], [1280, 720], [1024, 768], [390, 844]]) {
        await page.setViewportSize({ width, height });
        await drawn(page, alive);
        await settled(page);
        const at = `${theme}, ${width} × ${height}, at ${positionMs} of ${lengthMs} ms`;
        assert.deepEqual(await misfits(page), [], at);
        assert.deepEqual(await collisions(page), [], at);
        assert.deepEqual(await looseEnds(page), [], at);
      }
      assert.deepEqual(await axe(page), [], `${theme}, at ${positionMs} of ${lengthMs} ms`);
    }
    assert.ok(numbers.includes(0) && numbers.includes(3), `the recording had ${numbers} containers where it was looked at`);
    assert.deepEqual(page.problems, []);
    await page.close();
  }
});
