import { html, nothing, type TemplateResult } from 'lit';
import type { Lesson, Run } from '../wire';
import { Predictions, browserStorage } from '../model/prediction';
import { Seen, tablesOf } from '../model/sides';
import { kindTitles, kindUnits, type Watched } from '../graphs/observe';
import type { Kind } from '../graphs/plot';
import { loadRun } from '../api';
import { clock } from '../model/format';
import { page, store } from '../page';
import { alive } from '../model/columns';
import { keepImage } from '../tables/layers';
import '../tables/table';
import { ended } from '../model/run';
import { badge } from './icons';
import type { Topic } from '../stream/store';
import { Part } from './part';
import { runWords } from './strip';
import './action';
import './claims';
import './command';
import './diagram';
import './keys';
import './run-button';
import { sentence } from './sentence';
import '../panels/copy-embed';

const steps = ['Predict', 'Run', 'Observe', 'Verdict'];

/** What will be drawn where there is nothing to draw yet. */
const invitations: Record<Kind, string> = {
  cpu: 'how many cores each container gets, and where the kernel holds it back',
  memory: 'the memory of each container, by kind, under its limit',
  pids: 'the processes and threads of each container, up to its limit',
  io: 'what each container reads and writes in a second',
};

/** Deep links to parts of a lesson. */
const linkable = /^(predict|run|observe|verdict|change|claim-[\w-]+)$/;

/** For how long a link is followed again while the page fills, in milliseconds. */
const settlingMs = 2000;

/** A lesson: predict, run, observe, and the verdict. */
export class LessonPage extends Part {
  static override properties = { prose: { attribute: false } };
  declare prose: Node[];
  private readonly predictions = new Predictions(browserStorage());
  private readonly seen = new Seen();
  /** Which ends of which run the server has been asked about. */
  private asked = '';
  /** Until when a deep link is followed; 0 when it is done with. */
  private following = Infinity;

