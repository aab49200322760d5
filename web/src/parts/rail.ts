import { html, nothing, type TemplateResult } from 'lit';
import type { Lesson } from '../wire';
import { page, store } from '../page';
import { ended } from '../model/run';
import { dot, dotWords, type Dot } from './icons';
import { Part } from './part';

/** How a lesson stands on this page. */
export function stateOf(lesson: Lesson): Dot {
  const run = store.runOf(lesson.slug);
  if (lesson.run || (run && !ended(run))) return run && ended(run) ? 'done' : 'running';
  if (run?.state === 'finished' || (run?.state === 'stopped' && run.claims.some((claim) => claim.verdict !== 'pending'))) return 'done';
  if (lesson.unavailable) return 'not';
  return 'open';
}

/** The lessons by section, each with its state. */
export class Rail extends Part {
  override render(): TemplateResult {
    const sections = new Map<string, Lesson[]>();
    for (const lesson of store.lessons ?? []) sections.set(lesson.section, [...(sections.get(lesson.section) ?? []), lesson]);
    return html`<nav id="rail" aria-label="Lessons">
      <div class="rail-lessons">${[...sections].map(([section, lessons]) => html`<h2>${section}</h2><ul>${lessons.map((lesson) => this.item(lesson))}</ul>`)}
      ${store.lessons ? nothing : html`<p class="quiet">${store.lessonsProblem || 'Loading the lessons…'}</p>`}</div>
      <ul class="rail-key" aria-label="Key">${(Object.keys(dotWords) as Dot[]).map((state) => html`<li>${dot(state)}<span aria-hidden="true">${dotWords[state]}</span></li>`)}</ul>
    </nav>`;
  }

  private item(lesson: Lesson): TemplateResult {
    const here = page.kind === 'lesson' ? page.lesson === lesson.slug : lesson.slug === 'architecture' && page.kind === 'architecture';
    const href = lesson.slug === 'architecture' ? `${page.base}/` : `${page.base}/lessons/${lesson.slug}`;
    return html`<li><a href=${href} title=${lesson.unavailable ?? lesson.title} aria-current=${here ? 'page' : nothing}>${dot(stateOf(lesson))}<span class="rail-title">${shortTitle(lesson.title)}</span></a></li>`;
  }
}

/** What stands before the colon, where there is one: the rest is on the lesson's own page. */
function shortTitle(title: string): string {
  const at = title.indexOf(': ');
  return at > 2 ? title.slice(0, at) : title;
}

customElements.define('porthole-rail', Rail);
