import type { Mark, Series } from '../stream/series';
import { Paper, Sheet, sizeOf, type Data, type Layer, type Size } from './canvas';
import type { Ink } from './ink';

export type Kind = 'cpu' | 'memory' | 'pids' | 'io';

/** Axes for a graph that stands alone. */
export interface Ticks {
  /** The moment that is 0 on the time axis. */
  zero: () => number;
  x: (at: number) => string;
  y: (value: number) => string;
  /** Where the value axis has its lines. */
  lines: (top: number) => number[];
}

/** What a plot shows besides its series. */
export interface View {
  /** The moments at its left and right edge, in Unix milliseconds. */
  from: number;
  to: number;
  /** The top of its scale, in the unit of its series. */
  top: number;
  limit?: number;
  ooms: Mark[];
  /** How an OOM mark is named; empty where there is no room. */
  oomWord: string;
  /** A duration to be drawn above the trace, as on a drawing. */
  span?: { from: number; to: number; word: string };
}

/** One graph: on the paper that it is given, or on one of its own. */
export class Plot {
  private sheet: Sheet | undefined;
  private own: Paper | undefined;
  /** The left end of the last name that was written, in the canvas' pixels. */
  private named = 0;
  /** What the canvas shows. */
  private painted: { series: Series | undefined; top: number; limit: number | undefined; ooms: number; to: number } | undefined;
  private view: View = { from: 0, to: 1, top: 1, ooms: [], oomWord: '' };

  constructor(private readonly kind: Kind, private readonly place: HTMLElement, private ink: Ink, private readonly ticks?: Ticks, private readonly paper?: Paper) {}

  /** Draws with other ink: the theme or the size has changed. */
  setInk(ink: Ink): void {
    this.ink = ink;
    this.destroy();
  }

  destroy(): void {
    this.sheet?.clear();
    this.own?.remove();
    this.own = undefined;
    this.sheet = undefined;
    this.painted = undefined;
  }

  /** In CSS pixels, as last drawn: asking the page again on each sample would make it lay itself out. */
  get width(): number | undefined {
    return this.sheet && this.sheet.area.width / this.sheet.ratio;
  }

  /** Its place has another size, or the paper that it shares. */
  resize(size?: Size): void {
    if (this.own && !this.own.resize(size)) return;
    this.sheet?.resize();
    if (this.sheet) this.paint(this.sheet);
  }

  /** The place's size spares the browser a layout, where it is known. */
  draw(series: Series | undefined, view: View, size?: Size): void {
    this.view = view;
    if (!this.sheet) {
      const { width, height } = (size ??= sizeOf(this.place));
      if (width < 8 || height < 8) return;
      const { fontSize } = this.ink;
      // Room for the dot at the newest end; with axes, for their words.
      this.sheet = new Sheet(this.paper ?? (this.own = new Paper(this.place, size)), this.place, this.ticks ? [30, 18, fontSize * 2.1, fontSize * 3.2] : [4, 5, 1, 0]);
    }
    if (this.stands(series)) return;
    this.sheet.data = dataOf(this.kind, series, view);
    this.paint(this.sheet);
  }

  /** Whether what was painted last would have moved by less than half a pixel, and nothing else has changed. */
  private stands(series: Series | undefined): boolean {
    const { view, painted } = this;
    const still = painted && painted.series === series && painted.top === view.top && painted.limit === view.limit && painted.ooms === view.ooms.length && !view.span
      && Math.abs(view.to - painted.to) < (view.to - view.from) / Math.max(1, this.sheet!.box.width) / 2;
    if (!still) this.painted = { series, top: view.top, limit: view.limit, ooms: view.ooms.length, to: view.to };
    return Boolean(still);
  }

  private paint(sheet: Sheet): void {
    const { view } = this;
    if (sheet.ratio !== devicePixelRatio && this.own) return this.resize();
    sheet.x = { min: view.from, max: view.to };
    sheet.y = { min: this.kind === 'io' ? -view.top : 0, max: view.top };
    sheet.clear();
    if (this.ticks) axes(sheet, this.ink, this.ticks, this.kind === 'io' ? [-view.top, 0, view.top] : this.ticks.lines(view.top));
    sheet.draw(this.layers());
    sheet.within(() => this.overlay(sheet));
  }

  /** What is drawn for this kind, the lowest first. */
  private layers(): Layer[] {
    const { ink } = this;
    const trace = { stroke: ink.ink, width: this.kind === 'io' ? ink.traceWidth * 0.75 : ink.traceWidth };
    switch (this.kind) {
      case 'cpu':
        return [{ column: 2, base: 1, fill: ink.throttled }, { column: 1, ...trace, fill: ink.area }];
      case 'memory':
        return [{ column: 1, fill: ink.kernel }, { column: 2, base: 1, fill: ink.file }, { column: 3, base: 2, fill: ink.area }, { column: 4, ...trace }];
      case 'pids':
        return [{ column: 1, ...trace, fill: ink.area }];
      case 'io':
        return [{ column: 1, ...trace, fill: ink.area }, { column: 2, ...trace, fill: ink.file }];
    }
  }

