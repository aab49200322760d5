import { html, nothing, type TemplateResult } from 'lit';
import { sentence, windReplay } from '../api';
import { page, store } from '../page';
import { playIcon, pauseIcon } from '../parts/icons';
import { Part } from '../parts/part';
import type { Topic } from '../stream/store';
import type { Replay, ReplayRequest } from '../wire';

const speeds = [0.5, 1, 2, 4];

/** Says that the page shows a recording, and plays it: back, forth, faster. */
export class ReplayBar extends Part {
  static override properties = { brief: { type: Boolean }, problem: { state: true } };
  /** Says it, and has no controls: for a slide and a projector. */
  declare brief: boolean;
  private declare problem: string;
  protected override topics: Topic[] = ['change', 'sample'];
  private dragged: number | undefined;

  constructor() {
    super();
    this.brief = false;
    this.problem = '';
  }

  override render(): TemplateResult | typeof nothing {
    const { replay, hello } = store;
    const made = replay?.recording ?? hello?.recording;
    if (!made) return nothing;
    const day = new Date(made.at).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
    const says = html`<b>Recording</b> of <span class="mono">${made.hostname}</span>, ${day}`;
    if (this.brief || !replay) return html`<p class="player-label" role="note">${says}</p>`;
    const at = this.dragged ?? position(replay);
    return html`<section class="player" aria-label="Recording">
      <button class="button" @click=${() => this.wind({ paused: !replay.paused })}>${replay.paused ? playIcon : pauseIcon}${replay.paused ? (replay.positionMs >= replay.lengthMs ? 'Play again' : 'Play') : 'Pause'}</button>
      <input type="range" aria-label="Position" min="0" max=${Math.ceil(replay.lengthMs / 100) * 100} step="100" .value=${String(at)} aria-valuetext="${clock(at)} of ${clock(replay.lengthMs)}"
        @input=${(event: Event) => { this.dragged = Number((event.target as HTMLInputElement).value); this.requestUpdate(); }}
        @change=${(event: Event) => this.wind({ positionMs: Math.min(Number((event.target as HTMLInputElement).value), replay.lengthMs) })}>
      <span class="player-clock mono">${clock(at)} / ${clock(replay.lengthMs)}</span>
      <label class="player-speed">Speed <select @change=${(event: Event) => this.wind({ speed: Number((event.target as HTMLSelectElement).value) })}>
        ${speeds.map((speed) => html`<option value=${speed} ?selected=${speed === replay.speed}>${speed}×</option>`)}</select></label>
      ${this.chapters(replay)}
      <p class="player-says" role="note">${says}. Nothing here is live${replay.cut ? ', and its end is missing' : ''}.
        <span class="player-more">For the live one, start Porthole where a Docker engine runs.</span></p>
      ${this.problem ? html`<p class="run-problem" role="alert">${this.problem}</p>` : nothing}</section>`;
  }

  /** Where there are several lessons in it, or this page's begins elsewhere. */
  private chapters(replay: Replay): TemplateResult | typeof nothing {
    const chapters = replay.chapters ?? [];
    if (!chapters.length || (chapters.length === 1 && page.kind !== 'lesson')) return nothing;
    const title = (slug: string): string => store.lessons?.find((one) => one.slug === slug)?.title ?? slug;
    return html`<label class="player-chapters">Go to <select @change=${(event: Event) => this.choose(event)}>
      <option value="" selected disabled>a lesson</option>
      ${chapters.map((chapter) => html`<option value=${chapter.positionMs}>${title(chapter.lesson)}</option>`)}</select></label>`;
  }

  private choose(event: Event): void {
    const select = event.target as HTMLSelectElement;
    void this.wind({ positionMs: Number(select.value), paused: false });
    select.value = '';
  }

  private async wind(wanted: ReplayRequest): Promise<void> {
    try {
      await windReplay(wanted);
      this.problem = '';
    } catch (error) {
      this.problem = sentence(error);
    }
    this.dragged = undefined;
    this.requestUpdate();
  }
}

/** How far into the recording the page is, in milliseconds. */
function position(replay: Replay): number {
  const seen = replay.paused || !store.sampledAt ? replay.positionMs : Math.max(replay.positionMs, store.sampledAt - replay.beganAt);
  return Math.min(seen, replay.lengthMs);
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

customElements.define('porthole-replay', ReplayBar);
