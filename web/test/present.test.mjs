import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, bench, close, drawn, open, painted, settled, until } from './lib/page.mjs';
import { collisions, outOfCell } from './lib/fit.mjs';
import { at, illegible, walk } from './lib/room.mjs';

const it = bench();

/** The presenter's view at a stop, ready. */
async function present(stop, options = {}) {
  const page = await open(it, { path: '/present', ...options });
  if (stop) await page.evaluate((hash) => (location.hash = hash), stop);
  await at(page, (stop ?? 'drawing').split('/')[0], stop?.split('/')[1]);
  return page;
}

const foot = (page) => page.locator('.calm').innerText();

test('the walk goes from the drawing through each lesson to the takeaways, and fits and can be read at each thing', async () => {
  for (const [width, height] of [[1920, 1080], [1280, 720], [1024, 768]]) {
    const page = await present(undefined, { state: 'three', width, height });
    await drawn(page, 3);
    const seen = [];
    const found = [];
    const { total, steps } = await walk(page, async (now) => {
      seen.push(now);
      found.push(...(await illegible(page)));
    });
    assert.deepEqual(found, [], `${width}×${height}`);
    assert.equal(total, 29);
    assert.equal(seen[0], 'drawing/live');
    assert.equal(seen.at(-1), 'takeaways/verdict');
    assert.ok(seen.join().includes('cpu-limit/question,cpu-limit/live,cpu-limit/verdict'), seen.join());
    assert.ok(!seen.join().includes('broken'), 'a lesson with mistakes is shown to a room');
    assert.ok(steps > total);
    await close(page);
  }
});

test('no text of the drawing lies on another or is cut, on a projector of any shape', async () => {
  for (const [width, height] of [[1920, 1080], [1920, 1200], [1280, 800], [1280, 720], [1024, 768], [800, 600]]) {
    const page = await present(undefined, { state: 'three', width, height });
    await drawn(page, 3);
    await page.evaluate(() => document.fonts.ready);
    assert.deepEqual(await collisions(page), [], `${width}×${height}`);
    assert.deepEqual(await outOfCell(page), [], `${width}×${height}`);
    assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('.wall .big')].filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent.trim())), [], `${width}×${height}`);
    await close(page);
  }
});

for (const [state, stop] of [['judged', 'architecture/verdict'], ['tables', 'verify-isolation/live'], ['cpu', 'cpu-limit/live'], ['cpu', 'cpu-limit/verdict'], ['making', 'container-from-scratch/live'], ['zero', undefined], ['down', undefined]]) {
  test(`${stop ?? 'the drawing'} with the host ${state}: everything can be read at every size`, async () => {
    for (const [width, height] of [[1920, 1080], [1280, 720]]) {
      const page = await present(stop, { state, width, height });
      await page.evaluate(() => document.fonts.ready);
      const found = await illegible(page);
      for (let i = 0; stop?.endsWith('live') && i < 6; i += 1) {
        await page.keyboard.press('ArrowDown');
        await at(page, stop.split('/')[0], 'live');
        found.push(...(await illegible(page)));
      }
      assert.deepEqual(found, [], `${width}×${height}`);
      await close(page);
    }
  });
}

test('a clicker’s keys, whole stops, both ends, and the address of each', async () => {
  const page = await present();
  await page.keyboard.press('PageDown');
  await at(page, 'architecture', 'question');
  assert.equal(new URL(page.url()).hash, '#architecture');
  await page.keyboard.press('PageDown');
  await at(page, 'architecture', 'live');
  assert.equal(new URL(page.url()).hash, '#architecture/live');
  await page.keyboard.press('Shift+ArrowRight');
  await at(page, 'container-vs-vm');
  await page.keyboard.press('ArrowLeft');
  await at(page, 'architecture', 'verdict');
  await page.reload();
  await at(page, 'architecture', 'verdict');
  await page.keyboard.press('End');
  await at(page, 'takeaways');
  assert.equal(await page.locator('.five li').count(), 5);
  await page.keyboard.press('ArrowRight');
  await at(page, 'takeaways');
  await page.keyboard.press('Home');
  await at(page, 'drawing');
  await page.keyboard.press('ArrowLeft');
  await at(page, 'drawing');
  await close(page);
});

