import { html, nothing, type TemplateResult } from 'lit';
import type { Container, Namespace } from '../wire';
import { alive } from '../model/columns';
import { shortPath } from '../model/sides';
import { badge } from '../parts/icons';
import { css, explain } from '../parts/part';
import type { Watched } from '../graphs/observe';

/** Unknown, and never a nought. */
export const unknown = html`<span class="quiet">–</span>`;

/** A number that opens its origin while there is still a file to read; after that, the number alone. */
export function figure(container: Container | undefined, field: string, shown: string | number | undefined, what: string, alarm = false): TemplateResult {
  if (shown === undefined || shown === '') return unknown;
  const kind = `figure ${alarm ? 'alarm' : ''}`;
  return alive(container)
    ? html`<button class="${kind} linked" aria-label=${`${what}: ${shown}`} @click=${(event: Event) => explain(event, { container: container!.name, field, shown: String(shown), what })}>${shown}</button>`
    : html`<span class=${kind}>${shown}</span>`;
}

/** The name of a container, as the drawing has it. */
export function nameOf(one: Watched): TemplateResult {
  return html`${badge(one.n)}<span>${one.title}</span>`;
}

export function linkOf(container: Container | undefined, type: string): Namespace | undefined {
  return container?.namespaces.find((one) => one.type === type);
}

/** Where the namespace is the host's own, the wall is open. */
export function open(container: Container | undefined, type: string): string {
  return linkOf(container, type)?.relation === 'host' ? `open ns-${type}` : '';
}

/** Whose namespace it is, in words. */
export function whose(container: Container | undefined, type: string, watched: Watched[]): string {
  const link = linkOf(container, type);
  if (!link || link.relation === 'unknown') return link?.reason ? `unknown, ${link.reason}` : '';
  if (link.relation === 'host') return 'the host’s own';
  if (link.relation === 'own') return 'its own';
  const partners = (link.sharedWith ?? []).map((name) => watched.find((one) => one.name === name)?.n).filter((n) => n !== undefined);
  return partners.length ? `one with ${partners.join(', ')}` : 'shared';
}

/** A column of a table: its head, and its share of the table's width in per cent; without one it shares what is left. */
type Column = [head: string, width?: number];

/**
 * A table's columns and its head: what is seen inside, the wall, and what the
 * host sees. Their widths are set, so that no column moves when a row is filled.
 */
export function walled(inside: Column[], host: Column[], last: Column[] = []): TemplateResult {
  const cols = (columns: Column[]): TemplateResult[] => columns.map(([, width]) => html`<col ${css(width ? { width: `${width}%` } : {})}>`);
  const heads = (columns: Column[], kind: string): TemplateResult[] => columns.map(([head]) => html`<th scope="col" class=${kind}>${head}</th>`);
  return html`<colgroup><col class="col-name">${cols(inside)}<col class="col-wall">${cols(host)}${cols(last)}</colgroup>
    <thead><tr><th scope="col">container</th>${heads(inside, 'in')}<td class="gap"></td>${heads(host, 'out')}${heads(last, 'last')}</tr></thead>`;
}

export function wall(opened = ''): TemplateResult {
  return html`<td class="gap ${opened}"></td>`;
}

/** A path of the host, cut where only digits are lost; the whole is told to whoever points at it. */
export function hostPath(path: string): TemplateResult {
  return html`<span class="mono path" title=${path}>${breakable(shortPath(path), /(?<=\/)/)}</span>`;
}

/** Lets a long word break at its own joints, without adding a letter to what is copied. */
export function breakable(word: string, joints: RegExp): TemplateResult[] {
  return word.split(joints).map((piece) => html`${piece}<wbr>`);
}

/** Why nothing is there of a container. */
export const unread = (container: Container | undefined): string => alive(container) ? 'nothing read yet' : !container || container.state === 'created' ? 'not started' : 'it ended before this was read';

/** A container of which nothing is known: so many empty rows as its table will have at least. */
export function waiting(one: Watched, columns: number, rows = 1): TemplateResult {
  return html`<tr class="waiting"><th scope="row" rowspan=${rows}>${nameOf(one)}</th><td colspan=${columns} class="quiet">${unread(one.container)}</td></tr>
    ${Array.from({ length: rows - 1 }, () => html`<tr class="waiting"><td colspan=${columns}>\u00a0</td></tr>`)}`;
}

/** A table in its own scroll box, so that a narrow page never scrolls sideways. */
export function sheet(label: string, content: TemplateResult, note: TemplateResult | string | typeof nothing = nothing): TemplateResult {
  return html`<div class="table-scroll" role="group" tabindex="0" aria-label=${label}><table class="sides">${content}</table></div>${note === nothing ? nothing : html`<p class="table-note">${note}</p>`}`;
}
