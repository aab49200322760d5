import { html, nothing, type TemplateResult } from 'lit';
import type { Lesson, Run } from '../wire';
import { Predictions, browserStorage } from '../model/prediction';
import { Seen, tablesOf, type TableKind } from '../model/sides';
import { kindTitles, kindUnits, type Watched } from '../graphs/observe';
import type { Kind } from '../graphs/plot';
import { page, store } from '../page';
import '../tables/table';
import { ended } from '../stream/store';
import { badge } from './icons';
import { Part } from './part';
import { runWords } from './strip';
import './action';
import './claims';
import './command';
import './diagram';
import './keys';
import './run-button';
import '../panels/copy-embed';

const steps = ['Predict', 'Run', 'Observe', 'Verdict'];

/** A lesson: predict, run, observe, and the verdict. */
export class LessonPage extends Part {
  static override properties = { prose: { attribute: false } };
  declare prose: Node[];
  private readonly predictions = new Predictions(browserStorage());
  private readonly seen = new Seen();
  private linked = false;

  constructor() {
    super();
    this.prose = [];
  }

  override render(): TemplateResult {
    const lesson = store.lessons?.find((one) => one.slug === page.lesson);
    if (!lesson) {
      const why = store.lessons ? `There is no lesson called ${page.lesson}.` : store.lessonsProblem || 'Loading the lesson…';
      return html`<div class="lesson"><p class="lesson-missing" role="status">${why}</p><div class="prose">${this.prose}</div></div>`;
    }
    const run = store.runOf(lesson.slug);
    const picked = this.predictions.of(lesson.slug, run?.id, told(run));
    const step = this.step(lesson, run, picked);
    if (run) this.seen.take(run.id, store.containers.filter((one) => one.run === run.id));
    const section = (store.lessons ?? []).filter((one) => one.section === lesson.section);
    return html`<div class="lesson">
      <header class="lesson-head"><div><p>${lesson.section}, lesson ${section.indexOf(lesson) + 1} of ${section.length}</p><h1>${lesson.title}</h1></div>
        ${lesson.containers.length ? html`<ol class="steps" aria-label="Steps">${steps.map((name, i) => html`<li class=${i < step ? 'passed' : ''} aria-current=${i === step ? 'step' : nothing}><span class="step-number">${i + 1}</span>${name}</li>`)}</ol>` : nothing}</header>
      ${lesson.unavailable ? this.unavailable(lesson.unavailable, lesson.containers.length === 0) : nothing}
      ${lesson.containers.length ? html`<div class="lesson-words">${this.predict(lesson, run, picked)}${this.runs(lesson, run)}${this.actions(lesson, run)}<porthole-keys></porthole-keys>
        ${this.prose.length ? html`<div class="prose">${this.prose}</div>` : nothing}</div>
      <div class="lesson-sees" id="observe">${this.sees(lesson, run)}</div>` : this.prose.length ? html`<div class="prose">${this.prose}</div>` : nothing}
    </div>`;
  }

  /** A deep link is followed once there is something to go to. */
  protected override updated(): void {
    const id = location.hash.slice(1);
    if (this.linked || !/^(predict|run|observe|verdict|change|claim-[\w-]+)$/.test(id)) return;
    const place = document.getElementById(id);
    if (!place) return;
    this.linked = true;
    // The parts around it are drawn in the next frames: only then does it stand where it will.
    requestAnimationFrame(() => requestAnimationFrame(() => place.scrollIntoView({ block: 'start' })));
  }

  /** Why it cannot be run here, before anybody tries; a lesson with mistakes has its lines. */
  private unavailable(why: string, broken: boolean): TemplateResult {
    return broken
      ? html`<section class="box pane unavailable" aria-labelledby="mistakes"><h2 class="legend" id="mistakes">This lesson has mistakes</h2><p>It is read again as soon as its files change. The other lessons are not touched by it.</p><pre tabindex="0" role="group" aria-label="Mistakes">${why}</pre></section>`
      : html`<p class="banner unavailable" role="note"><b>This machine cannot run this lesson.</b> ${why}</p>`;
  }

  /** What is to be seen: the lesson's first panel, its verdicts, then the rest; the drawing once. */
  private sees(lesson: Lesson, run: Run | undefined): TemplateResult {
    const watched = watchedOf(lesson, run).map((one) => {
      const container = this.seen.last(one.name, Boolean(one.container)) ?? one.container;
      return { ...one, ...(container ? { container } : {}) };
    });
    const tables = tablesOf(lesson.slug, lesson.panels);
    const named = lesson.panels.filter((panel) => panel !== 'claims');
    const drawn = named.some((panel) => panel === 'diagram' || panel === 'namespaces');
    const views: (TemplateResult | typeof nothing)[] = [];
    const left = [...tables];
    const table = (kind: TableKind): TemplateResult => html`<porthole-table .kind=${kind} .watched=${watched}></porthole-table>`;
    let drawing = false;
    for (const panel of named) {
      const mine = tablesOf(lesson.slug, [panel]).filter((kind) => left.includes(kind));
      if (panel === 'diagram' || panel === 'namespaces') {
        if (!drawing) views.push(html`<porthole-diagram lesson=${lesson.slug} level="2"></porthole-diagram>`);
        drawing = true;
      } else if (panel in kindTitles) {
        // The drawing has these graphs already, in small.
        if (named[0] === 'diagram' && drawn && panel !== 'io') continue;
        views.push(this.graphs(panel as Kind, lesson, run));
      } else for (const kind of mine) {
        left.splice(left.indexOf(kind), 1);
        views.push(table(kind));
      }
    }
    // A table that no panel named, but the lesson is about, comes before the drawing.
    views.splice(named[0] === 'diagram' || named[0] === 'namespaces' ? 1 : views.length, 0, ...left.map(table));
    return html`${views[0] ?? nothing}<porthole-claims lesson=${lesson.slug}></porthole-claims>${views.slice(1)}`;
  }

