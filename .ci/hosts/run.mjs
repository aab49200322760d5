// node run.mjs: boots the hosts one by one and tells what they said. Called by
// the script run beside it, which prepares what goes into them.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { kinds } from './kinds.mjs';
import { look } from './page.mjs';
import { judge, table } from './report.mjs';

const say = (...words) => console.log('porthole:', ...words);
const { values: asked } = parseArgs({
  options: {
    host: { type: 'string', multiple: true, default: (process.env.HOSTS ?? '').split(/[\s,]+/).filter(Boolean) },
    parts: { type: 'string', default: 'kernel doctor verify page' },
    lesson: { type: 'string', multiple: true, default: [] },
    minutes: { type: 'string', default: '60' }, // for one host, from its start to its end
  },
});
const names = asked.host.length ? asked.host : Object.keys(kinds);
for (const name of names) {
  if (!kinds[name]) {
    console.error(`porthole: there is no host ${name}: choose of ${Object.keys(kinds).join(', ')}.`);
    process.exit(2);
  }
}

// Where the processor itself can run guests; emulation everywhere else.
const virtualized = () => {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return /^flags\s.*\b(vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
};
const accelerator = virtualized() ? 'kvm' : 'tcg,thread=multi';

const freePort = () => new Promise((resolve, reject) => {
  const listener = net.createServer().once('error', reject).listen(0, '127.0.0.1', () => {
    const { port } = listener.address();
    listener.close(() => resolve(port));
  });
});

/** How often a guest is booted whose kernel panics in the emulator. */
const mostBoots = accelerator === 'kvm' ? 1 : 3;

/** How many minutes a guest has to report, when its time is over. */
const grace = 3;

let guest; // the emulator that runs now
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    guest?.kill('SIGKILL');
  });
}

