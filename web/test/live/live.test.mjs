// The main job on real parts: a real engine, a real kernel, a real browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch } from '../../dev/browser.mjs';
import { serve, until, wire } from './server.mjs';

let browser;
let line;
let server;

before(async () => {
  line = await wire();
  server = await serve({ dockerHost: line.address });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await line?.close();
});

const docker = (...args) => execFileSync('docker', args, { encoding: 'utf8' }).trim();
const ours = () => docker('ps', '-aq', '--filter', 'label=porthole.instance', '--filter', 'name=^porthole-(architecture|pid-|net-|cpu-|memory-)');

async function open(path = '/') {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && page.problems.push(message.text()));
  await page.goto(server.url + path);
  return page;
}

/** The digits of a row of the matrix, by column; undefined where there is no cell. */
const inodes = (page, type) => page.$$eval(`.matrix-row.ns-${type} .cell[data-inode]`, (cells) =>
  Object.fromEntries(cells.map((cell) => [cell.dataset.column, Number(cell.dataset.inode)])));

async function runFromPage(page) {
  await page.getByRole('button', { name: /^Run / }).first().click();
}

async function stopFromPage(page) {
  await page.getByRole('button', { name: 'Stop' }).first().click();
}

test('one click, and the drawing comes alive', async () => {
  const page = await open();
  await page.waitForSelector('.cell[data-column="0"][data-inode]');
  assert.equal(await page.locator('.container:not(.ghost)').count(), 0, 'the sheet is not empty at first');
  await runFromPage(page);

  // Three containers, and five of eight namespaces are their own.
  await page.waitForSelector('.container[data-box="3"]:not(.ghost)');
  await until('inodes for all three', async () => Object.keys(await inodes(page, 'pid')).length === 4);
  for (const type of ['pid', 'net', 'mnt', 'uts', 'ipc']) {
    const row = await inodes(page, type);
    assert.equal(new Set(Object.values(row)).size, 4, `${type} is shared: ${JSON.stringify(row)}`);
  }
  // What the page shows is what the kernel says, read here by other means.
  const { body: topology } = await server.get('/api/v1/topology');
  for (const container of topology.containers) {
    for (const { type, inode } of container.namespaces) {
      assert.equal(readlinkSync(`/proc/${container.pid}/ns/${type}`), `${type}:[${inode}]`);
      assert.equal((await inodes(page, type))[String(container.order)], inode);
    }
  }
  // A namespace that is the host's is drawn in one piece with the host's.
  const user = await inodes(page, 'user');
  assert.equal(user['0'], user['1']);
  assert.ok(await page.locator('.matrix-row.ns-user .cell[data-column="0"].joins-right').count(), 'equal cells are not joined');

  // The graphs move: the same canvas has other pixels a moment later.
  const pixels = () => page.$$eval('porthole-diagram canvas', (all) => all.map((canvas) => canvas.toDataURL()).join());
  const first = await pixels();
  await until('a graph that moves', async () => (await pixels()) !== first);

  // Every number opens its file.
  await page.locator('.matrix-row.ns-net .cell[data-column="2"]').click();
  const plate = page.locator('.plate');
  await plate.getByText(`/proc/${topology.containers[1].pid}/ns/net`).first().waitFor();
  await page.keyboard.press('Escape');
  await plate.waitFor({ state: 'detached' });

  await stopFromPage(page);
  await until('a clean engine', () => ours() === '');
  await page.waitForSelector('.container[data-box="1"].ghost');
  assert.deepEqual(page.problems, []);
  await page.close();
});

test('a container on the host’s network joins the host’s cell, and parts when it goes', async () => {
  const page = await open('/lessons/net-namespace');
  await runFromPage(page);
  const host = readlinkSync('/proc/2/ns/net').match(/\d+/)[0];
  await until('a joined cell', async () => {
    const row = await inodes(page, 'net');
    return Object.entries(row).some(([column, inode]) => column !== '0' && String(inode) === host);
  });
  await until('verdicts', async () => (await page.locator('.claim.pending').count()) === 0 && (await page.locator('.claim.holds').count()) > 0);
  assert.equal(await page.locator('.claim.fails').count(), 0);
  await stopFromPage(page);
  await until('a clean engine', () => ours() === '');
  assert.deepEqual(page.problems, []);
  await page.close();
});

