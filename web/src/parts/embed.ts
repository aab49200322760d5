import { html, type TemplateResult } from 'lit';
import type { Kind } from '../graphs/plot';
import { kindTitles, kindUnits } from '../graphs/observe';
import { columnsOf } from '../model/columns';
import { page, store } from '../page';
import { notice } from './notice';
import { linkWords } from './title-block';
import { Part } from './part';
import { watchedOf } from './lesson';
import './claims';
import './diagram';
import './matrix';
import '../graphs/observe';

/** The drawing is made for a sheet of this width, and fitted into narrower frames. */
const sheetWidth = 1400;

/** One panel on a slide: no chrome, no ground, and nothing that could start anything. */
export class Embed extends Part {
  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('resize', this.fit);
    this.fit();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('resize', this.fit);
  }

  private readonly fit = (): void => this.style.setProperty('--fit', String(Math.min(1, innerWidth / sheetWidth)));

  override render(): TemplateResult {
    const words = linkWords();
    return html`${this.panel()}${words.state === 'live' ? '' : html`<p class="embed-state ${words.state}">${words.word}</p>`}`;
  }

  private panel(): TemplateResult {
    const lesson = store.lessons?.find((one) => one.slug === page.lesson);
    const run = page.lesson ? store.runOf(page.lesson) : store.running;
    const containers = store.containers.filter((one) => !page.lesson || one.lesson === page.lesson);
    // One container alone keeps the number that it has on the whole drawing.
    const columns = columnsOf(containers, run, lesson).filter((one) => !page.container || one.name === page.container || one.container?.key === page.container);
    if (page.panel === 'diagram') return html`<div class="fitted"><porthole-diagram level="1" lesson=${page.lesson} brief></porthole-diagram></div>`;
    if (page.panel === 'namespaces') return html`<section class="embed-panel" aria-label="Namespaces"><h1 class="unseen">Namespaces</h1><porthole-matrix .columns=${columns}></porthole-matrix></section>`;
    if (page.panel === 'claims') return html`<section class="embed-panel"><porthole-claims lesson=${page.lesson || run?.lesson || 'architecture'} bare></porthole-claims></section>`;
    if (page.panel in kindTitles) {
      const kind = page.panel as Kind;
      const known = lesson && !page.container ? watchedOf(lesson, run) : columns.map((column) => ({ n: column.n, key: column.key, name: column.name, title: column.title, subtitle: column.subtitle, ...(column.container ? { container: column.container } : {}) }));
      return html`<section class="embed-panel observe" aria-label=${kindTitles[kind]}><h1>${kindTitles[kind]} <em>${kindUnits[kind]}</em></h1><porthole-observe .kind=${kind} .watched=${known} .run=${undefined}></porthole-observe></section>`;
    }
    return notice('wait', `There is no panel called ${page.panel}. There are diagram, namespaces, cpu, memory, pids, io and claims.`);
  }
}

customElements.define('porthole-embed', Embed);
