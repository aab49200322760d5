import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Container, Run } from '../wire';
import { alive } from '../model/columns';
import { cores, mebibytes, rate, seconds } from '../model/format';
import { store } from '../page';
import { badge } from '../parts/icons';
import { Part, css, explain } from '../parts/part';
import { sentence } from '../parts/sentence';
import { ended } from '../model/run';
import { swatch, tooSoon } from './cgroups';
import { sizeOf } from './canvas';
import { inkAt, type Ink } from './ink';
import { Plot, type Kind, type Ticks } from './plot';
import { Scales, limitOf } from './rows';

const mib = 1024 * 1024;

/** At most as much of a run as a series keeps. */
const mostMs = 60_000;

/** A plot smaller than this, in CSS pixels, has no room for axes. */
const roomForAxes = { width: 250, height: 84 };

const units: Record<Kind, string> = { cpu: 'cores in use', memory: 'MiB', pids: 'processes and threads', io: 'MiB per second, up read, down write' };
const titles: Record<Kind, string> = { cpu: 'CPU', memory: 'Memory', pids: 'Processes', io: 'Block I/O' };

/** One container of a lesson, whether it is there, has gone, or is still to come. */
export interface Watched {
  n: number;
  key: string;
  name: string;
  title: string;
  subtitle: string;
  /** The command that starts it, or will. */
  command?: string;
  container?: Container;
}

