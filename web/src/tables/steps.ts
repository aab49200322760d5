import { html, nothing, type TemplateResult } from 'lit';
import type { Action, Change, MakingStep, SourceLine } from '../wire';
import { act, sentence } from '../api';
import { mayControl, page, store } from '../page';
import { Part } from '../parts/part';
import type { Watched } from '../graphs/observe';
import { nameOf } from './pieces';

/** The steps in which containers are made that wait before each of them. */
export function steps(watched: Watched[]): TemplateResult {
  return html`${watched.map((one) => {
    const all = one.container?.steps ?? [];
    const taken = all.filter((step) => step.done).length;
    const latest = taken - 1;
    return html`<div class="making" role="group" aria-label=${`Steps of ${one.title}`}>
      <div class="making-head"><b>${nameOf(one)}</b><span class="quiet">${all.length ? `${taken} of ${all.length} steps taken${one.container!.pid ? `, process ${one.container!.pid}` : ''}` : 'not begun: run the lesson, and it waits before the first step'}</span><porthole-next-step container=${one.key} lesson=${one.container?.lesson ?? page.lesson}></porthole-next-step></div>
      ${all.length ? html`<ol class="making-steps">${all.map((step, i) => row(step, i, latest))}</ol>` : nothing}</div>`;
  })}`;
}

function row(step: MakingStep, i: number, latest: number): TemplateResult {
  const state = step.done ? 'done' : i === latest + 1 ? 'next' : 'coming';
  const head = html`<span class="making-number">${i + 1}</span><b class="making-name">${step.name}</b><code class="making-call">${short(step.call)}</code><span class="making-says">${step.says}</span>`;
  if (!step.done) return html`<li class=${state}><div class="making-line">${head}<span class="making-when">${state === 'next' ? 'next' : ''}</span></div></li>`;
  const nothingDone = !step.calls?.length && !step.changes?.length;
  return html`<li class="${state} ${i === latest ? 'latest' : ''}"><details ?open=${i === latest}><summary class="making-line">${head}<span class="making-when">${took(step.tookUsec)}</span></summary>
    <div class="making-more"><p>${nothingDone ? `Nothing was to be done: ${step.detail ?? ''}.` : step.detail && !step.calls?.some((call) => call.text.includes(step.detail!)) ? short(step.detail) : nothing} ${sourceLink(step.source, 'its source')}</p>
      ${step.calls?.length ? html`<ol class="making-calls">${step.calls.map((call) => html`<li><code>${short(call.text)}</code>${sourceLink(call.source)}</li>`)}</ol>` : nothing}
      ${step.changes?.length ? html`<div class="table-scroll" role="group" tabindex="0" aria-label=${`What ${step.name} changed`}><table class="sides"><thead><tr><th scope="col">the kernel’s word on</th><th scope="col">before</th><th scope="col">after</th><th scope="col">read from</th></tr></thead>
        <tbody>${step.changes.filter((change) => change.before || change.after).map(changed)}</tbody></table></div>` : nothing}</div></details></li>`;
}

function changed(change: Change): TemplateResult {
  const same = change.before === change.after;
  return html`<tr class=${same ? 'same' : ''}><th scope="row">${words[change.what] ?? change.what.replace('namespace.', '') + ' namespace'}</th><td class="mono">${change.before ? short(change.before) : html`<span class="quiet">no such file</span>`}</td><td class="mono">${same ? html`<span class="quiet">the same</span>` : change.after ? short(change.after) : html`<span class="quiet">gone</span>`}</td><td class="mono quiet">${short(change.file)}</td></tr>`;
}

const words: Record<string, string> = {
  cgroup: 'control group', memoryMax: 'limit of memory', cpuMax: 'limit of processor time', pidsMax: 'limit of processes', root: 'folder called /', mounts: 'mounts', interfaces: 'network cards',
  hostname: 'hostname', uid: 'user', capEff: 'capabilities', capBnd: 'capabilities it can ever have', noNewPrivs: 'no-new-privileges', seccomp: 'filter of calls', fileSizeMax: 'largest file',
  oomScoreAdj: 'order when memory is short', program: 'program',
};

/** Container IDs at their short length, and a path that can break at its joints. */
function short(text: string): TemplateResult[] {
  return text.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…').split(/(?<=[/,|])/).map((piece) => html`${piece}<wbr>`);
}

function sourceLink(source: SourceLine, says = `${source.file}:${source.line}`): TemplateResult {
  return html`<a class="making-source" href=${`${page.base}/source/${encodeURIComponent(source.file)}#L${source.line}`} target="_blank" title=${source.text ?? ''}>${says}</a>`;
}

function took(usec: number | undefined): string {
  return usec === undefined ? '' : usec < 1000 ? `${usec} µs` : `${(usec / 1000).toFixed(1)} ms`;
}

/** The buttons that let the making go on, beside what they do. */
export class NextStep extends Part {
  static override properties = { container: {}, lesson: {}, asking: { state: true }, problem: { state: true } };
  declare container: string;
  declare lesson: string;
  private declare asking: string;
  private declare problem: string;
  /** How many steps were taken when this page asked for more; nobody is moved who did not ask. */
  private from = -1;

  constructor() {
    super();
    this.container = '';
    this.lesson = '';
    this.asking = '';
    this.problem = '';
  }

  override render(): TemplateResult {
    const run = store.runOf(this.lesson);
    const offered = (store.lessons?.find((one) => one.slug === this.lesson)?.actions ?? []).filter((action) => action.step && action.container === this.container && run?.actions?.includes(action.id));
    if (!run || !mayControl() || (!offered.length && !this.asking)) return html`${nothing}`;
    return html`<span class="making-go">${offered.map((action, i) => html`<button class="button small ${i ? '' : 'go'}" ?disabled=${Boolean(this.asking)} @click=${() => this.take(run.id, action)}>${action.title}</button>`)}</span>
      ${this.problem ? html`<p class="run-problem" role="alert">${this.problem}</p>` : nothing}`;
  }

  /** What was asked for is brought into sight. */
  protected override updated(): void {
    const taken = this.taken();
    if (this.from < 0 || taken <= this.from) return;
    this.from = -1;
    requestAnimationFrame(() => requestAnimationFrame(() => this.closest('.making')?.querySelector('.latest')?.scrollIntoView({ block: 'nearest', behavior: 'instant' })));
  }

  private taken(): number {
    return store.containers.find((one) => one.lesson === this.lesson && one.key === this.container)?.steps?.filter((step) => step.done).length ?? 0;
  }

  private async take(run: string, action: Action): Promise<void> {
    this.asking = action.id;
    this.from = this.taken();
    this.problem = '';
    try {
      await act(run, action.id);
    } catch (error) {
      this.problem = sentence(error);
    }
    this.asking = '';
  }
}

customElements.define('porthole-next-step', NextStep);
