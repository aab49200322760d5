import { html, nothing, type TemplateResult } from 'lit';
import { store } from '../page';
import { badge } from './icons';
import { Part } from './part';

/** The processes of the lesson's containers, seen from both sides of the wall and joined. */
export class Processes extends Part {
  static override properties = { lesson: {} };
  declare lesson: string;

  override render(): TemplateResult {
    const containers = store.containers.filter((one) => one.lesson === this.lesson && one.outside?.processes?.length);
    if (containers.length === 0) return html``;
    return html`<section class="box processes" aria-label="Processes seen from both sides"><h2 class="legend">Processes <em>inside and on the host</em></h2>
      ${containers.map((container) => html`<table><caption>${badge(store.containers.indexOf(container) + 1)} ${container.title || container.name}</caption>
        <thead><tr><th scope="col" class="number">inside</th><th aria-hidden="true"></th><th scope="col" class="number">host</th><th scope="col">command</th></tr></thead>
        <tbody>${(container.outside?.processes ?? []).map((process) => {
          const inner = process.nsPid?.at(-1);
          const reported = container.inside?.processes?.some((one) => one.pid === inner);
          return html`<tr><td class="number big">${inner ?? '–'}</td><td class="equals" aria-label="is">${reported ? '=' : '·'}</td><td class="number big">${process.pid}</td><td class="mono">${process.command}</td></tr>`;
        })}</tbody></table>`)}
      ${containers.some((one) => one.inside?.processes) ? nothing : html`<p class="quiet">The containers have not reported their own view yet.</p>`}</section>`;
  }
}

customElements.define('porthole-processes', Processes);
