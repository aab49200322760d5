// The stream that the page's head opens, before the style sheet and the script have come.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, close, painted, until } from './lib/page.mjs';

const it = bench();
const script = '**/static/bundle/porthole.js';

/** A page whose script is held back by what is given, and of which each websocket is noted. */
async function opening(path, held) {
  it.server.show('three');
  const page = await it.browser.newPage();
  page.problems = [];
  page.opened = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && /Content Security/.test(message.text()) && page.problems.push(message.text()));
  page.on('websocket', (socket) => page.opened.push(new URL(socket.url())));
  await page.route(script, held);
  await page.goto(it.server.url + path, { waitUntil: 'commit' });
  return page;
}

const told = async (page, what) => {
  const end = Date.now() + 20_000;
  while (!what()) {
    assert.ok(Date.now() < end, `waited in vain for ${what}`);
    await painted(page, 1);
  }
};

for (const [path, query, drawn] of [['/', '', '.container:not(.ghost)'], ['/embed/cpu', '?panel=1', '.observe-side .figure'], ['/follow', '?follow=1', 'porthole-follow *']]) {
  test(`${path} opens its stream before its script has come, and goes on with that one`, async () => {
    let release;
    const page = await opening(path, (route) => new Promise((resolve) => { release = () => resolve(route.continue()); }));
    await told(page, () => release && it.server.control.sockets.size === 1);
    assert.equal(await page.locator(drawn).count(), 0);
    await release();
    await until(page, 'the page', (selector) => document.querySelector(selector), drawn);
    assert.deepEqual(page.opened.map((url) => url.pathname + url.search), [`/api/v1/stream${query}`]);
    assert.equal(await page.evaluate(() => 'portholeEarly' in window), false);
    await close(page);
    await it.server.cut();
  });
}

test('a page whose script never comes lets go of its stream', async () => {
  const page = await opening('/embed/cpu', (route) => route.abort());
  await page.waitForLoadState('load');
  await told(page, () => page.opened.length === 1 && it.server.control.sockets.size === 0);
  await close(page);
});

test('a stream that ended before the script came is opened anew', async () => {
  let release;
  const page = await opening('/embed/cpu', (route) => new Promise((resolve) => { release = () => resolve(route.continue()); }));
  await told(page, () => release && it.server.control.sockets.size === 1);
  it.server.cut();
  await until(page, 'the end of the first', () => window.portholeEarly.socket.readyState === WebSocket.CLOSED);
  await release();
  await until(page, 'figures', () => /\d/.test(document.querySelector('.observe-side .figure')?.textContent ?? ''));
  assert.equal(page.opened.length, 2);
  await close(page);
});
