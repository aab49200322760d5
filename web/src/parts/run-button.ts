import { html, nothing, type TemplateResult } from 'lit';
import { loadLessons, sentence, startRun, stopRun } from '../api';
import { mayControl, store } from '../page';
import { ended } from '../model/run';
import { playIcon, stopIcon } from './icons';
import { Part } from './part';

/** Starts a lesson, or stops its run; says in one sentence what went wrong. */
export class RunButton extends Part {
  static override properties = { lesson: {}, primary: { type: Boolean }, problem: { state: true }, asking: { state: true } };
  declare lesson: string;
  declare primary: boolean;
  private declare problem: string;
  private declare asking: boolean;

  constructor() {
    super();
    this.lesson = '';
    this.primary = false;
    this.problem = '';
    this.asking = false;
  }

  override render(): TemplateResult {
    const run = store.runOf(this.lesson);
    const lesson = store.lessons?.find((one) => one.slug === this.lesson);
    if (!mayControl()) {
      const why = store.hello?.replay ? 'a recording' : 'read-only';
      return store.hello ? html`<span class="read-only">${why}</span>` : html``;
    }
    if (lesson?.unavailable && (!run || ended(run))) return html`<span class="run-control"><button class="button" disabled>${playIcon}Not here</button><span class="run-problem">${lesson.unavailable}</span></span>`;
    const going = run && !ended(run);
    const up = store.link.state === 'live' && store.topology?.host.engine.state === 'up';
    const name = this.lesson === 'architecture' ? 'the architecture lesson' : 'this lesson';
    return html`<span class="run-control">${going
      ? html`<button class="button stop" ?disabled=${this.asking || run.state === 'stopping'} @click=${() => this.ask(() => stopRun(run.id))}>${stopIcon}${run.state === 'stopping' ? 'Stopping…' : 'Stop'}</button>`
      : html`<button class="button ${this.primary ? 'go' : ''}" ?disabled=${this.asking || !up} title=${up ? nothing : 'The engine does not answer'} @click=${() => this.ask(() => startRun(this.lesson))}>${playIcon}${this.asking ? 'Asking…' : run ? 'Run again' : `Run ${name}`}</button>`}
      ${this.problem ? html`<span class="run-problem" role="alert">${this.problem}</span>` : nothing}</span>`;
  }

  private async ask(what: () => Promise<unknown>): Promise<void> {
    this.asking = true;
    this.problem = '';
    try {
      await what();
    } catch (error) {
      this.problem = sentence(error);
    }
    this.asking = false;
    void loadLessons();
  }
}

customElements.define('porthole-run-button', RunButton);