/** Boots one host and resolves to what it said. */
async function visit(name, { parts, lesson } = asked) {
  const kind = kinds[name];
  // The readers' tests ask the docker command.
  if (!kind.engine) parts = parts.replace('kernel', '').trim();
  const folder = execFileSync('.ci/hosts/image', [kind.suite], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  const work = mkdtempSync(join(tmpdir(), 'porthole-host-'));
  try {
    const payload = join(work, 'payload');
    cpSync(process.env.PAYLOAD, payload, { recursive: true, verbatimSymlinks: true });
    mkdirSync(join(payload, 'results')); // also where nothing comes to write into it
    writeFileSync(join(payload, 'settings'), [
      `engine='${kind.engine}'`, `socket='${kind.socket ?? ''}'`, `keep='${kind.keep ? 1 : ''}'`, `cgroup='${kind.cgroup ?? 'v2'}'`, `user='${kind.user ?? ''}'`,
      `parts='${parts}'`, `lessons='${lesson.join(' ')}'`,
      `patience='${accelerator === 'kvm' ? '' : 6}'`, '',
    ].join('\n'));
    const disk = join(work, 'payload.img');
    let told;
    for (let attempt = 1; ; attempt += 1) {
      rmSync(disk, { force: true }); // what an earlier attempt wrote is not this one's
      execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', payload, disk, '512M'], { stdio: ['ignore', 'ignore', 'pipe'] });
      told = await boot(name, folder, disk, await freePort(), work);
      if (!told.panicked || attempt === mostBoots || interrupted) break;
      say(`${name}: the guest's kernel panicked, which an emulator that is kept waiting brings about: booting it again`);
    }
    rmSync(payload, { recursive: true });
    // Read out of the disk, again without mounting it.
    await promisify(execFile)('debugfs', ['-R', `rdump results ${work}`, disk]);
    const kept = `.ci/state/hosts/${name}${lesson === asked.lesson ? '' : '-again'}`;
    rmSync(kept, { recursive: true, force: true });
    mkdirSync(kept, { recursive: true });
    cpSync(join(work, 'results'), kept, { recursive: true });
    return judge(name, kind, told, kept);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * An emulated processor is many times slower than any that a student has, and
 * unevenly so. A lesson that comes out otherwise than expected there is run
 * once more, in a fresh guest: what is really so comes out twice.
 */
async function secondLook(row) {
  if (accelerator === 'kvm' || !row.doubtful.length || interrupted) return row;
  const lesson = row.doubtful.map((one) => one.lesson);
  say(`${row.name}: not as expected, so once more: ${lesson.join(', ')}`);
  const again = await visit(row.name, { parts: 'doctor verify', lesson });
  const still = again.doubtful.map((one) => one.lesson);
  const cleared = row.doubtful.filter((one) => again.verify?.lessons === lesson.length && !still.includes(one.lesson)).flatMap((one) => one.says);
  return { ...row, surprises: row.surprises.filter((one) => !cleared.includes(one)), once: cleared, seconds: row.seconds + again.seconds };
}

async function boot(name, folder, disk, port, work) {
  const told = { began: Date.now(), parts: {}, problems: [] };
  const console_ = `.ci/state/host-${name}.console`;
  rmSync(console_, { force: true }); // of an earlier boot
  // Ended by the kernel when we die, however that happens; and never before
  // others' turn at the processors.
  guest = spawn('setpriv', ['--pdeathsig', 'KILL', 'nice', '-n', process.env.NICENESS ?? '5', 'qemu-system-x86_64',
    '-accel', accelerator, '-cpu', 'max', '-smp', '2', '-m', '3072', '-display', 'none', '-monitor', 'none', '-no-reboot',
    '-kernel', `${folder}/vmlinuz`, '-initrd', `${folder}/initrd.img`,
    // The emulator's timer is late where its turn comes late, which the kernel
    // would take for a broken one, and give up.
    '-append', 'no_timer_check root=/dev/vda rw init=/porthole-host console=ttyS0 panic=-1 psi=1 mitigations=off',
    '-drive', `file=${folder}/disk.img,if=virtio,format=raw,cache=unsafe,snapshot=on`,
    '-drive', `file=${disk},if=virtio,format=raw,cache=unsafe`,
    '-netdev', `user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:${port}-10.0.2.15:8080`, '-device', 'virtio-net-pci,netdev=n',
    '-serial', `file:${console_}`, '-serial', 'stdio',
  ], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TMPDIR: work } });
  const ended = new Promise((resolve) => {
    guest.on('error', (error) => {
      told.problems.push(`qemu-system-x86_64 could not be started: ${error.message}`);
      resolve();
    });
    guest.on('exit', resolve);
  });
  guest.stdin.on('error', () => {}); // it has ended, which we learn anyway
  // What was run until then still counts: it is asked for that first.
  const limits = [
    setTimeout(() => {
      told.problems.push(`it had not ended after ${asked.minutes} minutes`);
      guest.stdin.write('enough\n');
    }, Number(asked.minutes) * 60_000),
    setTimeout(() => guest.kill('SIGKILL'), (Number(asked.minutes) + grace) * 60_000),
  ];
  let looking;
  let links = new Map();
  let linked = () => {};
  const askLinks = (pids) => new Promise((resolve) => {
    links = new Map();
    linked = () => resolve(links);
    guest.stdin.write(`links ${pids.join(' ')}\n`);
  });
  const seconds = () => `${String(Math.round((Date.now() - told.began) / 1000)).padStart(4)} s`;
  for await (const line of createInterface({ input: guest.stdout })) {
    const [word, ...rest] = line.split(' ');
    switch (word) {
      case 'booted':
        say(`${seconds()} ${name}: booted`);
        break;
      case 'up':
        told.upAfter = (Date.now() - told.began) / 1000;
        say(`${seconds()} ${name}: the engine answers`);
        break;
      case 'begin':
        break;
      case 'says':
        say(`${seconds()} ${name}: ${rest.join(' ')}`);
        break;
      case 'end':
        told.parts[rest[0]] = { code: Number(rest[1]), seconds: Number(rest[2]) };
        say(`${seconds()} ${name}: ${rest[0]} ended with ${rest[1]} after ${rest[2]} s`);
        break;
      case 'lost':
        told.problems.push(rest.join(' '));
        break;
      case 'link':
        links.set(`${rest[0]} ${rest[1]}`, rest[2] ?? '');
        break;
      case 'linked':
        linked();
        break;
      case 'page':
        if (told.problems.length) { // its time is over
          guest.stdin.write('leave\n');
          break;
        }
        looking = look(`http://localhost:${port}`, askLinks)
          .then((cells) => { told.cells = cells; })
          .catch((error) => told.problems.push(`the page: ${error.message}`))
          .finally(() => guest.stdin.write('leave\n'));
        break;
      case 'over':
        told.over = true;
        break;
    }
  }
  await ended;
  limits.forEach(clearTimeout);
  await looking;
  if (!told.over && !told.problems.length && !interrupted) {
    const written = existsSync(console_) ? readFileSync(console_, 'utf8') : '';
    told.panicked = written.includes('Kernel panic');
    const tail = written.trim().split('\n').slice(-8).join('\n');
    told.problems.push(`it ended before its time; its console's last lines:\n${tail}`);
  }
  told.seconds = Math.round((Date.now() - told.began) / 1000);
  return told;
}

say(`${names.length} host${names.length > 1 ? 's' : ''}, ${accelerator === 'kvm' ? 'virtualized' : 'emulated, which is slow'}`);
const visits = [];
for (const name of names) {
  say(`booting ${name}: ${kinds[name].says}`);
  try {
    visits.push(await secondLook(await visit(name)));
  } catch (error) {
    visits.push({ name, says: kinds[name].says, surprises: [error.message], passed: 0 });
  }
  if (interrupted) break; // what the others said is told all the same
}
console.log(`\n${table(visits)}`);
writeFileSync('.ci/state/hosts.json', `${JSON.stringify(visits, null, 2)}\n`);
const failed = visits.reduce((sum, one) => sum + one.surprises.length, 0);
// As node's own test runner closes, for who counts.
console.log(`# pass ${visits.reduce((sum, one) => sum + one.passed, 0)}\n# fail ${failed}`);
process.exitCode = interrupted ? 130 : failed ? 1 : 0;
