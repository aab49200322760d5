import { html, type TemplateResult } from 'lit';
import type { Lesson, Run } from '../wire';
import { kindTitles, kindUnits } from '../graphs/observe';
import type { Kind } from '../graphs/plot';
import { columnsOf } from '../model/columns';
import { tableKinds, type Seen, type TableKind } from '../model/sides';
import { store } from '../page';
import { watchedOf } from '../parts/lesson';
import '../parts/diagram';
import '../parts/matrix';
import '../tables/table';

/** What "views" stands for: what both sides of the wall see. */
const bothSides: TableKind[] = ['processes', 'interfaces', 'mounts', 'users', 'hostnames'];

/** As many containers as the drawing has room for in type that the last row can read. */
const mostDrawn = 3;

/** One picture of a lesson. */
export interface View { name: string; graph?: Kind; table?: TableKind }

/** The pictures of a lesson, in the order in which it names them. */
export function viewsOf(lesson: Lesson | undefined): View[] {
  const views: View[] = [];
  const add = (view: View): void => { if (!views.some((one) => one.name === view.name)) views.push(view); };
  for (const panel of lesson?.panels ?? []) {
    if (panel === 'diagram' || panel === 'namespaces') add({ name: panel });
    else if (panel in kindTitles) add({ name: panel, graph: panel as Kind });
    else for (const table of panel === 'views' ? bothSides : [panel as TableKind]) if (tableKinds.includes(table)) add({ name: table, table });
  }
  // The drawing of more than three is too small for the last row, and the other pictures say the same.
  const legible = views.filter((view) => view.name !== 'diagram' || lesson!.containers.length <= mostDrawn);
  return legible.length ? legible : [{ name: 'diagram' }];
}

/** The live picture of a lesson: its graphs, its table, its numbers, or the drawing. */
export function picture(lesson: Lesson, run: Run | undefined, view: View, seen: Seen): TemplateResult {
  if (view.graph) {
    return html`<section class="observe" aria-label=${kindTitles[view.graph]}><h1>${kindTitles[view.graph]} <em>${kindUnits[view.graph]}</em></h1>
      <porthole-observe .kind=${view.graph} .run=${run} .watched=${watchedOf(lesson, run)} .expectMs=${(lesson.seconds ?? 20) * 1000 + 3000}></porthole-observe></section>`;
  }
  if (view.table) {
    if (run) seen.take(run, store.containers.filter((one) => one.run === run.id));
    const watched = watchedOf(lesson, run).map((one) => {
      const container = seen.last(one.name, Boolean(one.container)) ?? one.container;
      return { ...one, ...(container ? { container } : {}) };
    });
    return html`<porthole-table .bare=${true} .kind=${view.table} .watched=${watched}></porthole-table>`;
  }
  if (view.name === 'namespaces') {
    const columns = columnsOf(store.containers.filter((one) => one.lesson === lesson.slug), run, lesson);
    return html`<section class="numbers" aria-label="Namespaces"><h1>Namespaces <em>isolation</em></h1><porthole-matrix .columns=${columns}></porthole-matrix></section>`;
  }
  return html`<porthole-diagram brief level="1" lesson=${lesson.slug}></porthole-diagram>`;
}
