import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

const bundle = new URL('../../static/bundle/', import.meta.url);

test('the script stays within 80 KB, the sheet within 24 KB, gzipped', () => {
  for (const [name, most] of [['porthole.js', 80], ['porthole.css', 24]]) {
    const size = gzipSync(readFileSync(new URL(name, bundle)), { level: 9 }).length;
    assert.ok(size <= most * 1024, `${name} is ${size} bytes`);
  }
});

test('nothing is fetched from elsewhere', () => {
  for (const name of ['porthole.js', 'porthole.css']) {
    const addresses = readFileSync(new URL(name, bundle), 'utf8').match(/https?:\/\/[\w.-]+/g) ?? [];
    assert.deepEqual([...new Set(addresses)].filter((one) => !/www\.w3\.org|lit\.dev/.test(one)), [], name);
  }
});