  /** How far the reader has come, from 0. */
  private step(lesson: Lesson, run: Run | undefined, picked: string): number {
    if (!run) return picked || !lesson.answers?.length ? 1 : 0;
    if (told(run)) return 3;
    return run.state === 'starting' ? 1 : ended(run) ? 3 : 2;
  }

  private predict(lesson: Lesson, run: Run | undefined, picked: string): TemplateResult | typeof nothing {
    if (!lesson.question || !lesson.answers?.length) return nothing;
    const out = told(run);
    const right = lesson.answers.find((answer) => answer.right);
    return html`<section class="box pane" aria-labelledby="predict"><h2 class="legend" id="predict"><span class="step-number">1</span>Predict</h2>
      <fieldset class="answers"><legend>${lesson.question}</legend>${lesson.answers.map((answer) => html`<label class="answer ${out && answer.right ? 'right' : ''}">
        <input type="radio" name="answer" .checked=${picked === answer.id} ?disabled=${out} @change=${() => this.pick(answer.id, run)}><span>${answer.says}</span>${out && answer.right ? html`<em>what happened</em>` : nothing}</label>`)}</fieldset>
      ${out && right ? html`<p class="answer-word" role="status">${picked ? (picked === right.id ? 'You predicted what happened.' : 'You predicted something else. So do many: that is what the lesson is for.') : 'You did not predict this time.'}</p>` : nothing}</section>`;
  }

  private runs(lesson: Lesson, run: Run | undefined): TemplateResult {
    return html`<section class="box pane" aria-labelledby="run"><h2 class="legend" id="run"><span class="step-number">2</span>Run</h2>
      ${lesson.containers.map((place, i) => {
        const one = run?.containers.find((container) => container.key === place.key);
        const state = one ? (one.exitCode !== undefined && one.state !== 'running' ? `${one.state}, exit ${one.exitCode}` : one.state) : '';
        return html`<div class="lesson-command"><h3>${badge(i + 1)}<span>${place.title}</span><span class="state">${state}</span></h3>${place.subtitle ? html`<p class="subtitle">${place.subtitle}</p>` : nothing}
          <porthole-command .command=${one?.command || place.command}></porthole-command>${one?.says ? html`<p class="says">${one.says}</p>` : nothing}</div>`;
      })}
      <div class="run-line"><porthole-run-button lesson=${lesson.slug} primary></porthole-run-button><span class="run-words" role="status">${run ? runWords(run) : lesson.seconds ? `about ${lesson.seconds} s` : ''}</span></div></section>`;
  }

  private actions(lesson: Lesson, run: Run | undefined): TemplateResult | typeof nothing {
    if (!lesson.actions?.length) return nothing;
    const going = run && !ended(run);
    return html`<section class="box pane change" aria-labelledby="change"><h2 class="legend" id="change">Change it while it runs</h2>
      ${lesson.actions.map((action) => html`<porthole-action .action=${action} run=${going ? run.id : ''} ?may=${run?.actions?.includes(action.id) ?? false}></porthole-action>`)}</section>`;
  }

  private graphs(kind: Kind, lesson: Lesson, run: Run | undefined): TemplateResult {
    return html`<section class="box observe" aria-label=${`Observe: ${kindTitles[kind]}`}><h2 class="legend"><span class="step-number">3</span>Observe <em>${kindTitles[kind]}, ${kindUnits[kind]}</em></h2>
      <porthole-copy-embed panel=${kind} what=${kindTitles[kind]}></porthole-copy-embed><porthole-observe .kind=${kind} .run=${run} .watched=${watchedOf(lesson, run)} .expectMs=${(lesson.seconds ?? 20) * 1000 + 3000}></porthole-observe></section>`;
  }

  private pick(id: string, run: Run | undefined): void {
    this.predictions.pick(page.lesson, run?.id, id);
    this.requestUpdate();
  }
}

/** Whether a run has judged all that it judges, and could tell at least something. */
function told(run: Run | undefined): boolean {
  return Boolean(run?.claims.length) && run!.claims.every((claim) => claim.verdict !== 'pending') && run!.claims.some((claim) => claim.verdict !== 'unknown');
}

/** The lesson's containers, in its order, with what is known of each. */
export function watchedOf(lesson: Lesson, run: Run | undefined): Watched[] {
  return lesson.containers.map((place, i) => {
    const one = run?.containers.find((container) => container.key === place.key);
    const container = store.containers.find((each) => each.lesson === lesson.slug && each.key === place.key);
    return { n: i + 1, key: place.key, name: container?.name ?? one?.name ?? '', title: place.title, subtitle: place.subtitle ?? '', ...(container ? { container } : {}) };
  });
}

customElements.define('porthole-lesson', LessonPage);
