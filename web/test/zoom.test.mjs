import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collisions } from './lib/fit.mjs';
import { axe, bench, close, drawn, misfits, open, settled, until } from './lib/page.mjs';

const it = bench();
const name = (key) => `porthole-architecture-${key}`;

/** Goes to a place of the drawing without a click. */
const go = (page, hash) => page.evaluate((to) => { location.hash = to; }, hash);
const opened = (page, selector) => until(page, `${selector} to open`, (what) => document.querySelector(`.zoomed${what}`) && !document.querySelector('.outline'), selector);
const whole = (page) => until(page, 'the whole drawing', () => !document.querySelector('.zoomed, .outline') && document.querySelectorAll('.matrix .type').length === 8 && document.querySelector('.cgroups canvas'));
/** Waits until the answers of the server are on the page. */
const read = (page) => until(page, 'the files to be read', () => document.querySelector('.zoomed .command') && !/Reading…/.test(document.querySelector('.zoomed').textContent));

test('a type of namespace opens from its row, shows who shares which number, and one key leads back', async () => {
  const page = await open(it, { state: 'interleaved' });
  await drawn(page, 3);
  const link = page.locator('.matrix .ns-net .type a');
  await link.focus();
  await page.keyboard.press('Enter');
  await opened(page, '.namespaces');
  await read(page);
  assert.equal(new URL(page.url()).hash, '#namespaces/net');
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains('zoomed')), 'focus is on the box');
  const spaces = await page.$$eval('.space', (all) => all.map((space) => ({ inode: space.querySelector('.legend b').textContent, who: [...space.querySelectorAll('h5')].map((one) => one.textContent.trim()), links: [...space.querySelectorAll('.link')].map((one) => one.textContent.replace(/\s+/g, ' ').trim()), processes: [...space.querySelectorAll('.pairs tbody tr')].map((row) => row.textContent.replace(/\s+/g, ' ').trim()), holds: space.querySelector('.holds')?.textContent })));
  assert.deepEqual(spaces.map((one) => [one.inode, one.who]), [['4026531840', ['Host', '2App B']], ['4026532262', ['1App A', '3App C']]]);
  assert.deepEqual(spaces[0].links, ['/proc/2/ns/net net:[4026531840]', '/proc/48377/ns/net net:[4026531840]']);
  assert.deepEqual(spaces[1].processes, ['1=48211porthole workload burn', '7=48272porthole workload child', '1=48543porthole workload burn', '7=48604porthole workload child']);
  assert.match(spaces[1].holds, /eth0 172\.17\.0\.2/);
  assert.equal(await page.locator('.space .command').first().innerText(), 'readlink /proc/2/ns/net');
  await page.keyboard.press('Escape');
  await whole(page);
  assert.equal(new URL(page.url()).hash, '');
  assert.ok(await page.evaluate(() => document.activeElement === document.querySelector('.matrix .ns-net .type a')), 'focus is back where it came from');
  await close(page);
});

test('Backspace, the button and the browser lead back too, and the address survives a reload', async () => {
  const page = await open(it);
  await drawn(page, 3);
  await page.locator('.namespaces > .legend a').click();
  await opened(page, '.namespaces');
  assert.equal(await page.locator('.zoomed .matrix .cell').count(), 32, 'the box alone is the whole matrix');
  await page.locator('.matrix .ns-uts .type a').click();
  await until(page, 'the type', () => location.hash === '#namespaces/uts' && document.querySelector('.space'));
  await page.reload();
  await opened(page, '.namespaces');
  await read(page);
  assert.match(await page.locator('.space').first().innerText(), /workshop-01/);
  await page.goBack();
  await until(page, 'the box before', () => location.hash === '#namespaces' && document.querySelector('.zoomed .matrix'));
  await page.keyboard.press('Backspace');
  await whole(page);
  await page.locator('.resources > .legend a').click();
  await opened(page, '.resources');
  await page.locator('.zoom-back').click();
  await whole(page);
  // Loaded from an address, there is nothing to go back to but the drawing itself.
  await go(page, '#cgroups/pids');
  await opened(page, '.resources');
  await page.goBack();
  await whole(page);
  await close(page);
});

test('a click on a box’s own ground opens it; on a number it still tells where that comes from', async () => {
  const page = await open(it);
  await drawn(page, 3);
  await page.locator('.matrix .ns-pid .cell[data-column="1"]').click();
  await until(page, 'the plate', () => document.querySelector('.plate pre'));
  assert.equal(await page.locator('.zoomed').count(), 0);
  assert.equal(await page.locator('.plate .plate-home').getAttribute('href'), '#namespaces/pid');
  await page.keyboard.press('Escape');
  await page.locator('.graph.memory[data-column="2"] .plot').click();
  await opened(page, '.resources');
  assert.equal(new URL(page.url()).hash, `#cgroups/memory/${name('b')}`);
  await read(page);
  // A plate over the opened box is closed first.
  await page.locator('.zoomed .graph.memory[data-column="1"] .value').click();
  await until(page, 'the plate', () => document.querySelector('.plate pre'));
  await page.keyboard.press('Escape');
  await until(page, 'the plate to close', () => !document.querySelector('.plate'));
  assert.equal(await page.locator('.zoomed').count(), 1, 'the box is still open');
  await page.keyboard.press('Escape');
  await whole(page);
  await page.locator('.container[data-box="3"]').click({ position: { x: 4, y: 60 } });
  await opened(page, '.container');
  assert.equal(new URL(page.url()).hash, `#container/${name('c')}`);
  await close(page);
});

