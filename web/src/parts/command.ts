import { LitElement, html, type TemplateResult } from 'lit';
import { copyIcon } from './icons';
import { pieces } from './pieces';

/** A command to read and to copy. Flags stand out; the words around them are quiet. */
export class Command extends LitElement {
  static override properties = { command: {}, mark: {}, copied: { state: true } };
  declare command: string;
  /** A flag to mark, where one matters most. */
  declare mark: string;
  private declare copied: boolean;

  constructor() {
    super();
    this.command = '';
    this.mark = '';
    this.copied = false;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override render(): TemplateResult {
    return html`<div class="command"><code tabindex="0" role="group" aria-label="Command">${pieces(this.command).map((piece) => html`<span class=${piece.startsWith('--') && !/^--(rm|name|detach|label)\b/.test(piece) ? 'flag' : 'word'}>${piece}</span> `)}</code>
      <button class="copy" aria-label="Copy the command" title="Copy" @click=${this.copy}>${copyIcon}<span role="status">${this.copied ? 'Copied' : ''}</span></button></div>`;
  }

  private async copy(): Promise<void> {
    this.copied = await copyText(this.command);
    setTimeout(() => (this.copied = false), 2000);
  }
}

/** Copies a text, where the browser lets us. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Plain http pages on other hosts have no clipboard: the old way.
    const field = document.createElement('textarea');
    field.value = text;
    field.className = 'unseen';
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}

customElements.define('porthole-command', Command);
