import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, bench, close, misfits, open, painted, until } from './lib/page.mjs';

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

test('a container that is half made: the steps done, the next one, those to come, and the drawing as far as it is', async () => {
  for (const [width, height, theme] of [[1920, 1080, 'dark'], [1280, 720, 'light'], [390, 844, 'light']]) {
    const page = await open(it, { state: 'making', path: '/lessons/container-from-scratch', width, height, theme });
    await until(page, 'the steps', () => document.querySelectorAll('.making-steps > li').length === 3);
    assert.deepEqual(await page.locator('.making-steps > li').evaluateAll((rows) => rows.map((row) => row.className.trim())), ['done', 'done latest', 'next']);
    assert.match(await page.locator('.making-head').innerText(), /2 of 3 steps taken, process 48211/);
    assert.equal(await page.locator('.latest details[open]').count(), 1, 'the latest step lies open');
    assert.match(await page.locator('.latest tbody').innerText(), /limit of memory\s+no such file\s+67108864/);
    assert.equal(await page.locator('.latest .making-calls a').first().getAttribute('href'), '/source/outside.go#L183');
    await until(page, 'the box with its process, and nothing reported from inside', () => /48211/.test(document.querySelector('.container .cell-out')?.textContent ?? '') && /–/.test(document.querySelector('.container .cell-in')?.textContent ?? ''));
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(await misfits(page), []);
    const asked = page.waitForRequest((request) => /actions\/next$/.test(request.url()));
    await page.locator('porthole-next-step').getByRole('button', { name: 'Take the next step' }).click();
    assert.equal((await asked).method(), 'POST');
    await close(page);
  }
  const page = await open(it, { state: 'made', path: '/lessons/container-from-scratch' });
  await until(page, 'the last step', () => document.querySelector('.making-steps > .latest .making-name')?.textContent === 'execve');
  assert.equal(await page.locator('porthole-next-step button').count(), 0, 'nothing is left to ask for');
  assert.match(await page.locator('.latest tbody').innerText(), /program\s+porthole container\s+\/porthole workload idle/);
  await close(page);
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

/** Goes to a lesson's page from another one, with the catalogue held back until let() is called. */
async function linked(page, address) {
  let let_;
  const held = new Promise((resolve) => (let_ = resolve));
  await page.route('**/api/v1/lessons', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${it.server.url}${address}`);
  return let_;
}

test('a deep link lands on its part, also when that comes late, and takes the focus along', async () => {
  for (const [width, height] of [[1280, 720], [390, 844]]) {
    for (const id of ['predict', 'run', 'change', 'observe', 'verdict', 'claim-twice']) {
      const page = await open(it, { state: 'cpu', path: '/takeaways', width, height });
      const release = await linked(page, `/lessons/cpu-limit?state=cpu&theme=dark#${id}`);
      await until(page, 'a page without its lesson', () => /Loading the lesson/.test(document.querySelector('.lesson-missing')?.textContent ?? ''));
      release();
      await until(page, `#${id} on top of the window, at ${width} px`, (id) => {
        const place = document.getElementById(id);
        const target = place?.getClientRects().length ? place : place?.firstElementChild;
        if (!target || document.activeElement !== target) return false;
        const { top } = target.getBoundingClientRect();
        const bottom = Math.abs(scrollY + innerHeight - document.documentElement.scrollHeight) < 2;
        return top >= 0 && (top < 60 || scrollY === 0 || (bottom && top < innerHeight));
      }, id);
      if (id.startsWith('claim')) assert.equal(await page.locator('.claim:target').getAttribute('data-claim'), 'twice');
      await close(page);
    }
  }
});

test('a link within the page moves the focus, and whoever scrolls is not pulled back', async () => {
  const page = await open(it, { state: 'cpu', path: '/lessons/cpu-limit', width: 1280, height: 720 });
  await until(page, 'the claims', () => document.querySelectorAll('.claim').length === 4);
  await page.locator('#claim-nproc .claim-link').focus();
  await page.keyboard.press('Enter');
  await until(page, 'the focus on the claim', () => document.activeElement?.id === 'claim-nproc');
  await page.mouse.move(640, 360);
  await page.mouse.wheel(0, -5000);
  await until(page, 'the top of the page', () => scrollY === 0);
  // The page goes on filling.
  it.server.tell(it.server.control.hosts.get('cpu'), it.server.control.hosts.get('cpu').topology());
  await painted(page, 3);
  assert.equal(await page.evaluate(() => scrollY), 0);
  await close(page);
});

test('keys run and stop the lesson, and open and close the list of keys', async () => {
  const page = await open(it, { state: 'cpu', path: '/lessons/cpu-limit' });
  await until(page, 'the run', () => document.querySelector('porthole-lesson .stop'));
  const stopped = page.waitForRequest((request) => request.method() === 'DELETE');
  await page.keyboard.press('s');
  assert.match((await stopped).url(), /runs\/run-1$/);
  await until(page, 'the button to run it again', () => /Run again/.test(document.querySelector('porthole-lesson porthole-run-button').textContent));
  const started = page.waitForRequest((request) => request.method() === 'POST');
  await page.keyboard.press('Shift+R');
  assert.match((await started).url(), /lessons\/cpu-limit\/runs$/);
  for (const closing of ['?', 'Escape']) {
    await page.keyboard.press('?');
    await until(page, 'the keys', () => document.querySelector('dl.keys'));
    await page.keyboard.press(closing);
    await until(page, `no keys after ${closing}`, () => !document.querySelector('dl.keys'));
  }
  await close(page);
});

test('no key is taken from somebody who types or slides', async () => {
  const page = await open(it, { state: 'zero', path: '/lessons/cpu-limit' });
  await until(page, 'the slider', () => document.querySelector('.action-range input'));
  const requests = [];
  page.on('request', (request) => request.method() !== 'GET' && requests.push(request.url()));
  const field = page.locator('.action-range input[type=number]');
  await field.fill('');
  await field.pressSequentially('3rs?');
  assert.equal(await field.inputValue(), '3');
  await field.press('Enter');
  const slider = page.locator('.action-range input[type=range]');
  assert.equal(await slider.inputValue(), '3');
  await slider.focus();
  for (const key of ['ArrowLeft', '1', '2']) await page.keyboard.press(key);
  assert.equal(await slider.inputValue(), '2.75');
  await slider.press('Home');
  assert.equal(await slider.inputValue(), '0.25');
  assert.equal(await page.locator('.answer input:checked').count(), 0);
  assert.equal(await page.locator('dl.keys').count(), 0);
  assert.deepEqual(requests, []);
  // A key of the browser's own is not ours.
  await page.locator('h1').first().click();
  await page.keyboard.press('Control+2');
  assert.equal(await page.locator('.answer input:checked').count(), 0);
  await close(page);
});

test('before a run, a lesson says what will be seen', async () => {
  let page = await open(it, { state: 'zero', path: '/lessons/cpu-limit' });
  await until(page, 'the sentence', () => /Here comes how many cores/.test(document.querySelector('.observe-wait')?.textContent ?? ''));
  assert.match(await page.locator('.answer-word').innerText(), /Pick one/);
  await close(page);
  page = await open(it, { state: 'zero', path: '/lessons/verify-isolation' });
  await until(page, 'the tables', () => document.querySelectorAll('.table-box').length === 9);
  for (const note of await page.locator('.table-box').allInnerTexts()) assert.match(note, /not started|no layer|No line/);
  await close(page);
});
