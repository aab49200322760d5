import { html, nothing, type TemplateResult } from 'lit';
import './command';

/** One sentence that says how things stand, and what to do. */
export function notice(kind: 'lost' | 'engine' | 'wait' | 'invite', says: string, more: { command?: string; action?: TemplateResult | typeof nothing } = {}): TemplateResult {
  return html`<div class="notice ${kind}" role="status"><p>${says}</p>
    ${more.command ? html`<porthole-command .command=${more.command}></porthole-command>` : nothing}${more.action ?? nothing}</div>`;
}
