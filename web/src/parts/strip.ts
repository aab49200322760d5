import { html, nothing, type TemplateResult } from 'lit';
import type { Run } from '../wire';
import { page, store } from '../page';
import { ended } from '../model/run';
import { claimsOf, inWords, wordOf } from './claims';
import { focusLesson } from './focus';
import { verdict } from './icons';
import { Part } from './part';
import './run-button';

/** The strip under the drawing: which lesson is on it, how far it has come, and its verdicts. */
export class Strip extends Part {
  override render(): TemplateResult {
    const { slug, lesson } = focusLesson();
    const run = store.runOf(slug);
    const claims = claimsOf(slug);
    const started = run !== undefined;
    // With nothing on the sheet, the invitation in the drawing has the button.
    const invited = !started && store.containers.length === 0;
    return html`<section class="strip" aria-label="The lesson on the drawing">
      ${invited ? nothing : html`<porthole-run-button lesson=${slug} ?primary=${!started}></porthole-run-button>`}
      <p class="strip-lesson"><a href=${`${page.base}/lessons/${slug}`}>${lesson?.title ?? 'Architecture'}</a><span class="strip-state" role="status">${run ? runWords(run) : (lesson?.question ?? 'Not run yet')}</span></p>
      ${claims.length && started ? html`<a class="strip-claims" href="#claims" aria-label=${`Verdicts. ${inWords(claims)}`}><span class="marks">${claims.map((claim) => html`<span class="one ${claim.verdict}" title=${`${wordOf(claim, run)}: ${claim.says}`}>${verdict(claim.verdict)}</span>`)}</span><span class="count">${inWords(claims)}</span></a>` : nothing}
    </section>`;
  }
}

/** A run's state in one line. */
export function runWords(run: Run): string {
  if (run.problem) return run.problem;
  if (run.progress && !ended(run)) return run.progress;
  return { starting: 'Starting…', running: 'Running', stopping: 'Stopping…', finished: 'Finished; nothing of it is left on the engine', stopped: 'Stopped; nothing of it is left on the engine', failed: 'It could not be run' }[run.state];
}

customElements.define('porthole-strip', Strip);
