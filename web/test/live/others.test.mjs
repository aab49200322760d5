// A container that Porthole did not start, on real parts: seen beside a lesson, and left as it is.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from '../../dev/browser.mjs';
import { serve, until } from './server.mjs';

const program = process.env.PORTHOLE_PROGRAM ?? fileURLToPath(new URL('../../../bin/porthole', import.meta.url));
const name = `somebody-elses-${process.pid}`;
const image = `${name}:1`;
const docker = (...args) => execFileSync('docker', args, { encoding: 'utf8' }).trim();
const alive = () => docker('inspect', '--format', '{{.State.StartedAt}} {{.State.Pid}} {{.State.Running}} {{.HostConfig.NanoCpus}}', name);

let browser;
let server;

before(async () => {
  // An image that is not Porthole's, with the one static program that is at hand.
  const folder = program.replace(/[^/]*$/, '') || '.';
  const files = execFileSync('tar', ['-C', folder, '-c', program.slice(folder.length)], { maxBuffer: 2 ** 28 });
  execFileSync('docker', ['import', '--change', `ENTRYPOINT ["/${program.slice(folder.length)}"]`, '-', image], { input: files });
  server = await serve({ args: ['--also', `${name},nobody-${process.pid}`] });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  try { docker('rm', '--force', name); } finally { docker('rmi', '--force', image); }
});

test('it comes when it starts, stands after the lesson’s, is left by the lesson’s end, and goes when it ends', async () => {
  await until('a word on who is not there', () => new RegExp(`nothingAnswersTo="\\[${name} nobody-`).test(server.said()));
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
  await page.goto(server.url);
  await page.waitForSelector('.container.ghost');
  docker('run', '--detach', '--name', name, '--network', 'none', '--env', 'PASSWORD=hunter2', '--env', 'PORTHOLE_TTL_SECONDS=600', '--label', 'porthole.title=App A', image, 'workload', 'idle');
  await page.waitForSelector('.container.foreign');
  const before = alive();
  const { body: run } = await server.post('/api/v1/lessons/architecture/runs');
  await page.waitForSelector('.container[data-box="3"]:not(.ghost)');
  const titles = () => page.$$eval('.container', (all) => all.map((one) => one.querySelector('.legend em').textContent.replace(/ \(.*/, '')));
  const shown = await titles(); // between them may be what another server runs on this engine
  assert.deepEqual([...shown.slice(0, 3), shown.at(-1)], ['App A', 'App B', 'App C', name]);
  assert.equal(await page.locator('.container.foreign .whose').innerText(), 'not started by Porthole');

  const { body: topology } = await server.get('/api/v1/topology');
  const theirs = topology.containers.find((one) => one.name === name);
  for (const { type, inode } of theirs.namespaces) assert.equal(readlinkSync(`/proc/${theirs.pid}/ns/${type}`), `${type}:[${inode}]`);
  assert.deepEqual(theirs.outside.processes.map((one) => one.command), [readFileSync(`/proc/${theirs.pid}/comm`, 'utf8').trim()]);
  assert.doesNotMatch(JSON.stringify(theirs), /hunter2|App A|workload|idle/, 'arguments, environment and labels are not told');
  const { body: number } = await server.get(`/api/v1/containers/${name}/sources/memoryCurrentBytes`);
  assert.match(readFileSync(number.path, 'utf8'), /^\d+\n$/);

  await until('the verdicts', async () => (await server.get(`/api/v1/runs/${run.id}`)).body.claims.every((one) => one.verdict !== 'pending'), 60_000);
  assert.equal((await server.remove(`/api/v1/runs/${run.id}`)).status, 204);
  await until('the lesson’s containers to go', async () => !(await server.get('/api/v1/topology')).body.containers.some((one) => one.run === run.id));
  assert.equal(alive(), before, 'it is as it was');
  docker('rm', '--force', name);
  await until('it to go', async () => (await page.locator('.container.foreign').count()) === 0);
});
