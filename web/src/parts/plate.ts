import { LitElement, html, nothing, type TemplateResult } from 'lit';
import type { Provenance } from '../wire';
import { sentence, source } from '../api';
import { moment } from '../model/format';
import { opens } from '../zoom/control';
import { homeOf } from '../zoom/place';
import type { Question } from './part';
import './command';

/** Room between the plate and what it explains, in pixels. */
const distance = 14;

/** The plate that says where a number comes from: its file, what it holds, and the command to see it oneself. */
export class Plate extends LitElement {
  static override properties = { question: { state: true }, answer: { state: true }, problem: { state: true } };
  private declare question: Question | undefined;
  private declare answer: Provenance | undefined;
  private declare problem: string;
  private asked = 0;
  // Its parts are drawn one after the other: its place goes by its size as that settles.
  private readonly resized = new ResizeObserver(() => this.place());
  private observed: Element | null = null;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('explain', this.onExplain as EventListener);
    document.addEventListener('pointerdown', this.onPointer, true);
    document.addEventListener('keydown', this.onKey);
    addEventListener('resize', this.onResize);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('explain', this.onExplain as EventListener);
    document.removeEventListener('pointerdown', this.onPointer, true);
    document.removeEventListener('keydown', this.onKey);
    removeEventListener('resize', this.onResize);
    this.resized.disconnect();
  }

  override render(): TemplateResult {
    const { question, answer } = this;
    if (!question) return html``;
    // A figure that moves is another one by the time that the file is read.
    const moves = /^(cpu|memory|pids|io|oom)(Usage|Throttled|Periods|Current|Kills|Refused|Read|Write|Anon)/.test(question.field);
    const home = opens() && document.querySelector('porthole-diagram') ? homeOf(question.container, question.field) : '';
    return html`<i class="plate-leader" aria-hidden="true"></i>
      <div class="plate" role="dialog" aria-label="Where this number comes from" tabindex="-1">
        <header><h2>${moves ? 'Where this number comes from' : html`Where <b>${question.shown}</b> comes from`}</h2>
          ${home ? html`<a class="text-button plate-home" href=${home} @click=${() => this.close(false)}>Open on the drawing</a>` : nothing}<button class="text-button" @click=${() => this.ask()}>Read again</button><button class="close" aria-label="Close" @click=${() => this.close(true)}>×</button></header>
        <p class="plate-what">${answer?.means || capital(question.what)}</p>
        ${this.problem ? html`<p class="plate-problem" role="alert">${this.problem}</p>` : answer ? this.facts(answer) : html`<p class="quiet">Reading…</p>`}
      </div>`;
  }

  private facts(answer: Provenance): TemplateResult {
    return html`<div class="plate-columns">
        <dl><dt>Content, read at <span class="mono">${moment(answer.readAt)}</span></dt>
          <dd>${answer.raw ? html`<pre tabindex="0" role="group" aria-label="Content of the file">${highlight(answer.raw, answer.highlight)}</pre>` : html`<span class="plate-problem">${answer.reason || 'The file is empty.'}</span>`}</dd></dl>
        <dl><dt>File</dt><dd class="mono path">${breakable(answer.path)}</dd>
          ${answer.unit ? html`<dt>Unit</dt><dd>${answer.unit}</dd>` : nothing}
          <dt>See it yourself</dt><dd><porthole-command .command=${answer.command}></porthole-command></dd>
          ${answer.document ? html`<dt>Defined in</dt><dd>${answer.document}</dd>` : nothing}</dl></div>`;
  }

  private readonly onExplain = (event: CustomEvent<Question>): void => {
    this.question?.anchor.removeAttribute('aria-expanded');
    this.question = event.detail;
    this.answer = undefined;
    event.detail.anchor.setAttribute('aria-expanded', 'true');
    void this.ask().then(() => this.querySelector<HTMLElement>('.plate')?.focus({ preventScroll: true }));
  };

  private readonly onPointer = (event: Event): void => {
    if (this.question && !event.composedPath().includes(this) && !event.composedPath().includes(this.question.anchor)) this.close(false);
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && this.question) this.close(true);
  };

  private readonly onResize = (): void => this.place();

  private close(giveBack: boolean): void {
    const anchor = this.question?.anchor;
    anchor?.removeAttribute('aria-expanded');
    this.question = undefined;
    if (giveBack) anchor?.focus();
  }

  private async ask(): Promise<void> {
    const { question } = this;
    if (!question) return;
    const asked = (this.asked += 1);
    this.problem = '';
    try {
      const answer = await source(question.container, question.field);
      if (asked === this.asked) this.answer = answer;
    } catch (error) {
      if (asked === this.asked) this.problem = sentence(error);
    }
    await this.updateComplete;
  }

  protected override updated(): void {
    const plate = this.querySelector('.plate');
    if (plate !== this.observed) {
      this.resized.disconnect();
      if (plate) this.resized.observe(plate);
      this.observed = plate;
    }
    this.place();
  }

  /** Puts the plate beside what it explains, never over it, and draws the line between. */
  private place(): void {
    const plate = this.querySelector<HTMLElement>('.plate');
    const leader = this.querySelector<HTMLElement>('.plate-leader');
    if (!plate || !leader || !this.question) return;
    const anchor = this.question.anchor.getBoundingClientRect();
    if (!anchor.width) return this.close(false);
    const width = plate.offsetWidth;
    const height = plate.offsetHeight;
    const room = { width: document.documentElement.clientWidth, height: innerHeight };
    const within = (value: number, size: number, space: number): number => Math.max(8, Math.min(value, space - size - 8));
    const middleX = anchor.left + anchor.width / 2;
    const middleY = anchor.top + anchor.height / 2;
    const fits = { right: room.width - anchor.right, left: anchor.left, below: room.height - anchor.bottom, above: anchor.top };
    let left: number;
    let top: number;
    let side: string;
    if (fits.below >= height + distance + 8) {
      side = 'below';
      left = within(middleX - width * 0.3, width, room.width);
      top = anchor.bottom + distance;
    } else if (fits.above >= height + distance + 8) {
      side = 'above';
      left = within(middleX - width * 0.3, width, room.width);
      top = anchor.top - distance - height;
    } else if (fits.right >= width + distance + 8 || fits.left >= width + distance + 8) {
      side = fits.right >= width + distance + 8 ? 'right' : 'left';
      left = side === 'right' ? anchor.right + distance : anchor.left - distance - width;
      top = within(middleY - height / 2, height, room.height);
    } else {
      // No room beside it on this screen: under it, and the page scrolls.
      side = 'below';
      left = within(middleX - width / 2, width, room.width);
      top = anchor.bottom + distance;
    }
    plate.style.setProperty('left', `${Math.round(left + scrollX)}px`);
    plate.style.setProperty('top', `${Math.round(top + scrollY)}px`);
    const upright = side === 'below' || side === 'above';
    const box = upright
      ? { left: middleX - 1, top: side === 'below' ? anchor.bottom + 2 : top + height, width: 2, height: distance - 2 }
      : { left: side === 'right' ? anchor.right + 2 : left + width, top: middleY - 1, width: distance - 2, height: 2 };
    leader.style.setProperty('left', `${Math.round(box.left + scrollX)}px`);
    leader.style.setProperty('top', `${Math.round(box.top + scrollY)}px`);
    leader.style.setProperty('width', `${box.width}px`);
    leader.style.setProperty('height', `${box.height}px`);
  }
}

/** The file's text with the part that holds the number marked, where it stands on its own. */
function highlight(raw: string, part: string | undefined): TemplateResult {
  const at = part ? raw.search(new RegExp(`(^|[\\s])${part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}($|\\s)`, 'm')) : -1;
  const from = at < 0 ? -1 : raw.indexOf(part!, at);
  if (from < 0) return html`${raw}`;
  return html`${raw.slice(0, from)}<mark>${part}</mark>${raw.slice(from + part!.length)}`;
}

/** Lets a path break at its slashes only. */
function breakable(path: string): TemplateResult[] {
  return path.split(/(?<=\/)/).map((piece) => html`${piece}<wbr>`);
}

function capital(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

customElements.define('porthole-plate', Plate);
