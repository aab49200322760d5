// The deck of docs/deck in a real Chromium, on another origin than Porthole, with a real engine behind it.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch } from '../../dev/browser.mjs';
import { serveDeck } from '../../dev/deck.mjs';
import { serve, until } from './server.mjs';

// Names below localhost lead to this machine, and are none of the origins that may frame panels without being named.
const origin = (port, name = 'slides.localhost') => `http://${name}:${port}`;
const ids = ['drawing', 'namespaces', 'cpu', 'claims'];
const panels = ['diagram', 'namespaces', 'cpu', 'claims'];

let browser;
let deck;
let server;
let pages;

before(async () => {
  pages = {};
  deck = await serveDeck({ pages });
  server = await serve({ args: ['--allow-embed', origin(deck.port)] });
  // The deck was there first: it learns now where Porthole is.
  await deck.close();
  deck = await serveDeck({ port: deck.port, porthole: server.url, pages });
  browser = await launch();
});

// A test that failed leaves the others neither its pages nor its run.
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  for (const run of await runs()) if (!run.endedAt) await server.remove(`/api/v1/runs/${run.id}`);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await deck?.close();
});

const metric = async (name) => Number((await (await fetch(`${server.url}/metrics`)).text()).match(new RegExp(`^${name} (\\d+)`, 'm'))[1]);
const runs = async () => (await server.get('/api/v1/runs')).body;
const framesOf = (page) => page.frames().filter((frame) => frame.url().startsWith(`${server.url}/embed/`));
async function start(lesson, count) {
  const { body: run } = await server.post(`/api/v1/lessons/${lesson}/runs`);
  await until(`the containers of ${lesson}`, async () => (await server.get('/api/v1/topology')).body.containers.filter((one) => one.run === run.id && one.state === 'running').length === count);
  return run;
}
const drawn = () => document.querySelector('.matrix .cell[data-inode], .observe-row, .claim, .sketch-kernel');

async function open(context, path = '/') {
  const page = await context.newPage();
  page.posts = [];
  page.problems = [];
  page.on('request', (request) => request.method() !== 'GET' && page.posts.push(request.url()));
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && page.problems.push(message.text()));
  await page.goto(origin(deck.port) + path);
  await page.waitForFunction(() => document.querySelector('.reveal.ready'));
  return page;
}

test('panels load when their slide comes, show what runs, and start nothing', async () => {
  const run = await start('architecture', 3);
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  const page = await open(context);
  assert.deepEqual(framesOf(page), [], 'a panel was loaded before its slide came');
  for (const [i, id] of ids.entries()) {
    await page.keyboard.press('ArrowRight');
    await page.waitForSelector(`#${id}.present iframe[src]`);
    const frame = await until(`the panel ${panels[i]}`, () => framesOf(page).find((one) => one.url().includes(`/embed/${panels[i]}?`)));
    // Not by frames: the browser draws none of what a transition still hides.
    await frame.waitForFunction(drawn, undefined, { polling: 100 });
    assert.equal(await frame.evaluate(() => getComputedStyle(document.querySelector('.embed')).backgroundColor), 'rgba(0, 0, 0, 0)');
  }
  // A past on arrival: the first panel, loaded long after the run began, has more than it can have seen.
  await page.goto(`${origin(deck.port)}/#/drawing`);
  await page.waitForFunction(() => document.querySelector('#drawing.present iframe[src]'));
  const [first] = await until('its frame', () => framesOf(page).length && framesOf(page));
  await first.waitForFunction(() => /\d/.test(document.querySelector('.graph.cpu .value')?.textContent ?? ''));
  assert.deepEqual((await runs()).map((one) => one.id), [run.id], 'a panel started something');
  assert.deepEqual(page.posts, []);
  assert.deepEqual(page.problems, []);
  await context.close();
  await server.remove(`/api/v1/runs/${run.id}`);
});

