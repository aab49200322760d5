import { svg, type SVGTemplateResult } from 'lit';
import { paths, route, type Net } from '../model/route';
import { lineOf } from './icons';

/** A rectangle in the drawing's own pixels. */
interface Area {
  left: number;
  right: number;
  top: number;
  bottom: number;
  middle: number;
}

/** More lines than this read better as a bus. */
const mostLines = 5;

/** All connectors of the drawing, as one layer of lines over it. */
export function connectors(drawing: HTMLElement): SVGTemplateResult {
  const origin = drawing.getBoundingClientRect();
  // On a slide the drawing is zoomed to fit: what is measured is zoomed, what is drawn is not yet.
  const zoom = origin.width / drawing.offsetWidth || 1;
  const area = (element: Element): Area => {
    const box = element.getBoundingClientRect();
    const left = Math.round((box.left - origin.left) / zoom);
    const right = Math.round((box.right - origin.left) / zoom);
    return { left, right, top: Math.round((box.top - origin.top) / zoom), bottom: Math.round((box.bottom - origin.top) / zoom), middle: Math.round((left + right) / 2) };
  };
  const find = (selector: string): Element | null => drawing.querySelector(selector);
  const all = (selector: string): Element[] => [...drawing.querySelectorAll(selector)];
  const kernel = find('.kernel');
  const boxes = all('.container:not(.ghost, .ended)').map((element) => ({ n: Number((element as HTMLElement).dataset['box']), area: area(element), legend: area(element.querySelector('.legend')!) }));
  if (!kernel || boxes.length === 0) return svg``;
  const k = area(kernel);
  const host = area(find('.host')!);
  const namespaces = area(find('.namespaces')!);
  const cgroups = area(find('.resources')!);
  // Outlines count too: a line to a box beside or below them must not run through them.
  const places = all('.container').map(area);
  if (cgroups.top > namespaces.bottom - 8) return trunk(k, host, boxes, places);

  const top = (n: number): { ns: Area; cg: Area } | undefined => {
    const cell = all(`.matrix .cell[data-column="${n}"]`).at(-1);
    const graph = all(`.cgroups .graph[data-column="${n}"]`).at(-1);
    return cell && graph ? { ns: area(cell), cg: area(graph) } : undefined;
  };
  const firstRow = Math.min(...places.map((place) => place.top));
  const rows = [...new Set([firstRow, ...boxes.map((box) => box.area.top)])].sort((a, b) => a - b);
  const nets: Net[] = [];
  for (const box of boxes) {
    const ends = top(box.n);
    if (!ends) continue;
    const { ns, cg } = ends;
    const low = Math.min(box.legend.right + 14, box.area.right - 64);
    const high = box.area.right - 18;
    let nsPort = clamp(ns.middle, low, high - 40);
    // A straight line is worth more than even spacing; a small jog is worth nothing.
    if (Math.abs(nsPort - ns.middle) < 18 && ns.middle > box.legend.right + 4) nsPort = ns.middle;
    let cgPort = clamp(cg.middle, nsPort + 40, high);
    if (Math.abs(cgPort - cg.middle) < 18 && cg.middle > nsPort + 24 && cg.middle < box.area.right - 8) cgPort = cg.middle;
    nets.push({ n: box.n, kind: 'namespaces', x1: ns.middle, y1: ns.bottom, x2: nsPort, y2: box.area.top });
    nets.push({ n: box.n, kind: 'cgroup', x1: cg.middle, y1: cg.bottom + 3, x2: cgPort, y2: box.area.top });
  }
  if (boxes.length > mostLines || rows.length > 1) return bus(nets, boxes, rows, k, host, namespaces.bottom, cgroups.bottom);

  const space = firstRow - k.bottom;
  const wanted = boxes.length <= 3 ? 3 : 5;
  const step = Math.min(16, (space - 30) / (wanted + 0.5));
  const tracks = Array.from({ length: wanted }, (_, i) => Math.round(k.bottom + (space - step * (wanted - 1)) / 2 - 3 + i * step));
  const routed = route(nets, tracks);
  const labelled = boxes.length <= 3 && k.right - k.left > 1300;
  return svg`
    ${routed.map((net) => svg`<path class="wire line-${lineOf(net.n)}" data-column=${net.n} d=${paths(net).beneath}></path>`)}
    ${routed.map((net) => net.crossings.map(({ x, y }) => svg`<path class="halo" d=${`M${x} ${y - 5}v10`}></path>`))}
    ${routed.map((net) => svg`<path class="wire line-${lineOf(net.n)}" data-column=${net.n} d=${paths(net).above}></path>`)}
    ${routed.map((net) => svg`<g data-column=${net.n}>${terminal(net.x1, net.kind === 'namespaces' ? namespaces.bottom : cgroups.bottom, net.n)}
      <circle class="end" cx=${net.x1} cy=${net.y1} r="3.2"></circle><circle class="end" cx=${net.x2} cy=${net.y2} r="4.5"></circle>
      ${labelled && (net.kind === 'namespaces' || net.x2 + 58 < k.right) ? svg`<text class="wire-label ${net.kind}" x=${net.x2 + (net.kind === 'namespaces' ? -9 : 9)} y=${net.y2 - 14}>${net.kind}</text>` : ''}</g>`)}`;
}

