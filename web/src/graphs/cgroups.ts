import { html, nothing, svg, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Container } from '../wire';
import { alive, type Column } from '../model/columns';
import { cores, mebibytes, rate } from '../model/format';
import { store } from '../page';
import type { Topic } from '../stream/store';
import { badge } from '../parts/icons';
import { Part, css, explain } from '../parts/part';
import { opens } from '../zoom/control';
import { addressOf } from '../zoom/place';
import { Paper } from './canvas';
import { inkAt, type Ink } from './ink';
import { Plot, type Kind } from './plot';
import { Scales, limitOf, windowMs } from './rows';
import '../panels/copy-embed';

/** With reduced motion, graphs are redrawn this often instead of on each sample. */
const stillMs = 1000;

/** Beside more columns than these nobody follows each figure: they are written anew this often, and the traces on each sample. */
const followed = 5;
const figuresMs = 250;
const still = matchMedia('(prefers-reduced-motion: reduce)');

/** The cgroups: a row for each controller, a column for each container. */
export class Cgroups extends Part {
  static override properties = { columns: { attribute: false }, rows: { attribute: false } };
  declare columns: Column[];
  declare rows: Kind[];
  private readonly plots = new Map<HTMLElement, Plot>();
  private readonly scales = new Scales();
  private readonly tops: Record<Kind, number> = { cpu: 1, memory: 1, pids: 1, io: 1 };
  private paper: Paper | undefined;
  private readonly resized = new ResizeObserver(() => this.onResize());
  private frame = 0;
  private drawnAt = 0;
  private writtenAt = 0;

