// What the tests of the walk share: looking at what is on the projector.
import { asPainted, painted, until } from './page.mjs';

/** The smallest type that the last row can read, as a share of the picture's height: docs/presenting.md derives it. */
export const least = 0.024;

/** Texts on the page, as it is painted, that are smaller than that, and what has no room on it. */
export async function illegible(page) {
  return asPainted(page, (share) => {
    const found = [];
    /** The part of a box that its ancestors let be seen. */
    const seen = (element, box) => {
      let { left, right, top, bottom } = box;
      for (let one = element; one; one = one.parentElement) {
        if (getComputedStyle(one).overflow === 'visible') continue;
        const clip = one.getBoundingClientRect();
        [left, right, top, bottom] = [Math.max(left, clip.left), Math.min(right, clip.right), Math.max(top, clip.top), Math.min(bottom, clip.bottom)];
      }
      return right - left > 1 && bottom - top > 1 ? { left, right, top, bottom } : undefined;
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      const text = walker.currentNode.data.trim();
      if (!text || element.closest('.unseen, script, style, template') || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      const box = seen(element, range.getBoundingClientRect());
      if (!box) continue;
      const size = Number.parseFloat(getComputedStyle(element).fontSize) * element.currentCSSZoom;
      if (size < innerHeight * share - 0.1) found.push(`${size.toFixed(1)} px: ${text.slice(0, 40)}`);
      // A table that is longer than the screen is moved by a key.
      if (element.closest('porthole-table.longer')) continue;
      if (box.right > innerWidth + 1 || box.bottom > innerHeight + 1) found.push(`off the screen: ${text.slice(0, 40)}`);
    }
    // Graphs write on canvases, with a share of their element's own size.
    for (const plot of document.querySelectorAll('.plot')) {
      const style = getComputedStyle(plot);
      const size = Number.parseFloat(style.fontSize) * Number.parseFloat(style.getPropertyValue('--fs-graph')) * plot.currentCSSZoom;
      if (size < innerHeight * share - 0.1) found.push(`${size.toFixed(1)} px on a graph`);
    }
    const words = document.querySelector('.stage > :is(.ask, .outcome, .five)');
    if (words && words.scrollHeight > words.clientHeight + 1) found.push(`${words.scrollHeight - words.clientHeight} px have no room on the stop`);
    if (document.documentElement.scrollHeight > innerHeight || document.documentElement.scrollWidth > innerWidth) found.push('the page scrolls');
    return [...new Set(found)].map((one) => `${document.querySelector('.stage').dataset.stop}, ${document.querySelector('.stage').dataset.phase}: ${one}`);
  }, least);
}

/** Waits until a page shows a stop, and a phase of it. */
export async function at(page, stop, phase) {
  await until(page, `${stop}, ${phase}`, ([id, what]) => {
    const { stop: shown, phase: now } = document.querySelector('.stage')?.dataset ?? {};
    return shown === id && (!what || now === what);
  }, [stop, phase], 30_000);
  // Type is fitted in the frame after.
  await painted(page);
}

/** Goes through the whole walk by its keys, and calls back at each thing. */
export async function walk(page, look) {
  await page.keyboard.press('Home');
  await at(page, 'drawing');
  const total = Number((await page.locator('.progress b i').innerText()).slice(1));
  let steps = 0;
  let last = '';
  for (;;) {
    const now = await page.evaluate(() => Object.values(document.querySelector('.stage').dataset).join('/'));
    if (now === last) break;
    last = now;
    await painted(page);
    await look(now);
    steps += 1;
    await page.keyboard.press('PageDown');
    await page.evaluate(() => document.querySelector('porthole-present').updateComplete);
  }
  return { total, steps };
}