/** The number on the border where a line leaves a box. */
function terminal(x: number, y: number, n: number): SVGTemplateResult {
  return svg`<circle class="terminal line-${lineOf(n)}" cx=${x} cy=${y} r="12"></circle><text class="terminal-number" x=${x} y=${y + 0.5}>${n}</text>`;
}

/** Many containers: each line drops into a bus, and leaves it under its number. */
function bus(nets: Net[], boxes: { n: number; area: Area }[], rows: number[], k: Area, host: Area, nsBottom: number, cgBottom: number): SVGTemplateResult {
  const left = Math.round((host.left + k.left) / 2) + 1;
  const y = Math.round(k.bottom + (rows[0]! - k.bottom) / 2);
  const heights = rows.map((row, i) => (i === 0 ? y : row - 27));
  const rowEnds = rows.map((row, i) => {
    const ports = boxes.filter((box) => box.area.top === row).map((box) => box.area.right - 28);
    return Math.max(...ports, ...(i === 0 ? nets.map((net) => net.x1) : []));
  });
  const starts = heights.map((_, i) => (rows.length > 1 ? left : Math.min(...nets.map((net) => net.x1)) - (i ? 0 : 9)));
  const spine = `${heights.map((height, i) => `M${starts[i]} ${height}H${rowEnds[i]! + 9}`).join('')}${rows.length > 1 ? `M${left} ${heights[0]}V${heights.at(-1)}` : ''}`;
  return svg`
    ${nets.map((net) => svg`<path class="wire" data-column=${net.n} d=${`M${net.x1} ${net.y1}V${y - 9}l-7 7`}></path>`)}
    ${boxes.map((box) => {
      const port = box.area.right - 28;
      const height = heights[rows.indexOf(box.area.top)]!;
      return svg`<g data-column=${box.n}><path class="wire" d=${`M${port - 7} ${height + 2}l7 7V${box.area.top}`}></path><circle class="end" cx=${port} cy=${box.area.top} r="4"></circle></g>`;
    })}
    <path class="bus-outer" d=${spine}></path><path class="bus-inner" d=${spine}></path>
    ${nets.map((net) => svg`<g data-column=${net.n}>${terminal(net.x1, net.kind === 'namespaces' ? nsBottom : cgBottom, net.n)}<circle class="end" cx=${net.x1} cy=${net.y1} r="3"></circle></g>`)}`;
}

/** On a narrow sheet one trunk runs down the side; the numbers do the pairing. */
function trunk(k: Area, host: Area, boxes: { n: number; area: Area }[], places: Area[]): SVGTemplateResult {
  const x = Math.round((host.left + Math.min(...places.map((place) => place.left))) / 2) + 2;
  const stacked = new Set(places.map((place) => place.left)).size === 1;
  const branch = (box: { area: Area }): string => (stacked ? `M${x} ${box.area.top + 26}H${box.area.left}` : `M${x} ${box.area.top - 19}H${box.area.right - 35}q7 0 7 7V${box.area.top}`);
  const last = boxes.at(-1)!.area.top + (stacked ? 26 : -19);
  return svg`<path class="wire" d=${`M${x} ${k.bottom}V${last}`}></path><circle class="end" cx=${x} cy=${k.bottom} r="4"></circle>
    ${boxes.map((box) => svg`<g data-column=${box.n}><path class="wire" d=${branch(box)}></path><circle class="end" cx=${stacked ? box.area.left : box.area.right - 28} cy=${stacked ? box.area.top + 26 : box.area.top} r="4"></circle></g>`)}`;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