test('a controller shows each file under both names, this host’s marked, and what it holds now', async () => {
  const page = await open(it, { state: 'throttled' });
  await go(page, `#cgroups/cpu/${name('b')}`);
  await opened(page, '.resources');
  await read(page);
  const files = await page.$$eval('.file', (all) => Object.fromEntries(all.map((file) => [file.querySelector('.legend b').textContent, { rows: [...file.querySelectorAll('.rosetta tbody tr')].map((row) => [...row.cells].map((cell) => cell.querySelector('.mono')?.textContent ?? 'none')), ours: [...file.querySelectorAll('.ours')].map((cell) => cell.cellIndex), raw: file.querySelector('pre').textContent, command: file.querySelector('code').textContent.replace(/\s+/g, ' ').trim() }])));
  assert.deepEqual(Object.keys(files), ['cpu.max', 'cpu.weight', 'cpuset.cpus.effective', 'cpu.stat', 'cpu.pressure']);
  assert.deepEqual(files['cpu.max'].rows, [['cpu.cfs_quota_us', 'cpu.max']]);
  assert.deepEqual(files['cpu.stat'].rows, [['cpuacct.usage', 'cpu.stat usage_usec'], ['cpu.stat nr_periods', 'cpu.stat nr_periods'], ['cpu.stat nr_throttled', 'cpu.stat nr_throttled'], ['cpu.stat throttled_time', 'cpu.stat throttled_usec']]);
  assert.deepEqual(files['cpu.pressure'].rows, [['none', 'cpu.pressure some']]);
  for (const file of Object.values(files)) assert.ok(file.ours.every((column) => column === 1), 'this host has v2');
  assert.equal(files['cpu.max'].raw, '50000 100000\n');
  assert.match(files['cpu.max'].command, /^cat \/sys\/fs\/cgroup\/.*\/cpu\.max$/);
  assert.match(await page.locator('.file mark').nth(2).innerText(), /^nr_throttled \d+$/);
  const before = await page.locator('.file mark').first().innerText();
  await until(page, 'the content to go on', (was) => document.querySelector('.file mark').textContent !== was, before);
  await page.locator('.files-of nav a').first().click();
  await until(page, 'the other container’s file', () => document.querySelector('.file pre').textContent === 'max 100000\n');
  assert.equal(new URL(page.url()).hash, `#cgroups/cpu/${name('a')}`);
  await close(page);
});

test('a container shows both sides of its wall, open where the host’s namespace is shared', async () => {
  const page = await open(it, { state: 'conduit' });
  await go(page, `#container/${name('b')}`);
  await opened(page, '.container');
  const rows = await page.$$eval('.side-row:not(.heads)', (all) => all.map((row) => ({ name: row.querySelector('.side-name').textContent.trim(), in: row.querySelector('.side-in').textContent.trim(), out: row.querySelector('.side-out').textContent.trim(), open: row.classList.contains('open') })));
  assert.deepEqual(rows.slice(0, 2).map((row) => [row.in, row.out.slice(0, 5)]), [['1', '48377'], ['7', '48438']]);
  const of = (word) => rows.find((row) => row.name === word);
  assert.equal(of('hostname').out, 'workshop-01');
  assert.ok(of('interfaces').open && !of('hostname').open, 'only the shared one is open');
  assert.equal(of('users').in, '0');
  assert.match(of('cgroup').out, /docker-2+\.scope$/);
  assert.ok(of('kernel').open, 'there is one kernel');
  assert.match(await page.locator('.rights-of').innerText(), /14 of 41[\s\S]*00000000a80425fb/);
  assert.equal(await page.locator('.containers .container').count(), 2, 'the others frame it');
  await close(page);
});

test('a container that ends while it is open is said to have ended, and keeps its last values', async () => {
  const page = await open(it);
  await drawn(page, 3);
  const host = it.server.control.hosts.get('three');
  await go(page, `#container/${name('c')}`);
  await opened(page, '.container');
  host.state.count = 2;
  it.server.tell(host, { ...host.head('gone'), name: name('c'), id: '3'.repeat(64), exitCode: 137, last: {} });
  it.server.tell(host, host.topology());
  await until(page, 'the sentence', () => /App C has ended, exit code 137\..*as it last was/.test(document.querySelector('.zoom-over')?.textContent ?? ''));
  assert.match(await page.locator('.zoomed').innerText(), /48543/);
  await go(page, '#namespaces/uts');
  await until(page, 'it to be marked among the others', () => /ended: as it last was/.test(document.querySelector('.member.ended')?.textContent ?? ''));
  await page.keyboard.press('Escape');
  await whole(page);
  assert.equal(await page.locator('.container:not(.ghost)').count(), 2);
  await close(page);
});

