import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Container } from '../wire';
import { limitOf } from '../graphs/rows';
import { absence, alive, crowdOf, type Column } from '../model/columns';
import { cores, mebibytes } from '../model/format';
import { store } from '../page';
import { badge } from '../parts/icons';
import { Part, css } from '../parts/part';
import '../graphs/cgroups';

/** Figures that are read, and not watched, need no more than this many milliseconds. */
const everyMs = 250;

/** The drawing for a frame too small for it: the same nesting, with figures in place of graphs. */
export class Sketch extends Part {
  static override properties = { columns: { attribute: false }, tight: { type: Boolean }, roomy: { type: Boolean } };
  declare columns: Column[];
  /** Whether the columns are so narrow that only figures have room. */
  declare tight: boolean;
  /** Whether there is room for graphs. */
  declare roomy: boolean;
  private drawnAt = 0;

  constructor() {
    super();
    this.columns = [];
    this.tight = false;
    this.roomy = false;
    this.topics = ['change', 'sample'];
  }

  protected override onNews(topic: 'change' | 'sample'): void {
    const now = performance.now();
    if (document.hidden || (topic === 'sample' && (this.roomy || now - this.drawnAt < everyMs))) return;
    this.drawnAt = now;
    this.requestUpdate();
  }

  override render(): TemplateResult {
    const host = store.topology?.host;
    const row = (name: string, of: (container: Container) => TemplateResult | string): TemplateResult => html`<tr class="sketch-${name}"><th scope="row">${name}</th>${repeat(this.columns, (column) => column.key, ({ container }) => html`<td>${container && alive(container) ? of(container) : '–'}</td>`)}</tr>`;
    const use = (kind: 'cpu' | 'memory' | 'pids', container: Container): TemplateResult => {
      const series = store.series.get(container.name);
      const words = kind === 'cpu' ? cores : kind === 'memory' ? mebibytes : String;
      const limit = limitOf(kind, container)?.value;
      const now = kind === 'cpu' ? series?.mean('cores', 500) : kind === 'memory' ? series?.latest?.memoryCurrentBytes : series?.latest?.pidsCurrent;
      return html`<b>${now == null ? '–' : words(now)}</b>${limit === undefined ? nothing : html`<i> / ${words(limit)}</i>`}`;
    };
    const { columns } = this;
    const kernel = this.roomy
      ? html`<div class="sketch-kernel sketch-wide"><p>Linux Kernel</p><div class="sketch-line"><b>namespaces</b>${repeat(columns, (column) => column.key, ({ container }) => html`<span>${container && alive(container) ? html`${ownOf(container)}<i> own</i>` : '–'}</span>`)}</div>
        <porthole-cgroups .columns=${columns} .rows=${['cpu', 'memory', 'pids']}></porthole-cgroups></div>`
      : html`<table class="sketch-kernel">
        <thead><tr><td>Linux Kernel</td>${repeat(columns, (column) => column.key, (column) => html`<th scope="col">${badge(column.n)} <span>${column.title}</span></th>`)}</tr></thead>
        <tbody>${row('namespaces', (container) => html`<b>${ownOf(container)}</b><span class="sketch-own"> own</span>`)}${row('cpu', (container) => use('cpu', container))}${row('memory', (container) => use('memory', container))}${row('pids', (container) => use('pids', container))}</tbody></table>`;
    return html`<section class="sketch ${this.tight ? 'tight' : ''} ${crowdOf(columns.length)}" aria-labelledby="sketch-host" ${css({ '--count': columns.length })}>
      <h1 class="sketch-legend" id="sketch-host">Docker Host${host ? html` <em>kernel ${host.kernel.replace(/^(\d+\.\d+).*/, '$1')}, cgroup ${host.cgroupMode}</em>` : nothing}</h1>${kernel}
      <ul class="sketch-containers" aria-label="Containers">${repeat(columns, (column) => column.key, (column) => html`<li class=${column.container ? '' : 'ghost'}>${badge(column.n)}<span class="sketch-name">${column.title}</span><small>${inWords(column)}</small></li>`)}</ul>
    </section>`;
  }
}

function inWords(column: Column): string {
  const { container, foreign, subtitle } = column;
  if (foreign) return subtitle;
  if (!container) return absence(column);
  if (!alive(container)) return container.state;
  return container.inside?.pid && container.outside?.pid ? `PID ${container.inside.pid} = ${container.outside.pid}` : container.state;
}

/** How many of a container's namespaces are its own. */
function ownOf({ namespaces }: Container): string {
  return namespaces.every((one) => one.relation === 'unknown') ? '?' : String(namespaces.filter((one) => one.relation === 'own').length);
}

/** The namespaces in a line for each container, for a frame too small for the matrix. */
export function relations(columns: Column[]): TemplateResult {
  const count = (container: Container, relation: string): number => container.namespaces.filter((one) => one.relation === relation).length;
  const words = (container: Container): string => [[count(container, 'own'), 'own'], [count(container, 'host'), 'the host’s'], [count(container, 'shared'), 'shared'], [count(container, 'unknown'), 'unknown']].filter(([n]) => n).map(([n, what]) => `${n} ${what}`).join(', ');
  return html`<ul class="relations">${repeat(columns, (column) => column.key, (column) => html`<li>${badge(column.n)}<span class="unseen">${column.title}: </span><span>${column.container ? words(column.container) : absence(column)}</span></li>`)}</ul>`;
}

customElements.define('porthole-sketch', Sketch);
