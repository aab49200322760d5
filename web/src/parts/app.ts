import { LitElement, html, nothing, type TemplateResult } from 'lit';
import { loadLessons } from '../api';
import { begin, page, store } from '../page';
import { ended } from '../model/run';
import { applyTheme, chosenTheme, type Theme } from '../theme';
import { focusLesson } from './focus';
import './claims';
import './diagram';
import './embed';
import './lesson';
import '../replay/bar';
import './plate';
import './rail';
import '../present/follow';
import '../present/present';
import './strip';
import './takeaways';
import './title-block';

/** The root: reads what the server's shell says, and puts the page together. */
export class App extends LitElement {
  /** The lesson's prose, as the server rendered it. */
  private prose: Node[] = [];
  private leave: (() => void) | undefined;
  private seenRuns = '';

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    this.takeProse();
    super.connectedCallback();
    const { dataset } = this;
    const wished = dataset['theme'];
    const given = wished === 'light' || wished === 'dark' || (wished === 'auto' && dataset['page'] === 'embed') ? (wished as Theme) : undefined;
    applyTheme(given ?? chosenTheme());
    document.body.classList.add(`page-${dataset['page'] ?? 'architecture'}`);
    const scale = Number(dataset['scale']);
    if (scale > 0 && scale <= 4) document.documentElement.style.setProperty('--scale', String(scale));
    this.leave = store.listen('change', () => this.onChange());
    begin(dataset);
    if (wantsLessons()) void loadLessons();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.leave?.();
  }

  override render(): TemplateResult {
    if (page.kind === 'embed') return html`<main class="embed"><porthole-embed></porthole-embed><porthole-replay brief></porthole-replay></main><porthole-plate></porthole-plate>`;
    if (page.kind === 'present') return html`<main class="present"><porthole-present .prose=${this.prose}></porthole-present></main><porthole-plate></porthole-plate>`;
    if (page.kind === 'follow') return html`<main class="follow"><porthole-follow .prose=${this.prose}></porthole-follow></main><porthole-plate></porthole-plate>`;
    return html`<a class="skip" href="#sheet">To the drawing</a>
      <header class="top"><porthole-title-block></porthole-title-block></header>
      <porthole-rail></porthole-rail>
      <main class="sheet" id="sheet" tabindex="-1">${this.banner()}${page.kind === 'architecture' ? this.architecture() : page.kind === 'lesson' ? html`<porthole-lesson .prose=${this.prose}></porthole-lesson>` : page.kind === 'takeaways' ? html`<porthole-takeaways .prose=${this.prose}></porthole-takeaways>` : html`<div class="prose">${this.prose}</div>`}<porthole-replay></porthole-replay></main>
      <porthole-plate></porthole-plate>`;
  }

  private architecture(): TemplateResult {
    const { slug } = focusLesson();
    return html`<div class="first-sheet"><porthole-diagram></porthole-diagram><porthole-strip></porthole-strip></div>
      <div id="claims">${store.runOf(slug) ? html`<porthole-claims lesson=${slug}></porthole-claims>` : nothing}</div>`;
  }

  private banner(): TemplateResult | typeof nothing {
    if (store.newVersion) return html`<p class="banner" role="status">Porthole is now version <b class="mono">${store.newVersion}</b>; this page is from before. <button class="button" @click=${() => location.reload()}>Reload</button></p>`;
    return nothing;
  }

  private onChange(): void {
    // The catalogue says which lesson runs: it is asked for again when that changes.
    const runs = [...store.runs.values()].map((run) => `${run.id}${ended(run)}`).join();
    if (runs !== this.seenRuns && wantsLessons()) {
      this.seenRuns = runs;
      void loadLessons();
    }
    if (!document.hidden) this.requestUpdate();
  }

  /** Keeps what the server rendered inside the root, and clears it for the page. */
  private takeProse(): void {
    const template = this.querySelector<HTMLTemplateElement>('template#prose') ?? document.querySelector<HTMLTemplateElement>('template#prose');
    if (template) this.prose = [...document.importNode(template.content, true).childNodes];
    else this.prose = [...(this.querySelector('[slot="prose"]')?.childNodes ?? [])];
    // A wide table scrolls in its own box, by keyboard too.
    for (const node of this.prose) if (node instanceof Element) for (const table of [node, ...node.querySelectorAll('table')]) if (table.matches('table')) table.setAttribute('tabindex', '0');
    this.replaceChildren();
  }
}

/** Whether the page has words of the lessons on it. A panel that follows the containers has none. */
function wantsLessons(): boolean {
  return page.kind !== 'embed' || page.lesson !== '' || page.panel === 'claims' || page.panel === 'diagram';
}

customElements.define('porthole-app', App);
