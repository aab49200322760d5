import { html, nothing, type TemplateResult } from 'lit';
import type { CgroupFile, Limit } from '../wire';
import { moment, plural } from '../model/format';
import { limitRows, witnesses } from '../model/sides';
import { store } from '../page';
import type { Watched } from '../graphs/observe';
import { breakable, figure, hostPath, nameOf, sheet, unknown, unread } from './pieces';

/** From the flag to the bytes: what was asked for, where both versions of cgroups keep it, and what this kernel holds. */
export function files(watched: Watched[]): TemplateResult {
  const host = store.topology?.host;
  const two = host?.cgroupMode === 'v2';
  return html`${watched.map((one) => {
    const { container } = one;
    const rows = limitRows(host ? host.cgroupFiles : flagged(one.command), container, one.command);
    if (!rows.length) return html`<p class="no-limit"><b>${nameOf(one)}</b><span class="quiet">no limit asked for</span></p>`;
    return sheet(`From the flags to the kernel’s files, ${one.title}`, html`<caption>${nameOf(one)}</caption>
      <thead><tr><th scope="col">flag asked for</th><th scope="col">HostConfig</th><th scope="col" class=${two ? 'other' : 'ours'}>file, v1</th><th scope="col" class=${two ? 'ours' : 'other'}>file, v2</th><th scope="col">this kernel holds</th></tr></thead>
      ${rows.map(({ file, limit }) => html`<tbody><tr><td class="mono" data-label="flag asked for">${limit?.asked ?? html`<span class="quiet">${file.flag}${container ? ' not asked' : ''}</span>`}</td>
        <td class="mono" data-label="HostConfig">${limit?.hostConfig ?? html`<span class="quiet">${file.hostConfig}</span>`}</td>
        ${named('file, v1', file.v1File, file.v1Unit, !two)}${named('file, v2', file.v2File, file.v2Unit, two)}
        <td class="holds" data-label="this kernel holds">${figure(container, file.source, raw(limit), `${file.flag} in the kernel`)}</td></tr>
        <tr class="where"><td colspan="5" class="quiet">${limit?.path ? hostPath(limit.path) : (limit?.reason ?? unread(container))}</td></tr></tbody>`)}`);
  })}`;
}

/** Rows for the flags of a command, for as long as the host has not told where it keeps them. */
function flagged(command = ''): CgroupFile[] {
  return [...command.matchAll(/(--(?:cpu|memory|pids|device)[\w-]*)[ =]/g)].map(([, flag]) => ({ flag: flag!, limit: '', source: '', hostConfig: '', v1File: '', v1Unit: '', v2File: '', v2Unit: '' }));
}

function named(label: string, file: string, unit: string, ours: boolean): TemplateResult {
  return html`<td class=${ours ? 'ours' : 'other'} data-label=${label}><span class="mono">${file ? breakable(file, /(?<=[._])/) : '–'}</span><div class="quiet">${unit}</div></td>`;
}

/** The file's own bytes; an empty file is said to be empty. */
function raw(limit: Limit | undefined): string | undefined {
  return limit?.raw === '' ? '(empty)' : limit?.raw;
}

/** Who tells of an out-of-memory kill, and who does not. */
export function log(watched: Watched[]): TemplateResult {
  const reason = store.topology?.host.kernelLogReason;
  const lines = watched.flatMap((one) => (one.container?.kernelLog ?? []).map((line) => ({ one, line }))).sort((a, b) => a.line.at - b.line.at);
  return html`${sheet('Five witnesses of an out-of-memory kill', html`<thead><tr><th scope="col">container</th><th scope="col" class="number">oom_kill, the kernel’s count</th><th scope="col">event of the engine</th><th scope="col">State.OOMKilled</th><th scope="col">exit code</th><th scope="col">kernel log</th></tr></thead>
      <tbody>${watched.map((one) => {
        const { container } = one;
        if (!container) return html`<tr class="waiting"><th scope="row">${nameOf(one)}</th><td colspan="5" class="quiet">not started</td></tr>`;
        const gone = store.gone.get(one.name);
        const found = witnesses(container, gone?.last.oomKills ?? store.series.get(one.name)?.latest?.oomKills, gone?.exitCode, reason);
        return html`<tr><th scope="row">${nameOf(one)}</th><td class="number big" data-label="oom_kill count">${figure(container, 'oomKills', found.counter, 'oom_kill', Boolean(found.counter))}</td>
          <td data-label="event of the engine">${found.event === undefined ? html`<span class="quiet">none so far</span>` : found.event ? html`<span class="mono">oom</span>${found.event > 1 ? ` ${found.event} times` : nothing}` : html`<span class="quiet">none</span>`}</td>
          <td class="mono" data-label="State.OOMKilled">${found.flag === undefined ? unknown : String(found.flag)}</td>
          <td data-label="exit code"><span class="mono">${found.exitCode ?? nothing}</span>${found.exitCode === 137 ? html` <span class="quiet">128 + 9</span>` : found.exitCode === undefined ? html`<span class="quiet">${found.running ? 'none: it runs' : '–'}</span>` : nothing}</td>
          <td data-label="kernel log">${found.lines === undefined ? html`<span class="quiet">cannot be read</span>` : found.lines ? plural(found.lines, 'line') : html`<span class="quiet">no line</span>`}</td></tr>`;
      })}</tbody>`, reason ?? nothing)}
    ${reason ? nothing : html`<div class="kernel-lines" role="group" tabindex="0" aria-label="Lines of the kernel log">${lines.length ? html`<ol>${lines.map(({ one, line }) => html`<li class=${line.kind === 'killed' ? 'killed' : ''}><span class="kernel-when">${moment(line.at)}</span><span class="kernel-who" aria-label=${one.title}>${one.n}</span><span>${line.text}</span></li>`)}</ol>`
      : 'No line of the kernel’s log is about these containers yet.'}</div>`}`;
}
