import { html, nothing, type TemplateResult } from 'lit';
import type { Container, Namespace, View } from '../wire';
import { absence, alive, type Column } from '../model/columns';
import { store } from '../page';
import { badge, porthole } from './icons';
import { Part, explain } from './part';
import { opens } from '../zoom/control';
import { addressOf } from '../zoom/place';
import './command';

/** A container: what it sees of itself, a wall, and what the host sees of it. */
export class ContainerBox extends Part {
  static override properties = { column: { attribute: false }, all: { attribute: false } };
  declare column: Column;
  /** All columns of the drawing, this one among them. */
  declare all: Column[];

  override render(): TemplateResult {
    const { column } = this;
    if (!column) return html``;
    const { container } = column;
    const open = container && opens() ? addressOf('container', column.name) : '';
    const title = column.subtitle ? `${column.title} (${column.subtitle})` : column.title;
    return html`<section class="box container ${container ? '' : 'ghost'} ${container && !alive(container) ? 'ended' : ''} ${column.foreign ? 'foreign' : ''}" data-box=${column.n} data-zoom=${open || nothing} aria-label=${`Container ${column.n}, ${column.title}${container ? '' : `, ${absence(column)}`}`}>
      <h3 class="legend">${badge(column.n)}<span class="container-word">Container ${column.n}</span> <em title=${title}>${open ? html`<a class="opens" href=${open}>${column.title}</a>` : html`<span>${column.title}</span>`}${column.subtitle && !column.foreign ? html`<span class="subtitle"> (${column.subtitle})</span>` : nothing}</em></h3>
      ${container ? this.real(container) : this.ghost()}
    </section>`;
  }

  /** The same wall, with nothing on either side of it. */
  private ghost(): TemplateResult {
    const { command } = this.column;
    const empty = (type: string, word: string, big = ''): TemplateResult => html`<span class="name ns-${type}"><i></i>${name(word)}</span><span class="cell-in ${big}">–</span><span class="gap ${big ? 'window' : ''}">${big ? porthole : nothing}</span><span class="cell-out ${big}">–</span>`;
    return html`<div class="wall" aria-hidden="true"><span></span><span class="side in">inside sees</span><span class="gap"></span><span class="side out">host sees</span>
      ${empty('pid', 'PID', 'big')}${empty('uts', 'hostname')}${empty('net', 'ip')}${empty('user', 'uid')}</div>
      <p class="rights">${absence(this.column)}</p>${command ? html`<porthole-command title=${command} .command=${command}></porthole-command>` : nothing}`;
  }

  private real(container: Container): TemplateResult {
    const { inside, outside } = container;
    const host = store.topology?.host;
    const hostView: View = { hostname: host?.hostname, ...outside };
    const hostPid = outside?.pid ?? container.pid;
    return html`<div class="wall">
        <span></span><span class="side in">inside sees</span><span class="gap"></span><span class="side out">host sees</span>
        ${this.pidRow(container, inside?.pid ?? innerPid(container), hostPid)}
        ${this.row(container, 'uts', 'hostname', inside?.hostname, hostView.hostname)}
        ${this.row(container, 'net', 'ip', addressInside(inside), addressOutside(container, outside, inside))}
        ${this.row(container, 'user', 'uid', user(inside?.uid), user(outside?.uid), 'uid')}
      </div>
      ${alive(container) ? this.rights(container) : html`<p class="rights">${this.ending(container)}</p>`}
      ${this.column.foreign ? html`<p class="whose">${this.column.subtitle}</p>` : container.command ? html`<porthole-command title=${container.command} .command=${container.command}></porthole-command>` : nothing}`;
  }

  private ending(container: Container): string {
    const code = store.gone.get(container.name)?.exitCode;
    return container.state === 'exited' ? `exited${code === undefined ? '' : `, code ${code}`}` : container.state;
  }

  private pidRow(container: Container, inside: number | undefined, outside: number | undefined): TemplateResult {
    const link = linkOf(container, 'pid');
    const open = link?.relation === 'host';
    return html`<span class="name ns-pid"><i></i>PID</span>
      <span class="cell-in big ns-pid ${open ? 'open' : ''}">${this.value(container, 'pid', inside?.toString(), 'PID inside')}</span>
      <span class="gap window ns-pid ${open ? 'open' : ''}">${porthole}</span>
      <span class="cell-out big ns-pid ${open ? 'open' : ''}">${this.value(container, 'pid', outside?.toString(), 'PID on the host')}</span>`;
  }

