// Containers that Porthole did not start: seen on the drawing, and nowhere that a lesson is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, bench, close, drawn, open, settled, until } from './lib/page.mjs';

const it = bench();
const strangers = ['shop-web-0', 'monitoring_prometheus-server-1'];

test('they stand after ours, under their own names, and say who did not start them', async () => {
  for (const width of [1920, 1280, 390]) {
    const page = await open(it, { state: 'others', width });
    await drawn(page, 5);
    const boxes = await page.$$eval('.container', (all) => all.map((one) => ({
      n: Number(one.dataset.box), title: one.querySelector('.legend .opens').textContent, foreign: one.classList.contains('foreign'),
      whose: [...one.querySelectorAll('.whose')].filter((part) => part.checkVisibility()).map((part) => part.textContent).join(), commands: one.querySelectorAll('porthole-command').length,
    })));
    assert.deepEqual(boxes.map((one) => [one.n, one.title, one.whose]), [[1, 'App A', ''], [2, 'App B', ''], [3, 'App C', ''], [4, strangers[0], 'not started by Porthole'], [5, strangers[1], 'not started by Porthole']], `${width}`);
    for (const { foreign, commands } of boxes) assert.equal(commands, foreign ? 0 : 1, 'a command that Porthole did not run is not shown');
    // What the kernel knows of them is there: its number for itself, and its counters with their files.
    assert.deepEqual(await page.$$eval('.container.foreign .cell-in.big', (all) => all.map((one) => one.textContent.trim())), ['1', '1']);
    await until(page, 'their figures', () => ['4', '5'].every((n) => /\d/.test(document.querySelector(`.graph.cpu[data-column="${n}"] .value`)?.textContent ?? '')));
    await close(page);
  }
});

test('a number of theirs opens its file as ours do, and nothing on the page could act on them', async () => {
  const page = await open(it, { state: 'others' });
  await drawn(page, 5);
  const asked = [];
  page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await page.locator('.graph.memory[data-column="4"] button.value').click();
  await page.locator('.plate pre').waitFor();
  assert.match(await page.locator('.plate .path').innerText(), /memory\.current$/);
  await page.keyboard.press('Escape');
  const words = await page.$$eval('.container.foreign :is(button, a)', (all) => all.map((one) => one.getAttribute('aria-label') ?? one.textContent));
  assert.deepEqual(words.filter((one) => /stop|run|start|remove|kill|copy|update/i.test(one)), []);
  await page.goto(`${it.server.url}/?state=others#container/${strangers[0]}`);
  await page.locator('.zoomed .whose').waitFor();
  assert.match(await page.locator('.zoomed .whose').innerText(), /only looks at it/);
  assert.equal(await page.locator('.zoomed porthole-command').count(), 0);
  assert.match(await page.locator('.zoomed .sides-of').innerText(), /nginx/);
  assert.deepEqual(asked.filter((one) => !one.startsWith('GET')), []);
  await close(page);
});

test('without a lesson its places come first, and the button that starts it is there', async () => {
  const page = await open(it, { state: 'othersalone' });
  await drawn(page, 2);
  assert.deepEqual(await page.$$eval('.container', (all) => all.map((one) => one.className.match(/ghost|foreign/)[0])), ['ghost', 'ghost', 'ghost', 'foreign', 'foreign']);
  assert.equal(await page.getByRole('button', { name: /^Run / }).count(), 1);
  // A line to a box in the second row goes round the outlines in the first.
  await page.setViewportSize({ width: 1280, height: 720 });
  await until(page, 'lines that go round', () => document.querySelector('.bus-outer'));
  const through = await page.evaluate(() => {
    const ghosts = [...document.querySelectorAll('.container.ghost')].map((one) => one.getBoundingClientRect());
    return [...document.querySelectorAll('.connectors path')].filter((path) => {
      const [length, matrix] = [path.getTotalLength(), path.getScreenCTM()];
      return Array.from({ length: 200 }, (_, i) => path.getPointAtLength((length * i) / 199).matrixTransform(matrix)).some((at) => ghosts.some((box) => at.x > box.left + 1 && at.x < box.right - 1 && at.y > box.top + 1 && at.y < box.bottom - 1));
    }).length;
  });
  assert.equal(through, 0, 'lines run through the outlines');
  await close(page);
});

test('a container that comes and goes moves none of ours, and its partners are named by their numbers', async () => {
  const page = await open(it, { state: 'others' });
  await drawn(page, 5);
  const host = it.server.control.hosts.get('others');
  const places = () => page.$$eval('.container:not(.foreign)', (all) => all.map((one) => `${one.dataset.box} ${one.querySelector('.legend').textContent.trim()}`));
  const before = await places();
  host.state.others = 1;
  it.server.tell(host, host.topology());
  await drawn(page, 4);
  assert.deepEqual(await places(), before);
  host.state.others = 2;
  host.shares.push(['net', [1, 5]]);
  it.server.tell(host, host.topology());
  await drawn(page, 5);
  await until(page, 'who shares the net namespace', () => document.querySelector('.container[data-box="5"] .name.ns-net small')?.textContent === '= 1' && document.querySelector('.container[data-box="1"] .name.ns-net small')?.textContent === '= 5');
  await close(page);
});

test('a lesson’s page has its own containers, and so have panels, but for the one that is asked for by its name', async () => {
  const texts = (page) => page.evaluate(() => document.body.innerText);
  for (const path of ['/lessons/architecture', '/present', '/embed/diagram', '/embed/namespaces', '/embed/cpu', '/embed/cpu?lesson=architecture', '/embed/processes?container=a']) {
    const page = await open(it, { state: 'others', path });
    await until(page, 'ours', () => /App A/.test(document.body.innerText));
    await settled(page);
    assert.doesNotMatch(await texts(page), /shop-web|prometheus/, path);
    await close(page);
  }
  for (const panel of ['diagram', 'namespaces', 'cpu', 'memory', 'pids', 'io', 'processes', 'security']) {
    const page = await open(it, { state: 'others', path: `/embed/${panel}?container=${strangers[1]}`, width: 960, height: 540 });
    await until(page, `the panel ${panel}`, () => document.querySelector('main .badge, main .matrix .head'));
    assert.doesNotMatch(await texts(page), /App A/, panel);
    if (panel !== 'namespaces') assert.match(await texts(page), /monitoring_prometheus/, panel);
    await close(page);
  }
});

for (const theme of ['dark', 'light']) {
  test(`axe-core finds nothing on a drawing with others in the ${theme} theme`, async () => {
    const found = [];
    for (const options of [{}, { width: 390, height: 844 }]) {
      const page = await open(it, { state: 'others', theme, ...options });
      await drawn(page, 5);
      await settled(page);
      found.push(...(await axe(page)).map((one) => `${JSON.stringify(options)} ${one}`));
      await close(page);
    }
    assert.deepEqual(found, []);
  });
}
