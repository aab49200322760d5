import { html, nothing, type TemplateResult } from 'lit';
import type { Lesson, Run } from '../wire';
import { act, sentence } from '../api';
import { kindTitles, kindUnits, type Watched } from '../graphs/observe';
import type { Kind } from '../graphs/plot';
import { mayControl, page, store } from '../page';
import { ended } from '../stream/store';
import { badge } from './icons';
import { Part } from './part';
import { runWords } from './strip';
import './claims';
import './command';
import './diagram';
import './processes';
import './run-button';

const steps = ['Predict', 'Run', 'Observe', 'Verdict'];

/** A lesson: predict, run, observe, and the verdict. */
export class LessonPage extends Part {
  static override properties = { prose: { attribute: false }, picked: { state: true }, problem: { state: true } };
  declare prose: Node[];
  private declare picked: string;
  private declare problem: string;

  constructor() {
    super();
    this.prose = [];
    this.problem = '';
    this.picked = recall(page.lesson);
  }

  override render(): TemplateResult {
    const lesson = store.lessons?.find((one) => one.slug === page.lesson);
    if (!lesson) {
      const why = store.lessons ? `There is no lesson called ${page.lesson}.` : store.lessonsProblem || 'Loading the lesson…';
      return html`<div class="lesson"><p class="lesson-missing" role="status">${why}</p><div class="prose">${this.prose}</div></div>`;
    }
    const run = store.runOf(lesson.slug);
    const step = this.step(lesson, run);
    const panels = lesson.panels.filter((panel) => panel !== 'claims');
    const section = (store.lessons ?? []).filter((one) => one.section === lesson.section);
    return html`<div class="lesson">
      <header class="lesson-head"><div><p>${lesson.section}, lesson ${section.indexOf(lesson) + 1} of ${section.length}</p><h1>${lesson.title}</h1></div>
        <ol class="steps" aria-label="Steps">${steps.map((name, i) => html`<li class=${i < step ? 'passed' : ''} aria-current=${i === step ? 'step' : nothing}><span class="step-number">${i + 1}</span>${name}</li>`)}</ol></header>
      <div class="lesson-words">${this.predict(lesson, run)}${this.runs(lesson, run)}${this.actions(lesson, run)}
        ${this.prose.length ? html`<div class="prose">${this.prose}</div>` : nothing}</div>
      <div class="lesson-sees">${panels.slice(0, 1).map((panel) => this.panel(panel, lesson, run))}
        <porthole-claims lesson=${lesson.slug}></porthole-claims>
        ${lesson.slug === 'pid-namespace' ? html`<porthole-processes lesson=${lesson.slug}></porthole-processes>` : nothing}
        ${panels.slice(1).filter((panel) => panels[0] !== 'diagram' || panel === 'io').map((panel) => this.panel(panel, lesson, run))}</div>
    </div>`;
  }

  /** How far the reader has come, from 0. */
  private step(lesson: Lesson, run: Run | undefined): number {
    if (!run) return this.picked || !lesson.answers?.length ? 1 : 0;
    if (run.claims.length && run.claims.every((claim) => claim.verdict !== 'pending')) return 3;
    return run.state === 'starting' ? 1 : ended(run) ? 3 : 2;
  }

  private predict(lesson: Lesson, run: Run | undefined): TemplateResult | typeof nothing {
    if (!lesson.question || !lesson.answers?.length) return nothing;
    const told = run?.claims.length && run.claims.every((claim) => claim.verdict !== 'pending');
    const right = lesson.answers.find((answer) => answer.right);
    return html`<section class="box pane" aria-labelledby="predict"><h2 class="legend" id="predict"><span class="step-number">1</span>Predict</h2>
      <fieldset class="answers"><legend>${lesson.question}</legend>${lesson.answers.map((answer) => html`<label class="answer ${told && answer.right ? 'right' : ''}">
        <input type="radio" name="answer" .checked=${this.picked === answer.id} ?disabled=${Boolean(told)} @change=${() => this.pick(answer.id)}><span>${answer.says}</span>${told && answer.right ? html`<em>what happened</em>` : nothing}</label>`)}</fieldset>
      ${told && right ? html`<p class="answer-word" role="status">${this.picked ? (this.picked === right.id ? 'You predicted it.' : 'You predicted something else.') : 'You did not predict.'}</p>` : nothing}</section>`;
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
      ${lesson.actions.map((action) => html`<div class="action"><div><p>${action.title}</p><code>${action.command}</code></div>${mayControl() ? html`<button class="button small" ?disabled=${!going || !run.actions?.includes(action.id)} @click=${() => this.act(run!.id, action.id)}>Do it</button>` : nothing}</div>`)}
      ${this.problem ? html`<p class="run-problem" role="alert">${this.problem}</p>` : nothing}</section>`;
  }

  private panel(panel: string, lesson: Lesson, run: Run | undefined): TemplateResult | typeof nothing {
    if (panel === 'diagram' || panel === 'namespaces') return html`<porthole-diagram lesson=${lesson.slug} level="2"></porthole-diagram>`;
    if (!(panel in kindTitles)) return nothing;
    const kind = panel as Kind;
    return html`<section class="box observe" aria-label=${`Observe: ${kindTitles[kind]}`}><h2 class="legend"><span class="step-number">3</span>Observe <em>${kindTitles[kind]}, ${kindUnits[kind]}</em></h2>
      <porthole-observe .kind=${kind} .run=${run} .watched=${watchedOf(lesson, run)} .expectMs=${(lesson.seconds ?? 20) * 1000 + 3000}></porthole-observe></section>`;
  }

  private pick(id: string): void {
    this.picked = id;
    try {
      sessionStorage.setItem(`porthole.answer.${page.lesson}`, id);
    } catch {
      // Not kept then: the page itself still knows.
    }
  }

  private async act(run: string, action: string): Promise<void> {
    this.problem = '';
    try {
      await act(run, action);
    } catch (error) {
      this.problem = sentence(error);
    }
  }
}

/** The lesson's containers, in its order, with what is known of each. */
export function watchedOf(lesson: Lesson, run: Run | undefined): Watched[] {
  return lesson.containers.map((place, i) => {
    const one = run?.containers.find((container) => container.key === place.key);
    const container = store.containers.find((each) => each.lesson === lesson.slug && each.key === place.key);
    return { n: i + 1, key: place.key, name: container?.name ?? one?.name ?? '', title: place.title, subtitle: place.subtitle ?? '', ...(container ? { container } : {}) };
  });
}

function recall(lesson: string): string {
  try {
    return sessionStorage.getItem(`porthole.answer.${lesson}`) ?? '';
  } catch {
    return '';
  }
}

customElements.define('porthole-lesson', LessonPage);
