// A lesson with a room on real parts: one presenter, three who follow and predict, one who comes late.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { launch } from '../../dev/browser.mjs';
import { at, illegible, walk } from '../lib/room.mjs';
import { serve, until } from './server.mjs';

const jsQR = createRequire(import.meta.url)('jsqr');
const slug = 'uts-namespace';
let browser;
let server;
let presenter;
let lesson;
const pages = [];

before(async () => {
  server = await serve({ args: ['--control', 'token', '--allow-host', 'room.test'] });
  browser = await launch();
  lesson = (await server.get(`/api/v1/lessons/${slug}`)).body;
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A page of a browser of its own: nothing is shared with the others, as in a room. */
async function open(path, width = 390, height = 844) {
  const context = await browser.newContext({ viewport: { width, height } });
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => { if (message.type() === 'error' && !/status of 4/.test(message.text())) page.problems.push(message.text()); });
  await page.goto(server.url + path);
  pages.push(page);
  return page;
}

const link = () => server.said().match(/open (http:\S+\/control#\S+)/g).at(-1).replace('open ', '').replace(/^http:\/\/[^/]+/, '');
const room = async () => (await server.get('/api/v1/room')).body;
const ours = () => execFileSync('docker', ['ps', '-aq', '--filter', `name=^porthole-${slug}`], { encoding: 'utf8' }).trim();

test('the one-time link gives control once, and leaves no trace in the history', async () => {
  presenter = await open('/', 1920, 1080);
  await presenter.goto(server.url + link());
  await presenter.waitForURL(`${server.url}/`);
  await presenter.goBack();
  assert.ok(!presenter.url().includes('#'), `the history holds ${presenter.url()}`);
  const other = await open(link());
  await other.getByText('That link has been used: it is good once').waitFor();
  assert.ok(!other.url().includes('#'), other.url());
  assert.equal((await server.post(`/api/v1/lessons/${slug}/runs`)).status, 401);
  // Another link is printed on demand; the first browser keeps its control.
  const first = link();
  process.kill(server.pid, 'SIGUSR1');
  await until('another link', () => link() !== first);
  await other.goto(server.url + link());
  await other.waitForURL(`${server.url}/`);
  await other.context().close();
});

test('three predict, the lesson is run, and the room learns who was right', async () => {
  const followers = [await open('/follow'), await open('/follow'), await open('/follow')];
  await followers[0].getByText('The presenter has not begun').waitFor();
  await presenter.goto(`${server.url}/present#${slug}`);
  await at(presenter, slug, 'question');
  for (const page of followers) await at(page, slug, 'question');
  await until('three followers', async () => (await room()).followers === 3);
  await presenter.getByText('3 followers can predict now.').waitFor();

  const right = lesson.answers.findIndex((answer) => answer.right);
  const wrong = (right + 1) % lesson.answers.length;
  for (const [i, page] of followers.entries()) {
    await page.locator('.choice button').nth(i === 2 ? wrong : right).click();
    await page.getByText('Your prediction is counted.').waitFor();
  }
  await presenter.getByText('3 of 3 predicted.').waitFor();
  assert.deepEqual(await presenter.locator('.tally b').allInnerTexts(), lesson.answers.map((_, i) => (i === right ? '2' : i === wrong ? '1' : '0')));
  assert.equal(await presenter.locator('.choice.right').count(), 0, 'the tally tells which is right');
  assert.equal(await followers[0].locator('.tally').count(), 0, 'a follower sees how others predict');
  assert.equal(JSON.stringify(await room()).includes('"right'), false);

  // Once is once, also past the page, and after a reload.
  const again = await followers[2].evaluate(async ([path, answer]) => {
    const answered = await fetch(path, { method: 'POST', body: JSON.stringify({ answer }) });
    return { ...(await answered.json()), status: answered.status, type: answered.headers.get('Content-Type') };
  }, [`/api/v1/room/polls/${slug}/votes`, lesson.answers[right].id]);
  assert.deepEqual([again.status, again.type], [409, 'application/problem+json']);
  assert.match(again.detail, /each follower predicts once/);
  await followers[2].reload();
  await at(followers[2], slug, 'question');
  await followers[2].getByText('Your prediction is counted.').waitFor();
  assert.equal(await followers[2].locator('.choice.picked').count(), 1);

  await presenter.keyboard.press('Space');
  await at(presenter, slug, 'live');
  for (const page of followers) await at(page, slug, 'live');
  await until('a closed poll', async () => (await room()).poll?.state !== 'open');

  // One who comes late sees what all see, and cannot predict any more.
  const late = await open('/follow');
  await at(late, slug, 'live');
  const tooLate = await late.evaluate(async ([path, answer]) => (await fetch(path, { method: 'POST', body: JSON.stringify({ answer }) })).status, [`/api/v1/room/polls/${slug}/votes`, lesson.answers[right].id]);
  assert.equal(tooLate, 409);

  await presenter.locator('.calm', { hasText: 'The verdicts are in.' }).waitFor({ timeout: 90_000 });
  await presenter.keyboard.press('ArrowRight');
  await at(presenter, slug, 'verdict');
  await presenter.getByText('2 of 3 predicted what happened.').waitFor();
  assert.ok(await presenter.locator('.outcome-claim.is-holds').count(), 'no claim holds');
  assert.ok((await presenter.locator('.insight').innerText()).length > 20);
  for (const [i, page] of followers.entries()) {
    await at(page, slug, 'verdict');
    await page.getByText(i === 2 ? 'You predicted something else' : 'You predicted what happened.').waitFor();
  }
  await late.getByText('You did not predict this time.').waitFor();
  assert.deepEqual(await illegible(presenter), []);
});

test('blank, and any key brings it back; those who follow see no more than the room', async () => {
  const follower = pages.find((page) => page.url().endsWith('/follow'));
  await presenter.keyboard.press('b');
  await presenter.locator('.blank').waitFor();
  await follower.getByText('screen is blank').waitFor();
  assert.equal(await follower.locator('.outcome').count(), 0);
  await presenter.keyboard.press('ArrowRight');
  await presenter.locator('.blank').waitFor({ state: 'detached' });
  await at(presenter, slug, 'verdict');
  await at(follower, slug, 'verdict');
});

test('a reload in mid-walk comes back to the same place, and Space ends the run', async () => {
  await presenter.reload();
  await at(presenter, slug, 'verdict');
  assert.match(await presenter.locator('porthole-clock').innerText(), /^\d+:\d\d \+\d+ min$/);
  const { run } = (await server.get(`/api/v1/lessons/${slug}`)).body;
  if (run) {
    await presenter.getByRole('button', { name: 'Stop the lesson' }).waitFor();
    await presenter.keyboard.press('Space');
  }
  await until('a clean engine', () => ours() === '');
  // The engine may be clean before the run has said so, and until then the question is not asked again.
  await until('the end of the run', async () => !(await server.get(`/api/v1/lessons/${slug}`)).body.run);
});

test('asked again, everybody has a hand again', async () => {
  await presenter.keyboard.press('a');
  await at(presenter, slug, 'question');
  const follower = pages.find((page) => page.url().endsWith('/follow'));
  await at(follower, slug, 'question');
  await follower.locator('.choice button:enabled').first().click();
  await presenter.getByText('1 of 4 predicted.').waitFor();
});

test('who follows may start nothing', async () => {
  const follower = pages.find((page) => page.url().endsWith('/follow'));
  assert.equal(await follower.locator('.foot-button, porthole-run-button button').count(), 0);
  const refused = await follower.evaluate(async ([run, place]) => [(await fetch(run, { method: 'POST' })).status, (await fetch('/api/v1/room', { method: 'PUT', body: place })).status],
    [`/api/v1/lessons/${slug}/runs`, JSON.stringify({ stop: 'drawing', phase: 'live' })]);
  assert.deepEqual(refused, [401, 401]);
});

test('every stop of the real chapter can be read from the last row', async () => {
  const { body: lessons } = await server.get('/api/v1/lessons');
  for (const [width, height] of [[1920, 1080], [1280, 720]]) {
    await presenter.setViewportSize({ width, height });
    const found = [];
    const { total, steps } = await walk(presenter, async () => found.push(...(await illegible(presenter))));
    assert.deepEqual(found, [], `${width}×${height}`);
    assert.equal(total, lessons.length + 2);
    assert.equal(steps, lessons.length * 3 + 2);
  }
});

test('the QR code says the address', async () => {
  const ask = (path) => new Promise((resolve, reject) => http.get(server.url + path, { headers: { Host: `room.test:${server.port}` } }, (response) => {
    let text = '';
    response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text));
  }).on('error', reject));
  const { url } = JSON.parse(await ask('/api/v1/room/invitation'));
  assert.equal(url, `http://room.test:${server.port}/follow`);
  const page = await browser.newPage();
  await page.setContent(`<body>${await ask('/api/v1/room/invitation.svg')}</body>`);
  const { data, width } = await page.evaluate(async () => {
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(document.querySelector('svg').outerHTML)}`;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: 370, height: 370 });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0, 370, 370);
    return { data: [...context.getImageData(0, 0, 370, 370).data], width: 370 };
  });
  assert.equal(jsQR(Uint8ClampedArray.from(data), width, width)?.data, url);
  await page.close();
});

test('no page had an error', () => {
  assert.deepEqual(pages.flatMap((page) => page.problems), []);
});
