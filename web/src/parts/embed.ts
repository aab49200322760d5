import { html, nothing, type TemplateResult } from 'lit';
import type { Lesson, Run } from '../wire';
import type { Kind } from '../graphs/plot';
import { kindTitles, kindUnits, type Watched } from '../graphs/observe';
import { columnsOf, crowdOf, type Column } from '../model/columns';
import { tableKinds, type TableKind } from '../model/sides';
import { roomFor } from '../panels/room';
import { relations } from '../panels/sketch';
import { pauseUnseen } from '../panels/unseen';
import { page, store } from '../page';
import { notice } from './notice';
import { linkWords } from './title-block';
import { Part, css } from './part';
import { watchedOf } from './lesson';
import './claims';
import './diagram';
import './matrix';
import '../graphs/observe';
import '../tables/table';

/** The drawing is made for a sheet of this width, and fitted into narrower frames. */
const sheetWidth = 1400;

/** In a frame smaller than this, at scale 1, the drawing's words could not be read any more. */
const smallestDrawing = { width: 950, height: 500 };

/** With more containers, what is on the drawing would be smaller than can be read on a slide. */
const mostOnDrawing = 3;

/** A frame of this size has room for the sketch's graphs. */
const roomForGraphs = { width: 600, height: 340 };

/** A column of the sketch that is narrower than the first shows figures alone, and none is narrower than the second. */
const tightColumn = 112;
const narrowestColumn = 44;

/** The matrix needs this for its head and eight rows, and for each of its columns. */
const smallestMatrix = { height: 150, column: 47 };

/** What a panel's title takes, above what is divided among its containers. */
const titleHeight = 24;

/** One panel on a slide: no chrome, no ground, and nothing that could start anything. */
export class Embed extends Part {
  private leaves: (() => void) | undefined;
  private readonly resized = new ResizeObserver(() => this.requestUpdate());

  override connectedCallback(): void {
    super.connectedCallback();
    // In a frame, the ground is the slide's.
    document.documentElement.classList.toggle('framed', parent !== window);
    this.leaves = pauseUnseen(this);
    this.resized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.leaves?.();
    this.resized.disconnect();
  }

  override render(): TemplateResult {
    const words = linkWords();
    return html`${this.panel()}${words.state === 'live' ? nothing : html`<p class="embed-state ${words.state}">${words.word}</p>`}`;
  }

  /** The frame's size, in CSS pixels at scale 1. */
  private get room(): { width: number; height: number } {
    const scale = Number(document.documentElement.style.getPropertyValue('--scale')) || 1;
    return { width: innerWidth / scale, height: innerHeight / scale };
  }

  private panel(): TemplateResult {
    // Before anything is known, and its past, an empty panel would be laid out only to be replaced.
    if (!store.topology || !store.hasPast) return this.waiting('Connecting to Porthole…');
    const lesson = store.lessons?.find((one) => one.slug === page.lesson);
    const run = page.lesson ? store.runOf(page.lesson) : store.running;
    const containers = store.containers.filter((one) => !page.lesson || one.lesson === page.lesson);
    const wanted = page.container;
    // One container alone keeps the number that it has on the whole drawing.
    const found = columnsOf(containers, run, lesson).filter((one) => !wanted || one.name === wanted || one.key.endsWith(`/${wanted}`));
    // Somebody else's is shown by its name alone.
    const own = found.filter((one) => !one.foreign);
    const columns = wanted && !own.length ? found : own;
    if (page.panel === 'claims') return html`<section class="embed-panel"><porthole-claims lesson=${page.lesson || run?.lesson || 'architecture'} bare tabindex="0" role="group" aria-label="Claims"></porthole-claims></section>`;
    if (wanted && !columns.length) return this.waiting(`Waiting for the container ${wanted}. It appears here as soon as it runs.`);
    if (page.panel === 'diagram') return this.drawing(columns);
    if (page.panel === 'namespaces') return this.namespaces(columns);
    const watched = this.watched(columns, lesson, run);
    const kind = page.panel === 'limits' ? 'files' : page.panel;
    return kind in kindTitles ? this.graphs(kind as Kind, watched)
      : (tableKinds as readonly string[]).includes(kind) ? html`<section class="embed-panel embed-table"><porthole-table .kind=${kind as TableKind} .watched=${watched} bare tabindex="0" role="group" aria-label="Table"></porthole-table></section>`
        : this.waiting(`There is no panel called ${page.panel}.`);
  }

  private waiting(says: string): TemplateResult {
    return html`<section class="embed-panel embed-waiting"><h1 class="unseen">Panel ${page.panel}</h1>${notice('wait', says)}</section>`;
  }

  private drawing(columns: Column[]): TemplateResult {
    const { width, height } = this.room;
    // More containers need a wider sheet.
    const fits = columns.length <= mostOnDrawing && width >= smallestDrawing.width && height >= smallestDrawing.height && !page.container;
    document.documentElement.classList.toggle('fits', fits);
    if (!fits) {
      const label = Math.max(64, Math.min(130, width / 4));
      const shown = Math.max(1, Math.min(columns.length, Math.floor((width - label) / narrowestColumn)));
      return html`<porthole-sketch .columns=${columns.slice(0, shown)} ?roomy=${width >= roomForGraphs.width && height >= roomForGraphs.height} ?tight=${(width - label) / shown < tightColumn}></porthole-sketch>${this.more(columns.length - shown)}`;
    }
    return html`<div class="fitted" ${css({ '--fit': Math.min(1, innerWidth / sheetWidth) })}><porthole-diagram level="1" lesson=${page.lesson} brief></porthole-diagram></div>`;
  }

  private namespaces(columns: Column[]): TemplateResult {
    const { width, height } = this.room;
    if (height < smallestMatrix.height || width < 70 + (columns.length + 1) * smallestMatrix.column) {
      const { shown, across } = roomFor(columns.length, width, height - titleHeight);
      return html`<section class="embed-panel" ${css({ '--across': across })}><h1>Namespaces</h1>${relations(columns.slice(0, shown))}${this.more(columns.length - shown)}</section>`;
    }
    return html`<section class="embed-panel embed-matrix ${crowdOf(columns.length)}" aria-label="Namespaces"><h1 class="unseen">Namespaces</h1><porthole-matrix .columns=${columns}></porthole-matrix></section>`;
  }

  private graphs(kind: Kind, watched: Watched[]): TemplateResult {
    const { width, height } = this.room;
    const { shown, across } = roomFor(watched.length, width, height - titleHeight);
    return html`<section class="embed-panel observe of-${kind}" aria-label=${kindTitles[kind]} ${css({ '--across': across })}><h1>${kindTitles[kind]}${kindUnits[kind].split(', ').map((part, i) => html`<em>${i ? ', ' : ' '}${part}</em>`)}</h1>
      <porthole-observe .kind=${kind} .watched=${watched.slice(0, shown)} .run=${undefined}></porthole-observe>${this.more(watched.length - shown)}</section>`;
  }

  private more(count: number): TemplateResult | typeof nothing {
    return count > 0 ? html`<p class="embed-more">and ${count} more</p>` : nothing;
  }

  private watched(columns: Column[], lesson: Lesson | undefined, run: Run | undefined): Watched[] {
    return lesson && !page.container ? watchedOf(lesson, run) : columns.map(({ n, key, name, title, subtitle, container }) => ({ n, key, name, title, subtitle, ...(container ? { container } : {}) }));
  }
}

customElements.define('porthole-embed', Embed);