  constructor() {
    super();
    this.prose = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('hashchange', this.onHash);
    for (const name of taken) addEventListener(name, this.onTaken, { passive: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('hashchange', this.onHash);
    for (const name of taken) removeEventListener(name, this.onTaken);
  }

  /** What comes while nobody looks is remembered too. */
  protected override onNews(topic: Topic): void {
    this.remember();
    super.onNews(topic);
  }

  /** Remembers the run's containers, and asks the server for those that this page has not seen alive. */
  private remember(): void {
    const run = store.runOf(page.lesson);
    if (!run || !store.topology) return;
    this.seen.take(run, store.containers.filter((one) => one.run === run.id), store.topology.at);
    const over = run.containers.filter((one) => one.state === 'exited' || one.state === 'removed');
    const asked = `${run.id} ${over.length}`;
    if (this.asked === asked || over.every((one) => this.seen.at(one.name))) return;
    this.asked = asked;
    void loadRun(run.id).then((whole) => {
      if (!whole?.seen) return;
      this.seen.recall(run.id, whole.seen.containers);
      for (const image of whole.seen.images ?? []) keepImage(image);
      store.recall(whole);
    }, () => (this.asked = ''));
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
    const section = (store.lessons ?? []).filter((one) => one.section === lesson.section);
    return html`<div class="lesson">
      <header class="lesson-head"><div><p>${lesson.section}, lesson ${section.indexOf(lesson) + 1} of ${section.length}</p><h1>${sentence(lesson.title)}</h1></div>
        ${lesson.containers.length ? html`<ol class="steps" aria-label="Steps">${steps.map((name, i) => html`<li class=${i < step ? 'passed' : ''} aria-current=${i === step ? 'step' : nothing}><span class="step-number">${i + 1}</span>${name}</li>`)}</ol>` : nothing}</header>
      ${lesson.unavailable ? this.unavailable(lesson.unavailable, lesson.containers.length === 0) : nothing}
      ${lesson.containers.length ? html`<div class="lesson-words">${this.predict(lesson, run, picked)}${this.runs(lesson, run)}${this.actions(lesson, run)}<porthole-keys></porthole-keys>
        ${this.prose.length ? html`<div class="prose">${this.prose}</div>` : nothing}</div>
      <div class="lesson-sees" id="observe">${this.sees(lesson, run)}</div>` : this.prose.length ? html`<div class="prose">${this.prose}</div>` : nothing}
    </div>`;
  }

  protected override updated(): void {
    this.follow();
  }

  /** A deep link is followed once there is something to go to, and again while the parts above it fill. */
  private follow(): void {
    const id = location.hash.slice(1);
    if (!this.following || !linkable.test(id)) return;
    const place = document.getElementById(id);
    if (!place) return;
    const first = this.following === Infinity;
    if (first) this.following = performance.now() + settlingMs;
    else if (performance.now() > this.following) this.following = 0;
    // The parts around it are drawn in the next frames: only then does it stand where it will.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      if (!this.following) return;
      // Said again, the address marks its target, which was not there when the page was loaded.
      if (first) location.replace(`#${id}`);
      // Where the column is dissolved into the page's, its first part stands for it.
      const target = place.getClientRects().length ? place : (place.firstElementChild ?? place);
      target.scrollIntoView({ block: 'start', behavior: 'instant' });
      if (!first) return;
      target.setAttribute('tabindex', '-1');
      (target as HTMLElement).focus({ preventScroll: true });
    }));
  }

  private readonly onHash = (): void => {
    this.following = Infinity;
    this.follow();
  };

  /** Whoever scrolls or presses a key has taken over. */
  private readonly onTaken = (): void => {
    if (this.following !== Infinity) this.following = 0;
  };

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
    const named = lesson.panels.filter((panel) => panel !== 'claims');
    const drawn = named.some((panel) => panel === 'diagram' || panel === 'namespaces');
    const views: TemplateResult[] = [];
    const last = this.lastSeen(watched, run);
    let drawing = false;
    for (const panel of named) {
      if (panel === 'diagram' || panel === 'namespaces') {
        if (!drawing) views.push(html`<porthole-diagram lesson=${lesson.slug} level="2"></porthole-diagram>`);
        drawing = true;
      } else if (panel in kindTitles) {
        // The drawing has these graphs already, in small.
        if (named[0] === 'diagram' && drawn && panel !== 'io') continue;
        views.push(this.graphs(panel as Kind, lesson, run, watched, last));
      } else for (const kind of tablesOf([panel])) views.push(html`<div class="view"><porthole-table .kind=${kind} .watched=${watched}></porthole-table>${last}</div>`);
    }
    return html`${views[0] ?? nothing}<porthole-claims lesson=${lesson.slug}></porthole-claims>${views.slice(1)}`;
  }

  /** When the containers that are not alive were last seen, so that nothing old is taken for live. */
  private lastSeen(watched: Watched[], run: Run | undefined): TemplateResult | typeof nothing {
    if (!run) return nothing;
    const past = watched.filter((one) => one.container && !alive(one.container)).flatMap((one) => {
      const at = Math.max(this.seen.at(one.name), store.series.get(one.name)?.latestAt ?? 0);
      return at ? [{ n: one.n, at, gone: one.container!.state === 'removed' || ended(run) }] : [];
    });
    if (!past.length) return nothing;
    const first = clock(Math.min(...past.map((each) => each.at)));
    const last = clock(Math.max(...past.map((each) => each.at)));
    const all = past.length === watched.length;
    return html`<p class="last-seen">${all ? '' : `${past.map((each) => each.n).join(', ')}: `}as last seen at ${first === last ? first : `${first} to ${last}`}, ${past.every((each) => each.gone) ? `${past.length === 1 ? 'container' : 'containers'} removed` : 'ended'}</p>`;
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
    const word = !out ? (picked ? 'Kept. Now run it, and see what happens.' : 'Pick one, then run it.')
      : !picked ? 'You did not predict this time.' : picked === right?.id ? 'You predicted what happened.' : 'You predicted something else. So do many: that is what the lesson is for.';
    return html`<section class="box pane" aria-labelledby="predict"><h2 class="legend" id="predict"><span class="step-number">1</span>Predict</h2>
      <fieldset class="answers"><legend>${sentence(lesson.question)}</legend>${lesson.answers.map((answer) => html`<label class="answer ${out && answer.right ? 'right' : ''}">
        <input type="radio" name="answer" .checked=${picked === answer.id} ?disabled=${out} @change=${() => this.pick(answer.id, run)}><span>${sentence(answer.says)}</span>${out && answer.right ? html`<em>what happened</em>` : nothing}</label>`)}</fieldset>
      <p class="answer-word" role="status">${word}</p></section>`;
  }

  private runs(lesson: Lesson, run: Run | undefined): TemplateResult {
    const going = run && !ended(run);
    return html`<section class="box pane" aria-labelledby="run"><h2 class="legend" id="run"><span class="step-number">2</span>Run</h2>
      <div class="run-line"><porthole-run-button lesson=${lesson.slug} primary></porthole-run-button><span class="run-words" role="status">${run ? runWords(run) : lesson.seconds ? `about ${lesson.seconds} s` : ''}</span>
        ${going && run.actions?.length ? html`<a class="text-button" href="#change">Change it while it runs</a>` : nothing}</div>
      ${lesson.containers.map((place, i) => {
        const one = run?.containers.find((container) => container.key === place.key);
        const state = one ? (one.exitCode !== undefined && one.state !== 'running' ? `${one.state}, exit ${one.exitCode}` : one.state) : '';
        return html`<div class="lesson-command"><h3>${badge(i + 1)}<span>${place.title}</span><span class="state">${state}</span></h3>${place.subtitle ? html`<p class="subtitle">${sentence(place.subtitle)}</p>` : nothing}
          <porthole-command .command=${one?.command || place.command}></porthole-command><p class="says">${one?.says ?? nothing}</p></div>`;
      })}</section>`;
  }

  private actions(lesson: Lesson, run: Run | undefined): TemplateResult | typeof nothing {
    if (!lesson.actions?.length) return nothing;
    const going = run && !ended(run);
    return html`<section class="box pane change" aria-labelledby="change"><h2 class="legend" id="change">Change it while it runs</h2>
      ${lesson.actions.map((action) => html`<porthole-action .action=${action} run=${going ? run.id : ''} ?may=${run?.actions?.includes(action.id) ?? false}></porthole-action>`)}</section>`;
  }

  private graphs(kind: Kind, lesson: Lesson, run: Run | undefined, watched: Watched[], last: TemplateResult | typeof nothing): TemplateResult {
    return html`<section class="box observe" aria-label=${`Observe: ${kindTitles[kind]}`}><h2 class="legend"><span class="step-number">3</span>Observe <em>${kindTitles[kind]}<span class="aside">, ${kindUnits[kind]}</span></em></h2>
      <porthole-copy-embed panel=${kind} what=${kindTitles[kind]}></porthole-copy-embed><porthole-observe .kind=${kind} .run=${run} .watched=${watched} .expectMs=${(lesson.seconds ?? 20) * 1000 + 3000}></porthole-observe>${run ? last : html`<p class="observe-wait"><span>Nothing has run yet. Here comes ${invitations[kind]}.</span></p>`}</section>`;
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
    // One of an earlier run that is still being removed is not this run's.
    const container = store.containers.find((each) => each.lesson === lesson.slug && each.key === place.key && (!run || !each.run || each.run === run.id));
    return { n: i + 1, key: place.key, name: container?.name ?? one?.name ?? '', title: place.title, subtitle: place.subtitle ?? '', command: one?.command || place.command, ...(container ? { container } : {}) };
  });
}

/** What somebody does who wants to go elsewhere than a link said. */
const taken = ['wheel', 'keydown', 'pointerdown', 'touchmove'] as const;

customElements.define('porthole-lesson', LessonPage);
