// From the click to the first live frame of a new container, beside docker run
// of the same image in the same run; and from stop to a clean engine.
import { execFileSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { launch } from '../dev/browser.mjs';
import { serve, until } from '../test/live/server.mjs';

const rounds = Number(process.argv[2] ?? 10);
const slug = 'pid-namespace';
const name = 'porthole-pid-namespace-app';
const goals = { over: 150, stop: 3000 };

const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
const docker = (...args) => execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

const server = await serve();
const browser = await launch();
try {
  const page = await browser.newPage();
  await page.goto(server.url);
  const { body: lesson } = await until('the catalogue with the image', async () => {
    const answer = await server.get(`/api/v1/lessons/${slug}`);
    return /porthole-workload:\w/.test(answer.body?.containers?.[0]?.command ?? '') && answer;
  });
  const image = lesson.containers[0].command.match(/porthole-workload:\w+/)[0];
  const clicks = [];
  const runs = [];
  const stops = [];
  for (let i = 0; i < rounds; i += 1) {
    const click = await page.evaluate(async (slug) => {
      const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/api/v1/stream`);
      await new Promise((resolve) => socket.addEventListener('open', resolve));
      const began = performance.now();
      const first = new Promise((resolve) => socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === 'sample' && Object.keys(message.containers).some((one) => one.includes(slug))) resolve(performance.now() - began);
      }));
      const answer = await fetch(`/api/v1/lessons/${slug}/runs`, { method: 'POST' });
      const { id } = await answer.json();
      const took = await first;
      socket.close();
      return { id, took };
    }, slug);
    clicks.push(click.took);
    const stopping = performance.now();
    await server.remove(`/api/v1/runs/${click.id}`);
    await until('a clean engine', () => docker('ps', '-aq', '--filter', `name=^${name.replace('-app', '')}`) === '');
    stops.push(performance.now() - stopping);

    const began = performance.now();
    docker('run', '--detach', '--name', 'porthole-bench-click', image, 'idle', '--ttl', '60s');
    runs.push(performance.now() - began);
    docker('rm', '--force', 'porthole-bench-click');
  }
  const over = median(clicks) - median(runs);
  const say = (what, got, goal) => console.log(`${what}: ${got.toFixed(0)} ms (goal: at most ${goal}${got > goal ? '  MISSED' : ''})`);
  console.log(`click to first live frame, median of ${rounds}: ${median(clicks).toFixed(0)} ms; docker run --detach of the same image: ${median(runs).toFixed(0)} ms`);
  say('the first over the second', over, goals.over);
  say('stop to a clean engine, the slowest', Math.max(...stops), goals.stop);
} finally {
  await browser.close();
  await server.stop();
}
