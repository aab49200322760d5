// What the hosts said, as a table and a list of what was not as expected.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (folder, file) => (existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : '');

/** Sums up one visit: told is what was heard while it ran, folder has the results. */
export function judge(name, kind, told, folder) {
  const row = { name, says: kind.says, date: new Date(told.began).toISOString().slice(0, 10), seconds: told.seconds, upAfter: told.upAfter, parts: told.parts, cells: told.cells, passed: 0, surprises: [...told.problems], doubtful: [] };
  const { kernel, doctor, verify, page } = told.parts;
  if (kernel) {
    row.kernelTests = { passed: 0, failed: 0, skipped: 0 };
    for (const file of readdirSync(folder).filter((one) => /^kernel-.*\.log$/.test(one))) {
      const text = read(folder, file);
      const count = (word) => text.match(new RegExp(`^ *--- ${word}: `, 'gm'))?.length ?? 0;
      row.kernelTests.passed += count('PASS');
      row.kernelTests.skipped += count('SKIP');
      row.kernelTests.failed += count('FAIL');
      for (const [, test] of text.matchAll(/^--- FAIL: (\S+)/gm)) row.surprises.push(`${file.slice(7, -4)}: ${test} failed; see ${folder}/${file}`);
      if (/^panic: |^fatal error: /m.test(text)) row.surprises.push(`${file.slice(7, -4)}: the tests did not end; see ${folder}/${file}`);
    }
    row.passed += row.kernelTests.passed;
    if (kernel.code && !row.kernelTests.failed && !row.surprises.length) row.surprises.push(`the kernel readers' tests ended with ${kernel.code}; see ${folder}`);
  }
  if (doctor) {
    if (doctor.code) row.surprises.push(`porthole doctor ended with ${doctor.code}; see ${folder}/doctor.txt`);
    else row.passed++;
    try {
      const said = JSON.parse(read(folder, 'doctor.json'));
      row.host = said.host;
      row.limited = said.checks.filter((one) => one.status !== 'ok').map((one) => `${one.title}: ${one.found}`);
    } catch (error) {
      row.surprises.push(`porthole doctor --json: ${error.message}`);
    }
  }
  if (verify) {
    try {
      const said = JSON.parse(read(folder, 'verify.json'));
      row.host ??= said.host;
      row.verify = { lessons: said.lessons.length, holds: said.held, fails: said.failed, unknown: said.unknown, surprises: said.surprises };
      row.passed += said.held + said.failed - said.surprises;
      row.unknown = [];
      for (const lesson of said.lessons) {
        const before = row.surprises.length;
        if (lesson.problem) row.surprises.push(`${lesson.lesson}: ${lesson.problem}`);
        for (const claim of lesson.claims) {
          const figure = [claim.measured, claim.reason].filter(Boolean).join('; ');
          if (claim.verdict === 'pending' || (claim.verdict === 'fails' && claim.expected !== 'fails')) row.surprises.push(`${lesson.lesson}, ${claim.id} ${claim.verdict}: ${figure}`);
          if (claim.verdict === 'unknown') row.unknown.push(`${lesson.lesson}, ${claim.id}: ${figure}`);
        }
        if (row.surprises.length > before) row.doubtful.push({ lesson: lesson.lesson, says: row.surprises.slice(before) });
      }
    } catch (error) {
      row.surprises.push(`porthole verify ended with ${verify.code} and without a report (${error.message}); see ${folder}/verify.log`);
    }
  }
  if (page) {
    if (page.code) row.surprises.push(`porthole serve ended with ${page.code}; see ${folder}/serve.log`);
    if (told.cells) row.passed++;
  }
  const left = read(folder, 'left.txt').trim();
  if (left) row.surprises.push(`left behind: ${left.replaceAll('\n', ' ')}`);
  return row;
}

/** The table, in Markdown so that the docs can have it as it is. */
export function table(visits) {
  const rows = [['host', 'engine', 'kernel', 'cgroup', 'date', 'readers’ tests', 'claims: hold / do not / cannot tell', 'cells', 'surprises', 'took']];
  for (const one of visits) {
    const { host, verify, kernelTests } = one;
    rows.push([
      one.says,
      host ? `${host.engine.name} ${host.engine.version}` : '?',
      host?.kernel ?? '?',
      host?.cgroupMode ?? '?',
      one.date ?? '',
      kernelTests ? `${kernelTests.passed} passed${kernelTests.failed ? `, ${kernelTests.failed} failed` : ''}` : '',
      verify ? `${verify.holds} / ${verify.fails} / ${verify.unknown}` : '',
      one.cells ? `${one.cells} equal` : '',
      String(one.surprises.length),
      one.seconds ? `${Math.floor(one.seconds / 60)} min ${one.seconds % 60} s` : '',
    ]);
  }
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const lines = rows.map((row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`);
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  for (const one of visits) {
    for (const surprise of one.surprises) lines.push(`${one.name}: NOT AS EXPECTED: ${surprise}`);
    for (const once of one.once ?? []) lines.push(`${one.name}: not as expected once, and as expected when run again: ${once}`);
    for (const unknown of one.unknown ?? []) lines.push(`${one.name}: cannot tell: ${unknown}`);
    for (const limited of one.limited ?? []) lines.push(`${one.name}: doctor: ${limited}`);
  }
  return lines.join('\n');
}
