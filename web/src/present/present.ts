import { html, nothing, type TemplateResult } from 'lit';
import type { Answer, Invitation } from '../wire';
import { loadLessons, sentence, startRun, stopRun } from '../api';
import { Seen } from '../model/sides';
import { mayControl, page, store } from '../page';
import { mark, playIcon, stopIcon } from '../parts/icons';
import { Part } from '../parts/part';
import { runWords } from '../parts/strip';
import { read as fiveIn, type Takeaway } from '../parts/takeaways';
import { ended } from '../model/run';
import { applyTheme } from '../theme';
import { began } from './clock';
import { fit } from './fit';
import { askAgain, invitation, show } from './room';
import { insightsIn, judged, people, pollOf, question, roomWords, takeaways, told, verdicts } from './stop';
import { picture, viewsOf } from './views';
import { leap, read, step, stopsOf, write, type Spot, type Stop } from './walk';

const keys: [key: string, what: string][] = [
  ['→ ←', 'on and back, as a clicker does'], ['⇧→ ⇧←', 'a whole stop'], ['↓ ↑', 'another picture'], ['Space', 'run the lesson, or stop it'], ['1 – 9', 'pick an answer'], ['Q', 'let the room in'],
  ['A', 'ask the room again'], ['B', 'blank; any key brings it back'], ['T', 'the other theme'], ['F', 'full screen'], ['Home End', 'first and last stop'], ['? Esc', 'show the keys; close'],
];

/** The presenter's view: the chapter as a walk, one thing at a time. */
export class Present extends Part {
  static override properties = { prose: { attribute: false }, spot: { state: true }, view: { state: true }, open: { state: true }, blank: { state: true }, problem: { state: true }, doing: { state: true }, invited: { state: true } };
  /** What the server's page says: the insights and the five. */
  declare prose: Node[];
  private declare spot: Spot | undefined;
  private declare view: number;
  private declare open: '' | 'keys' | 'room';
  private declare blank: boolean;
  private declare problem: string;
  private declare doing: string;
  private declare invited: Invitation | undefined;
  private stops: Stop[] = [];
  private insights: Map<string, Node> | undefined;
  private five: Takeaway[] = [];
  private readonly picks = new Map<string, string>();
  private readonly seen = new Seen();
  private told = '';
  private telling: Promise<void> = Promise.resolve();

  constructor() {
    super();
    this.prose = [];
    this.view = 0;
    this.open = '';
    this.blank = false;
    this.problem = '';
    this.doing = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('keydown', this.onKey);
    addEventListener('resize', this.resize);
    addEventListener('hashchange', this.onAddress);
    this.resize();
    void invitation().then((answer) => (this.invited = answer)).catch(() => {});
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('keydown', this.onKey);
    removeEventListener('resize', this.resize);
    removeEventListener('hashchange', this.onAddress);
  }

  override render(): TemplateResult {
    if (!this.insights) {
      this.insights = insightsIn(this.prose);
      this.five = fiveIn(this.prose);
    }
    if (store.lessons) this.stops = stopsOf(store.lessons);
    // Before the catalogue is there, the drawing is: it needs none.
    if (!this.spot && store.lessons) this.spot = read(this.stops, location.hash) ?? read(this.stops, page.lesson) ?? { stop: 0, phase: 'live' };
    const { stop } = this;
    return html`<p class="unseen" role="status">${stop ? `Stop ${this.spot!.stop + 1} of ${this.stops.length}: ${titleOf(stop)}, ${this.spot!.phase}` : 'The drawing'}</p>
      <div class="stage" data-stop=${stop?.id ?? 'drawing'} data-phase=${this.spot?.phase ?? 'live'} ?inert=${this.blank || this.open !== ''} @click=${this.onClick}>${this.stage(stop)}</div>
      <porthole-replay brief></porthole-replay>
      ${this.foot(stop)}
      ${this.open === 'keys' ? this.keyList() : this.open === 'room' ? this.room() : nothing}
      ${this.blank ? html`<div class="blank" role="status" @click=${() => (this.blank = false)}><span class="unseen">The screen is blanked. Any key brings it back.</span></div>` : nothing}`;
  }

  private get stop(): Stop | undefined {
    return this.spot && this.stops[this.spot.stop];
  }

  /** The lesson that Space runs here: on the drawing, its own. */
  private get slug(): string {
    const { stop } = this;
    return stop?.lesson?.slug ?? (stop?.id === 'takeaways' ? '' : 'architecture');
  }

  private get inHand(): boolean {
    return innerWidth <= 720;
  }

