import type { Figure } from '../stream/series';

/** The columns of a graph: moments first, then what is drawn over them; null is a gap. */
export type Data = [at: number[], ...columns: Figure[][]];

/** One layer of a graph: a trace, a filled area, or both. */
export interface Layer {
  /** Which of the data's columns. */
  column: number;
  stroke?: string;
  /** In CSS pixels. */
  width?: number;
  fill?: string | CanvasPattern;
  /** The column that the area stands on; absent for zero. */
  base?: number;
}

/** Room around the graph, in CSS pixels: top, right, bottom, left. */
export type Room = readonly [number, number, number, number];

/**
 * A canvas over an element, for all the graphs in it: the browser brings one
 * picture to the screen, and not one for each graph.
 */
export class Paper {
  readonly canvas = document.createElement('canvas');
  readonly context = this.canvas.getContext('2d')!;
  /** Device pixels for each CSS pixel. */
  ratio = devicePixelRatio;

  /** The element's size spares the browser a layout, where it is known. */
  constructor(private readonly over: HTMLElement, size: Size = sizeOf(over)) {
    this.canvas.className = 'paper';
    this.canvas.setAttribute('aria-hidden', 'true');
    this.resize(size);
    over.append(this.canvas);
  }

  remove(): void {
    this.canvas.remove();
  }

  /** Takes the size that its element has now; whatever was drawn is gone. False where it has that size already. */
  resize(size: Size = sizeOf(this.over)): boolean {
    const [width, height] = [size.width, size.height].map((length) => Math.round(length * devicePixelRatio));
    if (this.ratio === devicePixelRatio && this.canvas.width === width && this.canvas.height === height) return false;
    this.ratio = devicePixelRatio;
    Object.assign(this.canvas, { width, height });
    return true;
  }

  clear(): void {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** Where an element is on it, in device pixels. */
  find(place: HTMLElement): Area {
    if (place === this.over) return { left: 0, top: 0, width: this.canvas.width, height: this.canvas.height };
    const [here, there] = [this.over.getBoundingClientRect(), place.getBoundingClientRect()];
    // Where the page shows the element enlarged, the canvas is enlarged with it.
    const pixels = (length: number): number => Math.round((length * this.ratio * this.over.offsetWidth) / here.width) || 0;
    return { left: pixels(there.left - here.left - this.over.clientLeft), top: pixels(there.top - here.top - this.over.clientTop), width: pixels(there.width), height: pixels(there.height) };
  }
}

/** In CSS pixels. */
export interface Size {
  width: number;
  height: number;
}

export function sizeOf(element: HTMLElement): Size {
  return { width: element.clientWidth, height: element.clientHeight };
}

/** A part of a canvas, in device pixels. */
export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A graph's part of a paper with two scales, and the layers drawn on it. */
export class Sheet {
  readonly context: CanvasRenderingContext2D;
  /** Device pixels for each CSS pixel. */
  ratio = 1;
  /** All that the graph may draw on. */
  area: Area = { left: 0, top: 0, width: 0, height: 0 };
  /** Where the graph is within it, without the room around. */
  box: Area = { left: 0, top: 0, width: 0, height: 0 };
  data: Data = [[]];
  x = { min: 0, max: 1 };
  y = { min: 0, max: 1 };

  constructor(private readonly paper: Paper, private readonly place: HTMLElement, private readonly room: Room) {
    this.context = paper.context;
    this.resize();
  }

  /** Takes the place and the size that its element has now. */
  resize(): void {
    this.ratio = this.paper.ratio;
    const [top, right, bottom, left] = this.room.map((side) => Math.round(side * this.ratio)) as [number, number, number, number];
    const area = this.paper.find(this.place);
    this.area = area;
    this.box = { left: area.left + left, top: area.top + top, width: area.width - left - right, height: area.height - top - bottom };
  }

  atX(moment: number): number {
    return this.box.left + ((moment - this.x.min) / (this.x.max - this.x.min)) * this.box.width;
  }

  atY(value: number): number {
    return this.box.top + (1 - (value - this.y.min) / (this.y.max - this.y.min)) * this.box.height;
  }

  /** Begins anew. */
  clear(): void {
    this.context.clearRect(this.area.left, this.area.top, this.area.width, this.area.height);
  }

  /** Draws what may not leave the graph's part of the paper. */
  within(draw: () => void): void {
    const { context, area } = this;
    context.save();
    context.beginPath();
    context.rect(area.left, area.top, area.width, area.height);
    context.clip();
    draw();
    context.restore();
  }

  draw(layers: Layer[]): void {
    const { context, box, ratio } = this;
    context.save();
    context.beginPath();
    context.rect(box.left, box.top - ratio, box.width, box.height + 2 * ratio);
    context.clip();
    // Round joins of a trace with ten points to the second cost more than all the rest; flat ones look the same.
    context.lineJoin = 'miter';
    context.miterLimit = 2;
    for (const layer of layers) {
      const [at] = this.data;
      const top = this.data[layer.column] as Figure[];
      const base = layer.base === undefined ? undefined : (this.data[layer.base] as Figure[]);
      for (let from = 0; from < at.length; from += 1) {
        if (top[from] == null || (base && base[from] == null)) continue;
        let to = from;
        while (to + 1 < at.length && top[to + 1] != null && (!base || base[to + 1] != null)) to += 1;
        this.run(layer, at, top, base, from, to);
        from = to;
      }
    }
    context.restore();
  }

  /** One stretch without a gap. */
  private run(layer: Layer, at: number[], top: Figure[], base: Figure[] | undefined, from: number, to: number): void {
    const { context } = this;
    const line = new Path2D();
    for (const i of this.seen(at, top, from, to)) line.lineTo(this.atX(at[i]!), this.atY(top[i]!));
    if (layer.fill) {
      const area = new Path2D(line);
      if (base) for (const i of this.seen(at, base, from, to).reverse()) area.lineTo(this.atX(at[i]!), this.atY(base[i]!));
      else {
        area.lineTo(this.atX(at[to]!), this.atY(0));
        area.lineTo(this.atX(at[from]!), this.atY(0));
      }
      context.fillStyle = layer.fill;
      context.fill(area);
    }
    if (layer.stroke && layer.width) {
      context.strokeStyle = layer.stroke;
      context.lineWidth = layer.width * this.ratio;
      context.stroke(line);
    }
  }

  /** Which points are drawn: both ends, and of those that share a pixel's width the one farthest from zero. */
  private seen(at: number[], values: Figure[], from: number, to: number): number[] {
    const wide = (this.x.max - this.x.min) / Math.max(1, this.box.width);
    if (wide * (to - from) <= at[to]! - at[from]!) return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const points = [from];
    let pixel = Math.floor(at[from]! / wide);
    for (let i = from + 1; i < to; i += 1) {
      const here = Math.floor(at[i]! / wide);
      if (here !== pixel || points.length === 1) points.push(i);
      else if (Math.abs(values[i]!) > Math.abs(values[points.at(-1)!]!)) points[points.length - 1] = i;
      pixel = here;
    }
    if (to > from) points.push(to);
    return points;
  }
}
