import { html, nothing, type TemplateResult } from 'lit';
import type { Answer, Lesson, Poll } from '../wire';
import { sentence } from '../api';
import { Seen } from '../model/sides';
import { page, pause, store } from '../page';
import { mark } from '../parts/icons';
import { Part } from '../parts/part';
import { read as fiveIn, type Takeaway } from '../parts/takeaways';
import { predicted, remember, vote } from './room';
import { insightsIn, pollOf, question, roomWords, takeaways, told, verdicts } from './stop';
import { picture, viewsOf } from './views';
import { spotOf, stopsOf, type Spot, type Stop } from './walk';

/** A student's page: it shows what the presenter shows, and takes one prediction. */
export class Follow extends Part {
  static override properties = { prose: { attribute: false }, problem: { state: true }, sending: { state: true } };
  declare prose: Node[];
  private declare problem: string;
  private declare sending: string;
  private insights: Map<string, Node> | undefined;
  private five: Takeaway[] = [];
  private readonly seen = new Seen();
  private at = '';

  constructor() {
    super();
    this.prose = [];
    this.problem = '';
    this.sending = '';
  }

  override render(): TemplateResult {
    if (!this.insights) {
      this.insights = insightsIn(this.prose);
      this.five = fiveIn(this.prose);
    }
    const place = store.room?.place;
    const stops = stopsOf(store.lessons ?? []);
    const spot = place && store.lessons ? spotOf(stops, place) : undefined;
    const where = `${place?.stop ?? ''}/${place?.phase ?? ''}`;
    if (where !== this.at) {
      this.at = where;
      this.problem = '';
      scrollTo(0, 0);
    }
    // Only a live picture needs samples, and a hall full of phones shares one network.
    pause(Boolean(place) && (place!.blank === true || place!.phase !== 'live'));
    return html`<header class="follow-top"><a class="brand" aria-label="Porthole" href=${`${page.base}/`}>${mark}<span>Porthole</span></a><span>${spot ? `${spot.stop + 1} of ${stops.length}` : ''}</span></header>
      <div class="stage" data-stop=${place?.stop ?? ''} data-phase=${place?.phase ?? ''}>${place?.blank ? html`<p class="waiting" role="status">The presenter’s screen is blank. Look up.</p>` : spot ? this.stage(stops[spot.stop]!, spot) : html`<p class="waiting" role="status">${store.lessonsProblem || (place ? 'Loading…' : 'The presenter has not begun. This page follows by itself.')}</p>`}</div>
      <p class="calm ${this.line() ? 'problem' : ''}" role="status">${this.line()}</p>`;
  }

  private stage(stop: Stop, spot: Spot): TemplateResult {
    const { lesson } = stop;
    if (!lesson) return stop.id === 'takeaways' ? takeaways(this.five) : html`<porthole-diagram level="1"></porthole-diagram>`;
    const run = store.runOf(lesson.slug);
    const poll = pollOf(lesson);
    const mine = predicted(poll);
    switch (spot.phase) {
      case 'question':
        return html`${question({ lesson, poll, out: told(run), picked: mine || this.sending, tally: Boolean(poll?.ballots) && poll?.state !== 'open', locked: !poll || poll.state !== 'open' || mine !== '' || this.sending !== '', pick: (answer) => void this.vote(lesson, poll, answer) })}
          <p class="my-words" role="status">${this.myWords(poll, mine, lesson)}</p>`;
      case 'live': {
        const views = viewsOf(lesson);
        return html`<p class="follow-title">${lesson.title}</p>${picture(lesson, run, views[(store.room?.place?.view ?? 0) % views.length]!, this.seen)}`;
      }
      case 'verdict':
        return verdicts(lesson, run, poll, this.insights?.get(lesson.slug), poll?.state === 'told' ? html`<p class="my-words" role="status">${this.myWords(poll, mine, lesson)}</p>` : nothing);
    }
  }

  /** What became of this browser's own prediction. */
  private myWords(poll: Poll | undefined, mine: string, lesson: Lesson): string {
    if (!poll) return '';
    const says = lesson.answers?.find((answer) => answer.id === mine)?.says;
    if (poll.state === 'told') {
      if (!mine) return 'You did not predict this time.';
      return poll.right === mine ? 'You predicted what happened.' : `You predicted something else: ${says}`;
    }
    const room = roomWords(poll, store.room?.followers ?? 0);
    if (mine) return `Your prediction is counted. ${room}`;
    return poll.state === 'open' ? `Pick one: it counts once, and nobody learns whose it is. ${room}` : `It is too late to predict: the lesson runs. ${room}`;
  }

  private line(): string {
    if (this.problem) return this.problem;
    if (store.link.state === 'lost') return 'The connection is lost; it is tried again by itself.';
    return store.hello?.replay ? 'This is a recording: nothing is live.' : '';
  }

  private async vote(lesson: Lesson, poll: Poll | undefined, answer: Answer): Promise<void> {
    if (!poll || this.sending) return;
    this.sending = answer.id;
    this.problem = '';
    try {
      await vote(lesson.slug, answer.id);
      remember(poll, answer.id);
    } catch (error) {
      this.problem = sentence(error);
    }
    this.sending = '';
  }
}

customElements.define('porthole-follow', Follow);
