// The page of a host, in this machine's Chromium: the drawing of a lesson must
// show the inodes that the host itself reads from its kernel.
import assert from 'node:assert/strict';
import { launch } from '../../web/dev/browser.mjs';
import { until } from '../../web/test/live/server.mjs';

// Emulation is slow: what takes a second elsewhere may take a minute.
const patience = 180_000;

const inodes = (page, type) => page.$$eval(`.matrix-row.ns-${type} .cell[data-inode]`, (cells) =>
  Object.fromEntries(cells.map((cell) => [cell.dataset.column, Number(cell.dataset.inode)])));

/**
 * Runs the lesson architecture from the page at url and compares each cell.
 * links(pids) asks the host to read links: a Map from "PID type" to what
 * readlink printed. Resolves to how many cells were compared.
 */
export async function look(url, links) {
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
    page.setDefaultTimeout(patience);
    const problems = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(`${url}/`);
    await page.waitForSelector('.cell[data-column="0"][data-inode]');
    await page.getByRole('button', { name: /^Run / }).first().click();
    await page.waitForSelector('.container[data-box="3"]:not(.ghost)');
    const topology = await until('three containers with all their cells', async () => {
      const now = await (await fetch(`${url}/api/v1/topology`)).json();
      return now.containers.length === 3 && now.containers.every((one) => one.pid > 0 && one.namespaces.length === 8) && now;
    }, patience);
    const read = await links([2, ...topology.containers.map((one) => one.pid)]);
    const columns = [{ column: '0', pid: 2 }, ...topology.containers.map((one) => ({ column: String(one.order), pid: one.pid }))];
    let compared = 0;
    for (const { type } of topology.containers[0].namespaces) {
      const row = await until(`the ${type} row`, async () => {
        const cells = await inodes(page, type);
        return Object.keys(cells).length === columns.length && cells;
      }, patience);
      for (const { column, pid } of columns) {
        assert.equal(`${type}:[${row[column]}]`, read.get(`${pid} ${type}`), `the ${type} cell of column ${column} is not what the host reads of process ${pid}`);
        compared++;
      }
    }
    await page.getByRole('button', { name: 'Stop' }).first().click();
    await until('an empty drawing', async () => (await (await fetch(`${url}/api/v1/topology`)).json()).containers.length === 0, patience);
    assert.deepEqual(problems, [], 'the page had errors');
    return compared;
  } finally {
    await browser.close();
  }
}
