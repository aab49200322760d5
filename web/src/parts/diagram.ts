import { html, nothing, render, svg, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Host } from '../wire';
import { bandsOf, columnsOf, crowdOf, mostColumns, type Column } from '../model/columns';
import { size } from '../model/format';
import { mayControl, page, store, tryNow } from '../page';
import { connectors } from './channel';
import { focusLesson } from './focus';
import { backIcon, badge } from './icons';
import './run-button';
import { hertz, linkWords } from './title-block';
import { Part, css } from './part';
import './container-box';
import { notice } from './notice';
import './matrix';
import '../graphs/cgroups';
import { Zoom, opens } from '../zoom/control';
import { addressOf } from '../zoom/place';
import '../zoom/zoom';
import '../panels/copy-embed';

/** On a sheet as narrow as this, in CSS pixels, the drawing is laid out for the hand: see narrow.css. */
const handWidth = 704;

/** The drawing of the book: host, kernel, namespaces and cgroups, containers. */
export class Diagram extends Part {
  static override properties = { brief: { type: Boolean }, lesson: {}, level: { type: Number } };
  /** Fewer words and larger figures, for a projector. */
  declare brief: boolean;
  /** The lesson whose containers it shows; empty for all that there are. */
  declare lesson: string;
  /** The level of its outermost heading. */
  declare level: number;
  private readonly resized = new ResizeObserver(([entry]) => {
    const hand = entry!.contentRect.width <= handWidth;
    if (hand !== this.hand) this.requestUpdate();
    this.hand = hand;
    this.connect();
  });
  private hand = false;
  private hot = 0;
  private known: Column[] = [];
  private readonly zoom = new Zoom(this);

  constructor() {
    super();
    this.brief = false;
    this.lesson = '';
    this.level = 1;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.resized.observe(this);
    void document.fonts.ready.then(() => this.connect());
    for (const name of ['pointerover', 'focusin'] as const) this.addEventListener(name, this.onPoint);
    for (const name of ['pointerleave', 'focusout'] as const) this.addEventListener(name, this.onLeave);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
  }

  override render(): TemplateResult {
    const host = store.topology?.host ?? store.hello?.host;
    const { lesson, run, last } = focusLesson();
    // A panel shows what lessons start, unless it names another's container.
    const containers = this.lesson ? store.containers.filter((one) => one.lesson === this.lesson) : page.kind === 'embed' ? store.own : store.containers;
    // When nothing is there any more, the outlines still say how it ended.
    const all = columnsOf(containers, run ?? (containers.every((one) => one.foreign) ? last : undefined), lesson);
    const columns = all.slice(0, mostColumns);
    this.known = columns;
    const bands = this.hand ? bandsOf(columns) : [columns];
    const crowd = crowdOf(bands[0]!.length);
    const empty = columns.every((column) => !column.container);
    const { place } = this.zoom;
    const rest = columns.filter((column) => place?.box !== 'container' || column.name !== place.name);
    return html`<div class="drawing ${crowd} ${empty ? 'is-empty' : ''} ${place ? `opened opened-${place.box}` : ''}" data-link=${linkWords().state} data-count=${columns.length}>
      <section class="box host" aria-labelledby="host-legend"><div class="legend" role="heading" aria-level=${this.level} id="host-legend">Docker Host <em>(Linux)</em></div>
        <div class="box-facts">${this.facts(host)}<porthole-copy-embed panel="diagram" what="The drawing"></porthole-copy-embed></div>
        <section class="box kernel" aria-labelledby="kernel-legend"><div class="legend" role="heading" aria-level=${this.level + 1} id="kernel-legend">Linux Kernel</div>
          ${this.wing('namespaces', 'namespaces', 'Namespaces', 'isolation', all, () => html`${bands.map((band) => html`<porthole-matrix .columns=${band}></porthole-matrix>`)}`)}
          ${this.wing('resources', 'cgroups', 'Cgroups', 'resources', all, () => html`${bands.map((band) => html`<porthole-cgroups .columns=${band} .rows=${this.brief ? ['cpu', 'memory', 'pids'] : ['cpu', 'memory', 'pids', 'io']}></porthole-cgroups>`)}`)}
        </section>
        <div class="channel">${this.notice(empty)}</div>
        ${place?.box === 'container' ? this.openedContainer(place.name, all) : nothing}
        <div class="containers" ${css({ '--count': Math.max(1, rest.length) })}>${repeat(rest, (column) => column.key, (column) => html`<porthole-container .column=${column} .all=${all} data-column=${column.n}></porthole-container>`)}</div>
        ${all.length > columns.length ? html`<p class="more">and ${all.length - columns.length} more, without room on this sheet</p>` : nothing}
      </section>
      <svg class="connectors" aria-hidden="true"></svg>
    </div>`;
  }

  /** One of the kernel's two boxes: whole, opened, or only its name while another is open. */
  private wing(kind: string, box: 'namespaces' | 'cgroups', title: string, more: string, all: Column[], whole: () => TemplateResult): TemplateResult {
    const { place } = this.zoom;
    const opened = place?.box === box;
    const inside = opened && place.name ? html`<porthole-zoom .place=${place} .columns=${all} ?hand=${this.hand}></porthole-zoom>` : place && !opened ? nothing : whole();
    const open = opens() ? addressOf(box) : '';
    return html`<section class="box ${kind} ${opened ? 'zoomed' : ''}" data-zoom=${open || nothing} tabindex=${opened ? -1 : nothing} aria-labelledby="${box}-legend">
      <div class="legend" role="heading" aria-level=${this.level + 2} id="${box}-legend">${open ? html`<a class="opens" href=${open}>${title}</a>` : title} <em>${opened && place.name ? html`<b class="mono">${place.name}</b>` : more}</em></div>
      ${opened ? this.back() : box === 'namespaces' ? html`<porthole-copy-embed panel="namespaces" what=${title}></porthole-copy-embed>` : nothing}${inside}</section>`;
  }

