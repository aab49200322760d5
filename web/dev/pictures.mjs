// The pictures of the README and the docs, taken of a live run: a real engine,
// a real kernel, a real browser. Called by make pictures.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serve, until } from '../test/live/server.mjs';
import { launch } from './browser.mjs';

const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
mkdirSync(folder, { recursive: true });

const server = await serve();
const browser = await launch();
const open = async (path, colorScheme) => {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 }, colorScheme });
  await page.goto(server.url + path);
  return page;
};
const start = async (slug) => (await server.post(`/api/v1/lessons/${slug}/runs`)).body.id;
const judged = (id) => until(`the verdicts of ${id}`, async () => {
  const { body } = await server.get(`/api/v1/runs/${id}`);
  return body.claims.every((claim) => claim.verdict !== 'pending');
}, 120_000);
const end = async (id) => {
  await server.remove(`/api/v1/runs/${id}`);
};

try {
  let page = await open('/', 'dark');
  let run = await start('architecture');
  await judged(run);
  // The graphs show 30 seconds: let them fill.
  const { body } = await server.get(`/api/v1/runs/${run}`);
  await until('a full window', () => Date.now() - body.startedAt > 32_000, 60_000);
  await page.screenshot({ path: `${folder}architecture.png` });
  await page.close();
  page = await open('/#namespaces/net', 'light');
  await until('the opened box', async () => /readlink/.test(await page.innerText('main')));
  await until('the glide to be over', () => page.evaluate(() => document.getAnimations().every((one) => one.effect.getComputedTiming().iterations === Infinity || one.playState === 'finished')));
  await page.screenshot({ path: `${folder}opened.png` });
  await page.close();
  page = await open('/present#cpu-limit', 'dark');
  await until('its words', async () => /half its speed/.test(await page.innerText('main')));
  await page.screenshot({ path: `${folder}present.png` });
  await page.close();
  await end(run);

  page = await open('/lessons/cpu-limit', 'light');
  run = await start('cpu-limit');
  await judged(run);
  await page.screenshot({ path: `${folder}lesson.png` });
  await page.close();
  await end(run);
  console.log('the pictures are in docs/pictures');
} finally {
  await browser.close();
  await server.stop();
}