/** A lesson's graphs of one kind: a large one for each container, over the time of the run. */
export class Observe extends Part {
  static override properties = { kind: {}, watched: { attribute: false }, run: { attribute: false }, expectMs: { attribute: false } };
  declare kind: Kind;
  declare watched: Watched[];
  declare run: Run | undefined;
  /** About how long a run takes, in milliseconds: the time axis begins with that. */
  declare expectMs: number;
  private readonly plots = new Map<HTMLElement, { plot: Plot; axes: boolean }>();
  private scales = new Scales();
  private readonly resized = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) this.plots.get(target as HTMLElement)?.plot.resize(contentRect);
    this.requestUpdate();
  });
  private frame = 0;
  private drawnAt = 0;
  private top = 1;
  private lastRun = '';
  /** Limits that were seen, for after a container has gone. */
  private readonly limits = new Map<string, Container['limits']>();

  constructor() {
    super();
    this.kind = 'cpu';
    this.watched = [];
    this.expectMs = 20_000;
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
    cancelAnimationFrame(this.frame);
    for (const { plot } of this.plots.values()) plot.destroy();
    this.plots.clear();
  }

  protected override onNews(): void {
    if (document.hidden || this.frame || tooSoon(this.drawnAt)) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.drawnAt = performance.now();
      this.requestUpdate();
    });
  }

  override render(): TemplateResult {
    const { kind } = this;
    if (this.run && this.run.id !== this.lastRun) {
      this.lastRun = this.run.id;
      this.scales = new Scales();
      this.limits.clear();
    }
    for (const { name, container } of this.watched) if (container && Object.keys(container.limits).length) this.limits.set(name, container.limits);
    const { from } = this.span();
    this.top = this.scales.fit(kind, this.watched.map((one) => ({ name: one.name, limits: this.limits.get(one.name) })), from);
    return html`<p class="observe-key">${kind === 'cpu' ? html`<span>${swatch('throttled')}throttled</span><span>${swatch('limit')}limit</span>` : kind === 'memory' ? html`<span>${swatch('anon')}anon</span><span>${swatch('file')}file</span><span>${swatch('kernel')}kernel</span><span>${swatch('limit')}limit</span>` : nothing}</p>
      <div class="observe-rows" ${css({ '--rows': this.watched.length })}>${repeat(this.watched, (one) => one.key, (one) => this.row(one))}</div>`;
  }

  private row(one: Watched): TemplateResult {
    return html`<div class="observe-row" role="group" aria-label=${`Container ${one.n}, ${one.title}: ${titles[this.kind]}`}>
      <div class="observe-side"><div class="observe-name">${badge(one.n)}<span>${one.title}</span></div>${one.subtitle ? html`<p class="subtitle">${sentence(one.subtitle)}</p>` : nothing}${this.figures(one)}</div>
      <div class="plot large" data-name=${one.name} data-key=${one.key} aria-hidden="true"></div></div>`;
  }

  private figures(one: Watched): TemplateResult {
    const series = store.series.get(one.name);
    const latest = series?.latest;
    // The name may be that of a container of an earlier run.
    if (!series || !latest || series.latestAt < (this.run?.startedAt ?? 0)) return html`<p class="quiet">${one.container ? 'no reading yet' : 'not started'}</p>`;
    const button = (field: string, shown: string, what: string, alarm = false): TemplateResult => (alive(one.container)
      ? html`<button class="figure linked ${alarm ? 'alarm' : ''}" aria-label=${`${what}: ${shown}`} @click=${(event: Event) => explain(event, { container: one.name, field, shown, what })}>${shown}</button>`
      : html`<span class="figure ${alarm ? 'alarm' : ''}">${shown}</span>`);
    const limit = limitOf(this.kind, { limits: this.limits.get(one.name) });
    switch (this.kind) {
      case 'cpu':
        return html`<p>${button('cpuUsageUsec', latest.cpuUsageUsec === undefined ? '–' : (latest.cpuUsageUsec / 1e6).toFixed(2), 'core-seconds used')} core-seconds</p>
          <p class="main">${button('cpuUsageUsec', cores(alive(one.container) ? series.mean('cores', 500) : null), 'cores in use')} <span class="unit">cores now</span></p>
          ${latest.cpuThrottledPeriods ? html`<p>held back in ${button('cpuThrottledPeriods', String(latest.cpuThrottledPeriods), 'periods in which it was throttled', true)} of ${button('cpuPeriods', String(latest.cpuPeriods ?? '?'), 'enforcement periods')} periods</p>` : nothing}`;
      case 'memory':
        return html`<p class="main">${button('memoryCurrentBytes', mebibytes(latest.memoryCurrentBytes), 'memory in MiB')} <span class="unit">${limit?.value !== undefined ? html`of ${mebibytes(limit.value)}` : nothing} MiB</span></p>
          ${latest.oomKills ? html`<p>${button('oomKills', String(latest.oomKills), 'processes killed for want of memory', true)} killed by the kernel</p>` : nothing}`;
      case 'pids':
        return html`<p class="main">${button('pidsCurrent', String(latest.pidsCurrent ?? '–'), 'processes and threads')} <span class="unit">now${limit?.value !== undefined ? html`, at most ${limit.value}` : nothing}</span></p>${latest.pidsRefused ? html`<p>${button('pidsRefused', String(latest.pidsRefused), 'forks refused', true)} refused</p>` : nothing}`;
      case 'io':
        return html`<p class="rate">${button('ioReadBytes', rate(series.mean('read', 500)), 'read, MiB/s')} read</p><p class="main rate">${button('ioWriteBytes', rate(series.mean('write', 500)), 'written, MiB/s')} <span class="unit">write</span></p>`;
    }
  }

  /** The moments that the time axis goes from and to. */
  private span(): { from: number; to: number } {
    const now = store.sampledAt || Date.now();
    const { run } = this;
    if (!run) return { from: now - 30_000, to: now };
    const to = Math.max(run.startedAt + this.expectMs, Math.min(now, run.endedAt ?? Infinity));
    return { from: Math.max(run.startedAt, to - mostMs), to };
  }

  protected override updated(): void {
    const { kind, run } = this;
    const { from, to } = this.span();
    const seen = new Set<HTMLElement>();
    let ink: Ink | undefined; // the same for all
    // All are measured before anything is put in: after that, each asking would be a layout.
    for (const [place, size] of Array.from(this.querySelectorAll<HTMLElement>('.plot'), (place) => [place, sizeOf(place)] as const)) {
      seen.add(place);
      const name = place.dataset['name'] ?? '';
      const axes = size.width >= roomForAxes.width && size.height >= roomForAxes.height;
      let one = this.plots.get(place);
      if (one?.axes !== axes) {
        one?.plot.destroy();
        one = { plot: new Plot(kind, place, (ink ??= inkAt(place)), axes ? this.ticks() : undefined), axes };
        this.plots.set(place, one);
        this.resized.observe(place);
      }
      const { plot } = one!;
      const series = store.series.get(name);
      const limit = limitOf(kind, { limits: this.limits.get(name) })?.value;
      const gone = store.gone.get(name);
      const first = series?.columns.at.find((at) => at >= from);
      const over = gone?.at ?? (run && ended(run) ? series?.latestAt : undefined);
      plot.draw(series, {
        from,
        to,
        top: this.top,
        ...(limit !== undefined && kind !== 'io' ? { limit } : {}),
        ooms: kind === 'memory' && series ? series.ooms : [],
        oomWord: axes ? 'oom_kill' : '',
        ...(run && first !== undefined && over !== undefined && over > first ? { span: { from: first, to: over, word: seconds(over - first) } } : {}),
      }, size);
    }
    for (const [place, { plot }] of this.plots) {
      if (seen.has(place)) continue;
      plot.destroy();
      this.resized.unobserve(place);
      this.plots.delete(place);
    }
  }

  private ticks(): Ticks {
    const scale = this.kind === 'memory' || this.kind === 'io' ? mib : 1;
    return {
      zero: () => this.run?.startedAt ?? store.sampledAt,
      x: (at) => {
        const passed = Math.round((at - (this.run?.startedAt ?? store.sampledAt)) / 1000);
        return this.run ? `${passed} s` : passed === 0 ? 'now' : `${passed} s`.replace('-', '−');
      },
      y: (value) => (this.kind === 'cpu' ? value.toFixed(1) : String(Math.round((Math.abs(value) / scale) * 10) / 10)),
      lines: (top) => (this.kind === 'cpu' && top <= 1.5 ? [0, 0.5, 1, ...(top >= 1.5 ? [1.5] : [])] : [0, top / 2, top]),
    };
  }

  private readonly onTheme = (): void => {
    const ink = inkAt(this.querySelector('.plot') ?? this);
    for (const { plot } of this.plots.values()) plot.setInk(ink);
    this.requestUpdate();
  };
}

export { titles as kindTitles, units as kindUnits };
customElements.define('porthole-observe', Observe);