  private stage(stop: Stop | undefined): TemplateResult {
    const { lesson } = stop ?? {};
    if (!lesson) {
      if (stop?.id === 'takeaways') return takeaways(this.five);
      const drawn = this.drawn();
      const inviting = this.invited?.url && !store.running && !store.containers.some((one) => one.lesson === drawn);
      return html`<porthole-diagram ?brief=${!this.inHand} level="1" lesson=${drawn}></porthole-diagram>${inviting ? html`<aside class="beside" aria-label="Follow along">${this.code()}<p>${this.address()}</p></aside>` : nothing}`;
    }
    const run = store.runOf(lesson.slug);
    const poll = pollOf(lesson);
    const followers = store.room?.followers ?? 0;
    switch (this.spot!.phase) {
      case 'question':
        return html`${question({ lesson, poll, out: told(run), picked: this.picks.get(lesson.slug) ?? '', tally: Boolean(followers || poll?.ballots), locked: false, pick: this.pick })}
          <p class="room-words" role="status">${roomWords(poll, followers)}</p>`;
      case 'live': {
        const views = viewsOf(lesson);
        return picture(lesson, run, views[this.view % views.length]!, this.seen);
      }
      case 'verdict':
        return verdicts(lesson, run, poll, this.insights?.get(lesson.slug));
    }
  }

  /** The lesson on the first stop's drawing: what runs, where it has room; else the drawing's own. */
  private drawn(): string {
    const lesson = store.lessons?.find((one) => one.slug === store.running?.lesson);
    return lesson && viewsOf(lesson).some((view) => view.name === 'diagram') ? lesson.slug : 'architecture';
  }

  /** One line: where we are, the one thing that is to be said, and the time. */
  private foot(stop: Stop | undefined): TemplateResult {
    const run = this.slug ? store.runOf(this.slug) : undefined;
    const going = run && !ended(run);
    const { kind, says } = this.line(stop);
    return html`<footer class="foot-line" ?inert=${this.blank || this.open !== ''}><span class="progress"><b class="mono">${(this.spot?.stop ?? 0) + 1}<i>/${this.stops.length || '–'}</i></b>
        <span class="phases" aria-hidden="true">${stop && stop.phases.length > 1 ? stop.phases.map((phase) => html`<i class=${phase === this.spot!.phase ? 'now' : ''}></i>`) : nothing}</span></span>
      <p class="calm ${kind}" role="status">${says}</p>
      ${mayControl() && this.slug && stop ? html`<button class="foot-button" ?disabled=${this.doing !== ''} aria-label=${going ? 'Stop the lesson' : 'Run the lesson'} @click=${this.onRun}>${going ? stopIcon : playIcon}</button>` : nothing}
      <button class="foot-button" aria-label="Back" @click=${() => this.go(-1)}>‹</button><button class="foot-button" aria-label="On" @click=${() => this.go(1)}>›</button>
      <button class="foot-button" aria-label="Keys" aria-expanded=${this.open === 'keys'} @click=${() => this.toggle('keys')}>?</button>
      <porthole-clock></porthole-clock></footer>`;
  }

  /** What the line at the foot says: what went wrong first. */
  private line(stop: Stop | undefined): { kind: string; says: string } {
    const { link, hello, topology } = store;
    const engine = topology?.host.engine ?? hello?.host.engine;
    const run = this.slug ? store.runOf(this.slug) : undefined;
    if (this.problem) return { kind: 'problem', says: this.problem };
    if (link.state === 'connecting' && !hello) return { kind: 'note', says: 'Connecting to Porthole…' };
    if (link.state === 'lost') return { kind: 'problem', says: 'The connection to Porthole is lost; it is tried again.' };
    if (link.state === 'stale') return { kind: 'problem', says: 'No new sample comes: this is as it last was.' };
    if (store.lessonsProblem && !store.lessons) return { kind: 'problem', says: store.lessonsProblem };
    if (engine && engine.state !== 'up' && engine.state !== 'connecting') return { kind: 'problem', says: engine.problem ?? 'The container engine does not answer.' };
    if (this.doing) return { kind: 'note', says: this.doing };
    if (run?.problem) return { kind: 'problem', says: run.problem };
    if (run && judged(run) && stop?.lesson && !told(run)) return { kind: 'note', says: 'The verdicts are in; they do not tell who is right. Run it again.' };
    if (run && !ended(run) && judged(run) && this.spot?.phase === 'live' && stop?.lesson) return { kind: 'note', says: 'The verdicts are in.' };
    if (run && !ended(run)) return { kind: 'note', says: run.progress || runWords(run) };
    if (stop?.lesson?.unavailable) return { kind: 'note', says: `Not on this machine: ${stop.lesson.unavailable}` };
    if (stop && stop.id !== 'takeaways' && !run && !hello?.replay) return { kind: 'hint', says: mayControl() ? 'Space runs it' : 'Read-only: Porthole printed a link that gives control.' };
    return { kind: 'hint', says: '' };
  }