test('an unknown place is told in a sentence, and a container that is not there yet appears by itself', async () => {
  const page = await open(it, { state: 'two' });
  await drawn(page, 2);
  for (const [hash, says] of [['#namespaces/nope', /no namespace type called nope.*pid, net/], ['#cgroups/gpu', /no controller called gpu.*cpu, memory/], ['#cgroups/cpu/nobody', /No container called nobody/], ['#container/%', /No container called %/], ['#container', /names no container/]]) {
    await go(page, hash);
    await until(page, `a sentence for ${hash}`, (pattern) => new RegExp(pattern).test(document.querySelector('.zoomed .zoom-missing')?.textContent ?? ''), says.source);
    assert.equal(await page.locator('.zoom-back').count(), 1);
  }
  await go(page, `#container/${name('c')}`);
  await until(page, 'the waiting', () => /appears here as soon as it does/.test(document.querySelector('.zoom-missing')?.textContent ?? ''));
  const host = it.server.control.hosts.get('two');
  host.state.count = 3;
  it.server.tell(host, host.topology());
  await until(page, 'the container', () => /48543/.test(document.querySelector('.zoomed .sides-of')?.textContent ?? ''));
  await close(page);
});

test('what cannot be asked says why, and is asked again', async () => {
  const page = await open(it);
  await drawn(page, 3);
  await page.route('**/sources/**', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ title: 'No engine', detail: 'The engine does not answer.' }) }));
  await go(page, '#namespaces/ipc');
  await until(page, 'the reason', () => /The engine does not answer/.test(document.querySelector('.space')?.textContent ?? ''));
  await page.unroute('**/sources/**');
  await read(page);
  page.problems.length = 0; // the browser logs each 503
  await close(page);
});

test('boxes glide to their places, and with reduced motion they are there at once', async () => {
  for (const reducedMotion of ['no-preference', 'reduce']) {
    const page = await open(it, { reducedMotion });
    await drawn(page, 3);
    await page.evaluate(() => {
      window.lines = 0;
      new MutationObserver((list) => { for (const { addedNodes } of list) for (const node of addedNodes) if (node.className === 'outline') window.lines += 1; }).observe(document.querySelector('.drawing'), { childList: true });
    });
    await page.locator('.matrix .ns-mnt .type a').click();
    await opened(page, '.namespaces');
    await read(page);
    const lines = await page.evaluate(() => window.lines);
    assert.ok(reducedMotion === 'reduce' ? lines === 0 : lines > 2, `${reducedMotion}: ${lines} outlines moved`);
    await close(page);
  }
});

test('every opened box fits its window', async () => {
  for (const [state, hashes] of [['interleaved', ['#namespaces', '#namespaces/net', '#cgroups', '#cgroups/memory', `#container/${name('b')}`]], ['twelve', ['#namespaces', '#namespaces/user', '#cgroups/io', `#container/${name('l')}`]], ['unknown', ['#namespaces/pid']], ['longnames', [`#container/${name('a')}`, '#namespaces/uts']], ['zero', ['#cgroups/cpu', '#namespaces/net']]]) {
    const page = await open(it, { state });
    for (const hash of hashes) {
      await go(page, hash);
      await opened(page, '');
      for (const [width, height] of [[1920, 1080], [1280, 720], [1024, 768], [390, 844]]) {
        await page.setViewportSize({ width, height });
        await until(page, 'the content', () => document.querySelector('.zoomed :is(.matrix, .cgroups, .space, .file, .sides-of)') && !/Reading…/.test(document.querySelector('.zoomed').textContent));
        await settled(page);
        const at = `${state} ${hash} at ${width}`;
        assert.deepEqual(await misfits(page), [], at);
        assert.deepEqual(await collisions(page), [], at);
        if (width === 390) assert.ok(await page.evaluate(() => document.querySelector('.zoomed').getBoundingClientRect().width > innerWidth * 0.84), `${at} takes the width`);
      }
    }
    await close(page);
  }
});

for (const theme of ['dark', 'light']) {
  test(`axe-core finds nothing in an opened box, ${theme}`, async () => {
    const found = [];
    for (const hash of ['#namespaces', '#namespaces/user', '#cgroups/cpu', `#container/${name('b')}`, '#container/nobody']) {
      const page = await open(it, { state: 'interleaved', theme });
      await go(page, hash);
      await opened(page, '');
      await settled(page);
      found.push(...(await axe(page)).map((one) => `${hash} ${one}`));
      await close(page);
    }
    assert.deepEqual(found, []);
  });
}
