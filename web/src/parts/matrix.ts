import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { alive, type Column } from '../model/columns';
import { commonBeginning, holds, rowsOf, whollyUnknown, type Cell, type Conduit, type Row } from '../model/matrix';
import { store } from '../page';
import { badge } from './icons';
import { Part, css, explain } from './part';
import { opens } from '../zoom/control';
import { lasting } from '../zoom/outline';
import { addressOf } from '../zoom/place';

/** The namespaces: a row for each type, a column for the host and each container. */
export class Matrix extends Part {
  static override properties = { columns: { attribute: false } };
  declare columns: Column[];
  /** The numbers as they were last drawn, by row and column. */
  private numbers = new Map<string, string>();

  constructor() {
    super();
    this.columns = [];
  }

  override render(): TemplateResult {
    const host = store.topology?.host.namespaces ?? [];
    const rows = rowsOf(host, this.columns.map(({ container }) => (alive(container) || container?.namespaces.some((one) => one.inode) ? container?.namespaces : undefined)));
    const beginning = commonBeginning(rows);
    const dark = [0, ...this.columns.map((_, i) => i + 1)].filter((n) => whollyUnknown(rows, n));
    return html`<p class="key" aria-hidden="true"><span><i class="same"></i>same number, joined</span><span><i class="own"></i>own number</span><span><i class="not"></i>unreadable</span></p>
      <div class="matrix" role="table" aria-label="Namespace numbers of the host and each container" data-known=${store.topology ? 'yes' : 'no'} ${css({ '--columns': this.columns.length + 1 })}>
        <div class="matrix-row" role="row"><div class="corner" role="columnheader"><span class="unseen">Namespace; numbers begin </span>${beginning ? html`<span class="common" title="All numbers begin so">${beginning}…</span>` : nothing}</div>
          <div class="head" role="columnheader" data-column="0">Host</div>
          ${repeat(this.columns, (column) => column.key, (column) => html`<div class="head ${column.container ? '' : 'ghost'}" role="columnheader" data-column=${column.n} data-zoom=${opens() && column.container ? addressOf('container', column.name) : nothing} title=${column.title}>${badge(column.n)}<span class="head-title">${column.title}</span></div>`)}</div>
        ${rows.map((row, i) => this.row(row, i, beginning, dark))}
        ${dark.map((n) => this.darkColumn(n, rows))}
      </div>`;
  }

  /** A number that changes is seen to change: a cell of its own parts from what stands beside it. */
  protected override updated(): void {
    const duration = lasting(this, '--join');
    const now = new Map<string, string>();
    for (const cell of this.querySelectorAll<HTMLElement>('.cell[data-inode]')) {
      const key = `${cell.closest('.matrix-row')!.className}${this.columns.find(({ n }) => n === Number(cell.dataset['column']))?.key ?? ''}`;
      const { inode = '' } = cell.dataset;
      now.set(key, inode);
      if (!this.numbers.size || this.numbers.get(key) === inode || !duration) continue;
      const from = cell.classList.contains('shared') ? { opacity: 0.3 } : { translate: '-28px 0', opacity: 0.3, backgroundColor: 'color-mix(in oklab, var(--ns) var(--fill-band), var(--paper))' };
      cell.animate([from, {}], { duration, easing: 'cubic-bezier(.2, .7, .2, 1)' });
    }
    this.numbers = now;
  }

  /** A column's number on the whole drawing: this may be one of several bands of it. */
  private nameOf(column: number): number {
    return this.columns[column - 1]?.n ?? 0;
  }

  private row(row: Row, index: number, beginning: string, dark: number[]): TemplateResult {
    const depth = row.conduits.reduce((most, conduit) => Math.max(most, conduit.depth), 0);
    return html`<div class="matrix-row ns-${row.type}" role="row" ${css({ '--depth': depth })}>
      <div class="type" role="rowheader" ${css({ 'grid-row': index + 2 })}>${opens() ? html`<a class="opens" href=${addressOf('namespaces', row.type)}><b>${row.type}</b></a>` : html`<b>${row.type}</b>`}<span>${holds[row.type]}</span></div>
      ${row.cells.map((cell) => (dark.includes(cell.column) ? html`<div role="cell" class="unseen">unknown</div>` : this.cell(cell, row, index, beginning)))}
      ${row.conduits.map((conduit) => this.conduit(conduit, index))}</div>`;
  }