  private room(): TemplateResult {
    const followers = store.room?.followers ?? 0;
    const { url, reason } = this.invited ?? {};
    return html`<div class="over room-over" role="dialog" aria-modal="true" aria-label="Let the room in" tabindex="-1" @click=${this.shut}>${url ? html`${this.code()}<div><h1>Follow along</h1><p class="address">${this.address()}</p><p>${followers ? `${people(followers)} ${followers === 1 ? 'is' : 'are'} here.` : 'Nobody has come yet.'}</p><p class="quiet">Predict before each run: anonymously.</p></div>`
      : html`<div>${mark}<h1>The room cannot follow yet</h1><p>${reason}</p></div>`}</div>`;
  }

  private code(): TemplateResult {
    return html`<img class="code" src=${`${page.base}/api/v1/room/invitation.svg`} alt=${`QR code of ${this.invited?.url ?? ''}`}>`;
  }

  /** The address in pieces, so that a line breaks where a reader can tell. */
  private address(): TemplateResult[] {
    return (this.invited?.url ?? '').replace(/^http:\/\//, '').split(/(?<=[/:])/).map((piece) => html`${piece}<wbr>`);
  }

  private keyList(): TemplateResult {
    return html`<div class="over keys-over" role="dialog" aria-modal="true" aria-label="Keys" tabindex="-1" @click=${this.shut}><dl>${keys.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl></div>`;
  }

  protected override updated(): void {
    if (!this.spot || !this.stops.length) return;
    this.querySelector<HTMLElement>('.over')?.focus();
    // Its parts draw themselves first: then it is known how much room they take.
    requestAnimationFrame(() => fit(this.querySelector<HTMLElement>('.stage')!));
    this.tell();
  }

  /** Tells the room where we are, in order, and nothing twice. */
  private tell(): void {
    if (!mayControl() || store.link.state !== 'live') return;
    const { stop, spot } = this;
    const place = { stop: stop!.id, phase: spot!.phase, ...(this.view ? { view: this.view } : {}), ...(this.blank ? { blank: true } : {}) };
    const news = JSON.stringify([place, store.hello?.at]);
    if (news === this.told) return;
    this.told = news;
    this.telling = this.telling.then(async () => {
      if (news !== this.told) return; // overtaken
      await show(place).catch(() => {}); // where it matters, the link says so
    });
  }

  private move(spot: Spot): void {
    if (spot.stop !== this.spot?.stop) this.view = 0;
    this.problem = '';
    this.spot = spot;
    history.replaceState(history.state, '', write(this.stops, spot));
    began();
  }

  private go(by: 1 | -1): void {
    if (this.spot) this.move(step(this.stops, this.spot, by));
  }

  private readonly onAddress = (): void => {
    const spot = read(this.stops, location.hash);
    if (spot && (spot.stop !== this.spot?.stop || spot.phase !== this.spot.phase)) this.move(spot);
  };

  private readonly pick = (answer: Answer): void => {
    const { lesson } = this.stop ?? {};
    if (!lesson) return;
    if (this.picks.get(lesson.slug) === answer.id) this.picks.delete(lesson.slug);
    else this.picks.set(lesson.slug, answer.id);
    this.requestUpdate();
  };

  private readonly onRun = (): void => void this.runOrStop();

  private async runOrStop(): Promise<void> {
    const { slug, stop } = this;
    if (!slug || !stop || this.doing) return;
    if (!mayControl()) {
      this.problem = store.hello?.replay ? 'A recording runs nothing.' : 'This browser may only watch: open the one-time link that Porthole printed.';
      return;
    }
    if (stop.lesson?.unavailable) return void (this.problem = stop.lesson.unavailable);
    began();
    this.problem = '';
    const run = store.runOf(slug);
    try {
      if (run && !ended(run)) {
        this.doing = 'Stopping…';
        await stopRun(run.id);
      } else {
        if (this.spot!.phase !== 'live') this.move({ stop: this.spot!.stop, phase: 'live' });
        this.doing = 'Starting…';
        // One thing at a time: what an earlier stop has left running ends first.
        await Promise.all([...store.runs.values()].filter((other) => !ended(other)).map((other) => stopRun(other.id)));
        await startRun(slug);
      }
    } catch (error) {
      this.problem = sentence(error);
    }
    this.doing = '';
    void loadLessons();
  }

  private async again(): Promise<void> {
    const { lesson } = this.stop ?? {};
    if (!lesson?.answers?.length) return;
    try {
      await askAgain(lesson.slug);
      this.move({ stop: this.spot!.stop, phase: 'question' });
    } catch (error) {
      this.problem = sentence(error);
    }
  }

  private readonly shut = (): void => void (this.open = '');

  private toggle(what: 'keys' | 'room'): void {
    this.open = this.open === what ? '' : what;
  }

  private readonly onClick = (event: MouseEvent): void => {
    // After a click, Space is for the lesson again and not for the button.
    if (event.detail > 0) (document.activeElement as HTMLElement | null)?.blur();
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.blank) {
      this.blank = false;
      return event.preventDefault();
    }
    const target = event.target instanceof HTMLElement ? event.target : undefined;
    if (target?.matches('input, textarea, select') || (target?.closest('.plate') && event.key !== 'Escape')) return;
    // A button that was reached by Tab is pressed by its own keys.
    if ((event.key === ' ' || event.key === 'Enter') && target?.matches('button:focus-visible, a:focus-visible')) return;
    const taken = this.act(event);
    if (taken) event.preventDefault();
  };

