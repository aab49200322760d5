import { LitElement, html, type TemplateResult } from 'lit';

const item = 'porthole.walk-began';

/** The time of day, and how long the walk has taken since its first step. Minutes only: seconds draw the eye. */
export class WalkClock extends LitElement {
  private timer: ReturnType<typeof setInterval> | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setInterval(() => this.requestUpdate(), 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  override render(): TemplateResult {
    const now = new Date();
    const began = beganAt();
    const passed = began ? Math.max(0, Math.floor((now.getTime() - began) / 60_000)) : undefined;
    const time = `${now.getHours()}:${String(now.getMinutes()).padStart(2, '0')}`;
    return html`<span class="mono" role="timer" aria-label=${`It is ${time}${passed === undefined ? '' : `, ${passed} minutes since the first step`}`}>${time}${passed === undefined ? '' : html` <em>+${passed} min</em>`}</span>`;
  }
}

/** Starts counting, once; a reload goes on. */
export function began(): void {
  try {
    if (!beganAt()) sessionStorage.setItem(item, String(Date.now()));
  } catch {
    // Then there is only the time of day.
  }
}

function beganAt(): number {
  try {
    return Number(sessionStorage.getItem(item)) || 0;
  } catch {
    return 0;
  }
}

customElements.define('porthole-clock', WalkClock);