test('a panel is let go with its slide; one that stays loaded pauses, and goes on', async () => {
  const run = await start('architecture', 3);
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  const page = await open(context, '/#/cpu');
  await until('a viewer', async () => (await metric('porthole_viewers_watching')) === 1);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await until('the frame of the slide that has gone', () => !framesOf(page).some((one) => one.url().includes('/embed/cpu')));

  // The same slide with a frame that reveal.js does not load and unload: it only says stop and start.
  await page.evaluate(() => {
    const frame = document.querySelector('#cpu iframe');
    frame.src = frame.dataset.src.replace('lesson=cpu-limit', 'lesson=architecture');
    for (const name of ['data-src', 'data-lazy-loaded']) frame.removeAttribute(name);
  });
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  const frame = await until('its frame', () => framesOf(page).find((one) => one.url().includes('/embed/cpu')));
  await frame.waitForFunction(() => document.querySelector('.observe canvas'));
  await until('only this one watching', async () => (await metric('porthole_viewers_watching')) === 1);
  const pixels = () => frame.evaluate(() => [...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join());
  const moving = await pixels();
  await until('a graph that moves', async () => (await pixels()) !== moving);

  await page.keyboard.press('ArrowRight');
  const claims = await until('the claims', () => framesOf(page).find((one) => one.url().includes('/embed/claims')));
  await claims.waitForFunction(drawn);
  // Now the claims watch, and the graph does not; nor does what was passed by so fast that the browser has kept its frame, unseen.
  await until('the pause', async () => (await metric('porthole_viewers')) === framesOf(page).length && (await metric('porthole_viewers_watching')) === 1);
  assert.ok(framesOf(page).includes(frame), 'what was to pause has gone');
  await page.keyboard.press('ArrowLeft');
  const before = await pixels();
  await until('the graph moving again', async () => (await pixels()) !== before);
  assert.deepEqual(page.posts, []);
  await context.close();
  await server.remove(`/api/v1/runs/${run.id}`);
});

test('the speaker view, which opens the deck twice more, harms nothing', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  const page = await open(context, '/#/namespaces');
  const shown = async (panel) => {
    const frame = await until(`the panel ${panel}`, () => framesOf(page).find((one) => one.url().includes(`/embed/${panel}?`)));
    await frame.waitForFunction(drawn);
    return frame;
  };
  const before = await shown('namespaces');
  const opened = context.waitForEvent('page');
  await page.keyboard.press('s');
  const speaker = await opened;
  const posts = [];
  speaker.on('request', (request) => request.method() !== 'GET' && posts.push(request.url()));
  const decks = () => speaker.frames().filter((frame) => frame.url().startsWith(origin(deck.port)));
  await until('the deck, twice', () => decks().length === 2);
  for (const frame of decks()) await frame.waitForFunction(() => document.querySelector('.reveal.ready'));
  assert.equal(await before.evaluate(() => document.querySelectorAll('.embed-state').length), 0, 'the panel on the deck is not live');
  // The speaker goes on, in the speaker's own window, and the deck follows.
  await speaker.bringToFront();
  await decks()[0].locator('body').press('ArrowRight');
  await page.waitForSelector('#cpu.present iframe[src]');
  await page.bringToFront();
  await (await shown('cpu')).waitForFunction(() => document.querySelector('.observe-row'));
  await speaker.close();
  await page.keyboard.press('ArrowRight');
  await shown('claims');
  assert.deepEqual((await runs()).filter((one) => !one.endedAt), []);
  assert.deepEqual([...page.posts, ...posts], []);
  assert.deepEqual(page.problems, []);
  await context.close();
});

test('an origin that was not allowed is told so, in the frame and by the element', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  pages['/element.html'] = `<!doctype html><title>x</title><script type="module" src="http://localhost:8080/panel.js"></script><porthole-panel name="namespaces" theme="light"></porthole-panel>`;
  await page.goto(`${origin(deck.port, 'stranger.localhost')}/#/cpu`);
  const frame = await until('its frame', () => framesOf(page)[0]);
  await frame.waitForFunction((words) => document.body.innerText.includes(words), `start it with --allow-embed ${origin(deck.port, 'stranger.localhost')}.`);
  await page.goto(`${origin(deck.port, 'stranger.localhost')}/element.html`);
  await (await until('the element’s frame', () => framesOf(page)[0])).waitForFunction(() => /may not show panels/.test(document.body.innerText));
  // Where it may, the element is the panel.
  await page.goto(`${origin(deck.port)}/element.html`);
  const element = await until('the element’s frame', () => framesOf(page)[0]);
  await element.waitForFunction(drawn);
  assert.equal(await page.evaluate(() => document.querySelector('porthole-panel').shadowRoot.querySelector('p').hidden), true);
  assert.equal(await element.evaluate(() => document.documentElement.dataset.theme), 'light');
  // And its attributes are the panel's parameters.
  await page.evaluate(() => document.querySelector('porthole-panel').setAttribute('name', 'nonsense'));
  const wrong = await until('the other panel', () => framesOf(page).find((one) => one.url().includes('/embed/nonsense')));
  await wrong.waitForFunction(() => /There is no panel of this name/.test(document.body.innerText));
  await context.close();
});

test('without Porthole the element says so, and finds it by itself', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  pages['/element.html'] = `<!doctype html><title>x</title><script type="module" src="http://localhost:8080/panel.js"></script><porthole-panel name="namespaces"></porthole-panel>`;
  await page.goto(`${origin(deck.port)}/element.html`);
  await (await until('the panel', () => framesOf(page)[0])).waitForFunction(drawn);
  const { port } = server;
  await server.stop();
  await page.evaluate(() => document.querySelector('porthole-panel').setAttribute('name', 'cpu'));
  const words = () => page.evaluate(() => document.querySelector('porthole-panel').shadowRoot.querySelector('p').textContent);
  await until('the words', async () => /does not answer at http:\/\/localhost:\d+: start it/.test(await words()));
  server = await serve({ port, args: ['--allow-embed', origin(deck.port)] });
  await until('the panel again', async () => (await words()) === '' && framesOf(page).length === 1);
  await context.close();
});
