// Every free text of the stream and the API says something hostile: nothing of it runs, no element comes of it, and it is shown as it was written.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { poison } from '../dev/hostile.mjs';
import { bench, close, open, painted, until } from './lib/page.mjs';
import { at } from './lib/room.mjs';

const it = bench();
const panels = ['diagram', 'namespaces', 'cpu', 'memory', 'pids', 'io', 'claims', 'processes', 'interfaces', 'mounts', 'users', 'hostnames', 'segments', 'security', 'layers', 'files', 'limits', 'log'];

/** The one script that each page has in itself: exactly so, and nothing added. */
const early = await readFile(new URL('../../static/js/early.js', import.meta.url), 'utf8');

/** What has come of the hostile texts; also in shadow trees, where there are any. */
const harm = (page) => page.evaluate((own) => {
  const found = [];
  if (window.hacked !== undefined) found.push(`script ${window.hacked} has run`);
  const look = (root) => {
    for (const element of root.querySelectorAll('*')) {
      const ours = element.matches('script[src^="/static/"]') || (element.matches('head > script[data-stream^="/api/v1/"]') && element.text === own);
      if (element.matches('img[src="x"], script') && !ours) found.push(element.outerHTML.slice(0, 80));
      for (const { name, value } of element.attributes) {
        if (/^on/i.test(name)) found.push(`${element.localName} has ${name}`);
        if (/^(href|src|action|formaction)$/i.test(name) && /^\s*(javascript|vbscript|data:text)/i.test(value)) found.push(`${element.localName} has ${name}=${value.slice(0, 40)}`);
      }
      if (element.shadowRoot) look(element.shadowRoot);
    }
  };
  look(document);
  return found;
}, early);

/** Waits until the text stands on the page, as text, and looks what has come of it. */
async function harmless(page, where) {
  await until(page, `the hostile text as text: ${where}`, (text) => document.body.textContent.includes(text.slice(0, 40)), poison);
  await painted(page);
  assert.deepEqual(await harm(page), [], where);
}

for (const [state, paths] of [['hostile', ['/', '/lessons/architecture', '/lessons/verify-isolation', '/lessons/cpu-limit', '/lessons/broken', '/takeaways']], ['hostilereplay', ['/', '/lessons/architecture', '/embed/cpu']], ['hostiledown', ['/', '/lessons/architecture', '/embed/diagram']]]) {
  test(`hostile texts on pages, with the host ${state}`, async () => {
    for (const path of paths) {
      const page = await open(it, { state, path });
      await harmless(page, path);
      await close(page);
    }
  });
}

test('hostile texts in every panel', async () => {
  for (const panel of panels) {
    const page = await open(it, { state: 'hostile', path: `/embed/${panel}`, width: 960, height: 540 });
    await until(page, `the panel ${panel}`, () => document.querySelector('.matrix .cell, .relations li, .claim, .observe canvas, .sketch, .drawing, .sides, .stack, .kernel-lines, .embed-table *:not(h1, porthole-table)'));
    assert.deepEqual(await harm(page), [], panel);
    await close(page);
  }
});

test('hostile texts in the presenter’s view and in the room', async () => {
  const page = await open(it, { state: 'hostile', path: '/present' });
  for (const [stop, phase] of [['drawing'], ['architecture', 'question'], ['architecture', 'live'], ['architecture', 'verdict'], ['cpu-limit', 'question'], ['verify-isolation', 'live'], ['takeaways']]) {
    await page.evaluate((hash) => (location.hash = hash), phase && phase !== 'question' ? `${stop}/${phase}` : stop);
    await at(page, stop, phase);
    if (stop !== 'takeaways') await harmless(page, `${stop} ${phase ?? ''}`); // whose words are the server's own
    assert.deepEqual(await harm(page), [], `${stop} ${phase ?? ''}`);
  }
  await close(page);
  const room = await open(it, { state: 'hostile', path: '/follow' });
  await until(room, 'the room', () => document.body.innerText.trim().length > 20);
  assert.deepEqual(await harm(room), [], '/follow');
  await close(room);
});

test('hostile texts in a number’s plate, an opened box, and an error', async () => {
  const page = await open(it, { state: 'hostile', path: '/' });
  await harmless(page, '/');
  await page.locator('.graph.cpu[data-column="2"] .figure').first().click();
  await until(page, 'the plate', (text) => document.querySelector('.plate pre')?.textContent.includes(text.slice(0, 40)), poison);
  assert.deepEqual(await harm(page), [], 'the plate');
  await page.keyboard.press('Escape');
  await page.locator('.namespaces > .legend a').click();
  await until(page, 'the opened box', () => document.querySelector('.zoom-back'));
  await harmless(page, 'the opened box');
  await close(page);

  const empty = await open(it, { state: 'hostiledown', path: '/' });
  await harmless(empty, 'an engine’s problem');
  await close(empty);

  it.server.control.problem = { status: 429, title: poison, detail: `Refused: ${poison}` };
  const refused = await open(it, { state: 'zero', path: '/' });
  await refused.locator('.notice.invite button').click();
  await harmless(refused, 'a refusal');
  it.server.control.problem = undefined;
  await close(refused);
});
