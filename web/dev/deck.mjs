// Serves the deck of ../docs/deck, with the reveal.js of this folder: `node dev/deck.mjs [port] [address of Porthole]`.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const here = path.dirname(fileURLToPath(import.meta.url));
const deck = path.join(here, '../../docs/deck');
const packages = path.join(here, '../node_modules');
const kinds = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.mjs': 'text/javascript', '.woff2': 'font/woff2', '.woff': 'font/woff' };

/** Starts it. Where Porthole is not where the deck expects it, its address is put in. */
export async function serveDeck({ port = 0, porthole = 'http://localhost:8080', pages = {} } = {}) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const name = path.posix.normalize(decodeURIComponent(pathname === '/' ? '/index.html' : pathname));
    try {
      const file = name.startsWith('/node_modules/reveal.js/') ? path.join(packages, name.slice('/node_modules'.length)) : path.join(deck, name);
      const content = pages[name] ?? await readFile(file);
      response.writeHead(200, { 'Content-Type': kinds[path.extname(name)] ?? 'application/octet-stream', 'Cache-Control': 'no-store' });
      response.end(name.endsWith('.html') ? String(content).replaceAll('http://localhost:8080', porthole) : content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { port } = await serveDeck({ port: Number(process.argv[2] ?? 8090), ...(process.argv[3] ? { porthole: process.argv[3] } : {}) });
  console.log(`the deck is at http://localhost:${port}`);
}