test('a digit picks, and nothing tells which is right until the kernel has', async () => {
  const page = await present('cpu-limit', { state: 'zero' });
  await page.keyboard.press('2');
  await until(page, 'the pick', () => document.querySelectorAll('.choice.picked').length === 1 && document.querySelectorAll('.choice')[1].classList.contains('picked'));
  await page.keyboard.press('9');
  assert.equal(await page.locator('.choice.right').count(), 0);
  assert.equal(await page.getByText('what happened').count(), 0);
  await page.keyboard.press('2');
  await until(page, 'the pick to be taken back', () => !document.querySelector('.picked'));
  await close(page);
});

test('Space runs the lesson of the stop, and stops it', async () => {
  const page = await present(undefined, { state: 'zero' });
  await page.keyboard.press('ArrowRight');
  await at(page, 'architecture', 'question');
  const before = it.server.control.started.length;
  await page.keyboard.press('Space');
  await at(page, 'architecture', 'live');
  await until(page, 'three containers', () => document.querySelectorAll('.container:not(.ghost)').length === 3);
  assert.deepEqual(it.server.control.started.slice(before), ['architecture']);
  await page.keyboard.press('Space');
  await until(page, 'none', () => document.querySelectorAll('.container:not(.ghost)').length === 0);
  await close(page);
});

test('after a click on an answer, Space is for the lesson; by Tab it is for the answer', async () => {
  const page = await present('cpu-limit', { state: 'zero' });
  await page.locator('.choice button').first().click();
  await until(page, 'the pick', () => document.querySelector('.choice.picked'));
  await page.keyboard.press('Tab');
  await page.locator('.choice button').nth(1).focus();
  await page.keyboard.press('Space');
  await until(page, 'the second answer', () => document.querySelectorAll('.choice')[1].classList.contains('picked'));
  await at(page, 'cpu-limit', 'question');
  await page.locator('.choice button').nth(1).click();
  await page.keyboard.press('Space');
  await at(page, 'cpu-limit', 'live');
  await close(page);
});

test('what is refused, is lost, or does not answer is one calm line at the foot', async () => {
  const page = await present('cpu-limit', { state: 'zero' });
  it.server.control.problem = { status: 429, title: 'Too many runs', detail: 'Four lessons run already: stop one of them first.' };
  await page.keyboard.press('Space');
  await until(page, 'the line', () => document.querySelector('.calm.problem')?.textContent === 'Four lessons run already: stop one of them first.');
  it.server.control.problem = undefined;
  await page.keyboard.press('ArrowRight');
  await until(page, 'the line to go', () => !document.querySelector('.calm.problem'));
  it.server.control.refuse = true;
  it.server.cut();
  await until(page, 'the loss', () => /connection to Porthole is lost/.test(document.querySelector('.calm').textContent));
  it.server.control.refuse = false;
  await until(page, 'the way back', () => !document.querySelector('.calm.problem'));
  assert.equal(await page.locator('[role="alert"], .banner').count(), 0);
  await close(page);
});

test('why a run ended before its time stands at the foot, however it ended', async () => {
  const page = await present('cpu-limit', { state: 'cpu' });
  const host = it.server.control.hosts.get('cpu');
  for (const [state, problem] of [['failed', 'The engine went away in the middle of the run, and came back without Half.'], ['stopped', 'Stopped from outside: Free and Half.']]) {
    it.server.tell(host, { ...host.run(), id: `run-${state}`, startedAt: host.began + 1000, state, problem, endedAt: host.began + 2000 });
    await until(page, 'the line', (says) => document.querySelector('.calm.problem')?.textContent === says, problem);
  }
  await close(page);
});

