import { html, type TemplateResult } from 'lit';
import { sentence, source } from '../api';
import { alive, bandsOf, type Column } from '../model/columns';
import { NamespaceTypes } from '../wire';
import { Part } from '../parts/part';
import { containerView } from './container';
import { controllerView } from './controller';
import { namespaceView } from './namespace';
import { kept, type Answer, type Shown } from './pieces';
import { controllers, type Controller, type Place } from './place';

/** The files of a controller are read again this often, in milliseconds. */
const againMs = 1000;

/** What is in an opened box: one type's namespaces, one controller's files, or both sides of a container. */
export class ZoomView extends Part {
  static override properties = { place: { attribute: false }, columns: { attribute: false }, hand: { type: Boolean } };
  declare place: Place;
  declare columns: Column[];
  /** Whether it is laid out for a hand. */
  declare hand: boolean;
  private readonly answers = new Map<string, Answer & { version: string }>();
  private again: ReturnType<typeof setInterval> | undefined;
  private round = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.again = setInterval(() => {
      if (document.hidden) return;
      this.round += 1;
      // What could not be asked is asked again: a browser drops requests whenever the machine's networks change.
      for (const [key, { problem, found }] of this.answers) if (problem && !found) this.answers.delete(key);
      this.requestUpdate();
    }, againMs);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.again);
  }

  override render(): TemplateResult {
    const { box, name, more } = this.place;
    const shown = this.shown();
    if (box === 'namespaces') {
      const type = NamespaceTypes.find((one) => one === name);
      return type ? namespaceView(type, shown, (container, version) => this.ask(container, `namespace.${type}`, version)) : this.unknown(`There is no namespace type called ${name}. There are ${NamespaceTypes.join(', ')}.`);
    }
    if (box === 'cgroups') {
      if (!(controllers as readonly string[]).includes(name)) return this.unknown(`There is no controller called ${name} on this drawing. There are ${controllers.join(', ')}.`);
      const chosen = more ? shown.find((one) => one.name === more) : shown.find((one) => one.container);
      if (more && !chosen) return this.unknown(missing(more));
      return controllerView(name as Controller, chosen, this.hand ? bandsOf(this.columns) : [this.columns], (container, field) => this.ask(container, field, String(this.round)));
    }
    const one = shown.find((each) => each.name === name && each.container);
    return one ? containerView(one, shown) : this.unknown(name ? missing(name) : 'The address names no container. Go back, and open one from the drawing.');
  }

  private unknown(says: string): TemplateResult {
    return html`<p class="zoom-missing" role="status">${says}</p>`;
  }

  /** The columns with a container; of one that has ended, as it was last seen alive. */
  private shown(): Shown[] {
    const found: Shown[] = [];
    for (const column of this.columns) {
      if (alive(column.container)) {
        kept.set(column.name, column);
        found.push({ ...column, over: false });
      } else if (column.container) {
        const last = kept.get(column.name);
        found.push({ ...column, container: last?.container?.id === column.container.id ? { ...last.container, state: column.container.state } : column.container, over: true });
      }
    }
    for (const [name, last] of kept) if (!found.some((one) => one.name === name)) found.push({ ...last, container: { ...last.container!, state: 'removed' }, over: true });
    return found;
  }

  /** The answer about a field; asked for anew where the version is another. What was last known stays. */
  private ask(container: string, field: string, version: string): Answer {
    const key = `${container}/${field}`;
    const known = this.answers.get(key);
    if (known?.version === version) return known;
    const answer = { ...known, version };
    this.answers.set(key, answer);
    source(container, field).then(
      (found) => this.put(key, found.raw || !known?.found?.raw ? { found, version } : { found: known.found, problem: found.reason ?? '', version }),
      (error: unknown) => this.put(key, { ...known, problem: sentence(error), version }),
    );
    return answer;
  }

  private put(key: string, answer: Answer & { version: string }): void {
    this.answers.set(key, answer);
    if (this.isConnected) this.requestUpdate();
  }
}

function missing(name: string): string {
  return `No container called ${name} is on the drawing. If it is still to start, it appears here as soon as it does.`;
}

customElements.define('porthole-zoom', ZoomView);
