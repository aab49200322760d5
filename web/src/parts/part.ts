import { LitElement } from 'lit';
import { Directive, PartType, directive, type ElementPart, type PartInfo } from 'lit/directive.js';
import { store } from '../page';
import type { Topic } from '../stream/store';

/** A part of the page: plain elements under the page's one sheet, redrawn when the store changes. */
export class Part extends LitElement {
  /** What makes it redraw. */
  protected topics: Topic[] = ['change'];
  private leave: (() => void)[] = [];

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.leave = this.topics.map((topic) => store.listen(topic, () => this.onNews(topic)));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const leave of this.leave) leave();
  }

  /** Nothing is drawn while nobody can see it. */
  protected onNews(_topic: Topic): void {
    if (!document.hidden) this.requestUpdate();
  }
}

/**
 * Sets custom properties and other styles by script: the page's content
 * security policy allows no style attributes, which Lit's own styleMap writes.
 */
class StyleDirective extends Directive {
  constructor(info: PartInfo) {
    super(info);
    if (info.type !== PartType.ELEMENT) throw new Error('css() belongs on an element');
  }

  override update(part: ElementPart, [properties]: [Record<string, string | number>]): void {
    const { style } = part.element as HTMLElement;
    for (const [name, value] of Object.entries(properties)) style.setProperty(name, String(value));
  }

  render(_properties: Record<string, string | number>): void {}
}

export const css = directive(StyleDirective);

/** Asks for the plate that says where a number comes from. */
export interface Question {
  anchor: HTMLElement;
  /** The engine's name of the container, or "host". */
  container: string;
  field: string;
  /** The number as it is shown, with its unit. */
  shown: string;
  /** What it is, in a word or two. */
  what: string;
}

export function explain(event: Event, question: Omit<Question, 'anchor'>): void {
  const anchor = event.currentTarget as HTMLElement;
  anchor.dispatchEvent(new CustomEvent<Question>('explain', { bubbles: true, detail: { anchor, ...question } }));
}
