// What the browser tests share: one Chromium and one scripted host per file, and waiting without sleeping.
import { after, afterEach, before } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { launch } from '../../dev/browser.mjs';
import { serve } from '../../dev/serve.mjs';

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Starts both before the tests of a file, and ends them after. */
export function bench() {
  const it = { browser: undefined, server: undefined };
  before(async () => {
    it.server = await serve();
    it.browser = await launch();
  });
  // A test that failed has left its page open, and with it a connection that the next would count.
  afterEach(async () => {
    for (const context of it.browser?.contexts() ?? []) await context.close();
  });
  after(async () => {
    await it.browser?.close();
    await it.server?.close();
  });
  return it;
}

/** Gives a context's pages graphOf(selector): the pixels of one graph, on the canvas that it shares with others. */
export const withGraphs = (context) => context.addInitScript(() => {
  window.graphOf = (selector) => {
    const canvas = document.querySelector('.cgroups > .paper');
    const [sheet, place] = [canvas, document.querySelector(`${selector} .plot`)].map((one) => one.getBoundingClientRect());
    return canvas.getContext('2d').getImageData(Math.round(place.left - sheet.left), Math.round(place.top - sheet.top), Math.round(place.width), Math.round(place.height));
  };
});

/** Opens a page of a state; any script error or blocked style fails the test at close. */
export async function open(it, { state = 'three', path = '/', width = 1920, height = 1080, theme = 'dark', reducedMotion } = {}) {
  it.server.show(state);
  const context = await it.browser.newContext({ viewport: { width, height }, reducedMotion });
  await withGraphs(context);
  const page = await context.newPage();
  page.problems = [];
  page.evaluate = (...rest) => bounded(page, 'an answer of the page', unbounded(page).evaluate(...rest), 60_000);
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => { if (message.type() === 'error' && !/WebSocket|ERR_CONNECTION|status of 4/.test(message.text())) page.problems.push(message.text()); });
  await page.goto(`${it.server.url}${path}${path.includes('?') ? '&' : '?'}state=${state}&theme=${theme}`);
  return page;
}

export async function close(page) {
  const { problems } = page;
  await page.context().close();
  assert.deepEqual(problems, [], 'the page had errors');
}

/** Ends the wait for a page that answers or paints no more, so that it fails one test and does not hold all that follow; says what the page last did. */
export async function bounded(page, what, work, timeout = 30_000) {
  const within = (ms, promise) => {
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Late(`waited in vain for: ${what}`)), ms); });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  };
  return within(timeout, work).catch(async (error) => {
    if (!(error instanceof Late)) throw error;
    const state = await within(5000, unbounded(page).evaluate(() => `${document.visibilityState}, ${Math.round(performance.now())} ms old; moving: ${document.getAnimations().map((one) => `${one.effect.target?.className} ${one.transitionProperty ?? one.animationName ?? ''} ${one.playState}`).join(', ') || 'nothing'}`)).catch(() => 'it does not answer');
    throw new Error(`${error.message}\nthe page: ${state}`);
  });
}

class Late extends Error {}
/** Of a page its frame, of a frame itself: what open() has not put a limit on. */
const unbounded = (page) => page.mainFrame?.() ?? page;

/** Waits until the page has its fonts and has come to so many frames. */
export function painted(page, count = 2) {
  return bounded(page, `${count} frames`, unbounded(page).evaluate(async (number) => {
    await document.fonts.ready;
    for (let i = 0; i < number; i += 1) await new Promise(requestAnimationFrame);
  }, count));
}

/** Waits until a condition in the page holds, and for the frame in which what holds is put in its place; says what was waited for when it does not. */
export async function until(page, what, condition, argument, timeout = 30_000) {
  // What is looked at may not be there yet: then it does not hold yet.
  const holds = new Function('argument', `try { return (${condition})(argument); } catch (error) { window.absent = String(error); return false; }`);
  await page.waitForFunction(holds, argument, { timeout }).catch(async (error) => {
    const absent = await page.evaluate(() => window.absent).catch(() => undefined);
    throw new Error(`waited in vain for: ${what}\n${[error.message, absent].filter(Boolean).join('\n')}`);
  });
  await laidOut(page);
}

/** Waits for a frame; a page that nobody sees has none, and one that goes elsewhere is not looked at. */
async function laidOut(page) {
  const frame = asPainted(page, () => {}).catch(() => {});
  let timer;
  await Promise.race([frame, new Promise((unseen) => { timer = setTimeout(unseen, 500); })]).finally(() => clearTimeout(timer));
}

/** Looks at a page as it is painted: at the end of a frame's layout, for what is true between two frames nobody sees. */
export function asPainted(page, look, argument) {
  // Not by a frame's own call, which comes before its layout, and which a test holds that holds the page's clock.
  return page.evaluate(new Function('argument', `return new Promise((laidOut) => {
    const observer = new ResizeObserver(() => {
      observer.disconnect();
      laidOut();
    });
    observer.observe(document.documentElement);
  }).then(() => (${look})(argument))`), argument);
}

/** Waits for the drawing with so many live containers and its first graphs; says what was drawn when it waited in vain. */
export async function drawn(page, containers) {
  await until(page, `a drawing of ${containers} containers`, (count) => {
    const number = (selector) => document.querySelectorAll(selector).length;
    const now = { containers: number('.container:not(.ghost)'), types: number('.matrix .type'), plots: number('.cgroups .plot'), paper: document.querySelector('.cgroups > .paper')?.width ?? 0, connectors: number('.connectors path') };
    window.drawnSoFar = JSON.stringify(now);
    return now.containers === count && now.types > 0 && now.types % 8 === 0 && now.plots >= 3 && now.paper > 0 && (count === 0 || now.connectors > 0);
  }, containers).catch(async (error) => { throw new Error(`${error.message}\nthere was: ${await page.evaluate(() => window.drawnSoFar)}`); });
  await painted(page);
}

/** Waits for transitions to end; the live dot, which breathes for ever, is not waited for. */
export async function settled(page) {
  await bounded(page, 'the end of what moves', unbounded(page).evaluate(async () => { await Promise.all(document.getAnimations().filter((one) => one.effect.getComputedTiming().iterations !== Infinity).map((one) => one.finished.catch(() => {}))); }));
}

/** What axe-core finds against WCAG 2.2 A and AA, and against good practice, once what fades in is there: half of the way its contrast is half. */
export async function axe(page) {
  await settled(page);
  // Evaluated, not added as a tag: the page's own policy allows no scripts but its own.
  await page.evaluate(await readFile(axePath, 'utf8'));
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'], rules: { 'target-size': { enabled: true } } }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target.join(' ')} (${node.any[0]?.message ?? node.all[0]?.message ?? ''})`).join('; ')}`);
}

/** Elements that reach past the window's right edge, boxes of the drawing that scroll sideways in themselves, and texts smaller than 13 px. */
export async function misfits(page) {
  return page.evaluate(() => {
    const found = [];
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide > 0) found.push(`the page is ${wide} px wider than the window`);
    for (const box of document.querySelectorAll('.drawing *')) if (box.scrollWidth > box.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(box).overflowX)) found.push(`${box.localName}.${box.className} scrolls sideways`);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest('.unseen, script, style, template')) continue;
      const size = Number.parseFloat(getComputedStyle(element).fontSize);
      if (size > 0 && size < 13) found.push(`${size} px: ${walker.currentNode.data.trim().slice(0, 40)}`);
    }
    return found;
  });
}