test('an engine that is down during the walk is told at the foot, and nothing lies over the drawing', async () => {
  const page = await present(undefined, { state: 'down' });
  await until(page, 'the line', () => /docker\.sock/.test(document.querySelector('.calm.problem')?.textContent ?? ''));
  assert.equal(await page.locator('.channel .notice:visible').count(), 0);
  await page.keyboard.press('ArrowRight');
  await at(page, 'architecture', 'question');
  assert.match(await foot(page), /docker\.sock/);
  await close(page);
});

test('a lesson that this machine cannot run says so before anybody presses a key', async () => {
  const page = await present('block-io', { state: 'zero' });
  assert.match(await foot(page), /No block device of this host can be limited/);
  const before = it.server.control.started.length;
  await page.keyboard.press('Space');
  await until(page, 'the line', () => document.querySelector('.calm.problem'));
  assert.equal(it.server.control.started.length, before);
  await close(page);
});

test('blank, keys, theme, and the way back from each', async () => {
  const page = await present('cpu-limit', { theme: '' });
  await page.keyboard.press('b');
  await until(page, 'black', () => getComputedStyle(document.querySelector('.blank')).backgroundColor === 'rgb(0, 0, 0)' && document.elementFromPoint(300, 300).matches('.blank'));
  await page.keyboard.press('PageDown');
  await until(page, 'light', () => !document.querySelector('.blank'));
  await at(page, 'cpu-limit', 'question');
  await page.keyboard.press('?');
  await until(page, 'the keys', () => document.querySelector('.keys-over') === document.activeElement);
  assert.deepEqual(await illegible(page), []);
  await page.keyboard.press('Escape');
  await until(page, 'the stop', () => !document.querySelector('.over'));
  const theme = () => document.documentElement.dataset.theme;
  const before = await page.evaluate(theme);
  await page.keyboard.press('t');
  await until(page, 'the other theme', (was) => document.documentElement.dataset.theme !== was, before);
  await close(page);
});

test('the room is let in by an address and its code; without one, a sentence says what to do', async () => {
  const shut = await present(undefined, { state: 'zero' });
  assert.equal(await shut.locator('.beside').count(), 0);
  await shut.keyboard.press('q');
  await until(shut, 'the sentence', () => /--listen 0\.0\.0\.0:8080/.test(document.querySelector('.room-over').textContent));
  await close(shut);
  it.server.control.invitation = { url: 'http://192.168.1.20:8080/follow' };
  const page = await present(undefined, { state: 'zero' });
  await until(page, 'the code beside the drawing', () => document.querySelector('.beside .code')?.naturalWidth > 0 && /192\.168\.1\.20:8080\/follow/.test(document.querySelector('.beside').textContent));
  assert.deepEqual(await illegible(page), []);
  await page.keyboard.press('q');
  // Ten times as far as it is wide, a code can be read: on a screen 2.5 m high, from the last row at 15 m.
  await until(page, 'the large code', () => document.querySelector('.room-over .code')?.getBoundingClientRect().height > innerHeight * 0.6);
  assert.deepEqual(await illegible(page), []);
  await page.keyboard.press('q');
  it.server.control.invitation = undefined;
  await close(page);
});

test('who may only watch walks, and leads nobody', async () => {
  it.server.control.places = [];
  const page = await present('cpu-limit', { state: 'readonly' });
  await page.keyboard.press('Space');
  await until(page, 'the line', () => /may only watch/.test(document.querySelector('.calm.problem')?.textContent ?? ''));
  assert.deepEqual(it.server.control.places, []);
  await close(page);
});

/** A room as the stream tells of it. */
const room = (state, more = {}) => ({ followers: 25, place: { stop: 'cpu-limit', phase: 'question' }, poll: { lesson: 'cpu-limit', round: 'r1', state, ballots: 20, answers: [{ id: 'same', votes: 5 }, { id: 'twice', votes: 14 }, { id: 'killed', votes: 1 }], ...more } });