test('an OOM kill is marked where the kernel did it', async () => {
  const page = await open('/lessons/memory-limit');
  await runFromPage(page);
  await until('an OOM mark on a graph', async () => page.locator('[aria-label*="memory"][aria-label$=" killed for want of memory"]').count(), 60_000);
  await until('the verdicts', async () => (await page.locator('.claim').count()) > 0 && (await page.locator('.claim.pending').count()) === 0, 60_000);
  const run = (await server.get('/api/v1/lessons/memory-limit')).body.run;
  if (run) await server.remove(`/api/v1/runs/${run}`);
  await until('a clean engine', () => ours() === '');
  assert.deepEqual(page.problems, []);
  await page.close();
});

test('two starts at once: one runs, the other is told which', async () => {
  const [one, two] = await Promise.all([server.post('/api/v1/lessons/pid-namespace/runs'), server.post('/api/v1/lessons/pid-namespace/runs')]);
  const statuses = [one.status, two.status].sort();
  assert.deepEqual(statuses, [201, 409]);
  const { id } = (one.status === 201 ? one : two).body;
  assert.match((one.status === 409 ? one : two).body.detail, new RegExp(id));
  await server.remove(`/api/v1/runs/${id}`);
  await until('a clean engine', () => ours() === '');
});

test('a container killed by hand: the run says so and leaves nothing', async () => {
  const { body } = await server.post('/api/v1/lessons/architecture/runs');
  await until('App B runs', () => docker('ps', '-q', '--filter', 'name=porthole-architecture-b'));
  docker('kill', 'porthole-architecture-b');
  const run = await until('the run to notice', async () => {
    const { body: now } = await server.get(`/api/v1/runs/${body.id}`);
    return now.containers.find((one) => one.key === 'b')?.state === 'exited' && now;
  });
  assert.equal(run.containers.find((one) => one.key === 'b').exitCode, 137);
  await server.remove(`/api/v1/runs/${body.id}`);
  await until('a clean engine', () => ours() === '');
});

test('the engine goes away in mid-lesson: the page says so, and recovers by itself', async () => {
  const page = await open();
  const { body } = await server.post('/api/v1/lessons/architecture/runs');
  await page.waitForSelector('.container[data-box="3"]:not(.ghost)');
  line.cut();
  await until('the page’s sentence', async () => /engine/i.test(await page.locator('porthole-diagram').innerText()) && (await server.get('/readyz')).status === 503);
  // The kernel does not need the engine: the graphs go on.
  const pids = () => page.$$eval('porthole-diagram canvas', (all) => all.map((canvas) => canvas.toDataURL()).join());
  const first = await pids();
  await until('a graph that moves without an engine', async () => (await pids()) !== first);
  assert.equal((await server.post('/api/v1/lessons/cpu-limit/runs')).status, 503);
  line.mend();
  await until('the engine is back', async () => (await server.get('/readyz')).status === 200);
  await server.remove(`/api/v1/runs/${body.id}`);
  await until('a clean engine', () => ours() === '');
  await page.close();
});

test('a server that is killed is swept up after by the next, and the page comes back by itself', async () => {
  const page = await open();
  await server.post('/api/v1/lessons/architecture/runs');
  await page.waitForSelector('.container[data-box="3"]:not(.ghost)');
  const { port } = server;
  await server.kill();
  assert.notEqual(ours(), '', 'there is nothing to sweep: the test proves nothing');
  await page.getByText(/next try in|Trying again/).first().waitFor();
  server = await serve({ dockerHost: line.address, port });
  await until('what the dead server left is gone', () => ours() === '');
  await page.getByText('Live', { exact: true }).first().waitFor();
  await page.close();
});

test('Ctrl-C in mid-lesson leaves nothing on the engine', async () => {
  await server.post('/api/v1/lessons/architecture/runs');
  await until('containers', () => ours().split('\n').length === 3);
  const { code } = await server.stop();
  assert.equal(code, 0);
  assert.equal(ours(), '');
  server = await serve({ dockerHost: line.address });
});

test('figures on the page are the kernel’s, to the byte', async () => {
  const { body } = await server.post('/api/v1/lessons/architecture/runs');
  const source = await until('a limit to ask about', async () => {
    const { status, body: answer } = await server.get('/api/v1/containers/porthole-architecture-b/sources/memoryMax');
    return status === 200 && answer.raw && answer;
  });
  assert.equal(readFileSync(source.path, 'utf8').trim(), source.raw.trim());
  await server.remove(`/api/v1/runs/${body.id}`);
  await until('a clean engine', () => ours() === '');
});
