// Bundles the page into ../static/bundle: one script, one sheet, two fonts.
// `node build.mjs --watch` rebuilds on change.
import * as esbuild from 'esbuild';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, '../static/bundle');
const watch = process.argv.includes('--watch');

const options = {
  entryPoints: [
    { in: path.join(here, 'src/main.ts'), out: 'porthole' },
    { in: path.join(here, '../static/css/porthole.css'), out: 'porthole' },
  ],
  outdir: out,
  bundle: true,
  format: 'esm',
  target: ['chrome111', 'firefox121', 'safari16.4'],
  minify: !watch,
  sourcemap: watch ? 'inline' : false,
  legalComments: 'none',
  loader: { '.woff2': 'file' },
  assetNames: '[name]-[hash]',
  // The sheets live in ../static/css, and the fonts they ask for here.
  nodePaths: [path.join(here, 'node_modules')],
  tsconfig: path.join(here, 'tsconfig.json'),
  logLevel: 'warning',
};

// Only the bundle folder's own files go: no stale hashed font may linger.
await mkdir(out, { recursive: true });
// .gitkeep stays: without a bundle, Go embeds a folder that must not be empty.
for (const name of await readdir(out)) if (name !== '.gitkeep') await rm(path.join(out, name), { force: true });
if (watch) {
  const context = await esbuild.context({ ...options, logLevel: 'info' });
  await context.watch();
} else {
  await esbuild.build(options);
  await writeLicences();
  for (const name of ['porthole.js', 'porthole.css']) {
    const bytes = await readFile(path.join(out, name));
    console.log(`${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
  }
}

// The licences of what is bundled travel with it.
async function writeLicences() {
  const texts = [];
  const { dependencies } = JSON.parse(await readFile(path.join(here, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies).sort()) {
    const folder = path.join(here, 'node_modules', name);
    const file = (await readdir(folder)).find((entry) => /^licen[sc]e/i.test(entry));
    if (!file) throw new Error(`the package ${name} brings no licence: nothing of it may be bundled`);
    texts.push(`${name}\n\n${await readFile(path.join(folder, file), 'utf8')}`);
  }
  await writeFile(path.join(out, 'LICENCES.txt'), texts.join('\n\n---\n\n'));
}
