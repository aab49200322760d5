// Serves the page over a scripted host: `node dev/serve.mjs [port]`, then /?state=three.
// The same pages, policy and addresses as the real server; only the host is made up.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { Host, lessons, provenance, states } from './fake.mjs';
import { room, walkProse } from './room.mjs';
import { accept } from './socket.mjs';
import { poison, poisoned } from './hostile.mjs';

const bundle = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../static/bundle');
const early = readFileSync(new URL('../../static/js/early.js', import.meta.url), 'utf8');
const policy = `default-src 'none'; script-src 'self' 'sha256-${createHash('sha256').update(early).digest('base64')}'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'`;
const kinds = { '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2' };

/** Starts it; returns { url, host(state), close(), server control }. */
export async function serve(port = 0) {
  const control = { refuse: false, problem: undefined, sockets: new Set(), hosts: new Map(), started: [] };
  const hostOf = (state) => {
    if (!control.hosts.has(state)) control.hosts.set(state, new Host(state));
    return control.hosts.get(state);
  };
  const broadcast = (host, message) => { for (const one of control.sockets) if (one.host === host) one.send(message); };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    // The state travels with the page: in its query, or in the page's address for what it asks.
    const state = url.searchParams.get('state') ?? new URL(request.headers.referer ?? 'http://localhost').searchParams.get('state') ?? 'three';
    const json = (status, body) => { response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' }); response.end(JSON.stringify(hostOf(state).state.hostile ? poisoned(body) : body)); };
    const problem = (status, title, detail) => json(status, { type: 'about:blank', title, status, detail });
    if (url.pathname.startsWith('/static/bundle/')) {
      try {
        const file = path.join(bundle, path.basename(url.pathname));
        response.writeHead(200, { 'Content-Type': kinds[path.extname(file)] ?? 'text/plain', 'Cache-Control': 'no-store' });
        response.end(await readFile(file));
      } catch { problem(404, 'Not found'); }
      return;
    }
    if (url.pathname === '/api/v1/lessons') return json(200, lessons());
    const asked = url.pathname.match(/^\/api\/v1\/containers\/([^/]+)\/sources\/([^/]+)$/);
    if (asked) {
      const answer = provenance(decodeURIComponent(asked[1]).replace(poison, ''), decodeURIComponent(asked[2]), hostOf(state));
      return answer ? json(200, answer) : problem(404, 'Unknown field', `There is no number called ${decodeURIComponent(asked[2])}.`);
    }
    if (url.pathname.startsWith('/api/v1/room')) return room(url, request, response, hostOf(state), { control, json, problem, broadcast });
    if (/^\/api\/v1\/lessons\/[^/]+\/runs$/.test(url.pathname) && request.method === 'POST') {
      if (control.problem) return problem(control.problem.status, control.problem.title, control.problem.detail);
      control.started.push(url.pathname.split('/')[4]);
      const host = hostOf(state);
      host.runState = 'starting';
      broadcast(host, host.run());
      setTimeout(() => { host.state.count = 3; host.runState = 'running'; host.step(); broadcast(host, host.topology()); broadcast(host, host.run()); }, 400);
      return json(201, { id: 'run-1' });
    }
    if (/^\/api\/v1\/runs\/[^/]+/.test(url.pathname) && request.method !== 'GET') {
      const host = hostOf(state);
      if (request.method === 'DELETE') { host.runState = 'stopped'; const run = host.run(); host.state.count = 0; broadcast(host, host.topology()); broadcast(host, run); host.runState = undefined; }
      response.writeHead(204);
      return response.end();
    }
    if (request.method !== 'GET') return problem(405, 'Method not allowed');
    const page = pageOf(url);
    if (!page) return problem(404, 'Not found');
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy });
    response.end(page);
  });

  server.on('upgrade', (request, raw) => {
    const state = control.stateFor ?? 'three';
    const host = hostOf(state);
    if (control.refuse || host.refuses) return raw.destroy();
    const one = { host, panel: request.url.includes('panel=1'), commands: [], held: false };
    const socket = accept(request, raw, (text) => {
      const { type } = JSON.parse(text);
      one.commands.push(type);
      one.held = type === 'pause';
    });
    one.socket = socket;
    one.send = (message) => socket.send(JSON.stringify(host.state.hostile ? poisoned(message) : message));
    control.sockets.add(one);
    if (host.state.silent) return;
    one.send(host.hello());
    one.send(host.topology());
    one.send(host.history());
    const run = host.run();
    if (run) one.send(run);
    if (host.room) one.send({ ...host.head('room'), ...host.room });
    let sent = 0;
    const timer = setInterval(() => {
      if (control.frozen || one.held || (host.state.stopsAfter && sent >= host.state.stopsAfter)) return;
      sent += 1;
      if (host.state.cutsAfter === sent) { host.refuses = true; return socket.close(); } // this host alone: the next test may have begun
      const now = host.now();
      host.step(now - (host.steppedAt ?? now - 100));
      host.steppedAt = now;
      one.send(host.sample(now));
    }, 100);
    socket.ended.then(() => { clearInterval(timer); control.sockets.delete(one); });
  });

  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    control,
    url: `http://127.0.0.1:${server.address().port}`,
    /** Chooses what the stream tells to those who connect from now on; a fresh host each time. */
    show(state) { control.refuse = false; control.stateFor = state; control.hosts.delete(state); return hostOf(state); },
    tell: broadcast,
    cut() { for (const { socket } of control.sockets) socket.close(); },
    async close() { for (const { socket } of control.sockets) socket.close(); server.closeAllConnections(); await new Promise((resolve) => server.close(resolve)); },
  };
}