  private cell(cell: Cell, row: Row, index: number, beginning: string): TemplateResult {
    const column = this.columns[cell.column - 1];
    const place = { 'grid-row': index + 2, 'grid-column': cell.column + 2 };
    if (cell.state === 'empty') return html`<div class="place" role="cell" ${css(place)}><div class="cell empty ${cell.under ? 'runs-under' : ''} ${cell.over ? 'runs-over' : ''}"><span class="unseen">${column?.container?.state ?? 'no container yet'}</span></div></div>`;
    const who = cell.column === 0 ? 'the host' : `container ${this.nameOf(cell.column)}, ${column?.title ?? ''}`;
    const question = { container: column?.name ?? 'host', field: `namespace.${cell.type}`, what: `${cell.type} namespace of ${who}` };
    if (cell.state === 'unknown') {
      return html`<div class="place" role="cell" ${css(place)}><button class="cell unknown" data-column=${this.nameOf(cell.column)}
        @click=${(event: Event) => explain(event, { ...question, shown: 'unknown' })}><i class="unseen">${question.what}: </i><b>unknown</b><span>${cell.reason}</span></button></div>`;
    }
    const shared = cell.group.length > 1;
    const digits = String(cell.inode);
    const short = beginning || digits.slice(0, -4);
    const classes = ['cell', `tone-${cell.tone}`];
    if (shared) classes.push('shared');
    if (cell.joinsLeft) classes.push('joins-left');
    if (cell.joinsRight) classes.push('joins-right');
    if (cell.under) classes.push('runs-under');
    if (cell.over) classes.push('runs-over');
    return html`<div class="place" role="cell" ${css(place)}><button class=${classes.join(' ')} data-column=${this.nameOf(cell.column)} data-inode=${digits}
      @click=${(event: Event) => explain(event, { ...question, shown: digits })}>
      <i class="swatch"></i><span class="unseen">${question.what}: </span><span class="digits"><span class="beginning">${short}</span><b>${digits.slice(short.length)}</b></span><span class="unseen">, ${this.relation(cell)}</span>
      ${cell.column < row.cells.length - 1 ? html`<i class="bridge"></i>` : nothing}</button></div>`;
  }

  private relation(cell: Cell): string {
    const others = cell.group.filter((column) => column !== cell.column).map((column) => (column === 0 ? 'the host' : `container ${this.nameOf(column)}`));
    return others.length ? `the same as ${others.join(', ')}` : 'its own';
  }

  private conduit(conduit: Conduit, index: number): TemplateResult {
    const span = { 'grid-row': index + 2, 'grid-column': `${conduit.from + 3} / ${conduit.to + 2}`, '--at': conduit.depth };
    return html`<i class="conduit runs-${conduit.side} tone-${conduit.tone}" role="presentation" ${css(span)}></i>`;
  }

  /** Where a process' links cannot be read at all, the reason is said once. */
  private darkColumn(n: number, rows: Row[]): TemplateResult {
    const reason = rows[0]!.cells[n]!.reason;
    const column = this.columns[n - 1];
    const who = n === 0 ? 'the host' : `container ${this.nameOf(n)}, ${column?.title ?? ''}`;
    return html`<div class="matrix-row" role="row"><div class="dark-place" role="cell" ${css({ 'grid-column': n + 2 })}><button class="cell unknown whole" data-column=${this.nameOf(n)}
      @click=${(event: Event) => explain(event, { container: column?.name ?? 'host', field: 'namespace.pid', shown: 'unknown', what: `namespaces of ${who}` })}><i class="unseen">All namespaces of ${who}: </i><b>unknown</b><span>${reason}</span></button></div></div>`;
  }
}

customElements.define('porthole-matrix', Matrix);