test('the tally grows as bars, and tells nothing before the verdict', async () => {
  const page = await present('cpu-limit', { state: 'zero' });
  const host = it.server.control.hosts.get('zero');
  it.server.tell(host, { ...host.head('room'), ...room('open') });
  await until(page, 'the tally', () => [...document.querySelectorAll('.tally b')].map((one) => one.textContent).join() === '5,14,1');
  await settled(page);
  const widths = await page.locator('.tally-bar i').evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
  assert.ok(Math.abs(widths[1] / widths[0] - 14 / 5) < 0.05, String(widths));
  assert.equal(await page.locator('.room-words').innerText(), '20 of 25 predicted.');
  assert.equal(await page.locator('.right').count(), 0);
  assert.deepEqual(await illegible(page), []);
  await close(page);
});

test('nothing moves on the question when the poll is known, nor when the first has answered', async () => {
  const page = await present('cpu-limit', { state: 'zero' });
  const host = it.server.control.hosts.get('zero');
  const { poll, ...rest } = room('open');
  const places = () => page.locator('.choice').evaluateAll((choices) => choices.map((one) => one.getBoundingClientRect().toJSON()));
  const tell = async (now, words) => {
    it.server.tell(host, { ...host.head('room'), ...now });
    await until(page, words, (expected) => [...document.querySelectorAll('.tally b')].map((one) => one.textContent.trim()).join() === expected, words);
    await painted(page);
    return places();
  };
  const unknown = await tell(rest, ',,');
  const open = await tell({ ...rest, poll: { ...poll, ballots: 0, answers: poll.answers.map(({ id }) => ({ id, votes: 0 })) } }, '0,0,0');
  const answered = await tell({ ...rest, poll }, '5,14,1');
  assert.deepEqual([open, answered], [unknown, unknown]);
  await close(page);
});

test('a follower’s page mirrors the presenter, votes once, and shows what became of it', async () => {
  it.server.control.votes = [];
  const page = await open(it, { state: 'zero', path: '/follow', width: 390, height: 844 });
  await page.getByText('The presenter has not begun').waitFor();
  const host = it.server.control.hosts.get('zero');
  const tell = (now) => it.server.tell(host, { ...host.head('room'), ...now });
  tell(room('open'));
  await at(page, 'cpu-limit', 'question');
  assert.equal(await page.locator('.tally').count(), 0, 'others’ predictions lead one’s own');
  await page.locator('.choice button').nth(1).click();
  await page.getByText('Your prediction is counted.').waitFor();
  assert.deepEqual(it.server.control.votes, ['twice']);
  assert.equal(await page.locator('.choice button:enabled').count(), 0);
  tell(room('told', { right: 'twice', rightBallots: 14 }));
  await page.getByText('You predicted what happened.').waitFor();
  assert.equal(await page.locator('.tally').count(), 3);
  tell({ ...room('told'), place: { stop: 'cpu-limit', phase: 'live', blank: true } });
  await page.getByText('screen is blank').waitFor();
  tell({ ...room('told'), place: { stop: 'takeaways', phase: 'verdict' } });
  await at(page, 'takeaways');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  await close(page);
});

test('a vote that is refused is said in the server’s words, and another may be tried', async () => {
  const page = await open(it, { state: 'zero', path: '/follow', width: 390, height: 844 });
  const host = it.server.control.hosts.get('zero');
  await until(page, 'the page', () => document.querySelector('.waiting'));
  const { poll, ...rest } = room('open');
  it.server.tell(host, { ...host.head('room'), ...rest, poll: { ...poll, round: 'r2' } });
  await at(page, 'cpu-limit', 'question');
  it.server.control.problem = { status: 409, title: 'Conflict', detail: 'Predicted already: this browser’s prediction is counted; each follower predicts once.' };
  await page.locator('.choice button').first().click();
  await until(page, 'the sentence', () => /each follower predicts once/.test(document.querySelector('.calm.problem')?.textContent ?? ''));
  it.server.control.problem = undefined;
  await close(page);
});

