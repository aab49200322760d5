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

/** A canvas with two scales, and the layers drawn on it. */
export class Sheet {
  readonly canvas = document.createElement('canvas');
  readonly context = this.canvas.getContext('2d')!;
  /** Device pixels for each CSS pixel. */
  ratio = devicePixelRatio;
  /** Where the graph is within the canvas, in device pixels. */
  box = { left: 0, top: 0, width: 0, height: 0 };
  data: Data = [[]];
  x = { min: 0, max: 1 };
  y = { min: 0, max: 1 };

  constructor(private readonly place: HTMLElement, private readonly room: Room) {
    place.append(this.canvas);
    this.resize();
  }

  remove(): void {
    this.canvas.remove();
  }

  /** Takes the size that its place has now. */
  resize(): void {
    this.ratio = devicePixelRatio;
    const [top, right, bottom, left] = this.room.map((side) => Math.round(side * this.ratio)) as [number, number, number, number];
    const width = Math.round(this.place.clientWidth * this.ratio);
    const height = Math.round(this.place.clientHeight * this.ratio);
    Object.assign(this.canvas, { width, height });
    this.box = { left, top, width: width - left - right, height: height - top - bottom };
  }

  atX(moment: number): number {
    return this.box.left + ((moment - this.x.min) / (this.x.max - this.x.min)) * this.box.width;
  }

  atY(value: number): number {
    return this.box.top + (1 - (value - this.y.min) / (this.y.max - this.y.min)) * this.box.height;
  }

  /** Begins anew; what layers draw stays within the graph. */
  clear(): void {
    if (this.ratio !== devicePixelRatio) this.resize();
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  draw(layers: Layer[]): void {
    const { context, box, ratio } = this;
    context.save();
    context.beginPath();
    context.rect(box.left, box.top - ratio, box.width, box.height + 2 * ratio);
    context.clip();
    context.lineJoin = 'round';
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
    for (let i = from; i <= to; i += 1) line.lineTo(this.atX(at[i]!), this.atY(top[i]!));
    if (layer.fill) {
      const area = new Path2D(line);
      if (base) for (let i = to; i >= from; i -= 1) area.lineTo(this.atX(at[i]!), this.atY(base[i]!));
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
}
