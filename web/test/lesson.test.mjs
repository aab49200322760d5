import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, bench, close, misfits, open, until } from './lib/page.mjs';

const it = bench();

test('the tables of a lesson: both sides of the wall, layers, and witnesses', async () => {
  for (const [width, height, theme] of [[1920, 1080, 'dark'], [390, 844, 'light']]) {
    const page = await open(it, { state: 'tables', path: '/lessons/verify-isolation', width, height, theme });
    await until(page, 'the tables', () => document.querySelectorAll('.table-box').length === 9 && document.querySelector('.table-processes .out.big'));
    assert.match(await page.locator('.table-processes tbody').first().innerText(), /1\s+48211\s+porthole workload burn/);
    assert.equal(await page.locator('.stack').count(), 1, 'one stack for containers with the same layers');
    assert.equal(await page.locator('.writable').count(), 3);
    assert.match(await page.locator('.writable .removed').innerText(), /delete-me/);
    assert.match(await page.locator('.table-log tbody tr').nth(1).innerText(), /oom\s+true/);
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(await misfits(page), []);
    await close(page);
  }
});

test('a prediction is made by key, and survives a reload', async () => {
  const page = await open(it, { state: 'zero', path: '/lessons/cpu-limit' });
  await until(page, 'the answers', () => document.querySelectorAll('.answer').length === 3);
  await page.keyboard.press('2');
  await until(page, 'the pick', () => document.querySelectorAll('.answer input')[1].checked);
  await page.reload();
  await until(page, 'the pick again', () => document.querySelectorAll('.answer input')[1]?.checked);
  await page.keyboard.press('?');
  await until(page, 'the keys', () => document.querySelector('dl.keys'));
  await close(page);
});

test('a slider changes the command, and its value is sent', async () => {
  const page = await open(it, { state: 'cpu', path: '/lessons/cpu-limit' });
  await until(page, 'the slider', () => document.querySelector('.action-range input'));
  await page.locator('.action-range input[type=range]').focus();
  await page.keyboard.press('ArrowRight');
  await until(page, 'the command', () => /--cpus 0\.5 /.test(document.querySelectorAll('porthole-action code')[1].textContent.replace(/\s+/g, ' ')));
  const sent = page.waitForRequest((request) => /actions\/less$/.test(request.url()));
  await page.locator('porthole-action').nth(1).getByRole('button', { name: 'Do it' }).click();
  assert.deepEqual((await sent).postDataJSON(), { value: 0.5 });
  await close(page);
});

test('what cannot be run here, and a lesson with mistakes, say so first', async () => {
  let page = await open(it, { state: 'zero', path: '/lessons/block-io' });
  await until(page, 'the reason', () => /cannot run this lesson.*No block device/s.test(document.querySelector('.unavailable')?.textContent ?? ''));
  await close(page);
  page = await open(it, { state: 'zero', path: '/lessons/broken' });
  await until(page, 'the line', () => /demo\.yaml:2:1/.test(document.querySelector('.unavailable pre')?.textContent ?? ''));
  await close(page);
});