  /** Base line, limit, marks and the newest point: above all else. */
  private overlay(sheet: Sheet): void {
    const { context, box: bbox, ratio } = sheet;
    const { ink, view } = this;
    const y = (value: number): number => Math.round(sheet.atY(value));
    const right = bbox.left + bbox.width;
    context.save();
    context.lineCap = 'butt';
    const rule = (height: number, width: number, colour: string): void => {
      context.strokeStyle = colour;
      context.lineWidth = Math.max(1, Math.round(width * ratio));
      const at = height + (context.lineWidth % 2 ? 0.5 : 0);
      context.beginPath();
      context.moveTo(bbox.left, at);
      context.lineTo(right + 5 * ratio, at);
      context.stroke();
    };
    context.fillStyle = ink.line;
    rule(y(0) - (this.kind === 'io' ? 0 : ratio), 1, ink.line);
    // Without axes, a mark for each ten seconds: an empty field still says how long it is.
    if (!this.ticks) for (let at = view.to - 10_000; at > view.from; at -= 10_000) context.fillRect(Math.round(sheet.atX(at)), y(0) - (this.kind === 'io' ? 2 : 4) * ratio, Math.max(1, Math.round(ratio)), 4 * ratio);
    if (view.limit !== undefined && view.limit <= view.top) rule(y(view.limit), ink.limitWidth, ink.ink);
    // The newest first: an older one keeps its mark, but its name only where there is room.
    this.named = right;
    for (const mark of [...view.ooms].reverse()) {
      if (mark.at < view.from || mark.at > view.to) continue;
      const x = Math.round(sheet.atX(mark.at));
      const at = view.limit !== undefined && view.limit <= view.top ? view.limit : this.before(sheet, mark.at);
      this.cross(context, x, Math.max(y(at), bbox.top + 9 * ratio), y(0), mark, bbox.left, right, sheet);
    }
    this.head(sheet, context, ratio);
    if (view.span) this.dimension(sheet, context, view.span, ratio);
    context.restore();
  }

  /** The height that the trace had come to just before a moment. */
  private before(sheet: Sheet, moment: number): number {
    const [at, ...columns] = sheet.data;
    const trace = columns[3] ?? [];
    let most = 0;
    for (let i = at.length - 1; i >= 0 && at[i]! > moment - 1500; i -= 1) if (at[i]! <= moment) most = Math.max(most, trace[i] ?? 0);
    return most || this.view.top;
  }

