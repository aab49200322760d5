// The opened boxes against a real kernel: what they show is what this host's own files say.
import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch } from '../../dev/browser.mjs';
import { serve, until } from './server.mjs';

let browser;
let server;
let run;

before(async () => {
  server = await serve();
  browser = await launch();
  run = (await server.post('/api/v1/lessons/architecture/runs')).body.id;
  await until('three containers with a report of their own', async () => {
    const { body } = await server.get('/api/v1/topology');
    return body?.containers?.filter((one) => one.run === run && one.pid && one.inside?.hostname).length === 3;
  }, 60_000);
});

after(async () => {
  await browser?.close();
  if (run) await server?.remove(`/api/v1/runs/${run}`);
  await server?.stop();
});

/** The run's containers, by their key in the lesson. */
async function containers() {
  const { body } = await server.get('/api/v1/topology');
  return Object.fromEntries(body.containers.filter((one) => one.run === run).map((one) => [one.key, one]));
}

async function open(hash) {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  await page.goto(`${server.url}/${hash}`);
  await page.waitForSelector('.zoomed');
  return page;
}

test('a type’s members are the links that the kernel shows', async () => {
  const page = await open('#namespaces/net');
  const all = await containers();
  for (const { name, pid } of Object.values(all)) {
    const link = readlinkSync(`/proc/${pid}/ns/net`);
    await until(`${link} of ${name} on the page`, () => page.evaluate(([path, raw]) => [...document.querySelectorAll('.link')].some((one) => one.textContent.includes(path) && one.textContent.includes(raw)), [`/proc/${pid}/ns/net`, link]));
  }
  const host = readlinkSync('/proc/2/ns/net').match(/\d+/)[0];
  assert.equal(await page.locator('.space.tone-0 .legend b').innerText(), host);
  const { a } = all;
  const pairs = await page.$$eval('.pairs tbody tr', (rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim())));
  assert.ok(pairs.some((row) => row[0] === '1' && row[2] === String(a.pid)), `process 1 is ${a.pid} on the host: ${JSON.stringify(pairs)}`);
  assert.deepEqual(page.problems, []);
  await page.close();
});

test('a controller’s files hold what the kernel’s hold, this host’s names marked', async () => {
  const { b } = await containers();
  const page = await open(`#cgroups/memory/${b.name}`);
  await until('the limit’s file', () => page.evaluate(() => /268435456/.test(document.querySelector('.file pre')?.textContent ?? '')));
  const file = await page.$eval('.file', (one) => ({ name: one.querySelector('.legend b').textContent, raw: one.querySelector('pre').textContent, ours: one.querySelector('td.ours').textContent, command: one.querySelector('code').textContent.replace(/\s+/g, ' ').trim() }));
  const path = file.command.replace(/^cat /, '');
  assert.equal(file.raw, readFileSync(path, 'utf8'));
  assert.ok(path.endsWith(`/${file.name}`) && file.ours.includes(file.name), `the marked name is the file’s: ${JSON.stringify(file)}`);
  await until('every file to be read', () => page.evaluate(() => !/Reading…/.test(document.querySelector('.files').textContent)));
  assert.deepEqual(page.problems, []);
  await page.close();
});

test('a container’s two sides are its own word and the host’s, and its end is told', async () => {
  const { c } = await containers();
  const page = await open(`#container/${c.name}`);
  await until('both sides', () => page.evaluate(([hostname, pid]) => { const text = document.querySelector('.sides-of')?.textContent ?? ''; return text.includes(hostname) && text.includes(pid); }, [c.inside.hostname, String(c.pid)]));
  const status = readFileSync(`/proc/${c.pid}/status`, 'utf8');
  assert.match(await page.locator('.rights-of').innerText(), new RegExp(status.match(/CapEff:\s+([0-9a-f]+)/)[1]));
  await server.remove(`/api/v1/runs/${run}`);
  run = undefined;
  await until('the end to be told', () => page.evaluate(() => /has ended/.test(document.querySelector('.zoom-over')?.textContent ?? '')), 60_000);
  assert.ok((await page.locator('.sides-of').innerText()).includes(c.inside.hostname), 'its last values stay');
  assert.deepEqual(page.problems, []);
  await page.close();
});