  private act(event: KeyboardEvent): boolean {
    const { stops, spot } = this;
    const last = stops.length - 1;
    switch (event.key.length === 1 ? event.key.toLowerCase() : event.key) {
      case 'ArrowRight': case 'PageDown': if (this.open) this.open = ''; else if (event.shiftKey && spot) this.move(leap(stops, spot, 1)); else this.go(1); return true;
      case 'ArrowLeft': case 'PageUp': if (this.open) this.open = ''; else if (event.shiftKey && spot) this.move(leap(stops, spot, -1)); else this.go(-1); return true;
      case 'ArrowDown': return this.turn(1);
      case 'ArrowUp': return this.turn(-1);
      case 'Home': if (spot) this.move(leap(stops, spot, -last)); return true;
      case 'End': if (spot) this.move(leap(stops, spot, last)); return true;
      case ' ': if (!event.repeat) void this.runOrStop(); return true;
      case 'Escape': this.open = ''; this.problem = ''; return true;
      case '?': this.toggle('keys'); return true;
      case 'q': this.toggle('room'); return true;
      case 'b': case '.': this.blank = true; return true;
      case 't': applyTheme(document.documentElement.dataset['theme'] === 'light' ? 'dark' : 'light', true); return true;
      case 'a': void this.again(); return true;
      case 'f': void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()).catch(() => {}); return true;
    }
    const answer = /^[1-9]$/.test(event.key) && spot?.phase === 'question' ? this.stop?.lesson?.answers?.[Number(event.key) - 1] : undefined;
    if (answer) this.pick(answer);
    return Boolean(answer);
  }

  /** Another picture of the same lesson. */
  private turn(by: number): boolean {
    const { lesson } = this.stop ?? {};
    if (!lesson || this.spot?.phase !== 'live') return false;
    // A table that is longer than the screen is seen to its end first.
    const table = this.querySelector('.stage > porthole-table');
    if (table && (by > 0 ? table.scrollTop + table.clientHeight < table.scrollHeight - 1 : table.scrollTop > 0)) {
      table.scrollBy(0, by * table.clientHeight * 0.8);
      return true;
    }
    const count = viewsOf(lesson).length;
    this.view = (this.view + by + count) % count;
    return true;
  }

  /** The page is drawn for a height of 1080, and fitted to the projector's. */
  private readonly resize = (): void => {
    // In the hand it is laid out as it is for those who follow: a sheet for a hall would be a stamp there.
    const inHand = this.inHand;
    document.body.classList.toggle('page-present', !inHand);
    document.body.classList.toggle('page-follow', inHand);
    this.parentElement?.classList.toggle('follow', inHand);
    this.parentElement?.classList.toggle('present', !inHand);
    document.documentElement.style.setProperty('--present', inHand ? '1' : String(Math.min(innerHeight / 1080, innerWidth / 1440)));
    this.requestUpdate();
  };
}

function titleOf(stop: Stop): string {
  return stop.lesson?.title ?? (stop.id === 'drawing' ? 'The drawing' : 'Key takeaways');
}

customElements.define('porthole-present', Present);
