import { html, type TemplateResult } from 'lit';
import type { TableKind } from '../model/sides';
import type { Watched } from '../graphs/observe';
import { Part } from '../parts/part';
import { layers } from './layers';
import { files, log } from './limits';
import { hostnames, interfaces, mounts, processes, security, segments, users } from './views';
import '../panels/copy-embed';

const tables: Record<TableKind, [title: string, more: string, draw: (watched: Watched[]) => TemplateResult]> = {
  processes: ['Processes', 'inside and on the host', processes],
  interfaces: ['Interfaces', 'inside and on the host', interfaces],
  mounts: ['Mounts', 'inside and on the host', mounts],
  users: ['Users', 'inside and on the host', users],
  hostnames: ['Hostnames', 'inside and on the host', hostnames],
  segments: ['Shared memory', 'inside and on the host', segments],
  security: ['Rights', 'of each first process', security],
  layers: ['Layers', 'of the image, and of each container', layers],
  files: ['Limits', 'from the flag to the kernel’s bytes', files],
  log: ['Who tells', 'of an out-of-memory kill', log],
};

/** One table of a lesson: what each side of the wall sees, or what the kernel has on disk. */
export class Table extends Part {
  static override properties = { kind: {}, watched: { attribute: false }, bare: { type: Boolean } };
  declare kind: TableKind;
  declare watched: Watched[];
  /** Without the box around it, as a panel on a slide. */
  declare bare: boolean;

  constructor() {
    super();
    this.kind = 'processes';
    this.watched = [];
    this.bare = false;
  }

  override render(): TemplateResult {
    const [title, more, draw] = tables[this.kind];
    if (this.bare) return html`<h1 class="unseen">${title}</h1><h2>${title} <em>${more}</em></h2>${draw(this.watched)}`;
    return html`<section class="box table-box table-${this.kind}" aria-label=${`Observe: ${title}`}><porthole-copy-embed panel=${this.kind} what=${title}></porthole-copy-embed><h2 class="legend"><span class="step-number">3</span>Observe <em>${title}, ${more}</em></h2>${draw(this.watched)}</section>`;
  }
}

customElements.define('porthole-table', Table);