  constructor() {
    super();
    this.columns = [];
    this.rows = ['cpu', 'memory', 'pids', 'io'];
    this.topics = ['change', 'sample'];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('porthole-theme', this.onTheme);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('porthole-theme', this.onTheme);
    this.resized.disconnect();
    for (const plot of this.plots.values()) plot.destroy();
    this.plots.clear();
    this.paper?.remove();
    this.paper = undefined;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  protected override onNews(topic: Topic): void {
    if (document.hidden || this.frame || tooSoon(this.drawnAt)) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.drawnAt = performance.now();
      const figures = topic === 'change' || this.columns.length <= followed || this.drawnAt - this.writtenAt >= figuresMs;
      if (this.fit() || figures) this.requestUpdate();
      else this.draw();
    });
  }

  /** Chooses the scales; true where one has changed. */
  private fit(): boolean {
    const containers = this.columns.map((column) => column.container);
    let changed = false;
    for (const kind of ['cpu', 'memory', 'io'] as Kind[]) {
      const top = this.scales.fit(kind, containers, store.sampledAt - windowMs);
      changed ||= top !== this.tops[kind];
      this.tops[kind] = top;
    }
    return changed;
  }

  override render(): TemplateResult {
    this.fit();
    this.writtenAt = performance.now();
    return html`<div class="cgroups" ${css({ '--columns': this.columns.length })}>
      <div class="corner"></div>
      ${repeat(this.columns, (column) => column.key, (column) => html`<div class="head ${column.container ? '' : 'ghost'}" data-column=${column.n} data-zoom=${opens() && column.container ? addressOf('container', column.name) : nothing} title=${column.title}>${badge(column.n)}<span class="head-title">${column.title}</span></div>`)}
      ${this.rows.map((row) => html`${this.label(row)}${repeat(this.columns, (column) => column.key, (column) => html`<div class="graph ${row}" data-row=${row} data-column=${column.n} data-zoom=${opens() && column.container ? addressOf('cgroups', row, column.name) : nothing} role="group" aria-label=${this.summary(row, column)}>
        ${row === 'cpu' ? this.cpu(column) : row === 'memory' ? this.memory(column) : row === 'pids' ? this.pids(column) : this.io(column)}</div>`)}`)}
    </div>`;
  }

  protected override updated(): void {
    const sheet = this.querySelector<HTMLElement>('.cgroups')!;
    if (!this.paper) {
      this.paper = new Paper(sheet);
      this.resized.observe(sheet);
    }
    let ink: Ink | undefined; // the same for all
    const places = new Set(this.querySelectorAll<HTMLElement>('.plot'));
    for (const place of places) {
      if (this.plots.has(place)) continue;
      this.plots.set(place, new Plot(place.dataset['kind'] as Kind, place, (ink ??= inkAt(place)), undefined, this.paper));
      this.resized.observe(place);
    }
    for (const [place, plot] of this.plots) {
      if (places.has(place)) continue;
      plot.destroy();
      this.resized.unobserve(place);
      this.plots.delete(place);
    }
    this.draw();
  }

  private draw(): void {
    if (this.paper && this.paper.ratio !== devicePixelRatio) this.onResize();
    for (const [place, plot] of this.plots) {
      const { kind, name } = place.dataset as { kind: Kind; name: string };
      const container = this.columns.find((column) => column.container?.name === name)?.container;
      const series = container && store.series.get(container.name);
      const limit = limitOf(kind, container)?.value;
      plot.draw(series, {
        from: store.sampledAt - windowMs,
        to: store.sampledAt || windowMs,
        top: this.tops[kind],
        ...(limit !== undefined && kind !== 'io' ? { limit } : {}),
        ooms: kind === 'memory' && series ? series.ooms : [],
        oomWord: (plot.width ?? place.clientWidth) < 120 ? '' : 'oom_kill',
      });
    }
  }

  private readonly onTheme = (): void => {
    const ink = inkAt(this.querySelector('.plot') ?? this);
    for (const plot of this.plots.values()) plot.setInk(ink);
    this.requestUpdate();
  };

  /** A graph that has another size may have moved its neighbours. */
  private onResize(): void {
    this.paper?.resize();
    this.paper?.clear(); // also what was drawn where no graph is any more
    for (const plot of this.plots.values()) plot.resize();
    this.requestUpdate();
  }

  private label(row: Kind): TemplateResult {
    const top = this.tops[row];
    switch (row) {
      case 'cpu':
        return html`<div class="label">${name(row)}<span>cores<span class="scale">, 0 to ${top}</span></span><span>${swatch('throttled')}throttled</span><span>${swatch('limit')}limit</span></div>`;
      case 'memory':
        return html`<div class="label">${name(row)}<span>MiB<span class="scale">, 0 to ${mebibytes(top).replace('.0', '')}</span></span><span>${swatch('anon')}anon</span><span>${swatch('file')}file</span><span>${swatch('kernel')}kernel</span></div>`;
      case 'pids':
        return html`<div class="label">${name(row)}</div>`;
      case 'io':
        return html`<div class="label">${name(row)}<span>MiB/s<span class="scale">, ±${mebibytes(top).replace('.0', '')}</span></span><span class="scale">up read,</span><span class="scale">down write</span></div>`;
    }
  }

  private plot(kind: Kind, column: Column): TemplateResult {
    return html`<div class="plot" data-kind=${kind} data-name=${column.container?.name ?? ''} aria-hidden="true"></div>`;
  }

  private cpu(column: Column): TemplateResult {
    const { container } = column;
    const series = container && store.series.get(container.name);
    const limit = limitOf('cpu', container);
    const periods = series?.latest?.cpuThrottledPeriods;
    return html`<div class="readout">${this.figure(column, 'cpuUsageUsec', 'cores in use', cores(series?.mean('cores', 500)))}${this.bound(column, limit, 'CPU limit', (value) => value.toFixed(2))}</div>
      ${this.plot('cpu', column)}
      <div class="foot">${container && periods ? html`<button class="figure alarm" @click=${(event: Event) => explain(event, { container: container.name, field: 'cpuThrottledPeriods', shown: String(periods), what: 'periods in which it was throttled' })}><i>nr_throttled</i><span class="alarm-mark">${swatch('throttled')}</span> ${periods}</button>` : this.raw(limit, column, '--cpus')}</div>`;
  }

  private memory(column: Column): TemplateResult {
    const series = column.container && store.series.get(column.container.name);
    const limit = limitOf('memory', column.container);
    const kills = series?.latest?.oomKills;
    return html`<div class="readout">${this.figure(column, 'memoryCurrentBytes', 'memory in MiB', mebibytes(series?.latest?.memoryCurrentBytes))}${this.bound(column, limit, 'memory limit', mebibytes)}</div>
      ${this.plot('memory', column)}
      <div class="foot">${column.container && kills ? html`<button class="figure alarm" @click=${(event: Event) => explain(event, { container: column.name, field: 'oomKills', shown: String(kills), what: 'processes killed for want of memory' })}><i>oom_kill</i><span class="alarm-mark">${killed}</span> ${kills}</button>` : this.raw(limit, column, '--memory')}</div>`;
  }

  private pids(column: Column): TemplateResult {
    const series = column.container && store.series.get(column.container.name);
    const limit = limitOf('pids', column.container);
    const now = series?.latest?.pidsCurrent;
    const refused = series?.latest?.pidsRefused;
    const bound = limit?.value;
    const share = now === undefined ? 0 : bound ? Math.min(1, now / bound) : Math.min(0.9, now / 128);
    return html`<div class="readout">${this.figure(column, 'pidsCurrent', 'processes and threads', now === undefined ? '–' : String(now))}${this.bound(column, limit, 'pids limit', String)}
      ${refused ? html`<button class="figure alarm" @click=${(event: Event) => explain(event, { container: column.name, field: 'pidsRefused', shown: String(refused), what: 'forks refused' })}><i>refused</i> ${refused}</button>` : nothing}</div>
      <div class="gauge ${bound ? 'closed' : 'open'} ${column.container ? '' : 'ghost'}" aria-hidden="true" ${css({ '--share': share })}><i></i></div>`;
  }

  private io(column: Column): TemplateResult {
    const series = column.container && store.series.get(column.container.name);
    return html`<div class="readout two"><small>read</small>${this.figure(column, 'ioReadBytes', 'read, in MiB/s', rate(series?.mean('read', 500)))}<small>write</small>${this.figure(column, 'ioWriteBytes', 'written, in MiB/s', rate(series?.mean('write', 500)))}</div>${this.plot('io', column)}`;
  }

  private figure(column: Column, field: string, what: string, shown: string): TemplateResult {
    if (!alive(column.container)) return html`<span class="figure value quiet">–</span>`;
    return html`<button class="figure value" aria-label=${`${what}: ${shown}`} @click=${(event: Event) => explain(event, { container: column.name, field, shown, what })}>${shown}</button>`;
  }

  private bound(column: Column, limit: Container['limits']['cpu'], what: string, words: (value: number) => string): TemplateResult {
    if (!limit || !column.container || (!limit.unlimited && limit.value === undefined && !alive(column.container))) return html``;
    const shown = limit.unlimited ? 'max' : limit.value !== undefined ? words(limit.value) : '?';
    return html`<button class="figure bound" title=${limit.reason ?? nothing} aria-label=${`${what}: ${shown}`} @click=${(event: Event) => explain(event, { container: column.name, field: limit.source, shown, what })}><i>/</i> ${shown}</button>`;
  }

  /** The limit's file and what it holds; for one that is still to start, the flag that will ask for it. */
  private raw(limit: Container['limits']['cpu'], column: Column, flag: string): TemplateResult | typeof nothing {
    if (!column.container) {
      const asks = new RegExp(`${flag}[ =]\\S+`).exec(column.command)?.[0] ?? nothing;
      return html`<span title=${asks}>${asks}</span>`; // among many it may have to be cut
    }
    if (!limit?.file) return nothing;
    // Long names lose what the row says already, and "no limit" as v1 writes it its nineteen digits.
    const file = limit.file.length > 12 ? limit.file.replace(/^(cpu|memory|pids)\./, '') : limit.file;
    const raw = limit.unlimited && (limit.raw?.length ?? 0) > 12 ? 'none' : (limit.raw ?? '');
    return html`<span title=${`${limit.file} ${limit.raw ?? ''}`}><i>${file}</i> ${raw}</span>`;
  }

  /** The graph in words. */
  private summary(row: Kind, column: Column): string {
    const who = `Container ${column.n}, ${column.title}`;
    if (!column.container) return `${who}: ${row}, no container yet`;
    const series = store.series.get(column.container.name);
    const limit = limitOf(row, column.container);
    const bound = limit?.unlimited ? 'no limit' : limit?.value === undefined ? 'limit unknown' : '';
    switch (row) {
      case 'cpu':
        return `${who}: CPU, ${cores(series?.mean('cores', 500))} cores, ${bound || `limit ${limit!.value!.toFixed(2)}`}${series?.everThrottled ? ', throttled' : ''}`;
      case 'memory':
        return `${who}: memory, ${mebibytes(series?.latest?.memoryCurrentBytes)} MiB, ${bound || `limit ${mebibytes(limit!.value)} MiB`}${series?.ooms.length ? `, ${series.ooms.length} killed for want of memory` : ''}`;
      case 'pids':
        return `${who}: ${series?.latest?.pidsCurrent ?? 'unknown number of'} processes, ${bound || `limit ${limit!.value}`}`;
      case 'io':
        return `${who}: reads ${rate(series?.mean('read', 500))}, writes ${rate(series?.mean('write', 500))} MiB per second`;
    }
  }
}

