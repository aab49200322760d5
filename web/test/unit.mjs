// Bundles each unit test with the sources it imports, and runs them with Node's own test runner.
import * as esbuild from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, '../.unit');
const tests = (await readdir(path.join(here, 'unit'))).filter((name) => name.endsWith('.test.ts'));
if (tests.length === 0) throw new Error('There are no unit tests in test/unit.');

await rm(out, { recursive: true, force: true });
await mkdir(out);
await esbuild.build({
  entryPoints: tests.map((name) => path.join(here, 'unit', name)),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const files = tests.map((name) => path.join(out, name.replace(/\.ts$/, '.mjs')));
process.exit(spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], { stdio: 'inherit' }).status ?? 1);
