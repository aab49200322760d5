import { html, nothing, type TemplateResult } from 'lit';
import type { Claim, Run } from '../wire';
import { page, store } from '../page';
import { claimsOf, inWords, wordOf } from './claims';
import { verdict } from './icons';
import { Part } from './part';
import { sentence } from './sentence';

/** One of the chapter's five, as the server's page says it. */
export interface Takeaway { title: string; says: string; lessons: string[] }

/** The five takeaways, each beside its evidence: the claims of its lessons, and their verdicts so far. */
export class Takeaways extends Part {
  static override properties = { prose: { attribute: false } };
  /** The server's own page, from which the five are taken. */
  declare prose: Node[];
  private five: Takeaway[] | undefined;

  constructor() {
    super();
    this.prose = [];
  }

  override render(): TemplateResult {
    this.five ??= read(this.prose);
    if (!this.five.length) return html`<div class="prose">${this.prose}</div>`;
    return html`<div class="takeaways"><header><h1>Key takeaways</h1><p>The chapter’s five, each beside what this machine has shown so far.</p></header>
      ${this.five.map((one, i) => this.takeaway(one, i + 1))}</div>`;
  }

  private takeaway(one: Takeaway, n: number): TemplateResult {
    const claims = one.lessons.flatMap((slug) => claimsOf(slug));
    return html`<section class="box takeaway" aria-labelledby=${`takeaway-${n}`}><h2 class="legend" id=${`takeaway-${n}`}><span class="step-number">${n}</span>${one.title} <em>${claims.length ? inWords(claims) : ''}</em></h2><p class="takeaway-count">${claims.length ? inWords(claims) : ''}</p>
      <p>${one.says}</p>${one.lessons.map((slug) => this.evidence(slug))}</section>`;
  }

  private evidence(slug: string): TemplateResult | typeof nothing {
    const lesson = store.lessons?.find((each) => each.slug === slug);
    if (!lesson) return nothing;
    const claims = claimsOf(slug);
    const run = store.runOf(slug);
    const ran = run !== undefined;
    return html`<details class="evidence" data-lesson=${slug}><summary><b>${sentence(lesson.title)}</b>
        <span class="marks">${claims.map((claim) => html`<span class="one ${claim.verdict}" title=${`${wordOf(claim, run)}: ${claim.says}`}>${verdict(claim.verdict)}</span>`)}</span>
        <span class="quiet">${ran ? inWords(claims).replace(/^.*?: /, '') : lesson.unavailable ? 'not on this machine' : 'not run yet'}</span></summary>
      <div class="claim-list" role="list">${claims.map((claim) => row(claim, run))}</div>
      <a class="to-lesson" href=${`${page.base}/lessons/${slug}`}>${ran ? 'See it' : 'Run it'}: ${lesson.title}</a></details>`;
  }
}

function row(claim: Claim, run: Run | undefined): TemplateResult {
  return html`<div class="claim ${claim.verdict}" role="listitem"><span class="claim-verdict">${verdict(claim.verdict)}${wordOf(claim, run)}</span>
    <span class="claim-says">${sentence(claim.says)}${claim.reason ? html`<small>${claim.reason}</small>` : nothing}</span><span class="claim-measured">${claim.measured ?? nothing}</span></div>`;
}

/** Takes the five from the page that the server drew. */
export function read(prose: Node[]): Takeaway[] {
  const sections = prose.flatMap((node) => (node instanceof Element ? [...(node.matches('[data-takeaway]') ? [node] : []), ...node.querySelectorAll('[data-takeaway]')] : []));
  return sections.map((section) => ({
    title: section.querySelector('h2')?.textContent?.trim() ?? '',
    says: section.querySelector('p')?.textContent?.trim() ?? '',
    lessons: [...section.querySelectorAll<HTMLElement>('[data-lesson]')].map((each) => each.dataset['lesson'] ?? ''),
  }));
}

customElements.define('porthole-takeaways', Takeaways);
