// Every page of the real server, for everyone: axe-core, without scripts, and on paper.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from '../../dev/browser.mjs';
import { axe } from '../lib/page.mjs';
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

const lesson = '/lessons/pid-namespace';
/** Pages as the server gives them, and what shows that each is there. */
const pages = {
  '/': '.cell[data-inode]', [lesson]: '.lesson .prose', '/takeaways': '.takeaway', '/present': 'main', '/follow': 'main', '/control': 'main.plain',
  '/nothing-here': '.notice', '/lessons/nonsense': '.notice', '/?theme=pink': '.notice',
  '/embed/cpu': '.observe-row', '/embed/namespaces': '.cell[data-inode]', '/embed/nonsense': '.notice', '/embed/cpu?scale=99': '.notice', '/embed/claims?colour=red': '.notice', '/embed/cpu?container=not-there-yet': '.notice',
};

async function open(path, options = {}, { url } = server) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  const page = await context.newPage();
  await page.goto(url + path);
  return page;
}

for (const colorScheme of ['dark', 'light']) {
  test(`axe-core finds nothing on any page as it is served, ${colorScheme}`, async () => {
    for (const [path, sign] of Object.entries(pages)) {
      // What comes while axe looks would else fade in: half of the way its contrast is half.
      const page = await open(path, { colorScheme, reducedMotion: 'reduce' });
      await page.waitForSelector(sign);
      assert.deepEqual(await axe(page), [], path);
      await page.context().close();
    }
  });
}

test('axe-core finds nothing on the page that asks for the token', async () => {
  const guarded = await serve({ args: ['--control', 'token'] });
  try {
    for (const colorScheme of ['dark', 'light']) {
      const page = await open('/control', { colorScheme }, guarded);
      await page.waitForSelector('form');
      assert.deepEqual(await axe(page), []);
      await page.context().close();
    }
  } finally {
    await guarded.stop();
  }
});

test('wrong addresses of panels are a sentence that fits a thumbnail’s frame, with the status of the API', async () => {
  for (const [path, status, words] of [['/embed/nonsense', 404, /There is no panel of this name/], ['/embed/cpu?theme=pink', 400, /The theme is light, dark or auto/], ['/embed/cpu?scale=5', 400, /The scale is a number/], ['/embed/cpu?lesson=nonsense', 404, /There is no lesson/], ['/embed/cpu?colour=red', 400, /no parameter/]]) {
    const context = await browser.newContext({ viewport: { width: 200, height: 100 } });
    const page = await context.newPage();
    assert.equal((await page.goto(server.url + path)).status(), status, path);
    assert.match(await page.innerText('body'), words);
    const { width, top } = await page.evaluate(() => ({ width: document.documentElement.scrollWidth, top: document.querySelector('.notice').getBoundingClientRect().top }));
    assert.ok(width <= 200 && top < 40, `${path}: ${width} wide, its sentence begins at ${top}`);
    await context.close();
  }
});

test('without JavaScript each page says what it needs, and shows the last snapshot as a table', async () => {
  const { body: run } = await server.post('/api/v1/lessons/pid-namespace/runs');
  await until('a container', async () => (await server.get('/api/v1/topology')).body.containers.some((one) => one.run === run.id && one.state === 'running'));
  await until('its verdicts', async () => (await server.get(`/api/v1/runs/${run.id}`)).body.claims.every((claim) => claim.verdict !== 'pending'), 60_000);
  const { body: topology } = await server.get('/api/v1/topology');
  const inode = String(topology.host.namespaces.find((one) => one.type === 'pid').inode);
  for (const path of ['/', lesson, '/present', '/embed/namespaces', '/embed/claims?lesson=pid-namespace']) {
    const page = await open(path, { javaScriptEnabled: false });
    const words = await page.innerText('body');
    assert.match(words, /needs JavaScript/, path);
    assert.ok(words.includes(inode), `${path} does not show the host’s pid namespace`);
    assert.ok(await page.locator('table').count() >= 1);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 1280, `${path} scrolls sideways`);
    await page.context().close();
  }
  const page = await open(lesson, { javaScriptEnabled: false });
  assert.match(await page.innerText('body'), /Holds\./, 'the verdicts so far');
  await page.context().close();
  await server.remove(`/api/v1/runs/${run.id}`);
});

test('a lesson on paper: question, commands, verdicts with their figures, the text; no chrome, black on white', async () => {
  const { body: run } = await server.post('/api/v1/lessons/pid-namespace/runs');
  const { body: judged } = await until('its verdicts', async () => {
    const answer = await server.get(`/api/v1/runs/${run.id}`);
    return answer.body.claims.every((claim) => claim.verdict !== 'pending') && answer;
  }, 60_000);
  const { body: told } = await server.get('/api/v1/lessons/pid-namespace');
  const page = await open(`${lesson}?theme=dark`);
  await page.waitForSelector('.claim.holds');
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 680, height: 900 });
  const seen = await page.evaluate(() => {
    const shown = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility()).length;
    return { words: document.body.innerText, chrome: shown('.top, #rail, button, canvas, .drawing, input[type=range], .skip'), ground: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.querySelector('.claim-says')).color, wide: document.documentElement.scrollWidth,
      order: ['.answers, #predict', '.lesson-command', '.claim', '.prose'].map((selector) => document.querySelector(selector)?.getBoundingClientRect().top ?? -1) };
  });
  const plain = (text) => text.replace(/\s+/g, ' ');
  for (const text of [told.question, told.answers[0].says, told.containers[0].command.split(' ').slice(0, 3).join(' '), told.claims[0].says, judged.claims.find((one) => one.measured).measured, 'Try it yourself', 'What to take away']) assert.ok(plain(seen.words).includes(plain(text)), `the paper lacks: ${text}`);
  assert.equal(seen.chrome, 0);
  assert.deepEqual([seen.ground, seen.ink], ['rgb(255, 255, 255)', 'rgb(0, 0, 0)']);
  assert.ok(seen.wide <= 680, `${seen.wide} wide`);
  assert.deepEqual(seen.order, [...seen.order].sort((a, b) => a - b));
  const pdf = await page.pdf({ format: 'A4', printBackground: false });
  const sheets = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g).length;
  assert.ok(sheets >= 1 && sheets <= 4, `${sheets} sheets`);
  await page.context().close();
  await server.remove(`/api/v1/runs/${run.id}`);
});
