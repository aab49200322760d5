import { html, nothing, type TemplateResult } from 'lit';
import type { Container, Provenance } from '../wire';
import type { Column } from '../model/columns';
import { store } from '../page';

/** A column as a view shows it; over is true where it is no more, and its last values are shown. */
export interface Shown extends Column {
  over: boolean;
}

/** What was asked of the server, and the answer so far. */
export interface Answer {
  found?: Provenance;
  problem?: string;
}

/** The columns as they were last seen alive, for as long as any box is open. */
export const kept = new Map<string, Column>();

/** A fork bomb has hundreds of processes; its first ones tell enough. */
export const mostProcesses = 8;

/** The rows beside the one that is open, as the drawing names them. */
export function siblings(all: { href: string; name: string; word: string; kind?: string }[], now: string, label: string): TemplateResult {
  return html`<nav class="zoom-rows" aria-label=${label}>${all.map((one) => html`<a class="type ${one.kind ?? ''}" href=${one.href} aria-current=${one.name === now ? 'true' : 'false'}><b>${one.name}</b><span>${one.word}</span></a>`)}</nav>`;
}

/** A container's group, as a folder below the cgroup filesystem; from the path of any of its files. */
export function cgroupOf(container: Container): string | undefined {
  const path = Object.values(container.limits ?? {}).find((limit) => limit?.path)?.path;
  return path?.replace(/\/[^/]+$/, '');
}

/** What is said where a container has ended while its box was open. */
export function over(one: Shown): TemplateResult | typeof nothing {
  if (!one.over) return nothing;
  const gone = store.gone.get(one.name);
  const how = gone?.exitCode === undefined ? '' : `, exit code ${gone.exitCode}${gone.oomKilled ? ', killed for want of memory' : ''}`;
  return html`<p class="zoom-over" role="status"><b>${one.title} has ended${how}.</b> What is shown is as it last was.</p>`;
}
