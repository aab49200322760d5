import { html, nothing, type TemplateResult } from 'lit';
import type { Answer, Claim, Lesson, Poll, Run } from '../wire';
import { store } from '../page';
import { claimsOf, inWords, wordOf } from '../parts/claims';
import { verdict } from '../parts/icons';
import { css } from '../parts/part';
import { sentence } from '../parts/sentence';
import type { Takeaway } from '../parts/takeaways';

/** The poll of a lesson, if the room is asked it now. */
export function pollOf(lesson: Lesson | undefined): Poll | undefined {
  const poll = store.room?.poll;
  return lesson && poll?.lesson === lesson.slug ? poll : undefined;
}

/** Whether a run has judged all that it judges by itself; what awaits somebody's action comes later. */
export function judged(run: Run | undefined): boolean {
  return Boolean(run?.claims.length) && run!.claims.every((claim) => claim.verdict !== 'pending' || Boolean(claim.awaits?.length));
}

/** Whether the answer is out: the kernel did as is expected of it in most of what was judged, and against it in nothing. */
export function told(run: Run | undefined): boolean {
  if (!judged(run)) return false;
  const done = run!.claims.filter((claim) => claim.verdict !== 'pending');
  const right = done.filter((claim) => claim.verdict === (claim.expected ?? 'holds')).length;
  return right > done.length / 2 && done.every((claim) => claim.verdict === 'unknown' || claim.verdict === (claim.expected ?? 'holds'));
}

export interface Asking {
  lesson: Lesson;
  poll: Poll | undefined;
  /** Whether the answer may be told. */
  out: boolean;
  /** The answer that is picked here. */
  picked: string;
  /** Whether the tally is shown, or has its room: not to somebody who has still to choose. */
  tally: boolean;
  locked: boolean;
  pick(answer: Answer): void;
}

/** The question with its answers, and how the room has answered. */
export function question(asking: Asking): TemplateResult {
  const { lesson, poll, out, picked, locked, pick } = asking;
  return html`<section class="ask" aria-labelledby="question"><p class="ask-section">${lesson.title}</p><h1 id="question">${sentence(lesson.question ?? '')}</h1>
    <ol class="choices">${(lesson.answers ?? []).map((answer, i) => html`<li class="choice ${picked === answer.id ? 'picked' : ''} ${out && answer.right ? 'right' : ''}">
      <button ?disabled=${locked} aria-pressed=${picked === answer.id ? 'true' : 'false'} @click=${() => pick(answer)}><span class="digit">${i + 1}</span><span class="choice-says">${sentence(answer.says)}</span>
        ${out && answer.right ? html`<span class="choice-word">${verdict('holds')}what happened</span>` : picked === answer.id ? html`<span class="choice-word">picked</span>` : nothing}</button>
      ${asking.tally ? bar(poll, answer.id) : nothing}</li>`)}</ol></section>`;
}

/** One answer's share of the ballots, as long as they are many; before the poll is known, only its room. */
function bar(poll: Poll | undefined, answer: string): TemplateResult {
  if (!poll) return html`<div class="tally" aria-hidden="true"><b class="mono">&nbsp;</b></div>`;
  const votes = poll.answers.find((one) => one.id === answer)?.votes ?? 0;
  return html`<div class="tally" role="img" aria-label=${`${votes} of ${poll.ballots}`}><span class="tally-bar"><i ${css({ width: `${(100 * votes) / Math.max(poll.ballots, 1)}%` })}></i></span><b class="mono">${votes}</b></div>`;
}

/** How the room has predicted, in a sentence; empty where nobody was asked. */
export function roomWords(poll: Poll | undefined, followers: number): string {
  if (!poll) return '';
  const { ballots } = poll;
  if (poll.state === 'told') {
    if (!ballots) return '';
    return `${poll.rightBallots ?? 0} of ${ballots} predicted what happened.`;
  }
  if (poll.state === 'closed') return `The predictions are closed: ${ballots}.`;
  if (ballots) return `${ballots} of ${Math.max(followers, ballots)} predicted.`;
  return followers ? `${people(followers)} can predict now.` : '';
}

export function people(count: number): string {
  return count === 1 ? '1 follower' : `${count} followers`;
}

/** The verdicts with their figures, who was right, and what to take away. */
export function verdicts(lesson: Lesson, run: Run | undefined, poll: Poll | undefined, insight: Node | undefined, mine: TemplateResult | typeof nothing = nothing): TemplateResult {
  const claims = claimsOf(lesson.slug);
  const out = told(run);
  const right = lesson.answers?.find((answer) => answer.right);
  const words = roomWords(poll, store.room?.followers ?? 0);
  return html`<section class="outcome" aria-labelledby="outcome"><div class="outcome-head"><h1 id="outcome">${sentence(lesson.title)} <em>${run ? inWords(claims).replace(/^.*?: /, '') : 'not run yet'}</em></h1>${poll?.state === 'told' && words ? html`<b class="room-result">${words}</b>` : nothing}</div>
    ${out && right ? html`<p class="happened">${verdict('holds')}<span>${right.says}</span></p>` : nothing}${mine}
    <div class="outcome-claims" role="list">${claims.map((claim) => row(claim, run))}</div>
    ${insight ? html`<div class="insight">${insight}</div>` : nothing}</section>`;
}

function row(claim: Claim, run: Run | undefined): TemplateResult {
  const { verdict: kind } = claim;
  return html`<div class="outcome-claim is-${kind}" role="listitem"><span class="outcome-verdict">${verdict(kind)}<span>${wordOf(claim, run)}</span></span>
    <span class="outcome-says">${sentence(claim.says)}${claim.measured ? html`<b>${claim.measured}</b>` : nothing}${claim.reason ? html`<small>${claim.reason}</small>` : nothing}</span></div>`;
}

/** The chapter's five, each with what this machine has shown. */
export function takeaways(five: Takeaway[]): TemplateResult {
  return html`<section class="five" aria-labelledby="five"><h1 id="five">Key takeaways</h1><ol>${five.map((one, i) => {
    const ran = one.lessons.filter((slug) => store.runOf(slug));
    const claims = ran.flatMap((slug) => claimsOf(slug));
    return html`<li><span class="digit">${i + 1}</span><div><h2>${one.title}</h2><p>${one.says}</p><p class="five-shown">${claims.length ? `Shown here: ${inWords(claims)}` : 'Not run yet on this machine.'}</p></div></li>`;
  })}</ol></section>`;
}

/** The insights that the server's page holds, by lesson. */
export function insightsIn(prose: Node[]): Map<string, Node> {
  const found = new Map<string, Node>();
  for (const node of prose) {
    if (!(node instanceof Element)) continue;
    for (const each of [node, ...node.querySelectorAll('*')]) if (each instanceof HTMLElement && each.dataset['insight']) found.set(each.dataset['insight'], each);
  }
  return found;
}
