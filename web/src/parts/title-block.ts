import { html, type TemplateResult } from 'lit';
import { page, store } from '../page';
import { applyTheme, wantedTheme, type Theme } from '../theme';
import { listIcon, mark, presentIcon } from './icons';
import { Part } from './part';

/** What the page says of its connection: a word for the block, and a sentence for those who ask. */
export function linkWords(): { word: string; state: string } {
  const { link, hello } = store;
  switch (link.state) {
    case 'connecting':
      return { word: hello ? 'Trying again…' : 'Connecting…', state: 'waiting' };
    case 'lost':
      return { word: `Lost, next try in ${Math.max(1, Math.ceil(link.nextTryMs / 1000))} s`, state: 'lost' };
    case 'stale':
      return { word: `Stale for ${Math.floor(link.sinceMs / 1000)} s`, state: 'lost' };
    case 'live':
      return hello?.replay ? { word: 'Recording', state: 'replay' } : { word: 'Live', state: 'live' };
  }
}

/** The title block on top: how the drawing comes to the reader. */
export class TitleBlock extends Part {
  override render(): TemplateResult {
    const { hello, topology } = store;
    const words = linkWords();
    const running = store.containers.filter((container) => container.state === 'running').length;
    const engine = topology?.host.engine ?? hello?.host.engine;
    const host = topology?.host ?? hello?.host;
    return html`<a class="brand" aria-label="Porthole" href=${`${page.base}/`}>${mark}<span>Porthole</span></a>
      <dl class="facts-block">
        <div class="fact connection ${words.state}"><dt>Connection</dt><dd><i></i><span>${words.word}</span></dd></div>
        <div class="fact sampling"><dt>Sampling</dt><dd class="mono">${!hello ? '–' : host?.reader?.mode === 'engine' ? '1 Hz, engine' : hertz(hello.intervalMs)}</dd></div>
        <div class="fact engine"><dt>Engine</dt><dd class="mono">${engine ? (engine.state === 'up' ? `${engine.name} ${engine.version ?? ''}` : engineWord(engine.state)) : '–'}</dd></div>
        <div class="fact count wide-only"><dt>Containers</dt><dd class="mono">${topology ? `${running} running` : '–'}</dd></div>
        <div class="fact machine wide-only"><dt>Host</dt><dd class="mono">${host?.hostname || '–'}</dd></div>
      </dl>
      <div class="top-actions">
        <fieldset class="themes"><legend class="unseen">Theme</legend>${(['light', 'dark', 'auto'] as Theme[]).map((theme) => html`<button aria-pressed=${wantedTheme() === theme} @click=${() => this.choose(theme)}>${theme[0]!.toUpperCase() + theme.slice(1)}</button>`)}</fieldset>
        <a class="button present-link" href=${`${page.base}/present`}>${presentIcon}Present</a>
        <button class="button lessons-toggle" aria-expanded="false" aria-controls="rail" @click=${this.toggleRail}>${listIcon}Lessons</button>
      </div>`;
  }

  private choose(theme: Theme): void {
    applyTheme(theme, true);
    this.requestUpdate();
  }

  private toggleRail(event: Event): void {
    const open = document.body.classList.toggle('rail-open');
    (event.currentTarget as HTMLElement).setAttribute('aria-expanded', String(open));
  }
}

export function hertz(intervalMs: number): string {
  return intervalMs <= 1000 ? `${Math.round(10_000 / intervalMs) / 10} Hz` : `every ${intervalMs / 1000} s`;
}

export function engineWord(state: string): string {
  return ({ connecting: 'connecting…', down: 'does not answer', forbidden: 'forbidden', tooOld: 'too old' } as Record<string, string>)[state] ?? state;
}

customElements.define('porthole-title-block', TitleBlock);
