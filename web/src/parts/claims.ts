import { html, nothing, type TemplateResult } from 'lit';
import type { Claim, Run } from '../wire';
import { store } from '../page';
import { verdict, verdictWords } from './icons';
import { ended } from '../model/run';
import { Part, explain } from './part';
import { sentence } from './sentence';
import '../panels/copy-embed';

/** More than this would be a list, and not a figure with its origin. */
const mostSources = 2;

/** The claims of a lesson, each with its verdict and the figure that decided it. */
export class Claims extends Part {
  static override properties = { lesson: {}, bare: { type: Boolean } };
  declare lesson: string;
  /** Without the box around it, as a panel on a slide. */
  declare bare: boolean;

  constructor() {
    super();
    this.lesson = '';
    this.bare = false;
  }

  override render(): TemplateResult {
    const claims = claimsOf(this.lesson);
    if (claims.length === 0) return html``;
    return html`<section class=${this.bare ? 'claims' : 'box claims'} id="verdict" aria-label="Verdict">
      <div class="legend" role="heading" aria-level=${this.bare ? 1 : 2}>Verdict <em>${inWords(claims)}</em></div>
      ${this.bare ? nothing : html`<porthole-copy-embed panel="claims" lesson=${this.lesson} what="Verdict"></porthole-copy-embed>`}${this.bare ? nothing : html`<p class="claims-count">${inWords(claims)}</p>`}<div class="claim-list" role="list" aria-live="polite">${claims.map((claim) => this.row(claim))}</div></section>`;
  }

  private row(claim: Claim): TemplateResult {
    return html`<div class="claim ${claim.verdict}" role="listitem" id=${`claim-${claim.id}`} data-claim=${claim.id}>
      <span class="claim-verdict">${verdict(claim.verdict)}${wordOf(claim, store.runOf(this.lesson))}</span>
      <span class="claim-says">${sentence(claim.says)}${this.bare ? nothing : html`<a class="claim-link" href=${`#claim-${claim.id}`} aria-label=${`Link to this claim: ${claim.says}`}>#</a>`}${claim.reason ? html`<small>${claim.reason}</small>` : nothing}</span>
      <span class="claim-measured">${claim.measured ?? (claim.verdict === 'pending' && !this.bare ? html`<span class="claim-room"></span>` : nothing)}${claim.over || claim.sources?.length ? html`<small>${claim.over ? html`<span class="claim-over">${claim.over}</span> ` : nothing}${this.sources(claim)}</small>` : nothing}</span></div>`;
  }

  /** The numbers that it was judged on, while there is still somebody to ask. */
  private sources(claim: Claim): TemplateResult[] {
    const run = store.runOf(this.lesson);
    if (!run || ended(run) || claim.verdict === 'pending') return [];
    return (claim.sources ?? []).slice(0, mostSources).flatMap((source) => {
      const [key = '', field = ''] = source.split('/');
      const container = nameOf(this.lesson, key);
      if (!container || !field) return [];
      return [html`<button class="figure linked" @click=${(event: Event) => explain(event, { container, field, shown: field, what: claim.says })}>${titleOf(container)} ${field}</button>`];
    });
  }
}

/** The engine's name of a lesson's container, from its key or its own name. */
function nameOf(lesson: string, key: string): string | undefined {
  const containers = store.runOf(lesson)?.containers ?? [];
  return containers.find((one) => one.key === key || one.name === key)?.name ?? (key === 'host' ? 'host' : undefined);
}

/** What the drawing calls a container. */
function titleOf(name: string): string {
  return store.containers.find((one) => one.name === name)?.title || name;
}

/** The claims of the newest run, or those that a run would judge. */
export function claimsOf(lesson: string): Claim[] {
  const run = store.runOf(lesson);
  return run?.claims.length ? run.claims : (store.lessons?.find((one) => one.slug === lesson)?.claims ?? []);
}

/** A claim's verdict in words: what waits for one is being judged only while its lesson runs. */
export function wordOf({ verdict: kind, awaits }: Claim, run: Run | undefined): string {
  if (kind !== 'pending') return verdictWords[kind];
  return !run || ended(run) ? 'not judged' : awaits?.length ? 'awaits an action' : verdictWords.pending;
}

export function inWords(claims: Claim[]): string {
  const count = (verdict: Claim['verdict']): number => claims.filter((claim) => claim.verdict === verdict).length;
  const parts: string[] = [];
  if (count('holds')) parts.push(`${count('holds')} ${count('holds') === 1 ? 'holds' : 'hold'}`);
  if (count('fails')) parts.push(`${count('fails')} ${count('fails') === 1 ? 'does' : 'do'} not`);
  if (count('unknown')) parts.push(`${count('unknown')} cannot be told here`);
  if (count('pending')) parts.push(`${count('pending')} to be judged`);
  return `${claims.length} ${claims.length === 1 ? 'claim' : 'claims'}: ${parts.join(', ')}`;
}

customElements.define('porthole-claims', Claims);
