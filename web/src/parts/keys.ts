import { html, nothing, type TemplateResult } from 'lit';
import { Part } from './part';

const keys: [key: string, what: string][] = [['1–4', 'pick an answer'], ['R', 'run the lesson'], ['S', 'stop it'], ['?', 'show or hide this list'], ['Esc', 'close what is open']];

/** The lesson page's keys. None of them is taken from somebody who types. */
export class Keys extends Part {
  static override properties = { shown: { state: true } };
  private declare shown: boolean;

  constructor() {
    super();
    this.shown = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('keydown', this.onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('keydown', this.onKey);
  }

  override render(): TemplateResult {
    return html`<button class="text-button keys-button" aria-expanded=${this.shown ? 'true' : 'false'} @click=${() => (this.shown = !this.shown)}>Keys: press ?</button>
      ${this.shown ? html`<dl class="keys" aria-label="Keys">${keys.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl>` : nothing}`;
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === '?') this.shown = !this.shown;
    else if (event.key === 'Escape' && this.shown) this.shown = false;
    else if (/^[1-4]$/.test(event.key) && !(event.target as Element).matches('[type="range"]')) document.querySelectorAll<HTMLInputElement>('.answer input')[Number(event.key) - 1]?.click();
    else if (!event.repeat && /^[rs]$/i.test(event.key)) document.querySelector<HTMLButtonElement>(`porthole-lesson porthole-run-button button${/r/i.test(event.key) ? ':not(.stop)' : '.stop'}`)?.click();
    else return;
    event.preventDefault();
  };
}

/** Whether a key pressed there is a letter for somebody's text. */
function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('textarea, select, input:not([type="radio"], [type="range"])'));
}

customElements.define('porthole-keys', Keys);