  private openedContainer(name: string, all: Column[]): TemplateResult {
    const column = all.find((one) => one.name === name);
    return html`<section class="box container zoomed" data-box=${column?.n ?? nothing} tabindex="-1" aria-labelledby="opened-legend">
      <div class="legend" role="heading" aria-level=${this.level + 1} id="opened-legend">${column ? html`${badge(column.n)}<span>Container ${column.n}</span> <em title=${column.title}>${column.title}</em>` : html`Container <em class="mono">${name}</em>`}</div>
      ${this.back()}<porthole-zoom .place=${this.zoom.place} .columns=${all} ?hand=${this.hand}></porthole-zoom></section>`;
  }

  private back(): TemplateResult {
    return html`<button class="zoom-back" @click=${this.zoom.close}>${backIcon}<span>Whole drawing</span><kbd>Esc</kbd></button>`;
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    void Promise.all([...this.querySelectorAll<Part>('porthole-matrix, porthole-container, porthole-cgroups, porthole-zoom')].map((part) => part.updateComplete)).then(() => {
      this.connect();
      const drawing = this.querySelector<HTMLElement>('.drawing');
      if (drawing) this.zoom.settle(drawing);
    });
  }

  private facts(host: Host | undefined): TemplateResult {
    if (!host) return html`<span class="quiet">not yet known</span>`;
    const { engine } = host;
    return html`${engine.version ? html`<span>engine <b>${engine.name === 'docker' ? nothing : `${engine.name} `}${engine.version}</b></span>` : nothing}
      <span>kernel <b>${host.kernel.replace(/^(\d+\.\d+(?:\.\d+)?).*/, '$1')}</b></span>
      <span>cgroup <b>${host.cgroupMode}${engine.cgroupDriver ? html`<span class="driver">, ${engine.cgroupDriver}</span>` : nothing}</b></span>
      ${engine.runtime ? html`<span class="lesser"><b>${engine.runtime}</b></span>` : nothing}
      ${host.reader && host.reader.mode !== 'direct' ? html`<span class="lesser" title=${host.reader.command ?? host.reader.says}>read by <b>${host.reader.container ?? 'the engine’s API'}</b></span>` : nothing}
      <span class="lesser"><b>${host.cpus}</b> CPUs</span><span class="lesser"><b>${size(host.memoryBytes)}</b></span>
      ${this.brief ? html`<span class="connection ${linkWords().state}"><i></i>${linkWords().word} <b>${store.hello ? hertz(store.hello.intervalMs) : ''}</b></span>` : nothing}`;
  }

  /** One sentence in the channel, where nothing else can say why the sheet is empty or old. */
  private notice(empty: boolean): TemplateResult | typeof nothing {
    const { link, hello } = store;
    const engine = store.topology?.host.engine ?? hello?.host.engine;
    if (link.state === 'lost') {
      const says = `The connection to Porthole is lost. What you see is as it last was. Next try in ${Math.max(1, Math.ceil(link.nextTryMs / 1000))} s.`;
      return notice('lost', says, { action: html`<button class="button" @click=${tryNow}>Try now</button>` });
    }
    if (link.state === 'stale') return notice('lost', `No sample has come for ${Math.floor(link.sinceMs / 1000)} s. The figures are as they last were.`);
    if (engine && engine.state !== 'up' && engine.state !== 'connecting') return notice('engine', engine.problem ?? 'The container engine does not answer.', { command: engine.fix });
    if (!store.topology) return notice('wait', hello ? 'Reading the kernel…' : 'Connecting to Porthole…');
    if (engine?.state === 'connecting') return notice('wait', 'Asking the container engine…');
    const short = engine?.observeOnly ?? store.topology.host.reader?.problem;
    if (short && !hello?.replay) return notice('engine', short);
    const { run, last, slug } = focusLesson();
    if (empty && !this.lesson && !run) {
      const says = `Nothing runs ${last ? 'any more' : 'yet'}.`;
      if (mayControl()) return notice('invite', `${says} Three containers will make this drawing live.`, { action: html`<porthole-run-button lesson=${slug} primary></porthole-run-button>` });
      return notice('wait', hello?.replay ? 'Nothing runs at this point of the recording.' : says);
    }
    return nothing;
  }

  private connect(): void {
    const layer = this.querySelector<SVGElement>('.connectors');
    const drawing = this.querySelector<HTMLElement>('.drawing');
    if (!layer || !drawing || !drawing.clientWidth) return;
    render(this.zoom.place ? nothing : svg`${connectors(drawing)}`, layer);
    this.mark();
  }

  private readonly onPoint = (event: Event): void => {
    const target = (event.target as Element).closest<HTMLElement>('[data-column], [data-box]');
    this.heat(Number(target?.dataset['column'] ?? target?.dataset['box'] ?? 0));
  };

  private readonly onLeave = (): void => this.heat(0);

  private heat(n: number): void {
    const column = this.known[n - 1];
    const hot = column?.container && this.known.filter((one) => one.container).length > 1 ? n : 0;
    if (hot === this.hot) return;
    this.hot = hot;
    this.mark();
  }

  /** Dims what does not belong to the container that is pointed at. */
  private mark(): void {
    for (const element of this.querySelectorAll<HTMLElement>('[data-column]')) {
      const n = Number(element.dataset['column']);
      element.classList.toggle('dimmed', this.hot > 0 && n !== this.hot && n !== 0);
    }
  }
}

customElements.define('porthole-diagram', Diagram);
