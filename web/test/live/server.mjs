// A real server for the live tests: the built program, on a port of its own,
// against a real engine that it reaches through a wire which a test can cut.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = process.env.PORTHOLE_PROGRAM ?? fileURLToPath(new URL('../../../bin/porthole', import.meta.url));

/** Where the engine really listens. */
const engine = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace('unix://', '');

/** A wire between the server and the engine: cut() breaks it, mend() joins it again. */
export async function wire() {
  const folder = mkdtempSync(join(tmpdir(), 'porthole-wire-'));
  const path = join(folder, 'docker.sock');
  const ends = new Set();
  let whole = true;
  const listener = net.createServer((near) => {
    if (!whole) return near.destroy();
    const far = net.connect(engine);
    for (const end of [near, far]) {
      ends.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        ends.delete(end);
        (end === near ? far : near).destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise((resolve) => listener.listen(path, resolve));
  const cut = () => {
    whole = false;
    for (const end of ends) end.destroy();
  };
  return {
    address: `unix://${path}`,
    cut,
    mend: () => {
      whole = true;
    },
    close: async () => {
      cut();
      await new Promise((resolve) => listener.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts the program and resolves when it serves. */
export async function serve({ dockerHost, port = 0, args = [] } = {}) {
  if (!existsSync(program)) throw new Error('bin/porthole is missing: run make build first.');
  const child = spawn(program, ['serve', '--listen', `127.0.0.1:${port}`, ...args], {
    env: { ...process.env, ...(dockerHost ? { DOCKER_HOST: dockerHost } : {}) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  const url = await new Promise((resolve, reject) => {
    const listen = (chunk) => {
      said += chunk;
      const found = said.match(/is at (http:\/\/localhost:\d+)\//);
      if (found) resolve(found[1]);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', (chunk) => (said += chunk));
    void ended.then(({ code }) => reject(new Error(`porthole ended with ${code}: ${said}`)));
  });
  const call = async (method, path) => {
    const response = await fetch(url + path, { method });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : undefined };
  };
  await until('a server that is ready', async () => (await fetch(`${url}/readyz`)).ok);
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid,
    said: () => said,
    get: (path) => call('GET', path),
    post: (path) => call('POST', path),
    remove: (path) => call('DELETE', path),
    stop: async () => {
      child.kill('SIGINT');
      return ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

/** Asks until the answer is true, and says what was awaited when it never is. What cannot be asked yet is not true yet. */
export async function until(what, ask, withinMs = 20_000) {
  const deadline = Date.now() + withinMs;
  let why;
  while (Date.now() < deadline) {
    try {
      const last = await ask();
      if (last) return last;
      why = undefined;
    } catch (error) {
      why = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never came: ${what}${why ? ` (${why.message})` : ''}`, { cause: why });
}
