// What the page costs the browser, in a real Chromium, with 12 containers at 10 Hz of a scripted host:
// `node bench/page.mjs [minutes]`. The goal for memory is of 30 minutes; a shorter run says what its slope would come to.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { launch } from '../dev/browser.mjs';
import { serve } from '../dev/serve.mjs';

const minutes = Number(process.argv[2] ?? 5);
const goals = { busy: 10, task: 50, paint: 500, script: 80, grown: 2 };
const settle = 3000; // what belongs to loading is over by then, in milliseconds

const say = (what, got, unit, goal, digits = 1) => console.log(`${what}: ${got.toFixed(digits)} ${unit} (goal: at most ${goal}${got > goal ? '  MISSED' : ''})`);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const scripts = [new URL('../../static/bundle/', import.meta.url), new URL('../../static/js/', import.meta.url)]
  .flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith('.js')).map((name) => gzipSync(readFileSync(new URL(name, folder)), { level: 9 }).length));
say('JavaScript in all, gzipped', scripts.reduce((sum, one) => sum + one, 0) / 1024, 'KB', goals.script);

const server = await serve();
const browser = await launch();
try {
  server.show('twelve');
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
  await page.addInitScript(() => {
    window.tasks = [];
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map(({ startTime, duration }) => ({ startTime, duration })))).observe({ type: 'longtask', buffered: true });
  });
  await page.goto(`${server.url}/?state=twelve&theme=dark`);
  await page.waitForSelector('.container[data-box="12"]:not(.ghost)');
  await wait(settle);
  const session = await page.context().newCDPSession(page);
  // The thread's own time: what others do to the machine meanwhile is not the page's.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const metrics = async () => Object.fromEntries((await session.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return (await metrics()).JSHeapUsedSize / 1024 / 1024;
  };
  const from = await page.evaluate(() => performance.now());
  // Collecting garbage is a long task of ours: the thread is measured first, and memory after it.
  const before = await metrics();
  const began = Date.now();
  await wait(Math.min(60_000, minutes * 30_000));
  const after = await metrics();
  const passed = (Date.now() - began) / 1000;
  say('main thread busy, 12 containers at 10 Hz', (100 * (after.TaskDuration - before.TaskDuration)) / passed, '%', goals.busy);
  const long = await page.evaluate((since) => window.tasks.filter((task) => task.startTime > since).map((task) => task.duration), from);
  say('longest task after load', Math.max(0, ...long), 'ms (0: none over 50)', goals.task, 0);

  const points = [];
  const end = Date.now() + minutes * 60_000;
  while (Date.now() < end) {
    points.push([Date.now() / 60_000, await heap()]);
    await wait(Math.min(10_000, minutes * 6000));
  }
  // The first minute still fills the graphs' past.
  const settled = points.length > 12 ? points.slice(6) : points;
  const mean = (at) => settled.reduce((sum, point) => sum + point[at], 0) / settled.length;
  const [x, y] = [mean(0), mean(1)];
  const slope = settled.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / settled.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  say(`memory of scripts, ${y.toFixed(1)} MiB on average over ${minutes} min: its slope, per 30 min`, slope * 30, 'MiB', goals.grown);
  await page.close();

  const paints = [];
  for (let i = 0; i < 10; i += 1) {
    const panel = await browser.newPage({ viewport: { width: 960, height: 540 } });
    await panel.addInitScript(() => {
      const painted = new MessageChannel();
      painted.port1.onmessage = () => (window.paintedAt = performance.now());
      const look = () => (/\d/.test(document.querySelector('.observe-side .figure')?.textContent ?? '') && document.querySelector('canvas') ? painted.port2.postMessage(null) : requestAnimationFrame(look));
      requestAnimationFrame(look);
    });
    await panel.goto(`${server.url}/embed/cpu?state=twelve&theme=dark`);
    await panel.waitForFunction(() => window.paintedAt);
    paints.push(await panel.evaluate(() => window.paintedAt));
    await panel.close();
  }
  paints.sort((a, b) => a - b);
  say(`a panel's first data painted after navigation, median ${paints[5].toFixed(0)} ms, the slowest of 10`, paints.at(-1), 'ms', goals.paint, 0);
} finally {
  await browser.close();
  await server.close();
}