/** A controller's name, that opens its files. */
function name(row: Kind): TemplateResult {
  return html`<porthole-copy-embed panel=${row}></porthole-copy-embed>${opens() ? html`<a class="opens" href=${addressOf('cgroups', row)}><b>${row}</b></a>` : html`<b>${row}</b>`}`;
}

/** Whether a graph that was drawn at a moment has to wait, because nothing is to move. */
export function tooSoon(drawnAt: number): boolean {
  return still.matches && performance.now() - drawnAt < stillMs;
}

/** The mark of a kill, as it stands in the graph. */
const killed = html`<svg viewBox="0 0 10 10" aria-hidden="true">${svg`<path d="M1 1l8 8M9 1l-8 8" stroke="currentColor" stroke-width="2"></path>`}</svg>`;

/** A sample of a hatch or line, for the labels. */
export function swatch(kind: 'throttled' | 'limit' | 'anon' | 'file' | 'kernel'): TemplateResult {
  if (kind === 'limit') return html`<svg class="swatch-limit" viewBox="0 0 16 11" aria-hidden="true">${svg`<path class="ink-line" d="M0 5.5H16" stroke-width="2"></path>`}</svg>`;
  return html`<i class="sample of-${kind}" aria-hidden="true"></i>`;
}

customElements.define('porthole-cgroups', Cgroups);
