// node tests.mjs KIND NAME COMMAND…: runs one part of the tests, shows what a
// reader wants to see of it, and notes how many passed and failed in
// .ci/state/counts, one JSON object a line.
//
// KIND says how to count:
//   go     go test -json: each test and subtest
//   node   node's test runner, whose closing lines tell
//   check  anything else: it counts as one failure when it fails, and as
//          nothing when it passes, for it is no test
//
// What each failed test said first is noted in .ci/state/failures, so that the
// end of a long output can tell it again.
//
// A part that has not ended in 25 minutes is ended, and has failed: a test
// that hangs must not keep the others from telling.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const mostMinutes = 25;
const mostLines = 24; // of one failure, told again

const [kind, name, ...command] = process.argv.slice(2);
const total = { name, passed: 0, failed: 0, skipped: 0, seconds: 0 };
const began = Date.now();

console.log(`\n=== ${name}`);
// In a process group of its own, so that all of it can be told to end.
const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
const signal = (name) => {
  try {
    process.kill(-child.pid, name);
  } catch {
    // It has ended already.
  }
};
for (const caught of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(caught, () => signal(caught));
const limit = setTimeout(() => {
  console.log(`porthole: ${name} has not ended in ${mostMinutes} minutes, and is ended`);
  signal('SIGTERM');
  setTimeout(() => signal('SIGKILL'), 30_000).unref();
}, mostMinutes * 60_000);
const ended = new Promise((resolve) => {
  child.on('close', (exit) => resolve(exit ?? 1)); // null: a signal ended it
  child.on('error', (error) => {
    console.error(`porthole: ${command[0]} cannot be started: ${error.message}`);
    resolve(127);
  });
});
const count = { go: goEvent, node: nodeLine, check: (line) => console.log(line) }[kind];
for await (const line of createInterface({ input: child.stdout })) count(line);
const code = await ended;
clearTimeout(limit);

// A failure that no test told of (it did not compile, it was killed) is one.
if (code !== 0 && total.failed === 0) total.failed = 1;
total.seconds = Math.round((Date.now() - began) / 1000);
appendFileSync('.ci/state/counts', JSON.stringify(total) + '\n');
console.log(`--- ${name}: ${code === 0 ? 'passed' : 'FAILED'} after ${total.seconds} s (${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped)`);
process.exitCode = code;

// What each Go test prints is kept, and shown only if it fails.
function goEvent(line) {
  goEvent.output ??= new Map();
  goEvent.passed ??= new Map();
  let event;
  try {
    event = JSON.parse(line);
  } catch {
    console.log(line);
    return;
  }
  const key = `${event.Package ?? event.ImportPath} ${event.Test ?? ''}`;
  switch (event.Action) {
    case 'build-output':
      process.stdout.write(event.Output);
      break;
    case 'output':
      goEvent.output.set(key, (goEvent.output.get(key) ?? '') + event.Output);
      break;
    case 'pass':
    case 'skip':
    case 'fail': {
      const said = goEvent.output.get(key) ?? '';
      goEvent.output.delete(key);
      if (event.Test) {
        total[{ pass: 'passed', skip: 'skipped', fail: 'failed' }[event.Action]]++;
        if (event.Action === 'pass') goEvent.passed.set(event.Package, (goEvent.passed.get(event.Package) ?? 0) + 1);
        else process.stdout.write(said);
        if (event.Action === 'fail') goFailed(`${event.Package} ${event.Test}`, said);
      } else if (event.Action === 'pass') {
        console.log(`ok    ${event.Package}  ${event.Elapsed.toFixed(1)} s, ${goEvent.passed.get(event.Package) ?? 0} passed`);
      } else if (event.Action === 'fail') {
        process.stdout.write(said);
        // A package that died in the middle of a test has no verdict for that test.
        for (const [unfinished, text] of goEvent.output) {
          if (!unfinished.startsWith(`${event.Package} `)) continue;
          process.stdout.write(text);
          goFailed(unfinished, text);
          goEvent.output.delete(unfinished);
          total.failed++;
        }
        console.log(`FAIL  ${event.Package}`);
      }
    }
  }
}

// A log that a test shows can be long: what it says itself begins with a place
// in its code, and what a program dies of with a word of its own. One that only
// holds failed tests says nothing of its own.
function goFailed(test, said) {
  goFailed.before ??= [];
  const lines = said.trimEnd().split('\n');
  const from = lines.findIndex((line) => /^\s+\w+\.go:\d+: |^panic: |^fatal error: |WARNING: DATA RACE/.test(line));
  if (from >= 0 || !goFailed.before.some((one) => one.startsWith(`${test}/`))) failed(test, lines.slice(Math.max(0, from)));
  goFailed.before.push(test);
}

function failed(test, lines) {
  appendFileSync('.ci/state/failures', [`${name}: ${test}`, ...lines.slice(0, mostLines).map((line) => `    ${line.trimEnd().slice(0, 300)}`), ''].join('\n'));
}

function nodeLine(line) {
  console.log(line);
  nodeFailed(line);
  const [, word, number] = /^(?:#|ℹ) (pass|fail|cancelled|skipped) (\d+)$/.exec(line) ?? [];
  if (!word) return;
  total[{ pass: 'passed', fail: 'failed', cancelled: 'failed', skipped: 'skipped' }[word]] += Number(number);
}

// A failed test's block ends with three dots; one that only holds failed tests says nothing of its own.
function nodeFailed(line) {
  const [, begins] = /^\s*not ok \d+ - (.*)$/.exec(line) ?? [];
  if (begins !== undefined) nodeFailed.block = { test: begins, lines: [] };
  else if (nodeFailed.block && /^\s*\.\.\.$/.test(line)) {
    const { test, lines } = nodeFailed.block;
    nodeFailed.block = undefined;
    if (!lines.some((one) => /failureType: 'subtestsFailed'/.test(one))) failed(test, lines);
  } else if (!/^\s*(?:---|duration_ms: .*|type: .*)$/.test(line)) nodeFailed.block?.lines.push(line);
}
