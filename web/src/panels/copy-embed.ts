import { LitElement, html, nothing, svg, type TemplateResult } from 'lit';
import { page } from '../page';
import { copyText } from '../parts/command';
import { wantedTheme } from '../theme';

const icon = html`<svg viewBox="0 0 16 14" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">${svg`<path d="M5 3 1 7l4 4M11 3l4 4-4 4M9.2 1.5 6.8 12.5"></path>`}</svg>`;

/** How long "Copied" is said, in milliseconds. */
const saidMs = 2000;

/** A button beside a panel: copies the frame that shows it on a slide. */
export class CopyEmbed extends LitElement {
  static override properties = { panel: {}, lesson: {}, what: {}, says: { state: true } };
  declare panel: string;
  /** The lesson whose containers it shows; that of the page, where this is left out. */
  declare lesson: string;
  /** What the panel is called; its name, where this is left out. */
  declare what: string;
  private declare says: string;

  constructor() {
    super();
    this.panel = '';
    this.lesson = '';
    this.what = '';
    this.says = '';
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override render(): TemplateResult | typeof nothing {
    // On a slide or a projector there is nobody to paste it.
    if (page.kind !== 'architecture' && page.kind !== 'lesson') return nothing;
    return html`<button class="copy-embed" title="Copy the frame for a slide" aria-label=${`Copy embed: ${this.what || this.panel}`} @click=${this.copy}>${icon}<span role="status">${this.says}</span></button>`;
  }

  private async copy(): Promise<void> {
    this.says = (await copyText(embedOf(this.panel, this.lesson || (page.kind === 'lesson' ? page.lesson : '')))) ? 'Copied' : 'This browser does not let a page copy';
    setTimeout(() => (this.says = ''), saidMs);
  }
}

/** The frame of a panel, as reveal.js loads it: when its slide comes. See docs/panels.md for each attribute. */
export function embedOf(panel: string, lesson: string): string {
  const address = new URL(`${page.base}/embed/${panel}`, location.href);
  if (lesson) address.searchParams.set('lesson', lesson);
  if (wantedTheme() !== 'auto') address.searchParams.set('theme', wantedTheme());
  return `<iframe data-src="${address.href.replaceAll('&', '&amp;')}" title="Porthole: ${panel}" width="960" height="540" style="border: 0; color-scheme: light" allow="local-network-access; loopback-network"></iframe>`;
}

customElements.define('porthole-copy-embed', CopyEmbed);