  private cross(context: CanvasRenderingContext2D, x: number, top: number, base: number, mark: Mark, left: number, right: number, { ratio, area }: Sheet): void {
    const { ink, view } = this;
    const arm = 5 * ratio;
    context.strokeStyle = ink.accent;
    context.lineWidth = 1.5 * ratio;
    context.setLineDash([2 * ratio, 3 * ratio]);
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, base);
    context.stroke();
    context.setLineDash([]);
    for (const [colour, width] of [[ink.paper, 6], [ink.accent, 2.6]] as const) {
      context.strokeStyle = colour;
      context.lineWidth = width * ratio;
      context.beginPath();
      context.moveTo(x - arm, top - arm);
      context.lineTo(x + arm, top + arm);
      context.moveTo(x + arm, top - arm);
      context.lineTo(x - arm, top + arm);
      context.stroke();
    }
    // Its name stands above the limit, or nowhere: the figure below the graph says it too.
    if (!view.oomWord || top - area.top < 17 * ratio) return;
    context.font = `500 ${ink.fontSize * ratio}px ${ink.mono}`;
    const word = `${view.oomWord} ${mark.count}`;
    const width = context.measureText(word).width;
    const leftSide = x - 10 * ratio - width > left;
    const end = leftSide ? x - 10 * ratio : x + 10 * ratio + width;
    if (end > right || end > this.named) return;
    this.named = end - width - 8 * ratio;
    context.textAlign = leftSide ? 'right' : 'left';
    context.textBaseline = 'middle';
    context.lineJoin = 'round';
    context.strokeStyle = ink.paper;
    context.lineWidth = 5 * ratio;
    const at: [string, number, number] = [word, x + (leftSide ? -10 : 10) * ratio, top - arm - 6 * ratio];
    context.strokeText(...at);
    context.fillStyle = ink.accent;
    context.fillText(...at);
  }

  /** A dimension line: ends, arrows, and the figure between them. */
  private dimension(sheet: Sheet, context: CanvasRenderingContext2D, span: NonNullable<View['span']>, ratio: number): void {
    const { ink, view } = this;
    const at = (moment: number): number => Math.round(sheet.atX(Math.max(view.from, Math.min(view.to, moment)))) + 0.5;
    const [left, right] = [at(span.from), at(span.to)];
    if (right - left < 60 * ratio) return;
    const y = sheet.area.top + Math.round(14 * ratio) + 0.5;
    context.strokeStyle = ink.note;
    context.fillStyle = ink.note;
    context.lineWidth = Math.max(1, Math.round(ratio));
    context.beginPath();
    for (const x of [left, right]) {
      context.moveTo(x, y - 7 * ratio);
      context.lineTo(x, y + 7 * ratio);
    }
    context.moveTo(left, y);
    context.lineTo(right, y);
    context.stroke();
    for (const [x, way] of [[left, 1], [right, -1]] as const) {
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + way * 10 * ratio, y - 3.6 * ratio);
      context.lineTo(x + way * 10 * ratio, y + 3.6 * ratio);
      context.fill();
    }
    context.font = `600 ${ink.fontSize * 1.25 * ratio}px ${ink.mono}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    const width = context.measureText(span.word).width + 20 * ratio;
    context.clearRect((left + right - width) / 2, y - 12 * ratio, width, 24 * ratio);
    context.fillStyle = ink.ink;
    context.fillText(span.word, (left + right) / 2, y);
  }

  private head(sheet: Sheet, context: CanvasRenderingContext2D, ratio: number): void {
    if (this.kind === 'io') return;
    const values = sheet.data[this.kind === 'memory' ? 4 : 1];
    const last = values ? values.length - 1 : -1;
    const value = values?.[last];
    if (value == null) return;
    context.fillStyle = this.ink.ink;
    context.beginPath();
    context.arc(sheet.atX(sheet.data[0][last]!), sheet.atY(value), 3.2 * ratio, 0, 7);
    context.fill();
  }
}

/** The columns of a kind. Absent stays absent: a part that is not measured is not stacked. */
function dataOf(kind: Kind, series: Series | undefined, view: View): Data {
  if (!series) return kind === 'memory' ? [[], [], [], [], []] : kind === 'pids' ? [[], []] : [[], [], []];
  const { columns } = series;
  let from = 0;
  while (from < columns.at.length && columns.at[from + 1]! < view.from) from += 1;
  const at = columns.at.slice(from);
  const plus = (a: number | null, b: number | null): number | null => (b === null ? null : (a ?? 0) + b);
  const pick = (values: (number | null)[]): (number | null)[] => values.slice(from);
  if (kind === 'cpu') {
    const cores = pick(columns.cores);
    const held = pick(columns.throttled);
    return [at, cores, cores.map((value, i) => (value === null || !held[i] ? value : value + held[i]!))];
  }
  if (kind === 'memory') {
    const kernel = pick(columns.kernel);
    const file = pick(columns.file).map((value, i) => plus(kernel[i]!, value));
    const anon = pick(columns.anon).map((value, i) => plus(file[i] ?? kernel[i]!, value));
    return [at, kernel, file.map((value, i) => value ?? kernel[i]!), anon, pick(columns.memory)];
  }
  if (kind === 'pids') return [at, pick(columns.pids)];
  return [at, pick(columns.read), pick(columns.write).map((value) => (value === null ? null : -value))];
}

/** Lines across, with their values at the left; moments below. */
function axes(sheet: Sheet, ink: Ink, ticks: Ticks, lines: number[]): void {
  const { context, box, ratio } = sheet;
  const rule = (x1: number, y1: number, x2: number, y2: number, colour: string): void => {
    context.strokeStyle = colour;
    context.lineWidth = Math.max(1, Math.round(ratio));
    context.beginPath();
    context.moveTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
    context.lineTo(Math.round(x2) + 0.5, Math.round(y2) + 0.5);
    context.stroke();
  };
  const right = box.left + box.width;
  const bottom = box.top + box.height;
  context.save();
  context.font = `500 ${ink.fontSize * ratio}px ${ink.mono}`;
  context.fillStyle = ink.note;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const value of lines) {
    rule(box.left, sheet.atY(value), right, sheet.atY(value), ink.hair);
    context.fillText(ticks.y(value), box.left - 8 * ratio, sheet.atY(value));
  }
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (const moment of moments(ticks.zero(), sheet.x.min, sheet.x.max)) {
    rule(sheet.atX(moment), bottom, sheet.atX(moment), bottom + 6 * ratio, ink.line);
    context.fillText(ticks.x(moment), sheet.atX(moment), bottom + 10 * ratio);
  }
  context.restore();
}

/** Whole steps from zero, within what is shown. */
function moments(zero: number, from: number, to: number): number[] {
  const step = to - from > 40_000 ? 10_000 : to - from > 14_000 ? 5_000 : 2_000;
  const splits: number[] = [];
  for (let at = zero + Math.ceil((from - zero) / step) * step; at <= to + 1; at += step) splits.push(at);
  return splits;
}