  private row(container: Container, type: string, word: string, inside: string | undefined, outside: string | undefined, field = `namespace.${type}`): TemplateResult {
    const link = linkOf(container, type);
    const open = link?.relation === 'host' ? 'open' : '';
    const partners = link?.relation === 'shared' ? this.partners(link) : '';
    return html`<span class="name ns-${type}" title=${partners ? `the same ${type} namespace as container ${partners}` : nothing}><i></i>${name(word)}${partners ? html`<small>= ${partners}</small>` : nothing}</span>
      <span class="cell-in ns-${type} ${open}">${this.value(container, field, inside, `${word} inside`)}</span>
      <span class="gap ns-${type} ${open}"></span>
      <span class="cell-out ns-${type} ${open}">${this.value(container, field, outside, `${word} on the host`)}</span>`;
  }

  private partners(link: Namespace): string {
    const numbers = (link.sharedWith ?? []).map((name) => this.all?.find((one) => one.name === name)?.n);
    return numbers.filter((n) => n && n !== this.column.n).join(', ');
  }

  private value(container: Container, field: string, shown: string | undefined, what: string): TemplateResult {
    if (!shown) return html`<span class="quiet" title="not reported">–</span>`;
    return html`<button class="figure" title=${shown} aria-label=${`${what}: ${shown}`} @click=${(event: Event) => explain(event, { container: container.name, field, shown, what })}>${shown}</button>`;
  }

  private rights(container: Container): TemplateResult | typeof nothing {
    const security = container.security;
    if (!security) return nothing;
    const words: string[] = [];
    if (security.noNewPrivs === 1) words.push('no-new-privileges');
    if (security.readOnlyRoot) words.push('read-only /');
    if (security.seccomp === 2) words.push('seccomp');
    if (security.appArmor && security.appArmor !== 'unconfined') words.push('AppArmor');
    const count = security.capabilities;
    return html`<p class="rights" title=${words.join(', ') || nothing}>${count === undefined ? nothing : html`<button class="figure" aria-label=${`capabilities: ${count} of ${security.capabilitiesKnown ?? '?'}`} @click=${(event: Event) => explain(event, { container: container.name, field: 'capEff', shown: `${count} of ${security.capabilitiesKnown ?? '?'}`, what: 'effective capabilities' })}>${count} of ${security.capabilitiesKnown ?? '?'}</button> capabilities`}${words.length ? html`<span class="rights-more">, ${words.join(', ')}</span>` : nothing}</p>`;
  }
}

function linkOf(container: Container, type: string): Namespace | undefined {
  return container.namespaces.find((one) => one.type === type);
}

/** The first process' own number for itself, of a container that reports nothing: the kernel has it in the NSpid line. */
function innerPid({ foreign, pid, outside }: Container): number | undefined {
  return foreign ? outside?.processes?.find((one) => one.pid === pid)?.nsPid?.at(-1) : undefined;
}

/** The first address that others can reach; "lo only" where there is none. */
function addressInside(view: View | undefined): string | undefined {
  if (!view?.interfaces) return undefined;
  for (const one of view.interfaces) if (one.name !== 'lo' && one.addresses?.[0]) return one.addresses[0].replace(/\/\d+$/, '');
  return view.interfaces.length ? 'lo only' : 'none';
}

/** The host's end of the container's wire; in the host's own namespace, the same address. */
function addressOutside(container: Container, outside: View | undefined, inside: View | undefined): string | undefined {
  if (linkOf(container, 'net')?.relation === 'host') return addressInside(inside);
  const end = outside?.interfaces?.[0];
  if (end) return end.name;
  return outside ? 'no wire' : undefined;
}

/** A row's name, and a shorter one for narrow boxes. */
function name(word: string): TemplateResult | string {
  return word === 'hostname' ? html`<span><span class="long">host</span>name</span>` : word;
}

function user(uid: number | undefined): string | undefined {
  return uid === undefined ? undefined : uid === 0 ? '0 root' : String(uid);
}

customElements.define('porthole-container', ContainerBox);
