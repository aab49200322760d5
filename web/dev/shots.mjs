// Takes pictures of the page in each state: `node dev/shots.mjs [state[,state]] [size] [theme] [path]`, into shots/.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { launch } from './browser.mjs';
import { states } from './fake.mjs';
import { serve } from './serve.mjs';

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../shots');
const sizes = { desk: [1920, 1080], small: [1280, 720], tablet: [1024, 768], phone: [390, 844], slide: [960, 540] };
const [wantedStates = 'three', wantedSizes = 'desk', wantedThemes = 'dark,light', address = '/'] = process.argv.slice(2);

await mkdir(folder, { recursive: true });
const server = await serve();
const browser = await launch();
for (const state of wantedStates === 'all' ? Object.keys(states) : wantedStates.split(',')) {
  for (const size of wantedSizes === 'all' ? ['desk', 'small', 'tablet', 'phone'] : wantedSizes.split(',')) {
    for (const theme of wantedThemes.split(',')) {
      server.show(state);
      const [width, height] = sizes[size];
      const page = await browser.newPage({ viewport: { width, height } });
      page.on('pageerror', (error) => console.error(state, error.message));
      page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) console.error(state, message.text()); });
      await page.goto(`${server.url}${address}${address.includes('?') ? '&' : '?'}state=${state}&theme=${theme}`);
      await page.waitForTimeout(state === 'stale' ? 3600 : 1300);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (overflow > 0) console.error(`${state} ${size}: ${overflow} px wider than the window`);
      await page.screenshot({ path: path.join(folder, `${address === '/' ? '' : `${address.replace(/\W+/g, '-').slice(1)}-`}${state}-${size}-${theme}.png`), fullPage: size !== 'desk' || address.startsWith('/lesson') });
      await page.close();
    }
  }
}
await browser.close();
await server.close();
