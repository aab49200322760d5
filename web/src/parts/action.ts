import { html, nothing, type TemplateResult } from 'lit';
import type { Action } from '../wire';
import { act, sentence } from '../api';
import { commandWith, flagValue } from '../model/sides';
import { mayControl } from '../page';
import { Part } from './part';
import './command';

/** Something to do while a lesson runs: its command, and where it has a range, a slider that changes it. */
export class LessonAction extends Part {
  static override properties = { action: { attribute: false }, run: {}, may: { type: Boolean }, value: { state: true }, asking: { state: true }, says: { state: true }, problem: { state: true } };
  declare action: Action;
  /** The run under way, or "". */
  declare run: string;
  /** Whether its time has come. */
  declare may: boolean;
  private declare value: number | undefined;
  private declare asking: boolean;
  private declare says: string;
  private declare problem: string;

  constructor() {
    super();
    this.run = '';
    this.may = false;
    this.asking = false;
    this.says = '';
    this.problem = '';
  }

  override render(): TemplateResult {
    const { action } = this;
    if (!action) return html``;
    const { range } = action;
    const value = this.value ?? range?.value ?? 0;
    const command = range ? commandWith(action.command, range, value) : action.command;
    const id = `action-${action.id}`;
    return html`<div class="action-box"><p class="action-title" id=${id}>${action.title}</p>
      ${range ? html`<div class="action-range"><input type="range" aria-labelledby=${id} aria-valuetext=${`${flagValue(range, value)} ${range.unit}`} min=${range.min} max=${range.max} step=${range.step} .value=${String(value)} @input=${this.slide}>
        <input class="mono" type="number" aria-label=${`${action.title}, ${range.unit}`} min=${range.min} max=${range.max} step=${range.step} .value=${String(Number(value.toFixed(6)))} @change=${this.slide}><span class="quiet">${range.unit === 'bytes' ? flagValue(range, value) : range.unit}</span></div>` : nothing}
      ${command ? html`<porthole-command .command=${command}></porthole-command>` : nothing}
      ${mayControl() ? html`<div class="run-line"><button class="button small" ?disabled=${!this.run || !this.may || this.asking} @click=${() => this.take(value)}>${this.asking ? 'Doing it…' : 'Do it'}</button>
        <span class="run-words" role="status">${this.says || (!this.run ? 'while it runs' : this.may ? '' : 'not yet, or no more')}</span></div>` : nothing}
      ${this.problem ? html`<p class="run-problem" role="alert">${this.problem}</p>` : nothing}</div>`;
  }

  private readonly slide = (event: Event): void => {
    const { range } = this.action;
    const typed = Number((event.target as HTMLInputElement).value);
    if (!range || Number.isNaN(typed)) return;
    this.value = Math.min(range.max, Math.max(range.min, typed));
    this.says = '';
  };

  private async take(value: number): Promise<void> {
    const { range } = this.action;
    this.asking = true;
    this.problem = '';
    this.says = '';
    try {
      await act(this.run, this.action.id, range ? Number(value.toFixed(6)) : undefined);
      this.says = range ? `done: ${flagValue(range, value)}${range.unit === 'bytes' ? '' : ` ${range.unit}`}` : 'done';
    } catch (error) {
      this.problem = sentence(error);
    }
    this.asking = false;
  }
}

customElements.define('porthole-action', LessonAction);