const fonts = () => readdirSync(bundle).filter((name) => name.endsWith('.woff2')).map((name) => `<link rel="preload" as="font" type="font/woff2" crossorigin href="/static/bundle/${name}">`).join('');

function pageOf(url) {
  const query = url.searchParams;
  const lesson = url.pathname.match(/^\/lessons\/([\w-]+)$/)?.[1];
  const panel = url.pathname.match(/^\/embed\/(\w+)$/)?.[1];
  const kind = url.pathname === '/' ? 'architecture' : lesson ? 'lesson' : panel ? 'embed' : { '/present': 'present', '/follow': 'follow', '/takeaways': 'takeaways' }[url.pathname];
  if (!kind) return undefined;
  const attributes = { page: kind, lesson: lesson ?? query.get('lesson') ?? '', panel: panel ?? '', container: query.get('container') ?? '', theme: query.get('theme') ?? '', scale: query.get('scale') ?? '', base: '' };
  const data = Object.entries(attributes).map(([name, value]) => `data-${name}="${value.replace(/[^\w.-]/g, '')}"`).join(' ');
  const prose = kind === 'present' || kind === 'follow' ? walkProse : lesson ? '<template id="prose"><p>A <strong>quota</strong> is time that the kernel hands out anew in each period. When it is used up, every thread of the group waits, however idle the machine is.</p><h2>Why not half a core?</h2><p>Because there is no such thing: the group may use all cores, but only for <code>50&nbsp;ms</code> of each <code>100&nbsp;ms</code>.</p></template>' : '';
  return `<!doctype html><html lang="en" class="${kind === 'embed' ? 'bare' : 'ground'}"${query.get('theme') && query.get('theme') !== 'auto' ? ` data-theme="${query.get('theme') === 'light' ? 'light' : 'dark'}"` : ''}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Porthole</title><link rel="icon" href="data:,"><script data-stream="/api/v1/stream${kind === 'follow' ? '?follow=1' : kind === 'embed' ? '?panel=1' : ''}">${early}</script>${fonts()}<link rel="stylesheet" href="/static/bundle/porthole.css"><script type="module" src="/static/bundle/porthole.js"></script></head><body class="page-${kind}"><porthole-app ${data}>${prose}<noscript>Porthole draws with JavaScript.</noscript></porthole-app></body></html>`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const running = await serve(Number(process.argv[2] ?? 8099));
  running.show(process.argv[3] ?? 'three');
  console.log(`${running.url}  states: ${Object.keys(states).join(', ')} (third argument)`);
}
