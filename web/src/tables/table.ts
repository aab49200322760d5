import { html, type TemplateResult } from 'lit';
import type { TableKind } from '../model/sides';
import type { Watched } from '../graphs/observe';
import { Part } from '../parts/part';
import { layers } from './layers';
import { files, log } from './limits';
import { steps } from './steps';
import { hostnames, interfaces, mounts, processes, security, segments, users } from './views';
import '../panels/copy-embed';

/** Each with what it shows in one sentence, so that it says something before there is anything to show. */
const tables: Record<TableKind, [title: string, more: string, draw: (watched: Watched[]) => TemplateResult, says: string]> = {
  processes: ['Processes', 'inside and on the host', processes, 'The two numbers in a row are one process: the kernel lists both in the NSpid line of /proc/PID/status.'],
  interfaces: ['Interfaces', 'inside and on the host', interfaces, 'An interface inside is one end of a wire; the other end is the host’s.'],
  mounts: ['Mounts', 'inside and on the host', mounts, 'Each row is a line of /proc/PID/mountinfo: a path inside, and where the host keeps what is there.'],
  users: ['Users', 'inside and on the host', users, 'The kernel translates each user by the map of the user namespace, /proc/PID/uid_map.'],
  hostnames: ['Hostnames', 'inside and on the host', hostnames, 'The hostname belongs to the UTS namespace; the kernel is one for all.'],
  segments: ['Shared memory', 'inside and on the host', segments, 'The System V segments that each IPC namespace has, from /proc/sysvipc/shm.'],
  security: ['Rights', 'of each first process', security, 'What the kernel lets each first process do, from /proc/PID/status.'],
  layers: ['Layers', 'of the image, and of each container', layers, 'Below are the layers of the image, which nobody writes; above, what each container has added, changed or removed.'],
  files: ['Limits', 'from the flag to the kernel’s bytes', files, 'One limit three times: as it was asked for, as the engine keeps it, and as the kernel’s file holds it.'],
  steps: ['Steps', 'in which the container is made', steps, 'Each value is the kernel’s own, read from the file beside it before and after the step.'],
  log: ['Who tells', 'of an out-of-memory kill', log, 'Five witnesses of the same kill. They need not agree: trust the kernel’s own count.'],
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

  protected override willUpdate(): void {
    this.style.setProperty('--longest', String(Math.max(...this.watched.map((one) => one.title.length), 6)));
  }

  override render(): TemplateResult {
    const [title, more, draw, says] = tables[this.kind];
    if (this.bare) return html`<h1 class="unseen">${title}</h1><h2>${title}<em> ${more}</em></h2>${draw(this.watched)}`;
    return html`<section class="box table-box table-${this.kind}" aria-label=${`Observe: ${title}`}><porthole-copy-embed panel=${this.kind} what=${title}></porthole-copy-embed><h2 class="legend"><span class="step-number">3</span>Observe <em>${title}<span class="aside">, ${more}</span></em></h2>${draw(this.watched)}<p class="table-note">${says}</p></section>`;
  }
}

customElements.define('porthole-table', Table);