test('axe finds nothing in the walk, in both themes', async () => {
  for (const theme of ['dark', 'light']) {
    for (const [path, stop, key, size] of [['/present', '', '', [1920, 1080]], ['/present', 'cpu-limit', '', [1920, 1080]], ['/present', 'cpu-limit/live', '', [1280, 720]], ['/present', 'cpu-limit/verdict', '', [1280, 720]], ['/present', 'takeaways', '', [1920, 1080]], ['/present', '', '?', [1920, 1080]], ['/present', '', 'q', [1920, 1080]], ['/follow', '', '', [390, 844]]]) {
      const page = await open(it, { state: 'cpu', path, theme, width: size[0], height: size[1], reducedMotion: 'reduce' });
      await until(page, 'the page', () => document.querySelector('.stage'));
      if (path === '/present') {
        if (stop) await page.evaluate((hash) => (location.hash = hash), stop);
        await at(page, (stop || 'drawing').split('/')[0]);
        if (key) await page.keyboard.press(key);
      } else {
        const host = it.server.control.hosts.get('cpu');
        it.server.tell(host, { ...host.head('room'), ...room('told', { right: 'twice', rightBallots: 14 }) });
        await at(page, 'cpu-limit', 'question');
      }
      assert.deepEqual(await axe(page), [], `${theme} ${path} ${stop} ${key}`);
      await close(page);
    }
  }
});

test('in the hand a sentence has a row of the foot to itself, and the page’s end is not under it', async () => {
  const page = await present('architecture/live', { state: 'judged', width: 390, height: 844 });
  const host = it.server.control.hosts.get('judged');
  for (const problem of ['Stopped from outside: Free and Half.', 'The engine went away in the middle of the run: Nobody answers at unix:///var/run/docker.sock; the engine has stopped, or has not come up yet.']) {
    it.server.tell(host, { ...host.run(), id: `run-${problem.length}`, startedAt: host.began + problem.length, state: 'failed', problem, endedAt: host.began + 2000 });
    await until(page, 'the line', (says) => document.querySelector('.calm.problem')?.textContent === says, problem);
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await painted(page);
    const seen = await page.evaluate(() => {
      const box = (selector) => document.querySelector(selector).getBoundingClientRect();
      const buttons = [...document.querySelectorAll('.foot-button')].map((one) => one.getBoundingClientRect());
      return { width: box('.calm').width, under: box('.stage').bottom - box('.foot-line').top, cut: box('.foot-line').bottom - innerHeight, beside: buttons.filter((button) => button.top < box('.calm').bottom - 1).length };
    });
    assert.ok(seen.width > 340 && seen.under <= 0 && seen.cut <= 0.5 && seen.beside === 0, `${problem}: ${JSON.stringify(seen)}`);
  }
  await close(page);
});

test('in the hand the walk is laid out for it: nothing runs out of the window, and the foot’s buttons are there', async () => {
  for (const stop of [undefined, 'cpu-limit']) {
    const page = await present(stop, { state: 'three', width: 390, height: 844 });
    const found = await page.evaluate(() => {
      const boxes = [...document.querySelectorAll('.foot-button')].map((one) => one.getBoundingClientRect());
      return { wide: document.documentElement.scrollWidth, buttons: boxes.length, outside: boxes.filter((box) => box.left < 0 || box.right > innerWidth).length, over: boxes.filter((box, i) => i > 0 && box.left < boxes[i - 1].right - 0.5).length };
    });
    assert.ok(found.wide <= 390 && found.buttons >= 3 && found.outside === 0 && found.over === 0, JSON.stringify(found));
    await close(page);
  }
});
