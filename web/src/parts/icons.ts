import { html, svg, type TemplateResult } from 'lit';

export const mark = html`<svg class="mark" viewBox="0 0 26 26" fill="none" stroke="currentColor" aria-hidden="true">
  <circle cx="13" cy="13" r="11.5" stroke-width="2"></circle><circle cx="13" cy="13" r="7.5" stroke-width="1.25"></circle>
  <path class="accent-line" d="M5.8 14.4c2.4-1.9 4.7-1.9 7.2 0s4.8 1.9 7.2 0" stroke-width="2"></path></svg>`;

const dots = {
  open: svg`<circle cx="6.5" cy="6.5" r="5" fill="none" stroke="currentColor" stroke-width="1.5"></circle>`,
  running: svg`<circle class="accent-line" cx="6.5" cy="6.5" r="5" fill="none" stroke-width="1.5"></circle><path class="accent-fill" d="M6.5 1.5a5 5 0 0 1 0 10z"></path>`,
  done: svg`<circle class="ink-fill" cx="6.5" cy="6.5" r="6"></circle><path class="paper-line" d="M3.7 6.8l2 2 3.5-4.2" fill="none" stroke-width="1.7"></path>`,
  not: svg`<path d="M2.2 2.2l8.6 8.6M10.8 2.2l-8.6 8.6" stroke="currentColor" stroke-width="1.6"></path>`,
};
export type Dot = keyof typeof dots;
export const dotWords: Record<Dot, string> = { open: 'open', running: 'running', done: 'done', not: 'not here' };

/** A lesson's state: each has a shape of its own. */
export function dot(state: Dot): TemplateResult {
  return html`<svg class="dot" viewBox="0 0 13 13" role="img" aria-label=${dotWords[state]}>${dots[state]}</svg>`;
}

const verdicts = {
  holds: svg`<circle class="ink-fill" cx="9.5" cy="9.5" r="8.5"></circle><path class="paper-line" d="M5.4 9.9l2.8 2.8 5.4-6.2" fill="none" stroke-width="2"></path>`,
  fails: svg`<path d="M1.5 1.5h16v16h-16z" fill="none" stroke="currentColor" stroke-width="1.8"></path><path d="M5.6 5.6l7.8 7.8M13.4 5.6l-7.8 7.8" stroke="currentColor" stroke-width="2"></path>`,
  unknown: svg`<circle cx="9.5" cy="9.5" r="8.5" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="3 2.34"></circle><path d="M7 7.6c0-3.2 5.2-3 5.2 0 0 1.9-2.6 2-2.6 4" fill="none" stroke="currentColor" stroke-width="1.7"></path><circle cx="9.6" cy="14" r="1.2" fill="currentColor"></circle>`,
  pending: svg`<circle cx="9.5" cy="9.5" r="8.5" fill="none" stroke="currentColor" stroke-width="1.3"></circle><path d="M5.6 9.5h.01M9.5 9.5h.01M13.4 9.5h.01" stroke="currentColor" stroke-width="2" stroke-linecap="round"></path>`,
};
export type VerdictMark = keyof typeof verdicts;
export const verdictWords: Record<VerdictMark, string> = { holds: 'holds', fails: 'does not hold', unknown: 'cannot tell here', pending: 'being judged' };

export function verdict(kind: VerdictMark): TemplateResult {
  return html`<svg class="verdict" viewBox="0 0 19 19" aria-hidden="true">${verdicts[kind]}</svg>`;
}

/** The window in the double wall, that says: these two numbers are one process. */
export const porthole = html`<svg class="porthole" viewBox="0 0 36 36" aria-hidden="true"><circle class="paper-fill ink-line" cx="18" cy="18" r="15" stroke-width="1.75"></circle>
  <circle class="quiet-line" cx="18" cy="18" r="11" fill="none"></circle><path class="ink-line" d="M13.5 15.8h9M13.5 20.2h9" stroke-width="2"></path></svg>`;

export const copyIcon = html`<svg viewBox="0 0 14 14" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true"><path d="M4.5 4.5h8v8h-8zM9.5 4.5v-3h-8v8h3"></path></svg>`;
export const presentIcon = html`<svg viewBox="0 0 14 14" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true"><path d="M1 2.2h12v7.6H1zM7 9.8V13M4 13h6"></path></svg>`;
export const listIcon = html`<svg viewBox="0 0 14 14" stroke="currentColor" stroke-width="1.6" aria-hidden="true"><path d="M1 3h12M1 7h12M1 11h12"></path></svg>`;
export const backIcon = html`<svg viewBox="0 0 14 14" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true"><path d="M13 7H2M6.5 2.5L2 7l4.5 4.5"></path></svg>`;
export const playIcon = html`<svg viewBox="0 0 14 14" fill="currentColor" aria-hidden="true"><path d="M3 1.6v10.8L12 7z"></path></svg>`;
export const pauseIcon = html`<svg viewBox="0 0 14 14" fill="currentColor" aria-hidden="true"><path d="M2.5 2h3.2v10H2.5zM8.3 2h3.2v10H8.3z"></path></svg>`;
export const stopIcon = html`<svg viewBox="0 0 14 14" fill="currentColor" aria-hidden="true"><path d="M2.5 2.5h9v9h-9z"></path></svg>`;

/** A container's number; its line is that of its connectors. */
export function badge(n: number): TemplateResult {
  return html`<span class="badge line-${lineOf(n)}">${n}</span>`;
}

/** Line styles go round: the number tells apart, the line only helps. */
export function lineOf(n: number): number {
  return ((n - 1) % 5) + 1;
}
