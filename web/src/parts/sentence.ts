import { html, type TemplateResult } from 'lit';
import { atFlags } from './pieces';

/** A sentence, or a command, in which no line breaks within a flag. */
export function sentence(says: string): string | (string | TemplateResult)[] {
  if (!says.includes('--')) return says;
  return atFlags(says).map((piece, i) => (i % 2 ? html`<span class="unbroken">${piece}</span>` : piece));
}
